"""The figures on LeNet-5's own results: the headline and Figure 5 (pp. 10-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from replication.comparison.curves import stated_numbers
from replication.comparison.evidence import number
from replication.comparison.statistics import prediction_interval
from replication.report.drawing import (
    DISTORTED,
    INK,
    MUTED,
    PAPER,
    TEST,
    TRAINING,
    Figure,
    Source,
    draw,
    label_at,
    table,
)
from replication.report.inputs import Inputs

DATA = "../../data/paper"
SERIES = {"training": TRAINING, "test": TEST}
_LATE = 6  # Figure 5 again from this pass on, where the first passes no longer set the scale
HEADLINE = ("lenet5.test-error", "lenet5.training-error", "lenet5.distorted-test-error")
NAMES = {
    HEADLINE[0]: "test error",
    HEADLINE[1]: "training error",
    HEADLINE[2]: "test error, trained with distortions",
}
Curves = NDArray[np.float64]


def percentages(histories: Sequence[pd.DataFrame], series: str, test_patterns: int) -> Curves:
    """Error in percent, (replicates, passes), cut to the shortest history."""
    if not histories:
        return np.zeros((0, 0))
    passes = min(len(history) for history in histories)
    return np.array(
        [
            100.0
            * history[f"{series}_misses"].to_numpy()[:passes]
            / (
                test_patterns
                if series == "test"
                else history["training_presentations"].to_numpy()[:passes]
            )
            for history in histories
        ]
    )


def headline_values(inputs: Inputs, claim: str) -> list[float]:
    """Percent, one a replicate: what the headline's verdict on ``claim`` was reached from."""
    roles = inputs.choices.experiments
    if claim == HEADLINE[1]:
        wanted = stated_numbers(inputs.paper.claims[claim])[0]
        curves = percentages(inputs.histories(roles.undistorted), "training", len(inputs.labels))
        return curves[:, wanted - 1].tolist() if curves.shape[1] >= wanted else []
    experiment = roles.undistorted if claim == HEADLINE[0] else roles.distorted
    return inputs.values(experiment, "test_error_percent")


def headline(inputs: Inputs) -> Figure | None:
    """1998 and every replicate of the three headline numbers on one scale."""
    drawn = {claim: values for claim in HEADLINE if (values := headline_values(inputs, claim))}
    if not drawn:
        return None
    claims = inputs.paper.claims

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, (claim, values) in enumerate(drawn.items()):
            verdict: Mapping[str, Any] = inputs.verdict(claim) or {"low": np.nan, "high": np.nan}
            colour = (TEST, TRAINING, DISTORTED)[HEADLINE.index(claim)]
            y = -place
            axes.plot(
                [verdict["low"], verdict["high"]],
                [y, y],
                color=colour,
                linewidth=9,
                alpha=0.22,
                solid_capstyle="butt",
            )
            axes.plot(values, [y] * len(values), "|", color=colour, markersize=11, alpha=0.8)
            axes.plot(np.mean(values), y, "o", color=colour, markersize=6)
            off = claims[claim].uncertainty
            axes.errorbar(
                number(claims[claim]),
                y + 0.36,
                xerr=off,
                fmt="D",
                color=INK,
                markerfacecolor=PAPER,
                markersize=5.5,
                linewidth=1,
            )
            axes.text(0.0, y + 0.36, NAMES[claim], va="center", color=MUTED)
        axes.set(yticks=[], xlabel="percent", xlim=(0, None), ylim=(0.45 - len(drawn), 0.75))
        axes.spines["left"].set_visible(False)
        axes.legend(handles=_headline_key(axes), loc="lower left", borderaxespad=0)

    rows = [
        (NAMES[claim], number, value)
        for claim, values in drawn.items()
        for number, value in enumerate(values)
    ]
    said = "; ".join(
        f"{NAMES[claim]}: 1998 {claims[claim].value} percent, ours {np.mean(values):.3g} percent "
        f"on average, {min(values):.3g} to {max(values):.3g}"
        for claim, values in drawn.items()
    )
    return Figure(
        "headline",
        "Three numbers of Section III-B",
        draw("headline", f"Published and replicated error rates. {said}.", 190, paint),
        "Ticks are our replicates, the dot their mean, the bar the interval for one more run; the "
        "diamond is 1998, its line the authors' own uncertainty where they give one.",
        table(("number", "replicate", "percent"), rows),
        (Source("../metrics.json", "test_error_percent.values"), *run_sources(inputs, drawn)),
    )


def _headline_key(axes: Axes) -> list[Any]:
    past = axes.plot([], [], "D", color=INK, markerfacecolor=PAPER, markersize=5.5, label="1998")
    ours = axes.plot([], [], "o", color=MUTED, markersize=6, label="ours, mean")
    return [*past, *ours]


def run_sources(inputs: Inputs, claims: Mapping[str, object]) -> tuple[Source, ...]:
    """The histories, where the training error is among ``claims``."""
    if HEADLINE[1] not in claims:
        return ()
    name = inputs.choices.experiments.undistorted
    return (Source(f"../runs/{name}/", "history.csv: training_misses / training_presentations"),)


class _Band(NamedTuple):
    """Mean and interval for one more run, pass by pass."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def _band(curves: Curves, confidence: float) -> _Band:
    mean = curves.mean(axis=0)
    if len(curves) < 2:
        return _Band(mean, mean, mean)
    intervals = [prediction_interval(column, confidence) for column in curves.T]
    return _Band(
        mean, np.array([one.low for one in intervals]), np.array([one.high for one in intervals])
    )


def learning_curves(inputs: Inputs) -> list[Figure]:
    """Figure 5 redrawn, whole and from pass `_LATE` on; empty without histories."""
    histories = inputs.histories(inputs.choices.experiments.undistorted)
    if not histories:
        return []
    ours = {name: percentages(histories, name, len(inputs.labels)) for name in SERIES}
    bands = {name: _band(curves, inputs.choices.confidence) for name, curves in ours.items()}
    past = inputs.paper.learning_curves
    rows = [_curve_row(int(number), past, bands) for number in range(1, ours["test"].shape[1] + 1)]
    columns = ("pass", *(f"{name}: {what}" for name in SERIES
                         for what in ("1998", "ours", "low", "high")))  # fmt: skip
    numbers = table(columns, rows)
    sources = (
        Source(f"{DATA}/figure5_learning_curves.csv", "both columns"),
        Source(f"../runs/{inputs.choices.experiments.undistorted}/", "history.csv of each"),
    )
    end = {name: (past[f"{name}_error_percent"].iloc[len(rows) - 1], bands[name].mean[-1])
           for name in SERIES}  # fmt: skip
    said = "; ".join(
        f"in pass {len(rows)} the {name} error is {then:.3g} percent in 1998 and {now:.3g} in ours"
        for name, (then, now) in end.items()
    )
    alt = f"Training and test error by pass, 1998 over {len(histories)} of our replicates; {said}."
    found = []
    for name, first in (("figure5", 1), ("figure5-late", _LATE)):

        def paint(canvas: Canvas, first: int = first) -> None:
            _paint_curves(canvas.subplots(), first, past, ours, bands)

        title = "Figure 5, redrawn" if first == 1 else f"The same from pass {first} on"
        found.append(
            Figure(
                name,
                title,
                draw(name, f"{title}. {alt}", 330, paint),
                "Circles and the thin line: the curves of 1998, read off the drawing. Faint lines: "
                "each of our replicates; strong lines: their mean; band: the interval for one more "
                "run. The training error is counted on the fly, during the pass.",
                numbers,
                sources,
            )
        )
    return found


def _curve_row(
    number: int, past: pd.DataFrame, bands: Mapping[str, _Band]
) -> tuple[float | int | None, ...]:
    row: list[float | int | None] = [number]
    printed = past[past["pass"] == number]
    for name, band in bands.items():
        then = None if printed.empty else float(printed[f"{name}_error_percent"].iloc[0])
        now = (float(part[number - 1]) for part in band)
        row += [then, *now]
    return tuple(row)


def _paint_curves(
    axes: Axes,
    first: int,
    past: pd.DataFrame,
    ours: Mapping[str, Curves],
    bands: Mapping[str, _Band],
) -> None:
    for name, colour in SERIES.items():
        passes = np.arange(1, ours[name].shape[1] + 1)
        chosen = passes >= first
        band = bands[name]
        axes.fill_between(
            passes[chosen], band.low[chosen], band.high[chosen],
            color=colour, alpha=0.18, linewidth=0,
        )  # fmt: skip
        for curve in ours[name]:
            axes.plot(passes[chosen], curve[chosen], color=colour, linewidth=0.5, alpha=0.35)
        axes.plot(passes[chosen], band.mean[chosen], color=colour, linewidth=2)
        shown = past[(past["pass"] >= first) & (past["pass"] <= len(passes))]
        axes.plot(
            shown["pass"], shown[f"{name}_error_percent"],
            "o-", color=INK, markerfacecolor=PAPER, markersize=4, linewidth=0.7,
        )  # fmt: skip
        label_at(axes, float(passes[-1]), float(band.mean[-1]), name, colour)
    axes.plot([], [], "o-", color=INK, markerfacecolor=PAPER, markersize=4, label="1998")
    axes.plot([], [], color=MUTED, linewidth=2, label="ours, mean")
    axes.legend(loc="upper right")
    axes.set(xlabel="pass", ylabel="percent of errors", ylim=(0, None))
    last = ours["test"].shape[1]
    axes.set_xticks([number for number in (1, 5, 10, 15, 20) if first <= number <= last])
