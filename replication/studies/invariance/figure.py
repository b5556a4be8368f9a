"""Changed patterns drawn: errors (Section III-E, p. 16), digits as in Figure 13, wide fields."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Inputs, Part, records
from replication.comparison.paper import Paper
from replication.core.networks.catalogue import lenet5
from replication.studies.invariance import COMMAND, COUNTS, EXAMPLES, FIELDS, compute_curve
from replication.studies.invariance.changes import KINDS, Bytes, change, join_images

# Of the experiments, in all figures of the study.
COLOURS = (drawing.TEST, drawing.DISTORTED, drawing.ACCENT, drawing.TRAINING)
_COLUMNS = 7  # amounts of each kind that are drawn
_LINE = 1.4  # height of a digit with the answers below it, in digits
_SQUARE = 3.3  # side of the square of a class above a wide field, in pixels of the field
_UNITS = {"scale": "factor", "shift": "heights of the character, either way",
          "rotation": "degrees, either way", "noise": "probability"}  # fmt: skip


def find_limits(paper: Paper, kind: str) -> list[float]:
    """Return the paper's ends of a range, or the noise that its network was trained with."""
    if kind == "noise":
        return [paper.claims["noise.salt-pepper"].number]
    limit = paper.claims[f"invariance.{kind}"].number
    return [1 / math.sqrt(limit), math.sqrt(limit)] if kind == "scale" else [limit]


def draw_curves(inputs: Inputs) -> drawing.Figure | None:
    """Draw the error against scale, shift, rotation and noise; None without the study."""
    counts = inputs.table(COUNTS)
    if counts is None:
        return None
    words = inputs.wording.name
    by_name = {str(name): own for name, own in counts.groupby("experiment", sort=False)}
    rows = [
        (words(name), kind, amount, missed, int(own["replicate"].nunique()))
        for name, own in by_name.items()
        for kind in KINDS
        for amount, missed in compute_curve(own, kind).items()
    ]

    def paint(canvas: Canvas) -> None:
        drawn = drawing.panels(canvas, len(KINDS), 2, 200, sharey=True)
        for kind, axes in zip(KINDS, drawn, strict=True):
            _paint_curves(axes, inputs, by_name, kind)
        drawn[0].set_ylim(0, 100)
        canvas.supylabel("percent missed", fontsize=12, color=drawing.MUTED)
        canvas.legend(*drawn[0].get_legend_handles_labels(), loc="outside lower center")

    patterns = int(counts["patterns"].iloc[0])
    return drawing.Figure(
        "invariance",
        "How far a digit may be changed",
        drawing.draw(
            "invariance",
            f"Percent of {patterns} test patterns missed by {', '.join(map(words, by_name))} "
            "against scale, vertical shift, rotation and noise; the numbers are in the table "
            "below.",
            440,
            paint,
        ),
        f"The first {patterns} test patterns, changed in the network's own field, where ink that "
        "leaves it is lost. Faint lines: our trainings; strong lines: all of them. Upright lines: "
        "the ranges that the paper estimates (a factor of scale is from the smallest to the "
        "largest), and the noise that its network was trained with; level line: what counts as "
        "accurate here.",
        drawing.table(("experiment", "change", "amount", "missed, %", "runs"), rows),
        (
            drawing.Source("../invariance.csv", "misses, patterns by experiment, kind and amount"),
            drawing.Source(
                f"{drawing.DATA}/claims.yaml",
                "invariance.scale, .shift, .rotation; noise.salt-pepper",
            ),
        ),
    )


def _paint_curves(axes: Axes, inputs: Inputs, counts: dict[str, pd.DataFrame], kind: str) -> None:
    axes.axhline(inputs.choices.accurate_percent, color=drawing.GRID, linewidth=1)
    for limit in find_limits(inputs.paper, kind):
        axes.axvline(limit, color=drawing.INK, linewidth=0.8, linestyle=(0, (4, 2)))
    for (name, own), colour in zip(counts.items(), COLOURS, strict=False):
        for _, rows in own.groupby("replicate"):
            curve = compute_curve(rows, kind)
            axes.plot(curve.index, curve, color=colour, linewidth=0.5, alpha=0.35)
        mean, label = compute_curve(own, kind), inputs.wording.name(name)
        axes.plot(mean.index, mean, color=colour, linewidth=1.8, label=label)
    if kind == "scale":
        axes.set_xscale("log")
        axes.set_xticks([0.5, 1.0, 2.0], ["0.5", "1", "2"])
        axes.minorticks_off()
    axes.set(title=kind, xlabel=_UNITS[kind])
    axes.title.set_color(drawing.MUTED)


def draw_digits(inputs: Inputs) -> drawing.Figure | None:
    """Draw a few digits at increasing change with the answers, as in Figure 13; None without."""
    answers = inputs.table(EXAMPLES)
    if answers is None:
        return None
    words, patterns = inputs.wording.name, int(answers["pattern"].max()) + 1
    answers = answers.assign(label=inputs.labels[answers["pattern"]])
    answers["right"] = answers["class"] == answers["label"]
    answers["name"] = answers["experiment"].map(words)
    of_name = answers.groupby("experiment", sort=False)["right"].agg(["sum", "size"])
    counts = [f"{words(str(name))} answers {right} of {total} right"
              for name, right, total in of_name[: len(COLOURS)].itertuples()]  # fmt: skip

    def paint(canvas: Canvas) -> None:
        drawn = drawing.panels(canvas, len(KINDS), 2, 50 + 47 * patterns)
        for axes, kind in zip(drawn, KINDS, strict=True):
            _paint_kind(axes, inputs, answers, kind)

    alt = (
        f"The first {patterns} test patterns at increasing change, with the answers: "
        f"{'; '.join(counts)}."
    )
    names = ", ".join(answers["name"].unique()[: len(COLOURS)])
    keys = ["kind", "amount", "pattern", "label", "name", "class", "penalty"]
    columns = ("change", "amount", "test pattern", "label", "experiment", "answer", "penalty")
    return drawing.Figure(
        "figure13",
        "Digits as in Figure 13",
        drawing.draw("figure13", alt, 440, paint),
        f"Below each digit the answers of the first training of {names}, in "
        "this order; wrong ones are bold and framed. A negative shift is upwards, a negative "
        "rotation counter-clockwise.",
        drawing.table(columns, list(answers[keys].itertuples(index=False, name=None))),
        (
            drawing.Source(
                "../invariance_examples.csv", "class by experiment, kind, amount and pattern"
            ),
            drawing.Source("../../data/raw/", "t10k-images-idx3-ubyte.gz: the first patterns"),
        ),
    )


def _paint_kind(axes: Axes, inputs: Inputs, every: pd.DataFrame, kind: str) -> None:
    """Paint the digits of a kind: one line per pattern, one column per amount, answers below."""
    names = every["experiment"].unique()[: len(COLOURS)].tolist()
    answers = every[(every["kind"] == kind) & every["experiment"].isin(names)]
    patterns = int(answers["pattern"].max()) + 1
    amounts = np.sort(answers["amount"].unique())
    drawn = amounts[space_evenly(len(amounts))].tolist()
    field, images = lenet5(inputs.paper).field, inputs.images[:patterns]
    sheets = [
        change(images, range(patterns), kind, amount, inputs.study, field) for amount in drawn
    ]
    for line in range(patterns):
        strip = np.hstack([sheet[line] for sheet in sheets])
        _paint_image(axes, strip, (0, _LINE * line, len(drawn), 1))
    for row in records(answers[answers["amount"].isin(drawn)]):
        place = names.index(row["experiment"])
        frame = {"boxstyle": "square,pad=0.1", "fill": False, "linewidth": 0.7,
                 "edgecolor": COLOURS[place]}  # fmt: skip
        axes.text(
            drawn.index(row["amount"]) + 0.5 + 0.28 * (place - (len(names) - 1) / 2),
            _LINE * row["pattern"] + 1.18, str(row["class"]),
            color=COLOURS[place], fontsize=11.5, ha="center", va="center",
            weight="normal" if row["right"] else "bold", bbox=None if row["right"] else frame,
        )  # fmt: skip
    axes.set(title=kind, xlim=(0, _COLUMNS), ylim=(_LINE * patterns, 0), yticks=[])
    axes.set_xticks(np.arange(len(drawn)) + 0.5, [f"{amount:g}" for amount in drawn])
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    _hide_edges(axes)


def space_evenly(count: int) -> list[int]:
    """Return at most `_COLUMNS` places out of ``count``, with the first and the last."""
    places = np.rint(np.linspace(0, count - 1, min(count, _COLUMNS)))
    return [int(place) for place in places]


class _Wide(NamedTuple):
    """A wide field, the penalties at each position and class, and the least at each position."""

    image: Bytes
    penalties: pd.DataFrame
    best: pd.DataFrame


def draw_wide_fields(inputs: Inputs) -> drawing.Figure | None:
    """Draw several digits in one field and the outputs above it (p. 8); None without them."""
    outputs = inputs.table(FIELDS)
    if outputs is None:
        return None
    side = lenet5(inputs.paper).field
    drawn, answers = [], []
    for place, chosen in enumerate(inputs.study.fields):
        penalties = outputs[outputs["picture"] == place]
        best = penalties.loc[penalties.groupby("position")["penalty"].idxmin()]
        wide = join_images(inputs.images[list(chosen)], inputs.study.pitch, side)
        drawn.append(_Wide(wide, penalties, best))
        digits = " ".join(str(inputs.labels[number]) for number in chosen)
        answers.append(f"{digits}: {' '.join(map(str, best['class']))}")

    def paint(canvas: Canvas) -> None:
        if drawing.is_narrow(canvas):
            fields = drawing.panels(canvas, len(drawn), 1, 210)
        else:
            widths = [wide.image.shape[1] for wide in drawn]
            fields = list(canvas.subplots(1, len(drawn), squeeze=False, width_ratios=widths).flat)
        for axes, wide in zip(fields, drawn, strict=True):
            _paint_wide(axes, wide)

    alt = (
        f"Digits in one field and, from the left, the least penalised class: {'; '.join(answers)}."
    )
    keys = ["picture", "position", "class", "penalty"]
    return drawing.Figure(
        "wide-fields",
        "A field wider than the network's own",
        drawing.draw("wide-fields", alt, 225, paint),
        "Test digits side by side, and above them the outputs of the first training of "
        f"{inputs.wording.name(str(outputs['experiment'].iloc[0]))} as a convolution over the "
        f"whole field: each column stands over the middle of the {side} pixels that it sees. The "
        "less a class is penalised, the darker its square; on top the class of least penalty, also "
        "between the digits, where there is nothing to recognise.",
        drawing.table(keys, list(outputs[keys].itertuples(index=False, name=None))),
        (
            drawing.Source("../fields.csv", "penalty by picture, position and class"),
            drawing.Source("../../data/raw/", "t10k-images-idx3-ubyte.gz"),
        ),
    )


def _paint_wide(axes: Axes, wide: _Wide) -> None:
    """Paint a field with its outputs above it: for each position a column of squares by class."""
    height, width = wide.image.shape
    classes = sorted(wide.penalties["class"].unique())
    top = -_SQUARE * (len(classes) + 0.5)
    _paint_image(axes, wide.image, (0, 0, width, height))
    most = float(wide.penalties["penalty"].max())
    positions = sorted(wide.penalties["position"].unique())
    apart = float(positions[1] - positions[0]) if len(positions) > 1 else _SQUARE
    for row in records(wide.penalties):
        corner = (height / 2 + row["position"] - apart / 2, top + _SQUARE * row["class"])
        share = 1 - row["penalty"] / most
        axes.add_patch(
            Rectangle(corner, apart - 0.4, _SQUARE - 0.3, color=drawing.TEST, lw=0, alpha=share)
        )
    for row in records(wide.best):
        axes.text(
            height / 2 + row["position"], top - 0.4, str(row["class"]),
            color=drawing.INK, fontsize=11.5, weight="bold", ha="center", va="bottom",
        )  # fmt: skip
    middles = [top + _SQUARE * (digit + 0.5) for digit in classes]
    axes.set_yticks(middles, [str(digit) for digit in classes])
    axes.tick_params(left=False, labelsize=11.5)
    axes.set(xticks=[], xlim=(0, width), ylim=(height, top - 4), aspect="equal")
    _hide_edges(axes)


def _paint_image(axes: Axes, levels: Bytes, place: tuple[float, float, float, float]) -> None:
    """Paint grey levels with a thin edge; ``place`` is left, top, width and height."""
    left, top, width, height = place
    axes.imshow(
        levels, cmap="gray_r", vmin=0, vmax=255, interpolation="none", aspect="auto",
        extent=(left, left + width, top + height, top),
    )  # fmt: skip
    edge = Rectangle(
        (left, top), width, height, fill=False, edgecolor=drawing.GRID, lw=0.8, clip_on=False
    )
    axes.add_patch(edge)


def _hide_edges(axes: Axes) -> None:
    # Invisible ones would be shown again with the axes of all charts.
    axes.spines[:].set_color("none")


PARTS = (
    Part("invariance", draw_curves, "The study of changed patterns", COMMAND),
    Part("figure13", draw_digits, "Changed digits, as in Figure 13", COMMAND),
    Part("wide_fields", draw_wide_fields, "Several digits in one field", COMMAND),
)
