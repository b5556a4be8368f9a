"""Verdicts on one training, pp. 10-11: errors, Figure 5's curves, convergence, over-training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from replication.paper import Claim
from replication.verdicts import statistics
from replication.verdicts.answers import experiment
from replication.verdicts.evidence import Evidence, Finding, Judges, Row, Subject, Unmeasured
from replication.verdicts.rule import judge_percent, shown, too_few

Curves = NDArray[np.float64]
SERIES = ("training", "test")


def percentages(evidence: Evidence, histories: Sequence[pd.DataFrame], series: str) -> Curves:
    """Error in percent, (replicates, passes): training on the fly, or test after each pass."""
    if series == "test":
        patterns = len(evidence.labels)
        return np.array([100.0 * h["test_misses"].to_numpy() / patterns for h in histories])
    return np.array(
        [100.0 * (h["training_misses"] / h["training_presentations"]).to_numpy() for h in histories]
    )


def distances(curves: Curves) -> NDArray[np.float64]:
    """Root mean square distance of each curve, (n, passes), to the mean of the others: (n,)."""
    others = (curves.sum(axis=0) - curves) / (len(curves) - 1)
    return np.asarray(np.sqrt(((curves - others) ** 2).mean(axis=1)), dtype=np.float64)


def published_curve(evidence: Evidence, series: str, passes: int) -> NDArray[np.float64]:
    """Figure 5's percentages for the passes 1 to ``passes`` that it has: (at most passes,)."""
    table = evidence.paper.learning_curves
    table = table[table["pass"] <= passes].sort_values("pass")
    return table[f"{series}_error_percent"].to_numpy(dtype=np.float64)


def learning_curves(evidence: Evidence, claim: Claim) -> list[Row]:
    """Figure 5: the distance of each published curve to the mean of ours, one row a curve."""
    return [
        (
            Subject.of(claim, series, f"{len(evidence.paper.learning_curves)} points"),
            partial(_judge_curve, evidence, claim, series),
        )
        for series in SERIES
    ]


def _judge_curve(evidence: Evidence, claim: Claim, series: str) -> Finding:
    choices = evidence.choices
    curves = percentages(evidence, evidence.history(experiment(claim, choices)), series)
    published = published_curve(evidence, series, curves.shape[1])
    curves = curves[:, : len(published)]
    distance = float(np.sqrt(np.mean((curves.mean(axis=0) - published) ** 2)))
    if len(curves) < choices.minimum_replicates:
        return too_few([distance], choices, "points, root mean square")
    apart = distances(curves)
    limit = statistics.upper_prediction(apart, choices.confidence)
    wide = choices.informative_margins * choices.equivalence_margin_percent
    inside = sum(
        statistics.prediction_interval(ours, choices.confidence).meets(theirs)
        for ours, theirs in zip(curves.T, published, strict=True)
    )
    worst = int(np.argmax(np.abs(curves.mean(axis=0) - published)))
    gap = float(curves.mean(axis=0)[worst] - published[worst])
    near = distance <= limit
    return Finding(
        "differs" if not near else "inconclusive" if limit > wide else "reproduced",
        f"{shown(distance)} points, root mean square",
        f"one of our own runs is {shown(float(apart.mean()))} points from the others on average "
        f"and below {shown(limit)} with {100 * choices.confidence:g} % (seeds vary); {inside} of "
        f"{len(published)} points lie in the interval for one more run; farthest in pass "
        f"{worst + 1}: ours is {'higher' if gap > 0 else 'lower'} by {shown(abs(gap))}",
        0.0,
        limit,
        len(curves),
        mean=distance,
    )


def judge_test_error(evidence: Evidence, claim: Claim) -> Finding:
    """The test error after the final pass, never after the best pass on the test set."""
    values = evidence.metric(experiment(claim, evidence.choices), "test_error_percent")
    return judge_percent(evidence, values, claim.number, test=True)


def judge_training_error(evidence: Evidence, claim: Claim) -> Finding:
    """The training error on the fly in the pass that the claim names (p. 10)."""
    wanted = int(claim.numbers["after_pass"])
    histories = evidence.history(experiment(claim, evidence.choices))
    curves = percentages(evidence, histories, "training")
    if curves.shape[1] < wanted:
        raise Unmeasured(f"the runs have {curves.shape[1]} passes, the claim is about {wanted}")
    return judge_percent(evidence, curves[:, wanted - 1].tolist(), claim.number)


def settled_pass(curve: NDArray[np.float64], margin: float) -> int:
    """The first pass from which a curve stays within ``margin`` of its end; passes count from 1."""
    outside = np.flatnonzero(np.abs(curve - curve[-1]) > margin)
    return int(outside[-1]) + 2 if outside.size else 1


def judge_convergence(evidence: Evidence, claim: Claim) -> Finding:
    """Converged: from the last pass that the claim names on, the mean stays within the margin.

    Each of these passes is held against the final one, paired by replicate, with TOST; all have to
    be equivalent, so nothing is to be adjusted.
    """
    choices = evidence.choices
    curves = percentages(evidence, evidence.history(experiment(claim, choices)), "test")
    by = int(claim.numbers["last_pass"])
    if curves.shape[1] <= by:
        raise Unmeasured(f"the runs have {curves.shape[1]} passes, the claim is about {by}")
    margin = choices.equivalence_margin_percent
    ours = settled_pass(curves.mean(axis=0), margin)
    if len(curves) < choices.minimum_replicates:
        return too_few([float(ours)], choices, "passes")
    theirs = settled_pass(published_curve(evidence, "test", curves.shape[1]), margin)
    gaps = (curves - curves[:, -1:])[:, by - 1 : -1].T  # (passes, replicates)
    p_values = [statistics.equivalence(gap, 0.0, margin) for gap in gaps]
    apart = [statistics.mean_interval(gap, choices.confidence) for gap in gaps]
    alpha = 1 - choices.confidence
    settled = max(p_values) <= alpha
    unsettled = any(one.low > margin or one.high < -margin for one in apart)
    return Finding(
        "reproduced" if settled else "differs" if unsettled else "inconclusive",
        f"settled from pass {ours}",
        f"test error within {margin:g} points of the final pass from pass {by} on: TOST p = "
        f"{max(p_values):.2g} at worst (paired by replicate, seeds vary); by the same rule "
        f"Figure 5's own curve is settled from pass {theirs}",
        min(one.low for one in apart),
        max(one.high for one in apart),
        len(curves),
    )


def judge_no_overtraining(evidence: Evidence, claim: Claim) -> Finding:
    """How far the test error rises from the pass where the mean is least to the final pass (p. 10).

    Picking the least mean by looking makes the rise seem larger, so "no rise" is on the safe side.
    """
    choices = evidence.choices
    curves = percentages(evidence, evidence.history(experiment(claim, choices)), "test")
    best = int(np.argmin(curves.mean(axis=0)))
    rises = curves[:, -1] - curves[:, best]
    if len(curves) < choices.minimum_replicates:
        return too_few(rises.tolist(), choices, "points")
    half = curves.shape[1] // 2
    if half < 3:
        raise Unmeasured(f"the runs have {curves.shape[1]} passes, too few for a trend")
    margin = choices.equivalence_margin_percent
    interval = statistics.mean_interval(rises, 2 * choices.confidence - 1)  # one-sided bounds
    slopes = [float(stats.linregress(np.arange(half), curve[-half:]).slope) for curve in curves]
    none, some = interval.high < margin, interval.low > margin
    trend, p = float(np.mean(slopes)), statistics.difference(slopes, 0.0)
    return Finding(
        "reproduced" if none else "differs" if some else "inconclusive",
        f"{float(rises.mean()):+.3f} points",
        f"final pass against pass {best + 1}, the least mean, paired by replicate: the rise is "
        f"below {shown(interval.high)} points with {100 * choices.confidence:g} % (seeds vary); "
        f"{margin:g} would count; over the last {half} passes the error changes by "
        f"{trend:+.1g} points a pass (p = {p:.2g})",
        interval.low,
        interval.high,
        len(curves),
    ).over(rises.tolist())


JUDGES = Judges(
    claims={
        "lenet5.test-error": judge_test_error,
        "lenet5.distorted-test-error": judge_test_error,
        "lenet5.training-error": judge_training_error,
        "lenet5.convergence": judge_convergence,
        "lenet5.no-overtraining": judge_no_overtraining,
    },
    tables={"lenet5.curves": learning_curves},
)
