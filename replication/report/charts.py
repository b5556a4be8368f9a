"""LeNet-5's own figures: the three numbers of the headline, and Figure 5 (p. 11) redrawn."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from replication.comparison.figures.drawing import (
    DATA,
    DISTORTED,
    INK,
    MUTED,
    PAPER,
    SERIES,
    TEST,
    TRAINING,
    Figure,
    Source,
    draw,
    label_at,
    marks,
    table,
)
from replication.comparison.figures.inputs import Inputs
from replication.comparison.verdicts.claim_experiments import experiment_for
from replication.comparison.verdicts.curves import Curves, percentages
from replication.comparison.verdicts.statistics import prediction_interval

NAMES = {
    "lenet5.test-error": "test error",
    "lenet5.training-error": "training error",
    "lenet5.distorted-test-error": "test error after training with distortions",
}
HEADLINE = tuple(NAMES)
_ABOVE, _NAMED = 0.3, 0.58  # of a row: how far 1998 and the name stand above ours
_LATE = 6  # Figure 5 again from this pass on, where the first passes no longer set the scale
_CAPTION = (
    "Circles on a thin line are 1998, read off the paper's drawing. Each faint line is one of our "
    "trainings, a strong line their mean, the band where one more training would fall. Training "
    "errors are counted during the pass."
)


def headline_values(inputs: Inputs, claim: str) -> list[float]:
    """Return what the headline's verdict on ``claim`` rests on, in percent, for each replicate."""
    stated = inputs.paper.claims[claim]
    name = experiment_for(stated, inputs.choices)
    if "after_pass" not in stated.numbers:
        return inputs.values(name, f"{stated.series}_error_percent")
    number = int(stated.numbers["after_pass"])
    curves = percentages(inputs.histories(name), str(stated.series), len(inputs.labels))
    return curves[:, number - 1].tolist() if curves.shape[1] >= number else []


def headline(inputs: Inputs) -> Figure | None:
    """Draw 1998 and every replicate of the three headline numbers on one scale."""
    drawn = {claim: values for claim in HEADLINE if (values := headline_values(inputs, claim))}
    if not drawn:
        return None
    claims = inputs.paper.claims

    rows = [
        (NAMES[claim], replicate, value)
        for claim, values in drawn.items()
        for replicate, value in enumerate(values)
    ]
    numbers = "; ".join(
        f"{NAMES[claim]}: 1998 {claims[claim].value} percent, ours {np.mean(values):.3g} percent "
        f"on average, {min(values):.3g} to {max(values):.3g}"
        for claim, values in drawn.items()
    )
    return Figure(
        "headline",
        "The three numbers, drawn",
        draw(
            "headline",
            f"Published and replicated error rates. {numbers}.",
            220,
            lambda canvas: _paint_headline(canvas, inputs, drawn),
        ),
        "The diamond is 1998, with the authors' own uncertainty where they give one. A tick is one "
        "of our trainings, the dot their mean, the bar where one more training would fall.",
        table(("number", "replicate", "percent"), rows),
        (Source("../metrics.json", "test_error_percent.values"), *run_sources(inputs, drawn)),
    )


def run_sources(inputs: Inputs, claims: Iterable[str]) -> tuple[Source, ...]:
    """Return the histories from which the errors after a certain pass come, where there are any."""
    return tuple(
        Source(
            f"../runs/{experiment_for(claim, inputs.choices)}/",
            "history.csv: training_misses / training_presentations",
        )
        for claim in map(inputs.paper.claims.__getitem__, claims)
        if "after_pass" in claim.numbers
    )


def _paint_headline(canvas: Canvas, inputs: Inputs, drawn: Mapping[str, list[float]]) -> None:
    axes = canvas.subplots()
    for place, (claim, values) in enumerate(drawn.items()):
        verdict = inputs.verdict(claim)
        colour, y = (TEST, TRAINING, DISTORTED)[HEADLINE.index(claim)], -place
        low, high = np.nan, np.nan
        if verdict and verdict.finding.low is not None and verdict.finding.high is not None:
            # To the digits of verdicts.csv.
            low, high = (float(f"{end:.6g}") for end in (verdict.finding.low, verdict.finding.high))
        axes.plot([low, high], [y, y], color=colour, linewidth=9, alpha=0.22,
                  solid_capstyle="butt")  # fmt: skip
        experiment = experiment_for(inputs.paper.claims[claim], inputs.choices)
        axes.plot(values, [y] * len(values), "|", color=colour, markersize=11, alpha=0.8,
                  gid=marks(experiment))  # fmt: skip
        axes.plot(np.mean(values), y, "o", color=colour, markersize=6)
        published, off = inputs.paper.claims[claim].number, inputs.paper.claims[claim].uncertainty
        axes.errorbar(published, y + _ABOVE, xerr=off, fmt="D", color=INK, markerfacecolor=PAPER,
                      markersize=5.5, linewidth=1)  # fmt: skip
        axes.annotate(NAMES[claim], (0.0, y + _NAMED), xytext=(4, 0), textcoords="offset points",
                      va="center", color=MUTED)  # fmt: skip
        if place == 0:
            label_at(axes, published + (off or 0.0), y + _ABOVE, "1998", INK)
            label_at(axes, float(np.nanmax([high, *values])), y, "ours", colour)
    axes.set(yticks=[], xlabel="percent", xlim=(0, None), ylim=(0.7 - len(drawn), 0.75))
    axes.spines["left"].set_visible(False)


def _band(curves: Curves, confidence: float) -> Curves:
    """(3, passes): the mean, and where one more run would lie, pass by pass."""
    mean = curves.mean(axis=0)
    if len(curves) < 2:
        return np.array([mean, mean, mean])
    intervals = [prediction_interval(column, confidence) for column in curves.T]
    ends = zip(*intervals, strict=True)
    return np.array([mean, *ends])


def learning_curves(inputs: Inputs) -> list[Figure]:
    """Draw Figure 5, whole and from pass `_LATE` on; empty without histories."""
    experiment = inputs.choices.experiments.undistorted
    histories = inputs.histories(experiment)
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
        Source(f"../runs/{experiment}/", "history.csv of each"),
    )
    alt = _describe(past, bands, len(histories))
    figures = []
    for name, first in (("figure5", 1), ("figure5-late", _LATE)):
        if first >= ours["test"].shape[1] and first > 1:
            continue

        def paint(canvas: Canvas, first: int = first) -> None:
            _paint_curves(canvas.subplots(), first, past, ours, bands, experiment)

        title = "Figure 5: errors pass by pass" if first == 1 else f"The same from pass {first} on"
        figures.append(
            Figure(
                name,
                title,
                draw(name, f"{title}. {alt}", 330, paint),
                _CAPTION if first == 1 else "Without the first passes, which set the scale there.",
                numbers,
                sources,
            )
        )
    return figures


def _describe(past: pd.DataFrame, bands: Mapping[str, Curves], replicates: int) -> str:
    last = min(len(past), bands["test"].shape[1])
    errors = "; ".join(
        f"in pass {last} the {name} error is {past[f'{name}_error_percent'].iloc[last - 1]:.3g} "
        f"percent in 1998 and {band[0, last - 1]:.3g} in ours"
        for name, band in bands.items()
    )
    return f"Training and test error by pass, 1998 over {replicates} of our replicates; {errors}."


def _curve_row(
    number: int, past: pd.DataFrame, bands: Mapping[str, Curves]
) -> tuple[float | int | None, ...]:
    row: list[float | int | None] = [number]
    printed = past[past["pass"] == number]
    for name, band in bands.items():
        then = None if printed.empty else float(printed[f"{name}_error_percent"].iloc[0])
        row += [then, *band[:, number - 1].tolist()]
    return tuple(row)


def _paint_curves(
    axes: Axes,
    first: int,
    past: pd.DataFrame,
    ours: Mapping[str, Curves],
    bands: Mapping[str, Curves],
    experiment: str,
) -> None:
    for name, colour in SERIES.items():
        passes = np.arange(1, ours[name].shape[1] + 1)
        chosen = passes >= first
        mean, low, high = bands[name]
        axes.fill_between(passes[chosen], low[chosen], high[chosen], color=colour, alpha=0.18,
                          linewidth=0)  # fmt: skip
        for replicate, curve in enumerate(ours[name]):
            axes.plot(passes[chosen], curve[chosen], color=colour, linewidth=0.5, alpha=0.35,
                      gid=marks(experiment, replicate))  # fmt: skip
        axes.plot(passes[chosen], mean[chosen], color=colour, linewidth=2)
        points = past[(past["pass"] >= first) & (past["pass"] <= len(passes))]
        axes.plot(
            points["pass"], points[f"{name}_error_percent"],
            "o-", color=INK, markerfacecolor=PAPER, markersize=4, linewidth=0.7,
        )  # fmt: skip
        label_at(axes, float(passes[-1]), float(mean[-1]), name, colour)
    axes.plot([], [], "o-", color=INK, markerfacecolor=PAPER, markersize=4, label="1998")
    axes.plot([], [], color=MUTED, linewidth=2, label="ours, mean")
    axes.legend(loc="upper right")
    axes.set(xlabel="pass", ylabel="percent of errors", ylim=(0, None))
    last = ours["test"].shape[1]
    axes.set_xticks([number for number in (1, 5, 10, 15, 20) if first <= number <= last])
