"""Verdicts on effects, pp. 9 to 15: what one thing changes, with an interval for the change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from replication.evaluation.errors import missed
from replication.paper import Claim
from replication.verdicts import statistics, words
from replication.verdicts.answers import experiment
from replication.verdicts.evidence import (
    Evidence,
    Finding,
    Judges,
    Outcome,
    Row,
    Subject,
    Unmeasured,
)
from replication.verdicts.rule import judge_mean
from replication.verdicts.statistics import Interval
from replication.verdicts.systems import (
    ERROR,
    OPERATIONS,
    published_column,
    values_of,
)

_AN_HOUR = 3600.0


def judge_fall(
    evidence: Evidence,
    before: Sequence[float],
    after: Sequence[float],
    published: float,
    half_unit: float | None = None,
) -> Finding:
    """An error that is claimed to fall from one recipe to another (Welch, seeds vary).

    Args:
        evidence: for its choices.
        before, after: percent, one a replicate.
        published: by how many points it fell in 1998, one run of each.
        half_unit: the rounding of that; where it is given, the size is claimed as well.

    The power is that of seeing it rise by as much as it is said to fall.
    """
    choices = evidence.choices
    if min(len(before), len(after)) < choices.minimum_replicates:
        raise Unmeasured(f"fewer than {choices.minimum_replicates} replicates of one of the two")
    contrast = statistics.contrast(after, before, choices.confidence)
    outcome: Outcome = "inconclusive"
    if contrast.mean.high < 0 or (half_unit and not contrast.run.meets(published, half_unit)):
        outcome = "differs"
    elif contrast.mean.low > 0:
        outcome = "reproduced"
    return Finding(
        outcome,
        words.FALL,
        {"least": contrast.run.low, "most": contrast.run.high},
        contrast.mean.low,
        contrast.mean.high,
        min(len(before), len(after)),
        mean=contrast.change,
        shift=2 * published,
        power=statistics.power(published, contrast.deviation, contrast.freedom, choices.confidence),
    )


def falls(evidence: Evidence, claim: Claim) -> list[Row]:
    """What a change of Figure 9's row does to the error, one row a pair."""
    column = published_column(evidence, ERROR)

    def judge(first: str, second: str) -> Finding:
        half = None
        if claim.value is not None:
            half = sum(statistics.half_unit(column[name]) for name in (first, second))
        fall = column[first] - column[second]
        before, after = (values_of(evidence, name, ERROR) for name in (first, second))
        return judge_fall(evidence, before, after, fall, half)

    return [
        (
            Subject.of(
                claim,
                second if len(claim.systems) > 1 else "",
                f"{column[first]:g} to {column[second]:g} percent",
                column[first] - column[second],
            ),
            partial(judge, first, second),
        )
        for first, second in claim.systems
    ]


def sizes(evidence: Evidence, claim: Claim) -> list[Row]:
    """What more training patterns do to the error (Figure 6), one row a step and reading of it."""
    table = evidence.paper.training_set_size
    table = table[~table["distorted_training"]]
    errors = dict(zip(table["training_patterns"], table["test_error_percent"], strict=True))

    def judge(first: str, second: str, published: float) -> Finding:
        before, after = (evidence.metric(name, ERROR) for name in (first, second))
        return judge_fall(evidence, before, after, published)

    rows: list[Row] = []
    for smaller, larger in pairwise(sorted(errors)):
        names = [evidence.choices.training_sizes.get(size, ()) for size in (smaller, larger)]
        fall = float(errors[smaller] - errors[larger])
        for place, first in enumerate(names[0]):
            second = names[1][min(place, len(names[1]) - 1)] if names[1] else ""
            words = f"{errors[smaller]:g} to {errors[larger]:g} percent"
            subject = Subject.of(claim, f"{first}:{second}", words, fall)
            rows.append((subject, partial(judge, first, second, fall)))
    return rows


def linear_units(evidence: Evidence, claim: Claim) -> list[Row]:
    """Gradient descent with linear and with sigmoid units against the solved system (p. 12)."""
    choices = evidence.choices

    def values(way: str) -> list[float]:
        if way not in choices.linear_units:
            raise Unmeasured(f"no experiment is {way}: name one in compare.linear_units")
        return evidence.metric(choices.linear_units[way], ERROR)

    def judge(way: str) -> Finding:
        descended, solved = values(way), float(np.mean(values("solved")))
        allowed = choices.roughly * solved
        gaps = [value - solved for value in descended]
        claimed = Interval(-allowed, allowed)
        text = words.FROM_SOLVED
        return judge_mean(gaps, choices, claimed, allowed, "points", text, solved=solved)

    return [(Subject.of(claim, name), partial(judge, name)) for name in ("descended", "sigmoid")]


def judge_cost(evidence: Evidence, claim: Claim) -> Finding:
    """How many times as many multiply-adds the second system takes as the first (p. 14)."""
    first, second = (float(np.mean(values_of(evidence, s, OPERATIONS))) for s in claim.systems[0])
    ratio, allowed = second / first, evidence.choices.roughly * claim.number
    near = abs(ratio - claim.number) <= allowed
    column = published_column(evidence, OPERATIONS)
    theirs = column[claim.systems[0][1]] / column[claim.systems[0][0]]
    return Finding(
        "reproduced" if near else "differs",
        words.TIMES,
        {"allowed": allowed, "theirs": theirs},
        claim.number - allowed,
        claim.number + allowed,
        mean=ratio,
        shift=2 * allowed,
        power=None if claim.role == "arithmetic" else 1.0,
    )


def judge_halves(evidence: Evidence, claim: Claim) -> Finding:
    """The error on the half from SD-1, the first, less that on the half from SD-3 (p. 9).

    The power is that of seeing the first half as much easier as 1998's 82 misses have it harder.
    """
    labels, half = evidence.labels, len(evidence.labels) // 2
    answers = evidence.answered(experiment(claim, evidence.choices))
    wrong = [missed(one.classes, labels) for one in answers]
    gaps = [100.0 * float(one[:half].mean() - one[half:].mean()) for one in wrong]
    past = evidence.paper.misclassified["test_index"].to_numpy() < half
    first, second = int(past.sum()), int((~past).sum())
    theirs, claimed = 100.0 * (first - second) / half, Interval(0.0, math.inf)
    return judge_mean(
        gaps, evidence.choices, claimed, theirs, "points", words.HALVES, first=first, second=second
    )


def judge_training_times(evidence: Evidence, claim: Claim) -> Finding:
    """Whether each of the simple classifiers was trained within an hour (p. 15).

    The times differ from machine to machine, so that no verdict shows them.
    """
    names = [evidence.choices.systems.get(system, "") for (system,) in claim.systems]
    absent = [name for name in names if not evidence.seconds.get(name)]
    if absent:
        raise Unmeasured(f"there is no timing.json of {', '.join(absent) or 'them'}")
    slow = [name for name in names if max(evidence.seconds[name]) > _AN_HOUR]
    return Finding(
        "differs" if slow else "reproduced",
        words.WITHIN_AN_HOUR,
        {"within": len(names) - len(slow), "systems": len(names)},
        power=1.0,
    )


JUDGES = Judges(
    claims={
        "effect.virtual-vectors-cost": judge_cost,
        "effect.reduced-set-cost": judge_cost,
        "data.halves": judge_halves,
        "training.simple-classifiers": judge_training_times,
    },
    tables={
        "effect.distortions-lenet5": falls,
        "effect.distortions-perceptrons": falls,
        "effect.deslanting": falls,
        "effect.training-size": sizes,
        "effect.linear-units": linear_units,
    },
)
