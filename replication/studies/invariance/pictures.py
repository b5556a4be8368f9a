"""Digits as in Figure 13 (p. 16) and a field of several digits (p. 8), with a network's answers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from replication.comparison.figures.drawing import (
    ACCENT,
    DISTORTED,
    GRID,
    INK,
    TEST,
    TRAINING,
    Figure,
    Source,
    draw,
    is_narrow,
    panels,
    table,
)
from replication.comparison.figures.inputs import Inputs, records
from replication.core.networks import lenet5
from replication.studies.invariance import EXAMPLES, FIELDS
from replication.studies.invariance.changes import KINDS, changed, in_one_field

# Of the experiments, in all figures of the study.
COLOURS = (TEST, DISTORTED, ACCENT, TRAINING)
_COLUMNS = 7  # amounts of each kind that are drawn
_LINE = 1.4  # height of a digit with the answers below it, in digits
_SQUARE = 3.3  # side of the square of a class above a wide field, in pixels of the field
Levels = NDArray[np.uint8]


def experiments(table: pd.DataFrame) -> list[str]:
    """Those of one of the study's tables, in its order."""
    return list(dict.fromkeys(table["experiment"].astype(str)))


def digits(inputs: Inputs) -> Figure | None:
    """As in Figure 13: a few digits at increasing change, with the answers; None without them."""
    answers = inputs.table(EXAMPLES)
    if answers is None:
        return None
    names, named = experiments(answers)[: len(COLOURS)], inputs.wording.name
    patterns = int(answers["pattern"].max()) + 1
    right = answers["class"].to_numpy() == inputs.labels[answers["pattern"].to_numpy()]
    said = "; ".join(
        f"{named(name)} answers {int(right[of_one].sum())} of {int(of_one.sum())} right"
        for name in names
        for of_one in [(answers["experiment"] == name).to_numpy()]
    )

    def paint(canvas: Canvas) -> None:
        drawn = panels(canvas, len(KINDS), 2, 50 + 47 * patterns)
        for axes, kind in zip(drawn, KINDS, strict=True):
            _paint_kind(axes, inputs, answers[answers["kind"] == kind], kind, names)

    alt = f"The first {patterns} test patterns at increasing change, with the answers: {said}."
    rows = [
        (row["kind"], row["amount"], row["pattern"], int(inputs.labels[row["pattern"]]),
         named(row["experiment"]), row["class"], row["penalty"])
        for row in records(answers)
    ]  # fmt: skip
    columns = ("change", "amount", "test pattern", "label", "experiment", "answer", "penalty")
    return Figure(
        "figure13",
        "Digits as in Figure 13",
        draw("figure13", alt, 440, paint),
        f"Below each digit the answers of the first training of {', '.join(map(named, names))}, in "
        "this order; wrong ones are bold and framed. A negative shift is upwards, a negative "
        "rotation counter-clockwise.",
        table(columns, rows),
        (
            Source("../invariance_examples.csv", "class by experiment, kind, amount and pattern"),
            Source("../../data/raw/", "t10k-images-idx3-ubyte.gz: the first patterns"),
        ),
    )


def _paint_kind(
    axes: Axes, inputs: Inputs, answers: pd.DataFrame, kind: str, names: Sequence[str]
) -> None:
    """The digits of one kind: a line a pattern, a column an amount, the answers below each."""
    patterns = int(answers["pattern"].max()) + 1
    tried = sorted(float(amount) for amount in answers["amount"].unique())
    drawn = [tried[place] for place in spaced(len(tried))]
    field, images = lenet5.network(inputs.paper).field, inputs.images[:patterns]
    sheets = [
        changed(images, range(patterns), kind, amount, inputs.study, field) for amount in drawn
    ]
    for line in range(patterns):
        strip = np.hstack([sheet[line] for sheet in sheets])
        _paint_image(axes, strip, (0, _LINE * line, len(drawn), 1))
    for row in records(answers[answers["amount"].isin(drawn) & answers["experiment"].isin(names)]):
        place = names.index(row["experiment"])
        wrong = row["class"] != inputs.labels[row["pattern"]]
        frame = {"boxstyle": "square,pad=0.1", "fill": False, "linewidth": 0.7,
                 "edgecolor": COLOURS[place]}  # fmt: skip
        axes.text(
            drawn.index(row["amount"]) + 0.5 + 0.28 * (place - (len(names) - 1) / 2),
            _LINE * row["pattern"] + 1.18, str(row["class"]),
            color=COLOURS[place], fontsize=11.5, ha="center", va="center",
            weight="bold" if wrong else "normal", bbox=frame if wrong else None,
        )  # fmt: skip
    axes.set(title=kind, xlim=(0, _COLUMNS), ylim=(_LINE * patterns, 0), yticks=[])
    axes.set_xticks(np.arange(len(drawn)) + 0.5, [f"{amount:g}" for amount in drawn])
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    _without_edges(axes)


def spaced(count: int) -> list[int]:
    """At most `_COLUMNS` places out of ``count``, the first and the last among them."""
    if count <= _COLUMNS:
        return list(range(count))
    return [int(place) for place in np.rint(np.linspace(0, count - 1, _COLUMNS))]


class _Wide(NamedTuple):
    """A wide field, the penalties at each position and class, and the least at each position."""

    image: Levels
    penalties: pd.DataFrame
    best: pd.DataFrame


def wide_fields(inputs: Inputs) -> Figure | None:
    """Several digits in one field and the row of outputs above it (p. 8); None without them."""
    outputs = inputs.table(FIELDS)
    if outputs is None:
        return None
    side = lenet5.network(inputs.paper).field
    drawn, said = [], []
    for place, shown in enumerate(inputs.study.fields):
        penalties = outputs[outputs["picture"] == place]
        best = penalties.loc[penalties.groupby("position")["penalty"].idxmin()]
        wide = in_one_field(inputs.images[list(shown)], inputs.study.pitch, side)
        drawn.append(_Wide(wide, penalties, best))
        digits_there = " ".join(str(inputs.labels[number]) for number in shown)
        said.append(f"{digits_there}: {' '.join(str(one) for one in best['class'])}")

    def paint(canvas: Canvas) -> None:
        if is_narrow(canvas):
            fields = panels(canvas, len(drawn), 1, 210)
        else:
            widths = [one.image.shape[1] for one in drawn]
            fields = list(canvas.subplots(1, len(drawn), squeeze=False, width_ratios=widths).flat)
        for axes, one in zip(fields, drawn, strict=True):
            _paint_wide(axes, one)

    alt = f"Digits in one field and, from the left, the least penalised class: {'; '.join(said)}."
    keys = ("picture", "position", "class", "penalty")
    return Figure(
        "wide-fields",
        "A field wider than the network's own",
        draw("wide-fields", alt, 225, paint),
        "Test digits side by side, and above them the outputs of the first training of "
        f"{inputs.wording.name(str(outputs['experiment'].iloc[0]))} as a convolution over the "
        f"whole field: each column stands over the middle of the {side} pixels that it sees. The "
        "less a class is penalised, the darker its square; on top the class of least penalty, also "
        "between the digits, where there is nothing to recognise.",
        table(keys, [tuple(row[key] for key in keys) for row in records(outputs)]),
        (
            Source("../fields.csv", "penalty by picture, position and class"),
            Source("../../data/raw/", "t10k-images-idx3-ubyte.gz"),
        ),
    )


def _paint_wide(axes: Axes, wide: _Wide) -> None:
    """One field with its outputs above it: a column of squares, one a class, for each position."""
    height, width = wide.image.shape
    classes = sorted(wide.penalties["class"].unique())
    top = -_SQUARE * (len(classes) + 0.5)
    _paint_image(axes, wide.image, (0, 0, width, height))
    most = float(wide.penalties["penalty"].max())
    positions = sorted(wide.penalties["position"].unique())
    apart = float(positions[1] - positions[0]) if len(positions) > 1 else _SQUARE
    for row in records(wide.penalties):
        corner = (height / 2 + row["position"] - apart / 2, top + _SQUARE * row["class"])
        size = (apart - 0.4, _SQUARE - 0.3)
        share = 1 - row["penalty"] / most
        axes.add_patch(Rectangle(corner, *size, color=TEST, lw=0, alpha=share))
    for row in records(wide.best):
        axes.text(
            height / 2 + row["position"], top - 0.4, str(row["class"]),
            color=INK, fontsize=11.5, weight="bold", ha="center", va="bottom",
        )  # fmt: skip
    middles = [top + _SQUARE * (digit + 0.5) for digit in classes]
    axes.set_yticks(middles, [str(digit) for digit in classes])
    axes.tick_params(left=False, labelsize=11.5)
    axes.set(xticks=[], xlim=(0, width), ylim=(height, top - 4), aspect="equal")
    _without_edges(axes)


def _paint_image(axes: Axes, levels: Levels, place: tuple[float, float, float, float]) -> None:
    """Grey levels, ink dark, with a thin edge; ``place`` is left, top, width and height."""
    left, top, width, height = place
    axes.imshow(
        levels, cmap="gray_r", vmin=0, vmax=255, interpolation="none", aspect="auto",
        extent=(left, left + width, top + height, top),
    )  # fmt: skip
    edge = Rectangle((left, top), width, height, fill=False, edgecolor=GRID, lw=0.8, clip_on=False)
    axes.add_patch(edge)


def _without_edges(axes: Axes) -> None:
    # Invisible ones would be shown again with the axes of all charts.
    axes.spines[:].set_color("none")
