"""Verdicts on Figure 6, p. 11: the errors by the number of training patterns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from replication.paper import Claim
from replication.verdicts.evidence import Evidence, Finding, Judges, Row, Subject, Unmeasured
from replication.verdicts.rule import judge_percent

SERIES = ("training", "test")


def rows(evidence: Evidence, claim: Claim) -> list[Row]:
    """One row a point and experiment that reads it."""
    entries: list[Row] = []
    choices = evidence.choices
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
                subject = Subject.of(
                    claim, f"{entry}:{name}" if name else entry, f"{published:g} percent"
                )
                judge = partial(_judge, evidence, name, series, published, claim.rounding)
                entries.append((subject, judge))
    return entries


def _judge(
    evidence: Evidence, experiment: str, series: str, published: float, rounding: float | None
) -> Finding:
    if not experiment:
        raise Unmeasured("no experiment of params.yaml (compare.training_sizes) reads it")
    values = evidence.metric(experiment, f"{series}_error_percent")
    return judge_percent(evidence, values, published, rounding, test=series == "test")


JUDGES = Judges(tables={"lenet5.training-size": rows})
