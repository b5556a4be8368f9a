"""Figures 9 to 12 (pp. 12-15) redrawn: every system of 1998 with ours in the same axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import ArrayLike, NDArray

from replication.evaluation.rejection import target_percent
from replication.report.drawing import (
    INK,
    MUTED,
    PAPER,
    TEST,
    Figure,
    Source,
    draw,
    is_narrow,
    marks,
)
from replication.report.inputs import Inputs
from replication.report.systems import (
    FIGURES,
    PUBLISHED,
    REJECTION,
    Line,
    Shown,
    judged,
    lines,
    words,
)

_ROW = 20  # units of the SVG
_APART = 0.17  # of a row: 1998 above its middle, ours below


def systems(inputs: Inputs) -> list[Figure]:
    """Figures 9, 10, 11 and 12, all of them with all systems, in the paper's order."""
    return [_figure(inputs, shown) for shown in FIGURES]


def _figure(inputs: Inputs, shown: Shown) -> Figure:
    rows = lines(inputs, shown)
    both = [
        f"{words(line.name)}: 1998 {line.published:g}, ours {np.mean(line.values):.3g}"
        for line in rows
        if line.values and line.published is not None
    ]
    run = sum(bool(line.values) for line in rows)
    scale = "square-root" if shown.ticks[0] == 0 else "logarithmic"
    target = target_percent(inputs.paper)
    until = f"How much to reject until {target:g} % of the rest are wrong. " * (shown is REJECTION)
    return Figure(
        shown.name,
        shown.title,
        draw(
            shown.name,
            f"{shown.label} of the {len(rows)} systems of Figure 9, of which {run} are measured "
            f"by us. {'; '.join(both) or 'None has both numbers yet'}.",
            90 + _ROW * len(rows),
            lambda canvas: _paint(canvas, shown, rows),
        ),
        f"{until}Diamonds are 1998, ticks our runs, dots their mean, the word is the verdict; "
        f"{'' if run == len(rows) else f'{run} of {len(rows)} systems have been run; '}"
        f"the scale is {scale}.",
        judged(shown, rows),
        (
            Source(PUBLISHED, shown.column),
            Source("../metrics.json", f"{shown.metric}.values"),
            Source("../verdicts.csv", f"{shown.claim}:system/database"),
        ),
    )


def _paint(canvas: Canvas, shown: Shown, rows: Sequence[Line]) -> None:
    axes = canvas.subplots()
    axes.grid(axis="y", linewidth=0.5)
    for place, line in enumerate(rows):
        if line.values:
            below = place + _APART
            axes.plot(line.values, [below] * len(line.values), "|", color=TEST, markersize=8,
                      gid=marks(line.experiment))  # fmt: skip
            axes.plot(np.mean(line.values), below, "o", color=TEST, markersize=5)
        if line.published is not None:
            axes.plot(line.published, place - _APART, "D", color=INK, markerfacecolor=PAPER,
                      markersize=5)  # fmt: skip
        if line.verdict and not (is_narrow(canvas) and line.verdict != "differs"):
            axes.annotate(
                line.verdict,
                (1.0, place),
                xycoords=axes.get_yaxis_transform(),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=11.5,
                color=INK if line.verdict == "differs" else MUTED,
                annotation_clip=False,
            )
    axes.set_yticks(range(len(rows)), [words(line.name) for line in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _scale(axes, shown, rows, 2 if is_narrow(canvas) else 1)
    axes.plot([], [], "D", color=INK, markerfacecolor=PAPER, markersize=5, label="1998")
    axes.plot([], [], "|", color=TEST, markersize=8, label="ours")
    axes.plot([], [], "o", color=TEST, markersize=5, label="our mean")
    canvas.legend(loc="outside lower center", ncols=3, handletextpad=0.3)


def _scale(axes: Axes, shown: Shown, rows: Sequence[Line], every: int) -> None:
    """Limits around all that is drawn, and those of the ticks that are within, or some of them."""
    drawn = [value for line in rows for value in (*line.values, line.published)
             if value is not None]  # fmt: skip
    if shown.ticks[0] == 0:
        low, high = 0.0, max(drawn) * 1.1 if any(drawn) else 1.0
        axes.set_xscale("function", functions=(_root, np.square))
    else:
        low, high = min(drawn) / 1.3, max(drawn) * 1.3
        axes.set_xscale("log")
    ticks = [tick for tick in shown.ticks if low <= tick <= high][::every]
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.set_xlim(low, high)
    axes.minorticks_off()
    axes.set_xlabel(shown.label)


def _root(values: ArrayLike) -> NDArray[np.float64]:
    # The axis also asks for places left of nought.
    return np.sqrt(np.maximum(np.asarray(values, dtype=np.float64), 0.0))
