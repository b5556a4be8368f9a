"""The figure of the headline: three numbers of Section III-B (pp. 10-11), 1998 and ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Canvas

from replication.report.drawing import (
    DISTORTED,
    INK,
    MUTED,
    PAPER,
    TEST,
    TRAINING,
    Figure,
    Source,
    draw,
    label_at,
    marks,
    table,
)
from replication.report.inputs import Inputs
from replication.verdicts.claim_experiments import experiment_for
from replication.verdicts.curves import percentages

NAMES = {
    "lenet5.test-error": "test error",
    "lenet5.training-error": "training error",
    "lenet5.distorted-test-error": "test error after training with distortions",
}
HEADLINE = tuple(NAMES)
_ABOVE, _NAMED = 0.3, 0.58  # of a row: how far 1998 and the name stand above ours


def headline_values(inputs: Inputs, claim: str) -> list[float]:
    """Percent, one a replicate: what the headline's verdict on ``claim`` was reached from."""
    stated = inputs.paper.claims[claim]
    name = experiment_for(stated, inputs.choices)
    if "after_pass" not in stated.numbers:
        return inputs.values(name, f"{stated.series}_error_percent")
    wanted = int(stated.numbers["after_pass"])
    curves = percentages(inputs.histories(name), str(stated.series), len(inputs.labels))
    return curves[:, wanted - 1].tolist() if curves.shape[1] >= wanted else []


def headline(inputs: Inputs) -> Figure | None:
    """1998 and every replicate of the three headline numbers on one scale."""
    drawn = {claim: values for claim in HEADLINE if (values := headline_values(inputs, claim))}
    if not drawn:
        return None
    claims = inputs.paper.claims

    rows = [
        (NAMES[claim], replicate, value)
        for claim, values in drawn.items()
        for replicate, value in enumerate(values)
    ]
    said = "; ".join(
        f"{NAMES[claim]}: 1998 {claims[claim].value} percent, ours {np.mean(values):.3g} percent "
        f"on average, {min(values):.3g} to {max(values):.3g}"
        for claim, values in drawn.items()
    )
    return Figure(
        "headline",
        "The three numbers, drawn",
        draw(
            "headline",
            f"Published and replicated error rates. {said}.",
            220,
            lambda canvas: _paint(canvas, inputs, drawn),
        ),
        "The diamond is 1998, with the authors' own uncertainty where they give one. A tick is one "
        "of our trainings, the dot their mean, the bar where one more training would fall.",
        table(("number", "replicate", "percent"), rows),
        (Source("../metrics.json", "test_error_percent.values"), *run_sources(inputs, drawn)),
    )


def run_sources(inputs: Inputs, claims: Iterable[str]) -> tuple[Source, ...]:
    """The histories from which the errors after a certain pass come, where there are any."""
    return tuple(
        Source(
            f"../runs/{experiment_for(claim, inputs.choices)}/",
            "history.csv: training_misses / training_presentations",
        )
        for claim in map(inputs.paper.claims.__getitem__, claims)
        if "after_pass" in claim.numbers
    )


def _paint(canvas: Canvas, inputs: Inputs, drawn: Mapping[str, list[float]]) -> None:
    axes = canvas.subplots()
    for place, (claim, values) in enumerate(drawn.items()):
        verdict: Mapping[str, Any] = inputs.verdict(claim) or {"low": np.nan, "high": np.nan}
        colour, y = (TEST, TRAINING, DISTORTED)[HEADLINE.index(claim)], -place
        low, high = float(verdict["low"]), float(verdict["high"])
        axes.plot([low, high], [y, y], color=colour, linewidth=9, alpha=0.22,
                  solid_capstyle="butt")  # fmt: skip
        experiment = experiment_for(inputs.paper.claims[claim], inputs.choices)
        axes.plot(values, [y] * len(values), "|", color=colour, markersize=11, alpha=0.8,
                  gid=marks(experiment))  # fmt: skip
        axes.plot(np.mean(values), y, "o", color=colour, markersize=6)
        published, off = inputs.paper.claims[claim].number, inputs.paper.claims[claim].uncertainty
        axes.errorbar(published, y + _ABOVE, xerr=off, fmt="D", color=INK, markerfacecolor=PAPER,
                      markersize=5.5, linewidth=1)  # fmt: skip
        axes.annotate(NAMES[claim], (0.0, y + _NAMED), xytext=(4, 0), textcoords="offset points",
                      va="center", color=MUTED)  # fmt: skip
        if place == 0:
            label_at(axes, published + (off or 0.0), y + _ABOVE, "1998", INK)
            label_at(axes, float(np.nanmax([high, *values])), y, "ours", colour)
    axes.set(yticks=[], xlabel="percent", xlim=(0, None), ylim=(0.7 - len(drawn), 0.75))
    axes.spines["left"].set_visible(False)
