"""How many patterns are missed by how much they are changed, drawn (Section III-E, p. 16)."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from replication.comparison.figures.drawing import (
    DATA,
    GRID,
    INK,
    MUTED,
    Figure,
    Source,
    draw,
    panels,
    table,
)
from replication.comparison.figures.inputs import Inputs, Part
from replication.comparison.paper import Paper
from replication.studies.invariance import COMMAND, COUNTS, pictures
from replication.studies.invariance.changes import KINDS
from replication.studies.invariance.pictures import COLOURS, experiments
from replication.studies.invariance.verdict import curve

_UNITS = {"scale": "factor", "shift": "heights of the character, either way",
          "rotation": "degrees, either way", "noise": "probability"}  # fmt: skip


def named(paper: Paper, kind: str) -> list[float]:
    """Where the paper puts the end of a range, or the noise that its network was trained with."""
    if kind == "noise":
        return [paper.claims["noise.salt-pepper"].number]
    limit = paper.claims[f"invariance.{kind}"].number
    return [1 / math.sqrt(limit), math.sqrt(limit)] if kind == "scale" else [limit]


def curves(inputs: Inputs) -> Figure | None:
    """Error against scale, shift, rotation and noise; None without the study."""
    counts = inputs.table(COUNTS)
    if counts is None:
        return None
    names, words = experiments(counts), inputs.wording.name
    rows = [
        (words(name), kind, amount, missed, int(of_one["replicate"].nunique()))
        for name in names
        for of_one in [counts[counts["experiment"] == name]]
        for kind in KINDS
        for amount, missed in curve(of_one, kind).items()
    ]

    def paint(canvas: Canvas) -> None:
        drawn = panels(canvas, len(KINDS), 2, 200, sharey=True)
        for kind, axes in zip(KINDS, drawn, strict=True):
            _paint(axes, inputs, counts, kind, words)
        drawn[0].set_ylim(0, 100)
        canvas.supylabel("percent missed", fontsize=12, color=MUTED)
        canvas.legend(*drawn[0].get_legend_handles_labels(), loc="outside lower center")

    patterns = int(counts["patterns"].iloc[0])
    return Figure(
        "invariance",
        "How far a digit may be changed",
        draw(
            "invariance",
            f"Percent of {patterns} test patterns missed by {', '.join(map(words, names))} against "
            "scale, vertical shift, rotation and noise; the numbers are in the table below.",
            440,
            paint,
        ),
        f"The first {patterns} test patterns, changed in the network's own field, where ink that "
        "leaves it is lost. Faint lines: our trainings; strong lines: all of them. Upright lines: "
        "the ranges that the paper estimates (a factor of scale is from the smallest to the "
        "largest), and the noise that its network was trained with; level line: what counts as "
        "accurate here.",
        table(("experiment", "change", "amount", "missed, %", "runs"), rows),
        (
            Source("../invariance.csv", "misses, patterns by experiment, kind and amount"),
            Source(f"{DATA}/claims.yaml", "invariance.scale, .shift, .rotation; noise.salt-pepper"),
        ),
    )


def _paint(
    axes: Axes, inputs: Inputs, counts: pd.DataFrame, kind: str, words: Callable[[str], str]
) -> None:
    axes.axhline(inputs.choices.accurate_percent, color=GRID, linewidth=1)
    for place in named(inputs.paper, kind):
        axes.axvline(place, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
    for name, colour in zip(experiments(counts), COLOURS, strict=False):
        of_one = counts[counts["experiment"] == name]
        for _, one in of_one.groupby("replicate"):
            each = curve(one, kind)
            axes.plot(each.index, each, color=colour, linewidth=0.5, alpha=0.35)
        mean = curve(of_one, kind)
        axes.plot(mean.index, mean, color=colour, linewidth=1.8, label=words(name))
    if kind == "scale":
        axes.set_xscale("log")
        axes.set_xticks([0.5, 1.0, 2.0], ["0.5", "1", "2"])
        axes.minorticks_off()
    axes.set(title=kind, xlabel=_UNITS[kind])
    axes.title.set_color(MUTED)


PARTS = (
    Part("invariance", curves, "The study of changed patterns", COMMAND),
    Part("figure13", pictures.digits, "Changed digits, as in Figure 13", COMMAND),
    Part("wide_fields", pictures.wide_fields, "Several digits in one field", COMMAND),
)
