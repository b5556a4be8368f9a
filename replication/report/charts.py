"""Figure 5 (p. 11) redrawn: training and test error by pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

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
    table,
)
from replication.report.inputs import Inputs
from replication.verdicts.curves import Curves, percentages
from replication.verdicts.statistics import prediction_interval

DATA = "../../data/paper"
SERIES = {"training": TRAINING, "test": TEST}
_LATE = 6  # Figure 5 again from this pass on, where the first passes no longer set the scale


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
    alt = _words(past, bands, len(histories))
    found = []
    for name, first in (("figure5", 1), ("figure5-late", _LATE)):
        if first >= ours["test"].shape[1] and first > 1:
            continue

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


def _words(past: pd.DataFrame, bands: Mapping[str, _Band], replicates: int) -> str:
    last = min(len(past), len(bands["test"].mean))
    said = "; ".join(
        f"in pass {last} the {name} error is {past[f'{name}_error_percent'].iloc[last - 1]:.3g} "
        f"percent in 1998 and {band.mean[last - 1]:.3g} in ours"
        for name, band in bands.items()
    )
    return f"Training and test error by pass, 1998 over {replicates} of our replicates; {said}."


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
