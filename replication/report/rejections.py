"""The whole error-reject curve of every system (Figure 10, p. 14, has one point of it for each)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from replication.comparison.evaluation.errors import error_reject_curve, target_percent
from replication.comparison.figures.drawing import (
    ACCENT,
    DISTORTED,
    GRID,
    INK,
    MUTED,
    PUBLISHED,
    TEST,
    TRAINING,
    Figure,
    Source,
    draw,
    panels,
    table,
)
from replication.comparison.figures.inputs import Inputs, name_system
from replication.comparison.verdicts.curves import Curves
from replication.report.systems import REJECTION, Line, lines
from replication.report.texts import say

# As in Section III-C; a system without a family is in the last panel.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "linear, quadratic, RBF": ("linear", "pairwise-linear", "pca40-quadratic", "rbf1000-linear"),
    "neighbours, support vectors": (
        *("knn-euclidean", "tangent-distance", "svm-poly4", "rs-svm-poly5", "v-svm-poly9"),
    ),
    "one hidden layer": ("mlp-300", "mlp-1000"),
    "two hidden layers": ("mlp-300-100", "mlp-500-150"),
    "LeNet-1, LeNet-4": ("lenet1", "lenet4", "lenet4-local", "lenet4-knn", "lenet4-boosted"),
    "LeNet-5": ("lenet5",),
}
_STYLES = tuple(
    (colour, dashes)
    for dashes in ("-", (0, (4, 1.5)))
    for colour in (TEST, TRAINING, DISTORTED, ACCENT, INK)
)
_STEPS, _FEW = 41, 15  # points of a curve, and of one in the back
_BEYOND = 1.3  # a panel's end, as a multiple of the share rejected at the level of Figure 10
_LEAST = 2.0  # percent: the earliest end of a panel
_PANEL = 250  # units of the SVG: height, with the names above it
_TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_TABLE = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # percent rejected, in the table


def curves(inputs: Inputs) -> Figure | None:
    """Draw error on the rest against the share rejected, for every system that has answers."""
    measured = [line for line in lines(inputs, REJECTION) if inputs.answers(line.experiment)]
    if not measured:
        return None
    error_curves = {line.name: errors(inputs, line.experiment) for line in measured}
    target = target_percent(inputs.paper)
    known = {system: family for family, own in FAMILIES.items() for system in own}
    families: dict[str, list[Line]] = {name: [] for name in FAMILIES}
    for line in measured:
        families[known.get(line.name.partition("/")[0], list(FAMILIES)[-1])].append(line)
    rows = [
        (name_system(line.name), *_take(error_curves[line.name], _TABLE).mean(axis=0).tolist())
        for line in measured
    ]
    shares = {name_system(line.name): np.mean(line.values) for line in measured if line.values}
    alt = say("rejection_in_words", count=len(measured), target=target, shares=shares)

    def paint(canvas: Canvas) -> None:
        _paint(canvas, error_curves, [own for own in families.values() if own], target)

    return Figure(
        "rejection",
        "Rejecting what is unsure",
        draw("rejection", alt, _PANEL, paint),
        say("rejection_caption", target=target),
        table(("system", *(f"{share:g} % rejected: errors, %" for share in _TABLE)), rows),
        (
            Source("../runs/", "answers.npz: classes and margins, by experiment and replicate"),
            Source(PUBLISHED, REJECTION.column),
        ),
    )


def errors(inputs: Inputs, experiment: str) -> Curves:
    """Return errors in percent of the accepted patterns, when 0, 1, 2 ... are rejected.

    (replicates, patterns): when all are rejected there is no error rate.
    """
    patterns = len(inputs.labels)
    counts = [
        error_reject_curve(answers.classes, answers.margins, inputs.labels)[:patterns]
        for answers in inputs.answers(experiment)
    ]
    return np.asarray(100.0 * np.array(counts) / (patterns - np.arange(patterns)))


def _take(error_curves: Curves, shares: Sequence[float] | Curves) -> Curves:
    """Return the columns of `errors` where these percentages of the patterns are rejected."""
    patterns = error_curves.shape[1]
    rejected = np.round(np.asarray(shares) * patterns / 100).astype(int)
    return error_curves[:, np.minimum(rejected, patterns - 1)]


def _paint(
    canvas: Canvas,
    error_curves: Mapping[str, Curves],
    families: Sequence[Sequence[Line]],
    target: float,
) -> None:
    all_axes = panels(canvas, len(families), 2, _PANEL, sharey=True)
    for own, axes in zip(families, all_axes, strict=True):
        reached = max(share for line in own for share in (*line.values, line.published or 0.0))
        end = min(100.0, max(_LEAST, _BEYOND * reached))
        _paint_panel(axes, error_curves, own, np.linspace(0.0, end, _STEPS), target)
        axes.set_xlim(0.0, end)
        axes.locator_params(axis="x", nbins=4)
    worst = max(float(curves[:, 0].max()) for curves in error_curves.values())
    low, high = target / 12, max(2.0 * target, 2.5 * worst)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    all_axes[0].set_ylim(low, high)
    all_axes[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    all_axes[0].minorticks_off()
    canvas.supylabel("errors on the rest, percent", fontsize=12, color=MUTED)
    canvas.supxlabel("rejected, percent of the test patterns", fontsize=12, color=MUTED)


def _paint_panel(
    axes: Axes,
    error_curves: Mapping[str, Curves],
    own: Sequence[Line],
    shares: Curves,
    target: float,
) -> None:
    axes.set_yscale("log")
    axes.axhline(target, color=MUTED, linewidth=0.8)
    few, highlighted = np.linspace(shares[0], shares[-1], _FEW), {line.name for line in own}
    for name in (name for name in error_curves if name not in highlighted):
        mean = _take(error_curves[name], few).mean(axis=0)
        axes.plot(few, _positive(mean), color=GRID, linewidth=0.8)
    diamond: dict[str, Any] = {"color": INK, "markersize": 5.5, "clip_on": False}
    for line, (colour, dashes) in zip(own, _STYLES, strict=False):
        replicates = _take(error_curves[line.name], shares)
        for curve in replicates if len(replicates) > 1 else ():
            axes.plot(shares, _positive(curve), color=colour, linewidth=0.5, alpha=0.3)
        strong: dict[str, Any] = {"linestyle": dashes, "linewidth": 1.8, "color": colour}
        mean = _positive(replicates.mean(axis=0))
        axes.plot(shares, mean, label=name_system(line.name), **strong)
        if line.published is not None:
            axes.plot(line.published, target, "D", markerfacecolor=colour, **diamond)
    # Above the panel, where it hides no curve.
    spaces: dict[str, Any] = {"handlelength": 1.4, "labelspacing": 0.15, "borderaxespad": 0.2}
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), **spaces)


def _positive(values: Curves) -> Curves:
    # A logarithm has no place without errors.
    return np.where(values > 0, values, np.nan)
