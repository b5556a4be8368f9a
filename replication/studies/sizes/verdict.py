"""Verdicts on Figure 6, p. 11: the errors by the number of training patterns."""

import math
from collections.abc import Sequence
from functools import partial

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import (
    Check,
    Checks,
    Evidence,
    Finding,
    Subject,
    Unmeasured,
)
from replication.comparison.verdicts.rule import judge_percent

SERIES = ("training", "test")


def checks(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check each point in each experiment that stands for it."""
    entries = []
    choices = evidence.choices
    most = int(evidence.paper.training_set_size["training_patterns"].max())
    all_presentations = _presentations(evidence, choices.experiments.undistorted)
    for point in evidence.paper.training_set_size.to_dict("records"):
        patterns, distorted = int(point["training_patterns"]), bool(point["distorted_training"])
        names: Sequence[str] = choices.training_sizes.get(patterns, ("",))
        if distorted:
            names = (choices.experiments.distorted,)
        for series in SERIES:
            published = float(point[f"{series}_error_percent"])
            if math.isnan(published):
                continue
            for name in names:
                entry = f"{patterns}{'-distorted' if distorted else ''}:{series}"
                about = f"{series} error with {patterns:,} training patterns"
                if patterns < most and _presentations(evidence, name) == all_presentations:
                    about += ", presented as often as all"
                subject = Subject.from_claim(
                    claim, f"{entry}:{name}" if name else entry, number=published, unit="percent",
                    about=about,
                )  # fmt: skip
                judge = partial(_judge, evidence, name, series, published, claim.rounding)
                entries.append(Check(subject, judge))
    return entries


def _presentations(evidence: Evidence, experiment: str) -> int | None:
    """How many patterns a training presents in all its passes; None for one that is not there."""
    histories = evidence.histories.get(experiment)
    return int(histories[0]["training_presentations"].sum()) if histories else None


def _judge(
    evidence: Evidence, experiment: str, series: str, published: float, rounding: float | None
) -> Finding:
    if not experiment:
        raise Unmeasured("no experiment of params.yaml (compare.training_sizes) reads it")
    values = evidence.metric(experiment, f"{series}_error_percent")
    return judge_percent(evidence, values, published, rounding, test=series == "test")


CHECKS = Checks(tables={"lenet5.training-size": checks})
