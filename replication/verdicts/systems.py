"""Verdicts on Figures 9 to 12 and the orderings of Section III-C and III-D, pp. 12-15.

A system of the figures is named ``system/database`` as in figures9_to_12_systems.csv.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from replication.errors import ReplicationError
from replication.paper import Claim
from replication.verdicts import statistics
from replication.verdicts.architecture import compare_rounded
from replication.verdicts.evidence import (
    Evidence,
    Finding,
    Judges,
    Outcome,
    Row,
    Subject,
    Unmeasured,
)
from replication.verdicts.rule import (
    judge_exact,
    judge_percent,
    judge_ratio,
    shown,
    too_few,
)

ERROR = "test_error_percent"
REJECTION = "rejection_percent"
_PRINTED_REJECTION = "reject_percent_for_0.5_percent_error"
# The figures call LeNet-4's three variants so; the claims name them in words.
_BOOSTED, _SECOND = "lenet4-boosted/distorted", "lenet5/distorted"
_LENET4, _ON_LENET4 = "lenet4/regular", ("lenet4-local/regular", "lenet4-knn/regular")


def published_column(evidence: Evidence, column: str) -> dict[str, float]:
    """What a column of Figures 9 to 12 gives, by ``system/database``; empty cells left out."""
    records = evidence.paper.systems.to_dict("records")
    named = {f"{row['system']}/{row['database']}": float(row[column]) for row in records}
    return {name: value for name, value in named.items() if not math.isnan(value)}


def values_of(evidence: Evidence, system: str, metric: str) -> list[float]:
    """What ``metric`` is, one a replicate, of the experiment that stands for a system."""
    experiment = evidence.choices.systems.get(system)
    if experiment is None:
        raise Unmeasured(f"no experiment of params.yaml (compare.systems) stands for {system}")
    return evidence.metric(experiment, metric)


def errors(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 9, one row a system, then the order of all of them."""
    # Every row has an error.
    unknown = sorted(set(evidence.choices.systems) - set(published_column(evidence, ERROR)))
    if unknown:
        raise ReplicationError(
            f"params.yaml: compare.systems names {', '.join(unknown)}, which is no row of "
            "data/paper/figures9_to_12_systems.csv (system/database): correct it"
        )
    rows = _percentages(evidence, claim, ERROR, ERROR)
    ordering = Subject.of(claim, "ordering", "the order of the systems by error")
    return [*rows, (ordering, partial(_judge_ordering, evidence))]


def rejections(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 10, one row a system."""
    return _percentages(evidence, claim, _PRINTED_REJECTION, REJECTION)


def _percentages(evidence: Evidence, claim: Claim, column: str, metric: str) -> list[Row]:
    def judge(system: str, published: float) -> Finding:
        values = values_of(evidence, system, metric)
        test = metric == ERROR
        if evidence.metrics[evidence.choices.systems[system]].get("deterministic"):
            return judge_exact(evidence, values[0], published, claim.uncertainty, test=test)
        return judge_percent(evidence, values, published, test=test)

    return [
        (Subject.of(claim, system, f"{published:g} percent"), partial(judge, system, published))
        for system, published in published_column(evidence, column).items()
    ]


def _judge_ordering(evidence: Evidence) -> Finding:
    choices = evidence.choices
    published, ours = [], []
    for system, value in published_column(evidence, ERROR).items():
        if choices.systems.get(system) in evidence.metrics:
            published.append(value)
            ours.append(float(np.mean(values_of(evidence, system, ERROR))))
    if len(ours) < 4:
        raise Unmeasured(f"{len(ours)} of the systems of Figure 9 have been run; an order needs 4")
    generator = np.random.default_rng(choices.seed)
    tau, interval = statistics.kendall(ours, published, choices.confidence, generator)
    same, reverse = interval.low > 0, interval.high < 0
    return Finding(
        "reproduced" if same else "differs" if reverse else "inconclusive",
        f"tau = {tau:.2f}",
        f"Kendall's tau of our means with Figure 9 over {len(ours)} systems; the interval is about "
        "which systems are compared; reproduced: it lies above 0",
        interval.low,
        interval.high,
        mean=tau,
    )


def operations(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 11, thousands of multiply-adds, one row a system."""
    return _costs(evidence, claim, "operations_thousands")


def memory(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 12, thousands of variables, one row a system."""
    return _costs(evidence, claim, "memory_thousands")


def _costs(evidence: Evidence, claim: Claim, column: str) -> list[Row]:
    def judge(system: str, published: float) -> Finding:
        values = values_of(evidence, system, column)
        found = compare_rounded(float(np.mean(values)), published)
        return replace(found, replicates=len(values)).over(values)

    return [
        (Subject.of(claim, system, f"{published:g} thousand"), partial(judge, system, published))
        for system, published in published_column(evidence, column).items()
    ]


def judge_boosting_cost(evidence: Evidence, claim: Claim) -> Finding:
    """The cost of boosting where later nets are called only when needed, in nets (p. 14)."""
    net = float(np.mean(values_of(evidence, _LENET4, "operations_thousands")))
    costs = values_of(evidence, _BOOSTED, "operations_thousands")
    return judge_ratio(evidence, [cost / net for cost in costs], claim.number, "nets")


def boosting_best(evidence: Evidence, claim: Claim) -> list[Row]:
    """Boosted LeNet-4 first, LeNet-5 second, by error and by rejection (p. 14)."""
    return [
        (Subject.of(claim, "error"), partial(_judge_best, evidence, ERROR)),
        (Subject.of(claim, "rejection"), partial(_judge_best, evidence, REJECTION)),
    ]


def _judge_best(evidence: Evidence, metric: str) -> Finding:
    best = values_of(evidence, _BOOSTED, metric)
    second = values_of(evidence, _SECOND, metric)
    fewest = min(len(best), len(second))
    if fewest < evidence.choices.minimum_replicates:
        return too_few(min(best, second, key=len), evidence.choices, "%")
    others = {
        name: evidence.metric(experiment, metric)
        for name, experiment in evidence.choices.systems.items()
        if name not in (_BOOSTED, _SECOND) and experiment in evidence.metrics
    }
    confidence = evidence.choices.confidence
    first, better = (
        [name for name, values in others.items() if _clearly_less(values, theirs, confidence)]
        for theirs in (best, second)
    )
    nearest = min((float(np.mean(values)) for values in others.values()), default=math.inf)
    run = {*others, _BOOSTED, _SECOND}
    missing = [name for name in published_column(evidence, ERROR) if name not in run]
    outcome: Outcome = "inconclusive"
    if first or better or _clearly_less(second, best, confidence):
        outcome = "differs"
    elif _clearly_less(best, second, confidence) and np.mean(second) <= nearest and not missing:
        outcome = "reproduced"  # a system that has not been run is not beaten
    return Finding(
        outcome,
        f"boosted {shown(float(np.mean(best)))} %, LeNet-5 {shown(float(np.mean(second)))} %",
        f"means, Welch's test p = {statistics.two_means(best, second):.2g} (seeds vary); of "
        f"{len(others)} others clearly better than boosted: {', '.join(first) or 'none'}; clearly "
        f"better than LeNet-5: {', '.join(better) or 'none'}; "
        f"{len(missing)} systems of Figure 9 have not been run",
        replicates=fewest,
    )


def _clearly_less(ours: Sequence[float], theirs: Sequence[float], confidence: float) -> bool:
    """Whether the mean of ``ours`` is below; a single run, in which nothing is random, is exact."""
    if np.mean(ours) >= np.mean(theirs):
        return False
    several = len(ours) > 1
    p = statistics.two_means(ours, theirs) if several else statistics.difference(theirs, ours[0])
    return p <= 1 - confidence


def on_lenet4(evidence: Evidence, claim: Claim) -> list[Row]:
    """Local learning and K-NN on LeNet-4's last layer: error and rejection (p. 14)."""
    return [
        (Subject.of(claim, f"{system}:{name}"), partial(_judge_on_lenet4, evidence, system, metric))
        for system in _ON_LENET4
        for name, metric in (("error", ERROR), ("rejection", REJECTION))
    ]


def _judge_on_lenet4(evidence: Evidence, system: str, metric: str) -> Finding:
    choices = evidence.choices
    theirs = np.array(values_of(evidence, system, metric))
    plain = np.array(values_of(evidence, _LENET4, metric))
    if len(theirs) != len(plain):
        raise Unmeasured(f"{system} has not the replicates of {_LENET4}, so they do not pair up")
    if len(plain) < choices.minimum_replicates:
        return too_few((theirs - plain).tolist(), choices, "points")
    gap = theirs - plain
    interval = statistics.mean_interval(gap, choices.confidence)
    margin = choices.equivalence_margin_percent
    if metric == ERROR:
        holds = statistics.equivalence(gap, 0.0, margin) <= 1 - choices.confidence
        fails = interval.low > margin or interval.high < -margin
        rule = f"unchanged: within {margin:g} points (TOST)"
    else:
        holds, fails = interval.high < 0, interval.low > 0
        rule = "improved: fewer patterns to reject"
    return Finding(
        "reproduced" if holds else "differs" if fails else "inconclusive",
        f"{float(gap.mean()):+.3f} points",
        f"{rule}; paired by the LeNet-4 underneath (seeds vary)",
        interval.low,
        interval.high,
        len(gap),
    ).over(gap.tolist())


JUDGES = Judges(
    claims={"boosting.cost": judge_boosting_cost},
    tables={
        "systems.error": errors,
        "systems.rejection": rejections,
        "systems.operations": operations,
        "systems.memory": memory,
        "ordering.boosting-best": boosting_best,
        "ordering.rejection-lenet4": on_lenet4,
    },
)
