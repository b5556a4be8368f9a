"""Verdicts on Figure 6, p. 11: the errors by the number of training patterns."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import product

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


def list_checks(evidence: Evidence, claim: Claim) -> list[Check]:
    """Return a check of each point of Figure 6 for each experiment that stands for it."""
    choices, points = evidence.choices, evidence.paper.training_set_size
    most = int(points["training_patterns"].max())
    all_presentations = _count_presentations(evidence, choices.experiments.undistorted)
    checks = []
    for point, series in product(points.to_dict("records"), SERIES):
        patterns, distorted = int(point["training_patterns"]), bool(point["distorted_training"])
        published = float(point[f"{series}_error_percent"])
        if math.isnan(published):
            continue
        names: Sequence[str] = choices.training_sizes.get(patterns, ("",))
        if distorted:
            names = (choices.experiments.distorted,)
        for place, name in enumerate(names):
            entry = f"{patterns}{'-distorted' if distorted else ''}:{series}"
            about = f"{series} error with {patterns:,} training patterns"
            if patterns < most and _count_presentations(evidence, name) == all_presentations:
                about += ", presented as often as all"
            subject = Subject.from_claim(
                claim, f"{entry}:{name}" if name else entry, number=published, unit="percent",
                about=about, role="repeat" if place else "",  # one number, another experiment
            )  # fmt: skip
            judge = partial(_judge, evidence, name, series, published, claim.rounding)
            checks.append(Check(subject, judge))
    return checks


def _count_presentations(evidence: Evidence, experiment: str) -> int | None:
    """Return how many patterns a training presents in all its passes; None without a history."""
    histories = evidence.histories.get(experiment)
    return int(histories[0]["training_presentations"].sum()) if histories else None


def _judge(
    evidence: Evidence, experiment: str, series: str, published: float, rounding: float | None
) -> Finding:
    if not experiment:
        raise Unmeasured("no experiment of params.yaml (compare.training_sizes) reads it")
    values = evidence.metric(experiment, f"{series}_error_percent")
    return judge_percent(evidence, values, published, rounding)


CHECKS = Checks(tables={"lenet5.training-size": list_checks})
