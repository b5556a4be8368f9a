"""Figures 9 to 12 (pp. 12-15) redrawn: every system of 1998 with ours in the same axes."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import ArrayLike, NDArray

from replication.comparison.evaluation.errors import target_percent
from replication.comparison.figures.drawing import (
    INK,
    MUTED,
    PAPER,
    PUBLISHED,
    TEST,
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
from replication.comparison.verdicts.statistics import prediction_interval
from replication.report.texts import say

_ROW = 20  # units of the SVG
_APART = 0.17  # of a row: 1998 above its middle, ours below
_ERRORS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_REJECTED = (0, 1, 5, 10, 20, 40, 60, 80, 100)
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


def tabulate_lines(spec: FigureSpec, systems: Sequence[Line]) -> Table:
    """Return the table behind a figure, with a verdict in each row."""
    measured = Source("../metrics.json", f"{spec.metric} of the row's experiment")
    sources = {
        "verdict": Source("../verdicts.csv", f"verdict where claim begins with {spec.claim}"),
        "1998": Source(PUBLISHED, spec.column),
        **dict.fromkeys(("ours, mean", "sd", "least", "greatest"), measured),
    }
    columns = ("system", "verdict", "1998", "ours, mean", "sd", "least", "greatest", "runs", "why")
    rows = []
    for line in systems:
        ours = pd.Series(line.values, dtype=float)  # NaN where there is none: an empty cell
        why = line.reason or ("" if line.published is not None else "1998 gives no number")
        numbers = (line.published, ours.mean(), ours.std(), ours.min(), ours.max())
        rows.append((name_system(line.name), line.verdict, *numbers, len(ours) or None, why))
    return table(columns, rows, sources, "verdict")


def systems(inputs: Inputs) -> list[Figure]:
    """Draw Figures 9, 10, 11 and 12, all of them with all systems, in the paper's order."""
    return [_figure(inputs, spec) for spec in FIGURES]


def _figure(inputs: Inputs, spec: FigureSpec) -> Figure:
    rows = lines(inputs, spec)
    run = sum(bool(line.values) for line in rows)
    both = {
        name_system(line.name): (line.published, np.mean(line.values))
        for line in rows
        if line.values and line.published is not None
    }
    alt = say("systems_in_words", label=spec.label, count=len(rows), run=run, both=both)
    height = 90 + _ROW * len(rows)
    confidence = inputs.choices.confidence
    caption = say(
        "systems_caption",
        target=target_percent(inputs.paper) if spec is REJECTION else None,
        interval=spec is ERROR,
        count=len(rows),
        run=run,
        scale="square-root" if spec.ticks[0] == 0 else "logarithmic",
    )
    return Figure(
        spec.name,
        spec.title,
        draw(spec.name, alt, height, lambda canvas: _paint(canvas, spec, rows, confidence)),
        caption,
        tabulate_lines(spec, rows),
        (
            Source(PUBLISHED, spec.column),
            Source("../metrics.json", f"{spec.metric}.values"),
            Source("../verdicts.csv", f"{spec.claim}:system/database"),
        ),
    )


def _paint(canvas: Canvas, spec: FigureSpec, rows: Sequence[Line], confidence: float) -> None:
    axes = canvas.subplots()
    axes.grid(axis="y", linewidth=0.5)
    diamond: dict[str, Any] = {"color": INK, "markerfacecolor": PAPER, "markersize": 5}
    right: dict[str, Any] = {"xytext": (6, 0), "textcoords": "offset points", "fontsize": 11.5}
    right |= {"va": "center", "annotation_clip": False}
    for place, line in enumerate(rows):
        if line.values:
            below = [place + _APART] * len(line.values)
            gid = marks(line.experiment)
            axes.plot(line.values, below, "|", color=TEST, markersize=8, gid=gid)
            if spec is not ERROR:
                axes.plot(np.mean(line.values), below[0], "o", color=TEST, markersize=5)
        if line.published is not None:
            axes.plot(line.published, place - _APART, "D", **diamond)
        if line.verdict and not (is_narrow(canvas) and line.verdict != "differs"):
            colour, along = INK if line.verdict == "differs" else MUTED, axes.get_yaxis_transform()
            axes.annotate(line.verdict, (1.0, place), xycoords=along, color=colour, **right)
    if spec is ERROR and any(line.values for line in rows):
        _paint_intervals(axes, rows, confidence)
    axes.set_yticks(range(len(rows)), [name_system(line.name) for line in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _scale(axes, spec, rows, 2 if is_narrow(canvas) else 1)
    axes.plot([], [], "D", label="1998", **diamond)
    axes.plot([], [], "|", color=TEST, markersize=8, label="ours")
    axes.plot([], [], "o", color=TEST, markersize=5, label="our mean")
    canvas.legend(loc="outside lower center", ncols=3, handletextpad=0.3)


def _paint_intervals(axes: Axes, rows: Sequence[Line], confidence: float) -> None:
    """Draw the mean of each system with the interval of one more run."""
    values = [(place + _APART, value) for place, line in enumerate(rows) for value in line.values]

    def interval(ours: "pd.Series[float]") -> tuple[float, float]:
        nothing = (math.nan, math.nan)
        return prediction_interval(ours.tolist(), confidence) if len(ours) > 1 else nothing

    seaborn.pointplot(
        pd.DataFrame(values, columns=["place", "ours"]),
        x="ours",
        y="place",
        orient="y",
        native_scale=True,
        linestyle="none",
        errorbar=interval,
        color=TEST,
        markersize=5,
        err_kws={"linewidth": 2, "alpha": 0.45},
        ax=axes,
    )
    axes.set_ylabel("")


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
