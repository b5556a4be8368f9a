"""Figure 8's digits, system by system: how many of them each one misses too."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from replication.comparison.figures.drawing import (
    ACCENT,
    DATA,
    MUTED,
    TEST,
    Figure,
    Source,
    draw,
    table,
)
from replication.comparison.figures.inputs import Inputs, name_system
from replication.report.systems import ERROR, Line, lines
from replication.report.texts import say

_ROW = 18  # units of the SVG


class Shared(NamedTuple):
    """What the replicates of a system share with 1998's LeNet-5, each a mean over them.

    missed: of Figure 8's digits. same: those with the same wrong answer. errors: on all test
    patterns.
    """

    missed: float
    same: float
    errors: float


def count_shared(inputs: Inputs, experiment: str) -> Shared | None:
    """Return what an experiment shares with Figure 8; None where it has no answers."""
    past = inputs.paper.misclassified
    past = past[past["test_index"] < len(inputs.labels)]
    index, predicted = past["test_index"].to_numpy(), past["predicted"].to_numpy()
    answers = [given.classes for given in inputs.answers(experiment)]
    if not answers:
        return None
    wrong: NDArray[np.bool_] = np.array(answers) != inputs.labels
    same = wrong[:, index] & (np.array(answers)[:, index] == predicted)
    counts = (wrong[:, index], same, wrong)
    return Shared(*(float(each.sum(axis=1).mean()) for each in counts))


def draw_overlap(inputs: Inputs) -> Figure | None:
    """Draw for each system how many of Figure 8's digits it misses; the least errors come first."""
    counted = {line: shared for line in lines(inputs, ERROR)
               if (shared := count_shared(inputs, line.experiment))}  # fmt: skip
    if not counted:
        return None
    rows = dict(sorted(counted.items(), key=lambda row: row[1].errors))
    total = len(inputs.paper.misclassified)
    own = [name for key, name in inputs.choices.systems.items() if key.startswith("lenet5/")]
    named = {name_system(line.name): shared for line, shared in rows.items()}
    alt = say("overlap_in_words", total=total, shared=named)
    columns = ("system", "of Figure 8 missed", "with 1998's answer", "errors in all")
    return Figure(
        "overlap",
        f"How many of the {total} each system misses",
        draw("overlap", alt, 90 + _ROW * len(rows), lambda canvas: _paint(canvas, rows, own)),
        say("overlap_caption"),
        table(columns, [(name, *shared) for name, shared in named.items()]),
        (
            Source("../runs/", "answers.npz of each replicate"),
            Source(f"{DATA}/figure8_misclassified.csv", "predicted by test_index"),
        ),
    )


def _paint(canvas: Canvas, rows: Mapping[Line, Shared], own: Sequence[str]) -> None:
    axes = canvas.subplots()
    axes.grid(axis="y", linewidth=0.5)
    for place, (line, shared) in enumerate(rows.items()):
        colour = ACCENT if line.experiment in own else TEST
        axes.plot([shared.same, shared.missed], [place] * 2, color=colour, linewidth=1)
        axes.plot(shared.same, place, "o", color=colour, fillstyle="none", markersize=5)
        axes.plot(shared.missed, place, "o", color=colour, markersize=6)
    names = [f"{name_system(line.name)}: {shared.errors:.0f}" for line, shared in rows.items()]
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, None), ylim=(len(rows) - 0.4, -0.6), xlabel="of Figure 8's digits")
    axes.plot([], [], "o", color=MUTED, markersize=6, label="missed")
    axes.plot([], [], "o", color=MUTED, fillstyle="none", markersize=5, label="with 1998's answer")
    canvas.legend(loc="outside lower center", ncols=2, handletextpad=0.3)
