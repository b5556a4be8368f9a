"""Verdicts on effects, pp. 9 to 15: what one thing changes, with an interval for the change."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from replication.comparison.evaluation.errors import find_misses
from replication.comparison.paper import Claim
from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.evidence import (
    Check,
    Checks,
    Evidence,
    Finding,
    Outcome,
    Subject,
    Unmeasured,
    experiment_for,
)
from replication.comparison.verdicts.rule import judge_mean, judge_one_run
from replication.comparison.verdicts.statistics import Interval
from replication.comparison.verdicts.systems import (
    ERROR,
    OPERATIONS,
    metric_values,
    published_column,
    tolerate_implementations,
)

_AN_HOUR = 3600.0


def judge_fall(
    evidence: Evidence, before: Sequence[float], after: Sequence[float], published: float
) -> Finding:
    """Judge the sign of an effect: an error that is claimed to fall from one recipe to another.

    By Welch's interval of the change of the mean (seeds vary). The power is that of seeing it rise
    by as much as 1998 has it fall.

    Args:
        evidence: for its choices.
        before, after: percent, one for each replicate.
        published: the fall in points in 1998, one run of each.
    """
    contrast = _contrast(evidence, before, after)
    outcome: Outcome = "inconclusive"
    if contrast.mean.high < 0 or contrast.mean.low > 0:
        outcome = "reproduced" if contrast.mean.low > 0 else "differs"
    return Finding(
        outcome,
        f"{contrast.change:+.3g} points",
        f"the mean falls by {contrast.mean.low:.4g} to {contrast.mean.high:.4g} points (Welch's "
        "interval, seeds vary)",
        contrast.mean.low,
        contrast.mean.high,
        min(len(before), len(after)),
        mean=contrast.change,
        shift=2 * published,
        power=statistics.power(
            published, contrast.deviation, contrast.freedom, evidence.choices.confidence
        ),
    )


def judge_size(
    evidence: Evidence,
    before: Sequence[float],
    after: Sequence[float],
    published: float,
    half_unit: float,
) -> Finding:
    """Judge the size of an effect, the difference of two single runs of 1998, by the rule of one.

    One more difference of ours has the spread sqrt((s1^2 + s2^2)(1 + 1/n)); ``half_unit`` is the
    rounding of the published one. The power is for no effect at all.
    """
    contrast = _contrast(evidence, before, after)
    finding = judge_one_run(evidence.choices, contrast.run, published, half_unit)
    return replace(
        finding,
        ours=f"{contrast.change:+.3g} points",
        reason=f"{finding.reason}, and our mean in {contrast.mean.low:.4g} to "
        f"{contrast.mean.high:.4g}",
        replicates=min(len(before), len(after)),
        mean=contrast.change,
        shift=published,
        power=statistics.power(
            published, contrast.run_deviation, contrast.freedom, evidence.choices.confidence
        ),
    )


def _contrast(
    evidence: Evidence, before: Sequence[float], after: Sequence[float]
) -> statistics.Contrast:
    choices = evidence.choices
    if min(len(before), len(after)) < choices.minimum_replicates:
        raise Unmeasured(f"fewer than {choices.minimum_replicates} replicates of one of the two")
    return statistics.contrast(after, before, choices.confidence)


def check_falls(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check sign and size of the error's change from one row of Figure 9 to another, pair by pair.

    The two numbers have rows of their own, so the size repeats them.
    """
    column = published_column(evidence, ERROR)

    def judge(first: str, second: str, part: str) -> Finding:
        fall = column[first] - column[second]
        before, after = (metric_values(evidence, name, ERROR) for name in (first, second))
        if part == "sign":
            return judge_fall(evidence, before, after, fall)
        half = sum(statistics.half_unit(column[name]) for name in (first, second))
        return judge_size(evidence, before, after, fall, half)

    checks = []
    for first, second in claim.systems:
        before, after = column[first], column[second]
        for part in ("sign", "size"):
            entry = f"{second}:{part}" if len(claim.systems) > 1 else part
            subject = Subject.from_claim(
                claim, entry, f"{before:g} to {after:g} percent", before - after, unit="points",
                role="repeat" if part == "size" else "",
            )  # fmt: skip
            checks.append(Check(subject, partial(judge, first, second, part)))
    return checks


def check_sizes(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check the fall of the error with more training patterns (Figure 6), step by step."""
    table = evidence.paper.training_set_size
    table = table[~table["distorted_training"]]
    errors = dict(zip(table["training_patterns"], table["test_error_percent"], strict=True))

    def judge(first: str, second: str, published: float) -> Finding:
        before, after = (evidence.metric(name, ERROR) for name in (first, second))
        return judge_fall(evidence, before, after, published)

    checks = []
    for smaller, larger in pairwise(sorted(errors)):
        names = [evidence.choices.training_sizes.get(size, ()) for size in (smaller, larger)]
        fall = float(errors[smaller] - errors[larger])
        for place, first in enumerate(names[0]):
            second = names[1][min(place, len(names[1]) - 1)] if names[1] else ""
            published = f"{errors[smaller]:g} to {errors[larger]:g} percent"
            subject = Subject.from_claim(
                claim, f"{first}:{second}", published, fall, unit="points",
                role="repeat" if place else "",  # another experiment for the same two numbers
            )  # fmt: skip
            checks.append(Check(subject, partial(judge, first, second, fall)))
    return checks


def check_linear_units(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check gradient descent, with linear and with sigmoid units, against solving (p. 12).

    Similar is what implementations of one classifier differ by, as in Figure 9's rows.
    """
    choices = evidence.choices

    def values(way: str) -> list[float]:
        if way not in choices.linear_units:
            raise Unmeasured(f"no experiment is {way}: name one in compare.linear_units")
        return evidence.metric(choices.linear_units[way], ERROR)

    def judge(way: str) -> Finding:
        descended, solved = values(way), float(np.mean(values("solved")))
        share, source = tolerate_implementations(evidence)
        allowed = share * solved
        gaps = [value - solved for value in descended]
        claimed = Interval(-allowed, allowed)
        what = f"the change from the solved system's {solved:.4g} % (similar: {source})"
        return judge_mean(gaps, choices, claimed, allowed, "points", what)

    return [
        Check(Subject.from_claim(claim, name), partial(judge, name))
        for name in ("descended", "sigmoid")
    ]


def judge_cost(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the ratio of the second system's multiply-adds to the first's (p. 14)."""
    first, second = (
        float(np.mean(metric_values(evidence, s, OPERATIONS))) for s in claim.systems[0]
    )
    ratio, allowed = second / first, evidence.choices.roughly * claim.number
    near = abs(ratio - claim.number) <= allowed
    column = published_column(evidence, OPERATIONS)
    theirs = column[claim.systems[0][1]] / column[claim.systems[0][0]]
    return Finding(
        "reproduced" if near else "differs",
        f"{ratio:.4g} times",
        f"about allows {allowed:.4g} either way, and Figure 11's own numbers give {theirs:.4g}",
        claim.number - allowed,
        claim.number + allowed,
        mean=ratio,
        shift=2 * allowed,
        power=None if claim.role == "arithmetic" else 1.0,
    )


def judge_halves(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the error on the half from SD-1, the first, less that on the half from SD-3 (p. 9).

    The power is that of seeing the first half as much easier as 1998's 82 misses have it harder.
    """
    labels, half = evidence.labels, len(evidence.labels) // 2
    answers = evidence.require_answers(experiment_for(claim, evidence.choices))
    masks = [find_misses(replicate.classes, labels) for replicate in answers]
    gaps = [100.0 * float(wrong[:half].mean() - wrong[half:].mean()) for wrong in masks]
    past = evidence.paper.misclassified["test_index"].to_numpy() < half
    first, second = int(past.sum()), int((~past).sum())
    theirs, claimed = 100.0 * (first - second) / half, Interval(0.0, math.inf)
    what = (
        "the error on the half from SD-1 less that on the half from SD-3 (1998's, with "
        f"distortions, missed {first} and {second})"
    )
    return judge_mean(gaps, evidence.choices, claimed, theirs, "points", what)


def judge_training_times(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether each of the simple classifiers was trained within an hour (p. 15).

    The times differ from machine to machine, so that no verdict shows them.
    """
    systems = evidence.choices.systems
    names = {system: systems.get(system, system) for (system,) in claim.systems}
    absent = [system for system, name in names.items() if not evidence.seconds.get(name)]
    if absent:
        raise Unmeasured(f"there is no timing.json of {', '.join(absent)}")
    slow = [name for name in names.values() if max(evidence.seconds[name]) > _AN_HOUR]
    return Finding(
        "differs" if slow else "reproduced",
        f"{len(names) - len(slow)} of {len(names)} within an hour",
        "by timing.json of the runs, on hardware of today",
        power=1.0,
    )


CHECKS = Checks(
    claims={
        "effect.virtual-vectors-cost": judge_cost,
        "effect.reduced-set-cost": judge_cost,
        "data.halves": judge_halves,
        "training.simple-classifiers": judge_training_times,
    },
    tables={
        "effect.distortions-lenet5": check_falls,
        "effect.distortions-perceptrons": check_falls,
        "effect.deslanting": check_falls,
        "effect.training-size": check_sizes,
        "effect.linear-units": check_linear_units,
    },
)
