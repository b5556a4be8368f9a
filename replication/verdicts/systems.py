"""Verdicts on Figures 9 to 12 and the orderings of Section III-C and III-D, pp. 12-15.

A system of the figures is named ``system/database`` as in figures9_to_12_systems.csv.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from replication.errors import ReplicationError
from replication.paper import Claim
from replication.verdicts import statistics, words
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
from replication.verdicts.rule import judge_exact, judge_mean, judge_percent, too_few
from replication.verdicts.statistics import Interval

ERROR = "test_error_percent"
REJECTION = "rejection_percent"
OPERATIONS, MEMORY = "operations_thousands", "memory_thousands"
_PRINTED = {ERROR: ERROR, REJECTION: "reject_percent_for_0.5_percent_error"}
# The figures call LeNet-4's three variants so; the claims name them in words.
BOOSTED, _SECOND = "lenet4-boosted/distorted", "lenet5/distorted"
LENET4, _ON_LENET4 = "lenet4/regular", ("lenet4-local/regular", "lenet4-knn/regular")
_DRAWS = 500


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


def is_exact(evidence: Evidence, system: str) -> bool:
    """Whether nothing is random in the experiment that stands for a system."""
    experiment = evidence.choices.systems.get(system, "")
    return bool(evidence.metrics.get(experiment, {}).get("deterministic"))


def linear_errors(evidence: Evidence) -> list[float]:
    """The errors in percent of the linear classifier, solved for and by gradient descent."""
    units = evidence.choices.linear_units
    names = [units[way] for way in ("solved", "descended") if way in units]
    there = [name for name in names if name in evidence.metrics]
    return [value for name in there for value in evidence.metric(name, ERROR)]


def errors(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 9, one row a system, then the order of all of them."""
    # Every row has an error.
    unknown = sorted(set(evidence.choices.systems) - set(published_column(evidence, ERROR)))
    if unknown:
        raise ReplicationError(
            f"params.yaml: compare.systems names {', '.join(unknown)}, which is no row of "
            "data/paper/figures9_to_12_systems.csv (system/database): correct it"
        )
    ordering = Subject.of(claim, "ordering", "the order of the systems by error")
    return [*_rows(ERROR, evidence, claim), (ordering, partial(_judge_ordering, evidence, claim))]


def _rows(metric: str, evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 9 or 10, one row a system."""
    column = published_column(evidence, _PRINTED[metric])
    return [
        (
            Subject.of(claim, system, f"{published:g} percent", published),
            partial(_judge_percent, evidence, claim, metric, system),
        )
        for system, published in column.items()
    ]


def _judge_percent(evidence: Evidence, claim: Claim, metric: str, system: str) -> Finding:
    """An error or a rejection, of a system in which nothing is random by its own rule.

    Implementations of one classifier differ: in error, relatively, by as much as two standard
    deviations of ours of the linear one (their range would grow with their number); in rejection,
    where few answers decide, by as much as the binomial interval is long.
    """
    values = values_of(evidence, system, metric)
    column = published_column(evidence, _PRINTED[metric])
    published, among = column[system], list(column.values())
    if not is_exact(evidence, system):
        rivals = None if metric == ERROR else among
        return judge_percent(evidence, values, published, test=metric == ERROR, among=rivals)
    exact = partial(judge_exact, values[0], published, among=among, uncertainty=claim.uncertainty)
    if metric == ERROR:
        linear = linear_errors(evidence)
        share = 2 * float(np.std(linear, ddof=1) / np.mean(linear)) if len(linear) > 1 else 0.0
        return exact(
            allowed=share * published,
            source=words.LINEAR,
            share=100 * share,
            runs=len(linear),
        )
    patterns, confidence = len(evidence.labels), evidence.choices.confidence
    part = statistics.wilson(round(published * patterns / 100), patterns, confidence)
    return exact(allowed=100 * part.half_width, source=words.BINOMIAL, patterns=patterns)


def _judge_ordering(evidence: Evidence, claim: Claim) -> Finding:
    """Whether our order is as near to Figure 9's as that is to itself within its uncertainty.

    Simulated: each published error moved by a normal deviation of the authors' own uncertainty.
    """
    choices = evidence.choices
    column = published_column(evidence, ERROR)
    there = [name for name in column if choices.systems.get(name) in evidence.metrics]
    if len(there) < 4:
        raise Unmeasured(f"{len(there)} of the systems of Figure 9 have been run: an order needs 4")
    published = np.array([column[name] for name in there])
    ours = np.array([np.mean(values_of(evidence, name, ERROR)) for name in there])
    generator = np.random.default_rng(choices.seed)
    noise = generator.normal(0, claim.uncertainty or 0.0, (_DRAWS, len(there)))
    kept = [statistics.kendall(published + one, published) for one in noise]
    limit = float(np.quantile(kept, 1 - choices.confidence))
    tau = statistics.kendall(ours, published)
    shuffled = [statistics.kendall(generator.permutation(published), published) for _ in kept]
    turned = np.sign(np.subtract.outer(ours, ours)) * np.sign(
        np.subtract.outer(published, published)
    )
    return Finding(
        "reproduced" if tau >= limit else "differs",
        words.ORDERING,
        {"pairs": len(there) * (len(there) - 1) // 2, "turned": int((turned < 0).sum()) // 2},
        limit,
        1.0,
        mean=tau,
        power=float(np.mean(np.array(shuffled) < limit)),
    )


def _costs(column: str, evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 11, thousands of multiply-adds, or 12, thousands of variables; one row a system."""

    def judge(system: str, published: float) -> Finding:
        if column == OPERATIONS and system == BOOSTED:
            raise Unmeasured("it hangs on when the later nets are called: see boosting.cost")
        values = values_of(evidence, system, column)
        finding = compare_rounded(float(np.mean(values)), published)
        power = None if claim.role_of(system) == "arithmetic" else 1.0
        return replace(finding, replicates=len(values), power=power).over(values)

    return [
        (
            Subject.of(claim, system, f"{published:g} thousand", published),
            partial(judge, system, published),
        )
        for system, published in published_column(evidence, column).items()
    ]


def boosting_best(evidence: Evidence, claim: Claim) -> list[Row]:
    """Boosted LeNet-4 first by error, then LeNet-5; first by rejection in Figure 10 (p. 14)."""
    return [
        (Subject.of(claim, "error"), partial(_judge_best, evidence, ERROR)),
        (Subject.of(claim, "rejection"), partial(_judge_best, evidence, REJECTION)),
    ]


def _judge_best(evidence: Evidence, metric: str) -> Finding:
    """Whether any system of the same figure is clearly better than the boosted one.

    In Figure 9 none but that may be clearly better than LeNet-5 either, which Figure 10 lacks. The
    power is that of seeing LeNet-5 (or else LeNet-4) as much better as the figure has it worse.
    """
    choices, column = evidence.choices, published_column(evidence, _PRINTED[metric])
    first = values_of(evidence, BOOSTED, metric)
    if len(first) < choices.minimum_replicates:
        return too_few(first, choices, "%")
    others = {
        name: values_of(evidence, name, metric)
        for name in column
        if name != BOOSTED and choices.systems.get(name) in evidence.metrics
    }
    missing = len(column) - 1 - len(others)
    better = _clearly_better({**others, BOOSTED: first}, choices.confidence)
    rival = _SECOND if _SECOND in others else LENET4
    if rival not in others:
        raise Unmeasured(f"{rival} has not been run, which it is held against")
    gap = statistics.contrast(first, others[rival], choices.confidence)
    shift = column[rival] - column[BOOSTED]
    outcome: Outcome = "differs" if better else "inconclusive"
    if not better and gap.mean.low > 0 and not missing:
        outcome = "reproduced"  # a system that has not been run is not beaten
    return Finding(
        outcome,
        words.BOOSTED,
        {
            "first": float(np.mean(first)),
            "rival": rival,
            "second": gap.change + float(np.mean(first)),
            "systems": len(column),
            "missing": missing,
            "better": better or ["none"],
        },
        gap.mean.low,
        gap.mean.high,
        len(first),
        mean=gap.change,
        shift=shift,
        power=statistics.power(shift, gap.deviation, gap.freedom, choices.confidence),
    )


def _clearly_better(values: Mapping[str, Sequence[float]], confidence: float) -> list[str]:
    """Which systems are clearly better than the first or the second place, as "a than b"."""
    return [
        f"{name} than {place}"
        for place in (BOOSTED, _SECOND)
        if place in values
        for name, theirs in values.items()
        if name != place
        and (name, place) != (BOOSTED, _SECOND)
        and statistics.contrast(theirs, values[place], confidence).mean.low > 0
    ]


def on_lenet4(evidence: Evidence, claim: Claim) -> list[Row]:
    """Local learning and K-NN on LeNet-4's last layer: error and rejection (p. 13)."""
    return [
        (Subject.of(claim, f"{system}:{name}"), partial(_judge_on_lenet4, evidence, system, metric))
        for system in _ON_LENET4
        for name, metric in (("error", ERROR), ("rejection", REJECTION))
    ]


def _judge_on_lenet4(evidence: Evidence, system: str, metric: str) -> Finding:
    """Error unchanged within the margin, rejection lower; paired by the LeNet-4 underneath.

    The power is that of an error two margins away, and of a rejection as much higher as Figure 10
    has it lower.
    """
    theirs = np.array(values_of(evidence, system, metric))
    plain = np.array(values_of(evidence, LENET4, metric))
    count = min(len(theirs), len(plain))  # those of the same number share a LeNet-4
    column = published_column(evidence, _PRINTED[metric])
    margin = evidence.choices.equivalence_margin_percent
    claimed, shift = Interval(-margin, margin), margin
    if metric == REJECTION:
        claimed, shift = Interval(-math.inf, 0.0), column[LENET4] - column[system]
    gaps = (theirs[:count] - plain[:count]).tolist()
    return judge_mean(gaps, evidence.choices, claimed, shift, "points", words.ON_LENET4)


JUDGES = Judges(
    tables={
        "systems.error": errors,
        "systems.rejection": partial(_rows, REJECTION),
        "systems.operations": partial(_costs, OPERATIONS),
        "systems.memory": partial(_costs, MEMORY),
        "ordering.boosting-best": boosting_best,
        "ordering.rejection-lenet4": on_lenet4,
    },
)
