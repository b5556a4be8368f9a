"""The figures on LeNet-5's own results: the headline, Figure 5 and Figure 6 (pp. 10-11)."""

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
from replication.report.inputs import Inputs, records

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


def training_set_size(inputs: Inputs) -> Figure | None:
    """Figure 6 redrawn: error by number of training patterns; None without any experiment."""
    sizes = {patterns: [name for name in names if name in inputs.metrics]
             for patterns, names in sorted(inputs.choices.training_sizes.items())}  # fmt: skip
    sizes = {patterns: names for patterns, names in sizes.items() if names}
    if not sizes:
        return None
    distorted = inputs.choices.experiments.distorted

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots()
        _paint_sizes(axes, inputs, sizes)
        _paint_distorted(axes, inputs, max(sizes), distorted)
        _paint_sizes_of_1998(axes, inputs)

    rows = _size_rows(inputs, sizes, distorted)
    names = ", ".join(dict.fromkeys(str(row[1]) for row in rows))
    return Figure(
        "figure6",
        "Figure 6, redrawn",
        draw(
            "figure6",
            "Training and test error against the number of training patterns, 1998 beside our "
            f"experiments {names}; the numbers are in the table below.",
            330,
            paint,
        ),
        "Diamonds: 1998. Dots: our replicates, joined at their means. Solid: as many passes as "
        "with the whole set; dotted: as many presentations, since the paper does not say which.",
        table(
            ("training patterns", "experiment", "error", "1998", "ours, mean", "sd", "runs"), rows
        ),
        (
            Source(f"{DATA}/figure6_training_set_size.csv", "all rows"),
            Source("../metrics.json", "training_error_percent, test_error_percent"),
        ),
    )


def _paint_sizes(axes: Axes, inputs: Inputs, sizes: Mapping[int, Sequence[str]]) -> None:
    for place in range(max(len(names) for names in sizes.values())):
        style = ("-", ":", "--", "-.")[place % 4]
        line = {patterns: names[min(place, len(names) - 1)] for patterns, names in sizes.items()}
        for series, colour in SERIES.items():
            means = []
            for patterns, name in line.items():
                values = inputs.values(name, f"{series}_error_percent")
                axes.plot(
                    [patterns] * len(values), values, "o", color=colour, markersize=3, alpha=0.5
                )
                means.append(float(np.mean(values)))
            axes.plot(list(line), means, style, color=colour, linewidth=1.8)
            if place == 0:
                label_at(axes, max(line), means[-1], series, colour)


def _paint_distorted(axes: Axes, inputs: Inputs, patterns: int, experiment: str) -> None:
    values = inputs.values(experiment, "test_error_percent")
    if values:
        axes.plot([patterns] * len(values), values, "o", color=DISTORTED, markersize=3, alpha=0.5)
        axes.plot(patterns, float(np.mean(values)), "_", color=DISTORTED, markersize=12)
        label_at(axes, patterns, float(np.mean(values)) - 0.06, "distorted", DISTORTED)


def _paint_sizes_of_1998(axes: Axes, inputs: Inputs) -> None:
    figure = inputs.paper.training_set_size
    for series in SERIES:
        axes.plot(
            figure["training_patterns"], figure[f"{series}_error_percent"],
            "D", color=INK, markerfacecolor=PAPER, markersize=5,
        )  # fmt: skip
    axes.plot([], [], "D", color=INK, markerfacecolor=PAPER, markersize=5, label="1998")
    axes.legend(loc="upper right")
    axes.set(xlabel="training patterns", ylabel="percent of errors", ylim=(0, None))
    ticks = sorted(set(figure["training_patterns"]))
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])


def _size_rows(
    inputs: Inputs, sizes: Mapping[int, Sequence[str]], distorted: str
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    figure = inputs.paper.training_set_size
    for point in records(figure):
        patterns = int(point["training_patterns"])
        names = [distorted] if point["distorted_training"] else list(sizes.get(patterns, ()))
        for series in SERIES:
            then = float(point[f"{series}_error_percent"])
            if np.isnan(then):
                continue
            for name in names or [""]:
                values = inputs.values(name, f"{series}_error_percent")
                mean = float(np.mean(values)) if values else None
                sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
                rows.append((patterns, name or "not run", series, then, mean, sd, len(values)))
    return rows
