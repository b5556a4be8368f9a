"""Figures 9 to 12 (pp. 12-15) redrawn: every system of 1998 with ours in the same axes."""

import math
from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import ArrayLike, NDArray

from replication.comparison.evaluation.errors import target_percent
from replication.comparison.figures.drawing import (
    INK,
    MUTED,
    PAPER,
    PUBLISHED,
    VERDICT_MARKS,
    Figure,
    Source,
    Table,
    draw,
    is_narrow,
    marks,
    table,
)
from replication.comparison.figures.inputs import Inputs, name_system, records
from replication.comparison.verdicts import systems as claims
from replication.comparison.verdicts.statistics import Interval, prediction_interval, wilson
from replication.report.texts import say

_ROW = 20  # units of the SVG
_APART = 0.17  # of a row: 1998 above its middle, ours below
_ERRORS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_REJECTED = (0, 1, 5, 10, 20, 40, 60, 80, 100)
_POINT: dict[str, Any] = {"color": INK, "markerfacecolor": PAPER, "markersize": 5}
_BAR: dict[str, Any] = {"linewidth": 6, "alpha": 0.25, "solid_capstyle": "butt"}
_DECADES = tuple(10.0**power for power in range(7))


class FigureSpec(NamedTuple):
    """One of the four figures.

    Attributes:
        name, title: of our figure. claim: in claims.yaml. label: of the axis.
        metric: of metrics.json.
        ticks: candidates, ascending; a scale from 0 is drawn by square roots, others by logarithms.
    """

    name: str
    title: str
    claim: str
    label: str
    metric: str
    ticks: tuple[float, ...]

    @property
    def column(self) -> str:
        """Return the column of the file of 1998; empty cells were not published."""
        return claims.PRINTED[self.metric]


ERROR = FigureSpec(
    "figure9", "Figure 9: test error", "systems.error", "test error, percent",
    claims.ERROR, _ERRORS,
)  # fmt: skip
REJECTION = FigureSpec(
    "figure10", "Figure 10: rejection", "systems.rejection", "to be rejected, percent",
    claims.REJECTION, _REJECTED,
)  # fmt: skip
OPERATIONS = FigureSpec(
    "figure11", "Figure 11: multiply-adds", "systems.operations", "thousands of multiply-adds",
    claims.OPERATIONS, _DECADES,
)  # fmt: skip
MEMORY = FigureSpec(
    "figure12", "Figure 12: memory", "systems.memory", "thousands of variables",
    claims.MEMORY, _DECADES,
)  # fmt: skip
FIGURES = (ERROR, REJECTION, OPERATIONS, MEMORY)


class Line(NamedTuple):
    """One system in one of the figures.

    Attributes:
        name: ``system/database``. experiment: of params.yaml, empty when none stands for it.
        published: None where the figure leaves it out. values: ours, one for each replicate.
        verdict, reason: empty without a comparison.
    """

    name: str
    experiment: str
    published: float | None
    values: tuple[float, ...]
    verdict: str
    reason: str


class Intervals(NamedTuple):
    """Where a system's error falls, in percent, least and greatest.

    run: of one more training; None for a single one. patterns: of the mean, on other test patterns.
    """

    run: Interval | None
    patterns: Interval


def intervals(inputs: Inputs, rows: Sequence[Line]) -> dict[str, Intervals]:
    """Return the intervals of each measured system's test error."""
    confidence, patterns = inputs.choices.confidence, len(inputs.labels)
    result = {}
    for line in rows:
        if line.values:
            misses = round(float(np.mean(line.values)) * patterns / 100)
            other = wilson(misses, patterns, confidence)
            run = prediction_interval(line.values, confidence) if len(line.values) > 1 else None
            result[line.name] = Intervals(run, Interval(100 * other.low, 100 * other.high))
    return result


def lines(inputs: Inputs, spec: FigureSpec) -> list[Line]:
    """Return a line for each row of the file of 1998."""
    result = []
    for row in records(inputs.paper.systems):
        name = f"{row['system']}/{row['database']}"
        experiment = inputs.choices.systems.get(name, "")
        past = float(row[spec.column])
        verdict = inputs.verdict(f"{spec.claim}:{name}")
        said = (verdict.finding.outcome, verdict.finding.reason) if verdict else ("", "")
        values = tuple(inputs.values(experiment, spec.metric))
        experiment = experiment if experiment in inputs.metrics else ""
        result.append(Line(name, experiment, None if math.isnan(past) else past, values, *said))
    return result


def tabulate_lines(
    spec: FigureSpec, systems: Sequence[Line], own: Mapping[str, Intervals] | None = None
) -> Table:
    """Return the table behind a figure, with a verdict and its intervals, if any, in each row."""
    measured = Source("../metrics.json", f"{spec.metric} of the row's experiment")
    sources = {
        "verdict": Source("../verdicts.csv", f"verdict where claim begins with {spec.claim}"),
        "1998": Source(PUBLISHED, spec.column),
        **dict.fromkeys(("ours, mean", "sd", "least", "greatest"), measured),
    }
    more = ("one more training", "other test digits") if own else ()
    columns = (
        *("system", "verdict", "1998", "ours, mean", "sd", "least", "greatest", "runs"),
        *more,
        "why",
    )
    rows = []
    for line in systems:
        ours = pd.Series(line.values, dtype=float)  # NaN where there is none: an empty cell
        why = line.reason or ("" if line.published is not None else "1998 gives no number")
        numbers = (line.published, ours.mean(), ours.std(), ours.min(), ours.max())
        pair = own.get(line.name, (None, None)) if own else ()
        ends = ("{:.4g} to {:.4g}".format(*interval) if interval else "" for interval in pair)
        name = name_system(line.name)
        rows.append((name, line.verdict, *numbers, len(ours) or None, *ends, why))
    return table(columns, rows, sources, "verdict")


def systems(inputs: Inputs) -> list[Figure]:
    """Draw Figures 9, 10, 11 and 12, all of them with all systems, in the paper's order."""
    return [draw_systems(inputs, spec) for spec in FIGURES]


def draw_systems(inputs: Inputs, spec: FigureSpec) -> Figure:
    """Draw one of the four figures."""
    rows = lines(inputs, spec)
    run = sum(bool(line.values) for line in rows)
    both = {
        name_system(line.name): (line.published, np.mean(line.values))
        for line in rows
        if line.values and line.published is not None
    }
    alt = say("systems_in_words", label=spec.label, count=len(rows), run=run, both=both)
    height = (130 if spec is ERROR else 110) + _ROW * len(rows)
    own = intervals(inputs, rows) if spec is ERROR else {}
    uncertainty = inputs.paper.claims[spec.claim].uncertainty
    caption = say(
        "systems_caption",
        target=target_percent(inputs.paper) if spec is REJECTION else None,
        interval=inputs.choices.confidence if own else None,
        uncertainty=uncertainty,
        count=len(rows),
        run=run,
        scale="square-root" if spec.ticks[0] == 0 else "logarithmic",
    )
    return Figure(
        spec.name,
        spec.title,
        draw(spec.name, alt, height, partial(_paint, spec, rows, own, uncertainty)),
        caption,
        tabulate_lines(spec, rows, own),
        (
            Source(PUBLISHED, spec.column),
            Source("../metrics.json", f"{spec.metric}.values"),
            Source("../verdicts.csv", f"{spec.claim}:system/database"),
        ),
    )


def _paint(
    spec: FigureSpec, rows: Sequence[Line], intervals: Mapping[str, Intervals],
    uncertainty: float | None, canvas: Canvas,
) -> None:  # fmt: skip
    axes = canvas.subplots()
    axes.grid(axis="y", linewidth=0.5)
    right: dict[str, Any] = {"xytext": (6, 0), "textcoords": "offset points", "fontsize": 11.5}
    right |= {"va": "center", "annotation_clip": False}
    for place, line in enumerate(rows):
        marker, colour, filling = VERDICT_MARKS.get(line.verdict, VERDICT_MARKS[""])
        below, own = place + _APART, intervals.get(line.name)
        if own and own.run:
            axes.plot(own.run, [below] * 2, color=colour, **_BAR)
        if own:
            axes.plot(own.patterns, [below] * 2, color=colour, linewidth=1)
        if line.values:
            ticks: dict[str, Any] = {"markersize": 7, "alpha": 0.6, "gid": marks(line.experiment)}
            axes.plot(line.values, [below] * len(line.values), "|", color=colour, **ticks)
            mean: dict[str, Any] = {"markersize": 5.5, "fillstyle": filling}
            axes.plot(np.mean(line.values), below, marker, color=colour, **mean)
        if line.published is not None:
            past = place - _APART
            axes.errorbar(line.published, past, xerr=uncertainty, fmt="D", linewidth=1, **_POINT)
        if line.verdict and not (is_narrow(canvas) and line.verdict != "differs"):
            along = axes.get_yaxis_transform()
            axes.annotate(line.verdict, (1.0, place), xycoords=along, color=colour, **right)
    axes.set_yticks(range(len(rows)), [name_system(line.name) for line in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _scale(axes, spec, rows, 2 if is_narrow(canvas) else 1)
    _paint_legend(canvas, axes, {line.verdict for line in rows if line.values}, bool(intervals))


def _paint_legend(canvas: Canvas, axes: Axes, verdicts: Set[str], intervals: bool) -> None:
    axes.plot([], [], "D", label="1998", **_POINT)
    for verdict, (marker, colour, filling) in VERDICT_MARKS.items():
        if verdict in verdicts:
            label = f"ours {verdict}" if verdict else "ours"
            axes.plot([], [], marker, color=colour, fillstyle=filling, markersize=6, label=label)
    if intervals:
        axes.plot([], [], color=MUTED, label="one more training", **_BAR)
        axes.plot([], [], color=MUTED, linewidth=1, label="other test digits")
    columns = 2 if is_narrow(canvas) else 3
    canvas.legend(loc="outside lower center", ncols=columns, handletextpad=0.5)


def _scale(axes: Axes, spec: FigureSpec, rows: Sequence[Line], every: int) -> None:
    """Set limits around all values, and every ``every``-th of the ticks within them."""
    values = [value for line in rows for value in (*line.values, line.published)]
    finite = [value for value in values if value is not None]
    if spec.ticks[0] == 0:
        low, high = 0.0, max(finite) * 1.1 if any(finite) else 1.0
        axes.set_xscale("function", functions=(_root, np.square))
    else:
        low, high = min(finite) / 1.3, max(finite) * 1.3
        axes.set_xscale("log")
    ticks = [tick for tick in spec.ticks if low <= tick <= high][::every]
    axes.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.set_xlim(low, high)
    axes.minorticks_off()
    axes.set_xlabel(spec.label)


def _root(values: ArrayLike) -> NDArray[np.float64]:
    # The axis also asks for places left of 0.
    return np.sqrt(np.maximum(np.asarray(values, dtype=np.float64), 0.0))
