"""Verdicts on one training, pp. 10-11: errors, Figure 5's curves, convergence, over-training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.paper import Claim
from replication.verdicts import statistics, words
from replication.verdicts.answers import experiment
from replication.verdicts.evidence import (
    Evidence,
    Finding,
    Judges,
    Row,
    Subject,
    Unmeasured,
)
from replication.verdicts.rule import (
    agreement,
    judge_mean,
    judge_percent,
    others_of,
    spacing,
    too_few,
)
from replication.verdicts.statistics import Interval

Curves = NDArray[np.float64]
SERIES = ("training", "test")


def percentages(histories: Sequence[pd.DataFrame], series: str, test_patterns: int) -> Curves:
    """Error in percent, (replicates, passes): training on the fly, or test after each pass.

    Cut to the shortest history; (0, 0) without any.
    """
    if not histories:
        return np.zeros((0, 0))
    passes = min(len(history) for history in histories)
    of = "test_patterns" if series == "test" else "training_presentations"
    tables = [history[:passes].assign(test_patterns=test_patterns) for history in histories]
    return np.array([100.0 * (h[f"{series}_misses"] / h[of]).to_numpy() for h in tables])


def curves_of(evidence: Evidence, claim: Claim, series: str, passes: int = 1) -> Curves:
    """Those of the claim's experiment; Unmeasured where the runs have fewer than ``passes``."""
    histories = evidence.history(experiment(claim, evidence.choices))
    curves = percentages(histories, series, len(evidence.labels))
    if curves.shape[1] < passes:
        raise Unmeasured(f"the runs have {curves.shape[1]} passes, the claim needs {passes}")
    return curves


def distances(curves: Curves) -> NDArray[np.float64]:
    """Root mean square distance of each curve, (n, passes), to the mean of the others: (n,)."""
    return np.asarray(np.sqrt((_residues(curves) ** 2).mean(axis=1)), dtype=np.float64)


def _residues(curves: Curves) -> Curves:
    others: Curves = (curves.sum(axis=0) - curves) / (len(curves) - 1)
    return curves - others


def published_curve(evidence: Evidence, series: str, passes: int) -> NDArray[np.float64]:
    """Figure 5's percentages for the passes 1 to ``passes`` that it has: (at most passes,)."""
    table = evidence.paper.learning_curves
    table = table[table["pass"] <= passes].sort_values("pass")
    return table[f"{series}_error_percent"].to_numpy(dtype=np.float64)


def one_row(evidence: Evidence) -> float:
    """Points between LeNet-5's error and the nearest of Figure 9 that is printed apart from it."""
    published = float(evidence.paper.claims["lenet5.test-error"].number)
    return spacing(published, others_of(evidence, test=True))


def learning_curves(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 5: the distance of each published curve to the mean of ours, one row a curve."""
    published = f"{len(evidence.paper.learning_curves)} points"
    return [
        (
            Subject.of(claim, series, published),
            partial(_judge_curve, evidence, claim, series),
        )
        for series in SERIES
    ]


def _judge_curve(evidence: Evidence, claim: Claim, series: str) -> Finding:
    """Whether 1998's curve is as near to ours as one more of our own would be.

    The power is that of our own curves, each held against the others, moved up or down by a row of
    Figure 9.
    """
    choices = evidence.choices
    curves = curves_of(evidence, claim, series)
    published = published_curve(evidence, series, curves.shape[1])
    curves = curves[:, : len(published)]
    gaps = curves.mean(axis=0) - published
    distance = float(np.sqrt(np.mean(gaps**2)))
    if len(curves) < choices.minimum_replicates:
        return too_few([distance], choices, "points, root mean square")
    limit = statistics.upper_prediction(distances(curves), choices.confidence)
    shift = one_row(evidence)
    moved = [np.sqrt(((_residues(curves) + by) ** 2).mean(axis=1)) for by in (-shift, shift)]
    power = float(np.mean(np.array(moved) > limit))
    worst = int(np.argmax(np.abs(gaps)))
    return Finding(
        agreement(distance <= limit, power, choices),
        words.CURVE,
        {"farthest": worst + 1, "gap": gaps[worst], "distance": abs(float(gaps[worst]))},
        0.0,
        limit,
        len(curves),
        mean=distance,
        shift=shift,
        power=power,
    )


def judge_test_error(evidence: Evidence, claim: Claim) -> Finding:
    """The test error after the final pass, never after the best pass on the test set."""
    values = evidence.metric(experiment(claim, evidence.choices), "test_error_percent")
    return judge_percent(evidence, values, claim.number, test=True)


def judge_best(evidence: Evidence, claim: Claim) -> Finding:
    """The same number as the best of several runs, since several were trained (p. 10).

    Simulated (`statistics.best_of`); the power is that of a best one a row of Figure 9 away.
    """
    choices = evidence.choices
    values = evidence.metric(experiment(claim, choices), "test_error_percent")
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, "%")
    draws = statistics.best_of(values, choices.best_of, np.random.default_rng(choices.seed))
    tail = (1 - choices.confidence) / 2
    interval = Interval(*(float(end) for end in np.quantile(draws, [tail, 1 - tail])))
    half, shift = statistics.half_unit(claim.number), one_row(evidence)
    inside = interval.meets(claim.number, half)
    power = float(np.mean([draws - shift < interval.low, draws + shift > interval.high]))
    best = float(np.median(draws))
    return Finding(
        agreement(inside, power, choices),
        words.BEST,
        {"runs": choices.best_of, "published": claim.number, "inside": inside},
        interval.low,
        interval.high,
        len(values),
        mean=best,
        shift=shift,
        power=power,
    )


def judge_training_error(evidence: Evidence, claim: Claim) -> Finding:
    """The training error on the fly in the pass that the claim names (p. 10)."""
    wanted = int(claim.numbers["after_pass"])
    curves = curves_of(evidence, claim, "training", wanted)
    return judge_percent(evidence, curves[:, wanted - 1].tolist(), claim.number)


def settled_pass(curve: NDArray[np.float64], margin: float) -> int:
    """The first pass from which a curve stays within ``margin`` of its end; passes count from 1."""
    outside = np.flatnonzero(np.abs(curve - curve[-1]) > margin)
    return int(outside[-1]) + 2 if outside.size else 1


def judge_convergence(evidence: Evidence, claim: Claim) -> Finding:
    """Converged: from the last pass that the claim names on, the mean stays within the margin.

    Each of these passes is held against the final one, paired by replicate, with TOST; all have to
    be equivalent, so nothing is to be adjusted. The verdict is that of the pass farthest off.
    """
    choices, by = evidence.choices, int(claim.numbers["last_pass"])
    curves = curves_of(evidence, claim, "test", by + 1)
    margin = choices.equivalence_margin_percent
    gaps = (curves - curves[:, -1:])[:, by - 1 : -1].T  # (passes, replicates)
    worst = int(np.argmax([statistics.equivalence(gap, 0.0, margin) for gap in gaps]))
    ours = settled_pass(curves.mean(axis=0), margin)
    theirs = settled_pass(published_curve(evidence, "test", curves.shape[1]), margin)
    finding = judge_mean(
        gaps[worst].tolist(),
        choices,
        Interval(-margin, margin),
        one_row(evidence) - margin,
        "points",
        words.FARTHEST_PASS,
        farthest=by + worst,
        first=by,
        ours=ours,
        theirs=theirs,
    )
    return replace(finding, words=finding.words._replace(ours=words.SETTLED))


def judge_no_overtraining(evidence: Evidence, claim: Claim) -> Finding:
    """How far the test error rises from the pass where the mean is least to the final pass (p. 10).

    Picking the least mean by looking makes the rise seem larger, so "no rise" is on the safe side.
    """
    choices = evidence.choices
    curves = curves_of(evidence, claim, "test", 6)
    best = int(np.argmin(curves.mean(axis=0)))
    margin = choices.equivalence_margin_percent
    return judge_mean(
        (curves[:, -1] - curves[:, best]).tolist(),
        choices,
        Interval(-math.inf, margin),
        one_row(evidence) - margin,
        "points",
        words.RISE,
        best=best + 1,
    )


JUDGES = Judges(
    claims={
        "lenet5.test-error": judge_test_error,
        "lenet5.best-of-several": judge_best,
        "lenet5.distorted-test-error": judge_test_error,
        "lenet5.training-error": judge_training_error,
        "lenet5.convergence": judge_convergence,
        "lenet5.no-overtraining": judge_no_overtraining,
    },
    tables={"lenet5.curves": learning_curves},
)
