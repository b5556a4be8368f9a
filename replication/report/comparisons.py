"""The figures that set systems side by side: Figure 9 (p. 12) and rejection, as in Figure 10."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure as Canvas

from replication.evaluation.rejection import error_reject_curve, target_percent
from replication.report.charts import DATA, Curves
from replication.report.drawing import (
    DISTORTED,
    GRID,
    INK,
    PAPER,
    TEST,
    Figure,
    Source,
    draw,
    label_at,
    table,
)
from replication.report.inputs import Inputs, records

_STEPS = 41  # points of a rejection curve
_FARTHEST = 4.0  # percent rejected where the drawing ends


def systems(inputs: Inputs) -> Figure:
    """Figure 9 as bars, with ours beside those systems that have been run."""
    found = sorted(
        records(inputs.paper.systems),
        key=lambda row: (-float(row["test_error_percent"]), str(row["system"])),
    )
    names = [f"{row['system']}/{row['database']}" for row in found]
    past = [float(row["test_error_percent"]) for row in found]
    ours = {
        name: values
        for name in names
        if (values := inputs.values(inputs.choices.systems.get(name, ""), "test_error_percent"))
    }

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots()
        places = -np.arange(len(names), dtype=np.float64)
        axes.barh(places, past, height=0.62, color=GRID, label="1998")
        for place, name in zip(places, names, strict=True):
            values = ours.get(name)
            if values:
                axes.plot([min(values), max(values)], [place] * 2, color=TEST, linewidth=2)
                axes.plot(float(np.mean(values)), place, "o", color=TEST, markersize=6)
        axes.plot([], [], "o-", color=TEST, label="ours: mean, least to greatest")
        axes.set_yticks(places, [name.replace("/", ", ") for name in names])
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel="test error, percent", ylim=(places[-1] - 0.6, 0.6))
        axes.legend(loc="lower right")

    rows = []
    for name, then in zip(names, past, strict=True):
        values = ours.get(name, [])
        mean = float(np.mean(values)) if values else None
        spread = (min(values), max(values)) if values else (None, None)
        rows.append((name, then, mean, *spread, len(values)))
    said = "; ".join(f"{name}: 1998 {past[names.index(name)]:g}, ours {np.mean(values):.3g}"
                     for name, values in ours.items())  # fmt: skip
    return Figure(
        "figure9",
        "Figure 9, with ours",
        draw(
            "figure9",
            f"Test error of the {len(names)} systems of Figure 9 as bars; measured by us: "
            f"{said or 'none yet'}.",
            80 + 17 * len(names),
            paint,
        ),
        "Bars: 1998. Dots: the mean of our replicates, the line from the least to the greatest.",
        table(("system, database", "1998, %", "ours, mean", "least", "greatest", "runs"), rows),
        (
            Source(f"{DATA}/figures9_to_12_systems.csv", "test_error_percent"),
            Source("../metrics.json", "test_error_percent.values"),
        ),
    )


def rejection(inputs: Inputs) -> Figure | None:
    """Error on the rest against the share rejected; None without answers."""
    roles = inputs.choices.experiments
    colours = {roles.undistorted: TEST, roles.distorted: DISTORTED}
    curves = {name: curve for name in colours if (curve := _curve(inputs, name)) is not None}
    if not curves:
        return None
    target = target_percent(inputs.paper)
    rejected = np.linspace(0.0, _FARTHEST, _STEPS)
    printed = inputs.paper.systems.dropna(subset=["reject_percent_for_0.5_percent_error"])
    near = {
        f"{row['system']}, {row['database']}": float(row["reject_percent_for_0.5_percent_error"])
        for row in records(printed)
        if float(row["reject_percent_for_0.5_percent_error"]) <= _FARTHEST
    }

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots()
        axes.axhline(target, color=GRID, linewidth=1)
        for name, curve in curves.items():
            for one in curve:
                axes.plot(rejected, one, color=colours[name], linewidth=0.5, alpha=0.35)
            axes.plot(rejected, curve.mean(axis=0), color=colours[name], linewidth=2)
            label_at(axes, _FARTHEST, float(curve.mean(axis=0)[-1]), name, colours[name])
        axes.plot(
            list(near.values()), [target] * len(near), "D", color=INK, markerfacecolor=PAPER,
            markersize=5, label="other systems of 1998 (Figure 10)",
        )  # fmt: skip
        axes.legend(loc="upper right")
        axes.set(xlabel="rejected, percent of the test patterns", ylim=(0, None))
        axes.set_ylabel("errors on the rest, percent")

    rows = [
        (float(share), *(float(curve.mean(axis=0)[place]) for curve in curves.values()))
        for place, share in enumerate(rejected)
        if place % 4 == 0
    ]
    return Figure(
        "rejection",
        "Rejecting what is unsure",
        draw("rejection", _rejection_words(inputs, curves, target), 330, paint),
        "The least sure answers are rejected first. Faint lines: replicates; strong lines: their "
        "mean. Diamonds: what other systems of 1998 had to reject to reach the level of Figure 10; "
        "the paper has no such number for LeNet-5.",
        table(("rejected, %", *(f"{name}: errors on the rest, %" for name in curves)), rows),
        (
            *(Source(f"../runs/{name}/", "answers.npz: classes, margins") for name in curves),
            Source(f"{DATA}/figures9_to_12_systems.csv", "reject_percent_for_0.5_percent_error"),
        ),
    )


def _curve(inputs: Inputs, experiment: str) -> Curves | None:
    answers = inputs.answers(experiment)
    if not answers:
        return None
    patterns = len(inputs.labels)
    rejected = np.round(np.linspace(0.0, _FARTHEST, _STEPS) * patterns / 100).astype(int)
    misses = np.array(
        [error_reject_curve(one.classes, one.margins, inputs.labels)[rejected] for one in answers]
    )
    return np.asarray(100.0 * misses / (patterns - rejected), dtype=np.float64)


def _rejection_words(inputs: Inputs, curves: Mapping[str, Curves], target: float) -> str:
    said = []
    for name in curves:
        values = inputs.values(name, "rejection_percent")
        if values and math.isfinite(values[0]):
            said.append(f"{name} rejects {np.mean(values):.3g} percent")
    return (
        f"Errors on the accepted test patterns against the share rejected. For {target:g} percent "
        f"error: {'; '.join(said)}."
    )
