"""Verdicts on Figures 9 to 12 and the orderings of Section III-C and III-D, pp. 12-15.

A system of the figures is named ``system/database`` as in figures9_to_12_systems.csv.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from replication.comparison.paper import Claim
from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.counts import compare_rounded
from replication.comparison.verdicts.evidence import (
    Check,
    Checks,
    Evidence,
    Finding,
    Outcome,
    Subject,
    Unmeasured,
)
from replication.comparison.verdicts.rule import (
    describe_best,
    judge_exact,
    judge_mean,
    judge_percent,
    too_few,
)
from replication.comparison.verdicts.statistics import Interval
from replication.errors import ReplicationError

ERROR = "test_error_percent"
REJECTION = "rejection_percent"
OPERATIONS, MEMORY = "operations_thousands", "memory_thousands"
# The columns of Figures 9 to 12 by our metrics.
PRINTED = {name: name for name in (ERROR, OPERATIONS, MEMORY)}
PRINTED[REJECTION] = "reject_percent_for_0.5_percent_error"
BOOSTED, _SECOND = "lenet4-boosted/distorted", "lenet5/distorted"
LENET4, _ON_LENET4 = "lenet4/regular", ("lenet4-local/regular", "lenet4-knn/regular")
_DRAWS = 500
ORDERING = "ordering"  # the entry of Figure 9 that is about all of its systems


def published_column(evidence: Evidence, column: str) -> dict[str, float]:
    """Return a column of Figures 9 to 12 by ``system/database``, without empty cells."""
    records = evidence.paper.systems.to_dict("records")
    by_system = {f"{row['system']}/{row['database']}": float(row[column]) for row in records}
    return {name: value for name, value in by_system.items() if not math.isnan(value)}


def metric_values(evidence: Evidence, system: str, metric: str) -> list[float]:
    """Return ``metric`` of each replicate of the experiment that stands for a system."""
    experiment = evidence.choices.systems.get(system)
    if experiment is None:
        raise Unmeasured(f"no experiment of params.yaml (compare.systems) stands for {system}")
    return evidence.metric(experiment, metric)


def is_exact(evidence: Evidence, system: str) -> bool:
    """Return whether nothing is random in the experiment that stands for a system."""
    experiment = evidence.choices.systems.get(system, "")
    return bool(evidence.metrics.get(experiment, {}).get("deterministic"))


def tolerate_implementations(evidence: Evidence) -> tuple[float, str]:
    """Return by which share of an error implementations of a classifier differ, and its source.

    Two standard deviations of ours of the linear classifier, solved for and by gradient descent.
    """
    units = evidence.choices.linear_units
    names = [units[way] for way in ("solved", "descended") if way in units]
    trained = [name for name in names if name in evidence.metrics]
    errors = [value for name in trained for value in evidence.metric(name, ERROR)]
    share = 2 * float(np.std(errors, ddof=1) / np.mean(errors)) if len(errors) > 1 else 0.0
    source = f"{100 * share:.2g} % of it, two sd of ours of the linear classifier, "
    return share, f"{source}{len(errors)} runs"


def check_errors(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check every system of Figure 9, then the order of all of them."""
    # Every row has an error.
    unknown = sorted(set(evidence.choices.systems) - set(published_column(evidence, ERROR)))
    if unknown:
        raise ReplicationError(
            f"params.yaml: compare.systems names {', '.join(unknown)}, which is no row of "
            "data/paper/figures9_to_12_systems.csv (system/database): correct it"
        )
    order = "the order of the systems by error"
    about = "the order of all systems by error (Kendall's tau is 1 where it is the same)"
    ordering = Subject.from_claim(claim, ORDERING, in_words=order, about=about)
    judge = partial(_judge_ordering, evidence, claim)
    return [*_check_percentages(ERROR, evidence, claim), Check(ordering, judge)]


def _subject(evidence: Evidence, claim: Claim, system: str, published: float, unit: str) -> Subject:
    name = evidence.wording.name(system)
    return Subject.from_claim(
        claim, system, value=published, number=published, unit=unit, about=name
    )


def _check_percentages(metric: str, evidence: Evidence, claim: Claim) -> list[Check]:
    """Check every system of Figure 9 or 10."""
    column = published_column(evidence, PRINTED[metric])
    judge = partial(_judge_percent, evidence, claim, metric)
    return [
        Check(_subject(evidence, claim, system, published, "percent"), partial(judge, system))
        for system, published in column.items()
    ]


def _judge_percent(evidence: Evidence, claim: Claim, metric: str, system: str) -> Finding:
    """Judge an error or a rejection; a system in which nothing is random has its own rule.

    Implementations of one classifier differ: in error, relatively, by two standard deviations of
    ours of the linear one (their range would grow with their number); in rejection, where few
    answers decide, by the length of the binomial interval.
    """
    values, choices = metric_values(evidence, system, metric), evidence.choices
    published = published_column(evidence, PRINTED[metric])[system]
    if not is_exact(evidence, system):
        finding = judge_percent(evidence, values, published)
        if system not in claim.best_of_several or metric != ERROR:
            return finding
        return replace(finding, reason=finding.reason + describe_best(evidence, values))
    exact = partial(
        judge_exact, values[0], published, choices=choices, uncertainty=claim.uncertainty
    )
    if metric == ERROR:
        share, source = tolerate_implementations(evidence)
        return exact(allowed=share * published, source=source)
    patterns, confidence = len(evidence.labels), evidence.choices.confidence
    part = statistics.wilson(round(published * patterns / 100), patterns, confidence)
    return exact(allowed=100 * part.half_width, source=f"binomial, {patterns} patterns")


def _judge_ordering(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether our order is as near to Figure 9's as the figure's own, moved at random.

    Simulated: each published error moved by a normal deviation of the authors' own uncertainty.
    """
    choices = evidence.choices
    column = published_column(evidence, ERROR)
    names = [name for name in column if choices.systems.get(name) in evidence.metrics]
    if len(names) < 4:
        raise Unmeasured(f"{len(names)} of the systems of Figure 9 have been run: an order needs 4")
    published = np.array([column[name] for name in names])
    ours = np.array([np.mean(metric_values(evidence, name, ERROR)) for name in names])
    generator = np.random.default_rng(choices.seed)
    noise = generator.normal(0, claim.uncertainty or 0.0, (_DRAWS, len(names)))
    moved = [statistics.kendall(published + error, published) for error in noise]
    limit = float(np.quantile(moved, 1 - choices.confidence))
    tau = statistics.kendall(ours, published)
    shuffled = [statistics.kendall(generator.permutation(published), published) for _ in moved]
    turned = np.sign(np.subtract.outer(ours, ours)) * np.sign(
        np.subtract.outer(published, published)
    )
    pairs = len(names) * (len(names) - 1) // 2
    return Finding(
        "reproduced" if tau >= limit else "differs",
        f"tau = {tau:.2f}",
        f"of {pairs} pairs of systems {int((turned < 0).sum()) // 2} are turned round, where "
        f"Figure 9 moved by its own uncertainty keeps tau above {limit:.2f}",
        limit,
        1.0,
        mean=tau,
        power=float(np.mean(np.array(shuffled) < limit)),
    )


def _check_costs(column: str, evidence: Evidence, claim: Claim) -> list[Check]:
    """Check every system of Figure 11, thousands of multiply-adds, or 12, of variables."""

    def judge(system: str, published: float) -> Finding:
        if column == OPERATIONS and system == BOOSTED:
            raise Unmeasured("it hangs on when the later nets are called: see boosting.cost")
        values = metric_values(evidence, system, column)
        finding = compare_rounded(float(np.mean(values)), published, evidence.wording)
        power = None if claim.entry_role(system) == "arithmetic" else 1.0
        return replace(finding, replicates=len(values), power=power).with_mean_and_sd(values)

    return [
        Check(_subject(evidence, claim, *row, "thousand"), partial(judge, *row))
        for row in published_column(evidence, column).items()
    ]


def check_boosting(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check boosted LeNet-4 before LeNet-5 by error, and first by rejection (p. 14)."""
    return [
        Check(Subject.from_claim(claim, "error"), partial(_judge_best, evidence, ERROR)),
        Check(Subject.from_claim(claim, "rejection"), partial(_judge_best, evidence, REJECTION)),
    ]


def _judge_best(evidence: Evidence, metric: str) -> Finding:
    """Judge whether any system of the same figure is clearly better than the boosted one.

    In Figure 9 no third system may be clearly better than LeNet-5, which Figure 10 lacks. The power
    is that of seeing LeNet-5 (or else LeNet-4) as much better as the figure has it worse.
    """
    choices, column = evidence.choices, published_column(evidence, PRINTED[metric])
    first = metric_values(evidence, BOOSTED, metric)
    if len(first) < choices.minimum_replicates:
        return too_few(first, choices, "%")
    rest = {
        name: metric_values(evidence, name, metric)
        for name in column
        if name != BOOSTED and choices.systems.get(name) in evidence.metrics
    }
    missing = len(column) - 1 - len(rest)
    better = _clearly_better({**rest, BOOSTED: first}, choices.confidence)
    rival = _SECOND if _SECOND in rest else LENET4
    if rival not in rest:
        raise Unmeasured(f"{rival} has not been run, which it is held against")
    gap = statistics.contrast(first, rest[rival], choices.confidence)
    shift = column[rival] - column[BOOSTED]
    outcome: Outcome = "differs" if better else "inconclusive"
    if not better and gap.mean.low > 0 and not missing:
        outcome = "reproduced"  # a system that has not been run is not beaten
    error, name = float(np.mean(first)), evidence.wording.name
    pairs = [f"{name(system)} than {name(place)}" for system, place in better] or ["none"]
    which = "of which some have not been run," if missing else "that are"
    return Finding(
        outcome,
        f"boosted {error:.4g} %, {name(rival)} {gap.change + error:.4g} %",
        f"of the figure's {len(column)} systems{', ' if missing else ' '}{which} clearly better "
        f"(Welch, seeds vary): {', '.join(pairs)}",
        gap.mean.low,
        gap.mean.high,
        len(first),
        mean=gap.change,
        shift=shift,
        power=statistics.power(shift, gap.deviation, gap.freedom, choices.confidence),
    )


def _clearly_better(
    values: Mapping[str, Sequence[float]], confidence: float
) -> list[tuple[str, str]]:
    """Return the systems that are clearly better than the first or second place, and the place."""
    return [
        (name, place)
        for place in (BOOSTED, _SECOND)
        if place in values
        for name, theirs in values.items()
        if name != place
        and (name, place) != (BOOSTED, _SECOND)
        and statistics.contrast(theirs, values[place], confidence).mean.low > 0
    ]


def check_last_layers(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check local learning and K-NN on LeNet-4's last layer: error and rejection (p. 13)."""
    judge = partial(_judge_last_layer, evidence)
    return [
        Check(Subject.from_claim(claim, f"{system}:{name}"), partial(judge, system, metric))
        for system in _ON_LENET4
        for name, metric in (("error", ERROR), ("rejection", REJECTION))
    ]


def _judge_last_layer(evidence: Evidence, system: str, metric: str) -> Finding:
    """Judge whether the error is unchanged within the margin and the rejection lower.

    Paired by the LeNet-4 underneath. The power is that of an error two margins away, and of a
    rejection as much higher as Figure 10 has it lower.
    """
    theirs = np.array(metric_values(evidence, system, metric))
    plain = np.array(metric_values(evidence, LENET4, metric))
    count = min(len(theirs), len(plain))  # those of the same number share a LeNet-4
    column = published_column(evidence, PRINTED[metric])
    margin = evidence.choices.equivalence_margin_percent
    claimed, shift = Interval(-margin, margin), margin
    if metric == REJECTION:
        claimed, shift = Interval(-math.inf, 0.0), column[LENET4] - column[system]
    gaps = (theirs[:count] - plain[:count]).tolist()
    paired = "paired by the LeNet-4 underneath"
    return judge_mean(gaps, evidence.choices, claimed, shift, "points", paired)


CHECKS = Checks(
    tables={
        "systems.error": check_errors,
        "systems.rejection": partial(_check_percentages, REJECTION),
        "systems.operations": partial(_check_costs, OPERATIONS),
        "systems.memory": partial(_check_costs, MEMORY),
        "ordering.boosting-best": check_boosting,
        "ordering.rejection-lenet4": check_last_layers,
    }
)
