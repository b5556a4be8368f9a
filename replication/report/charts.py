"""Figure 5 (p. 11) redrawn: training and test error by pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from replication.report.drawing import (
    INK,
    MUTED,
    PAPER,
    TEST,
    TRAINING,
    Figure,
    Source,
    draw,
    label_at,
    marks,
    table,
)
from replication.report.inputs import Inputs
from replication.verdicts.curves import Curves, percentages
from replication.verdicts.statistics import prediction_interval

DATA = "../../data/paper"
SERIES = {"training": TRAINING, "test": TEST}
_LATE = 6  # Figure 5 again from this pass on, where the first passes no longer set the scale
_CAPTION = (
    "Circles on a thin line are 1998, read off the paper's drawing. Each faint line is one of our "
    "trainings, a strong line their mean, the band where one more training would fall. Training "
    "errors are counted during the pass."
)


def _band(curves: Curves, confidence: float) -> Curves:
    """(3, passes): the mean, and where one more run would lie, pass by pass."""
    mean = curves.mean(axis=0)
    if len(curves) < 2:
        return np.array([mean, mean, mean])
    found = [prediction_interval(column, confidence) for column in curves.T]
    return np.array([mean, [one.low for one in found], [one.high for one in found]])


def learning_curves(inputs: Inputs) -> list[Figure]:
    """Figure 5 redrawn, whole and from pass `_LATE` on; empty without histories."""
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
    alt = _words(past, bands, len(histories))
    found = []
    for name, first in (("figure5", 1), ("figure5-late", _LATE)):
        if first >= ours["test"].shape[1] and first > 1:
            continue

        def paint(canvas: Canvas, first: int = first) -> None:
            _paint_curves(canvas.subplots(), first, past, ours, bands, experiment)

        title = "Figure 5: errors pass by pass" if first == 1 else f"The same from pass {first} on"
        found.append(
            Figure(
                name,
                title,
                draw(name, f"{title}. {alt}", 330, paint),
                _CAPTION if first == 1 else "Without the first passes, which set the scale there.",
                numbers,
                sources,
            )
        )
    return found


def _words(past: pd.DataFrame, bands: Mapping[str, Curves], replicates: int) -> str:
    last = min(len(past), bands["test"].shape[1])
    said = "; ".join(
        f"in pass {last} the {name} error is {past[f'{name}_error_percent'].iloc[last - 1]:.3g} "
        f"percent in 1998 and {band[0, last - 1]:.3g} in ours"
        for name, band in bands.items()
    )
    return f"Training and test error by pass, 1998 over {replicates} of our replicates; {said}."


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
        shown = past[(past["pass"] >= first) & (past["pass"] <= len(passes))]
        axes.plot(
            shown["pass"], shown[f"{name}_error_percent"],
            "o-", color=INK, markerfacecolor=PAPER, markersize=4, linewidth=0.7,
        )  # fmt: skip
        label_at(axes, float(passes[-1]), float(mean[-1]), name, colour)
    axes.plot([], [], "o-", color=INK, markerfacecolor=PAPER, markersize=4, label="1998")
    axes.plot([], [], color=MUTED, linewidth=2, label="ours, mean")
    axes.legend(loc="upper right")
    axes.set(xlabel="pass", ylabel="percent of errors", ylim=(0, None))
    last = ours["test"].shape[1]
    axes.set_xticks([number for number in (1, 5, 10, 15, 20) if first <= number <= last])
