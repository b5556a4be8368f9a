"""Figures 9 to 12 (pp. 12-15) redrawn: every system of 1998 with ours in the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import ArrayLike, NDArray

from replication.report.drawing import INK, MUTED, PAPER, TEST, Figure, Source, draw
from replication.report.inputs import Inputs
from replication.report.listings import VERDICTS
from replication.report.systems import FIGURES, PUBLISHED, Line, Shown, judged, lines, words

_TEXT = 12.5  # units of the SVG: names of 27 rows are still read where the page is 400 pixels wide
_ROW = 21  # units of the SVG
_APART = 0.17  # of a row: 1998 above its middle, ours below


class Marker(NamedTuple):
    """How one kind of points is drawn; ``size`` in units of the SVG."""

    shape: str
    edge: str
    face: str
    size: float
    label: str


def systems(inputs: Inputs) -> list[Figure]:
    """Figures 9, 10, 11 and 12, all of them with all systems, in the paper's order."""
    return [_figure(inputs, shown) for shown in FIGURES]


def _figure(inputs: Inputs, shown: Shown) -> Figure:
    found = lines(inputs, shown)
    both = [
        f"{words(line.name)}: 1998 {line.published:g}, ours {np.mean(line.values):.3g}"
        for line in found
        if line.values and line.published is not None
    ]
    run = sum(bool(line.values) for line in found)
    scale = "square roots" if shown.ticks[0] == 0 else "logarithms"
    return Figure(
        shown.name,
        shown.title,
        draw(
            shown.name,
            f"{shown.label} of the {len(found)} systems of Figure 9, of which {run} are measured "
            f"by us. {'; '.join(both) or 'None has both numbers yet'}.",
            90 + _ROW * len(found),
            lambda canvas: _paint(canvas, shown, found),
        ),
        f"Diamonds: 1998, where it gives a number. Ticks: our replicates; dot: their mean. On the "
        f"right the verdict. {run} of {len(found)} systems have been run. Scale of {scale}.",
        judged(shown, found),
        (
            Source(PUBLISHED, shown.column),
            Source("../metrics.json", f"{shown.metric}.values"),
            Source(VERDICTS, f"{shown.claim}:system/database"),
        ),
    )


def _paint(canvas: Canvas, shown: Shown, found: Sequence[Line]) -> None:
    axes = canvas.subplots()
    axes.grid(axis="y", linewidth=0.5)
    ours = [(value, _APART + place) for place, line in enumerate(found) for value in line.values]
    means = [(float(np.mean(line.values)), _APART + place)
             for place, line in enumerate(found) if line.values]  # fmt: skip
    past = [(line.published, place - _APART)
            for place, line in enumerate(found) if line.published is not None]  # fmt: skip
    # From the top down; all of a kind at once, which draws faster.
    for points, marker in (
        (past, Marker("D", INK, PAPER, 5.0, "1998")),
        (means, Marker("o", TEST, TEST, 5.5, "ours, mean")),
        (ours, Marker("|", TEST, TEST, 8.0, "replicates")),
    ):
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            marker.shape,
            color=marker.edge,
            markerfacecolor=marker.face,
            markersize=marker.size,
            label=marker.label,
        )
    verdicts = [(place, line.verdict) for place, line in enumerate(found) if line.verdict]
    for place, verdict in verdicts:
        axes.annotate(
            verdict,
            (1.0, place),
            xycoords=axes.get_yaxis_transform(),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=11.5,
            color=INK if verdict == "differs" else MUTED,
            annotation_clip=False,
        )
    axes.set_yticks(range(len(found)), [words(line.name) for line in found])
    axes.tick_params(axis="y", length=0, labelsize=_TEXT)
    axes.set_ylim(len(found) - 0.4, -0.6)
    _scale(axes, shown, found)
    canvas.legend(loc="outside lower center", ncols=3, fontsize=_TEXT, handletextpad=0.3)


def _scale(axes: Axes, shown: Shown, found: Sequence[Line]) -> None:
    """Limits around all that is drawn, and those of the ticks that are within."""
    drawn = [value for line in found for value in (*line.values, line.published)
             if value is not None]  # fmt: skip
    if shown.ticks[0] == 0:
        low, high = 0.0, max(drawn) * 1.1 if any(drawn) else 1.0
        axes.set_xscale("function", functions=(_root, np.square))
    else:
        low, high = min(drawn) / 1.3, max(drawn) * 1.3
        axes.set_xscale("log")
    ticks = [tick for tick in shown.ticks if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.set_xlim(low, high)
    axes.minorticks_off()
    axes.tick_params(axis="x", labelsize=11.5)
    axes.set_xlabel(shown.label, fontsize=_TEXT)


def _root(values: ArrayLike) -> NDArray[np.float64]:
    # The axis also asks for places left of nought.
    return np.sqrt(np.maximum(np.asarray(values, dtype=np.float64), 0.0))
