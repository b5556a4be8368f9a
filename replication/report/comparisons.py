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
    table,
)
from replication.report.inputs import Inputs, records

_DECADES = ("0.5", "1", "2", "5", "10")
_STEPS = 41  # points of a rejection curve
_FARTHEST = 4.0  # percent rejected where the drawing ends


def systems(inputs: Inputs) -> Figure:
    """Figure 9 as dots, whose scale may be logarithmic, with ours for the systems that were run."""
    found = sorted(
        records(inputs.paper.systems),
        key=lambda row: (-float(row["test_error_percent"]), str(row["system"])),
    )
    past = {f"{row['system']}/{row['database']}": float(row["test_error_percent"]) for row in found}
    ours = {
        name: values
        for name in past
        if (values := inputs.values(inputs.choices.systems.get(name, ""), "test_error_percent"))
    }

    rows = []
    for name, then in past.items():
        values = ours.get(name, [])
        mean = float(np.mean(values)) if values else None
        spread = (min(values), max(values)) if values else (None, None)
        rows.append((name, then, mean, *spread, len(values)))
    said = "; ".join(f"{name}: 1998 {past[name]:g}, ours {np.mean(values):.3g}"
                     for name, values in ours.items())  # fmt: skip
    return Figure(
        "figure9",
        "Figure 9, with ours",
        draw(
            "figure9",
            f"Test error of the {len(past)} systems of Figure 9; measured by us: "
            f"{said or 'none yet'}.",
            80 + 17 * len(past),
            lambda canvas: _paint_systems(canvas, past, ours),
        ),
        "Diamonds: 1998. Dots: the mean of our replicates, the line from the least to the "
        "greatest. The scale is logarithmic.",
        table(("system, database", "1998, %", "ours, mean", "least", "greatest", "runs"), rows),
        (
            Source(f"{DATA}/figures9_to_12_systems.csv", "test_error_percent"),
            Source("../metrics.json", "test_error_percent.values"),
        ),
    )


def _paint_systems(
    canvas: Canvas, past: Mapping[str, float], ours: Mapping[str, list[float]]
) -> None:
    axes = canvas.subplots()
    places = -np.arange(len(past), dtype=np.float64)
    axes.grid(axis="y", linewidth=0.5)
    axes.set_xscale("log")
    for place, name in zip(places, past, strict=True):
        values = ours.get(name)
        if values:
            axes.plot([min(values), max(values)], [place] * 2, color=TEST, linewidth=2)
            axes.plot(float(np.mean(values)), place, "o", color=TEST, markersize=6)
    axes.plot(
        list(past.values()),
        places,
        "D",
        color=INK,
        markerfacecolor=PAPER,
        markersize=5,
        label="1998",
    )
    axes.plot([], [], "o-", color=TEST, label="ours: mean, least to greatest")
    axes.set_yticks(places, [name.replace("/", ", ") for name in past])
    axes.set_xticks([float(tick) for tick in _DECADES], _DECADES)
    axes.minorticks_off()
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="test error, percent", ylim=(places[-1] - 0.6, 0.6))
    axes.legend(loc="lower right")


def rejection(inputs: Inputs) -> Figure | None:
    """Error on the rest against the share rejected; None without answers."""
    roles = inputs.choices.experiments
    colours = {roles.undistorted: TEST, roles.distorted: DISTORTED}
    curves = {name: curve for name in colours if (curve := _curve(inputs, name)) is not None}
    if not curves:
        return None
    target = target_percent(inputs.paper)
    printed = inputs.paper.systems["reject_percent_for_0.5_percent_error"]
    near = [float(share) for share in printed if share <= _FARTHEST]
    rows = [
        (float(share), *(float(curve.mean(axis=0)[place]) for curve in curves.values()))
        for place, share in enumerate(np.linspace(0.0, _FARTHEST, _STEPS))
        if place % 4 == 0
    ]
    return Figure(
        "rejection",
        "Rejecting what is unsure",
        draw(
            "rejection",
            _rejection_words(inputs, curves, target),
            330,
            lambda canvas: _paint_rejection(canvas, curves, colours, target, near),
        ),
        "The least sure answers are rejected first. Faint lines: replicates; strong lines: their "
        "mean. Diamonds: what other systems of 1998 had to reject to reach the level of Figure 10; "
        "the paper has no such number for LeNet-5.",
        table(("rejected, %", *(f"{name}: errors on the rest, %" for name in curves)), rows),
        (
            *(Source(f"../runs/{name}/", "answers.npz: classes, margins") for name in curves),
            Source(f"{DATA}/figures9_to_12_systems.csv", "reject_percent_for_0.5_percent_error"),
        ),
    )


def _paint_rejection(
    canvas: Canvas,
    curves: Mapping[str, Curves],
    colours: Mapping[str, str],
    target: float,
    near: list[float],
) -> None:
    axes, rejected = canvas.subplots(), np.linspace(0.0, _FARTHEST, _STEPS)
    axes.axhline(target, color=GRID, linewidth=1)
    for name, curve in curves.items():
        for one in curve:
            axes.plot(rejected, one, color=colours[name], linewidth=0.5, alpha=0.35)
        axes.plot(
            rejected,
            curve.mean(axis=0),
            color=colours[name],
            linewidth=2,
            label=f"{name}, mean",
        )
    axes.plot(
        near, [target] * len(near), "D", color=INK, markerfacecolor=PAPER,
        markersize=5, label="other systems of 1998 (Figure 10)",
    )  # fmt: skip
    axes.legend(loc="upper right")
    axes.set(xlabel="rejected, percent of the test patterns", ylim=(0, None))
    axes.set_ylabel("errors on the rest, percent")


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
