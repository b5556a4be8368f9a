"""Verdicts on one training, pp. 10-11: errors, Figure 5's curves, convergence, over-training.

Also its step sizes and what it takes, pp. 10, 15 and 42.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison.paper import Claim
from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.benchmark import BENCH, Target, read
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
from replication.comparison.verdicts.rule import (
    describe_best,
    judge_mean,
    judge_percent,
    judge_ratio,
    too_few,
)
from replication.comparison.verdicts.statistics import Interval
from replication.errors import ReplicationError

Curves = NDArray[np.float64]
SERIES = ("training", "test")


def percentages(histories: Sequence[pd.DataFrame], series: str, test_patterns: int) -> Curves:
    """Return errors in percent, (replicates, passes): training on the fly, test after each pass.

    Cut to the shortest history; (0, 0) without any.
    """
    if not histories:
        return np.zeros((0, 0))
    passes = min(len(history) for history in histories)
    total = "test_patterns" if series == "test" else "training_presentations"
    tables = [history[:passes].assign(test_patterns=test_patterns) for history in histories]
    return np.array([100.0 * (t[f"{series}_misses"] / t[total]).to_numpy() for t in tables])


def error_curves(evidence: Evidence, claim: Claim, series: str, passes: int = 1) -> Curves:
    """Return `percentages` of the claim's experiment; raise Unmeasured for fewer ``passes``."""
    histories = evidence.history(experiment_for(claim, evidence.choices))
    curves = percentages(histories, series, len(evidence.labels))
    if curves.shape[1] < passes:
        raise Unmeasured(f"the runs have {curves.shape[1]} passes, the claim needs {passes}")
    return curves


def distances(curves: Curves) -> NDArray[np.float64]:
    """Return each curve's root mean square distance to the mean of the rest: (n, passes), (n,)."""
    return np.asarray(np.sqrt((_residues(curves) ** 2).mean(axis=1)), dtype=np.float64)


def _residues(curves: Curves) -> Curves:
    rest: Curves = (curves.sum(axis=0) - curves) / (len(curves) - 1)
    return curves - rest


def published_curve(evidence: Evidence, series: str, passes: int) -> NDArray[np.float64]:
    """Return the percentages drawn in Figure 5, from pass 1 to at most ``passes``."""
    table = evidence.paper.learning_curves
    table = table[table["pass"] <= passes].sort_values("pass")
    return table[f"{series}_error_percent"].to_numpy(dtype=np.float64)


def check_learning_curves(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check the distance of each curve of Figure 5 to the mean of ours."""
    published = f"{len(evidence.paper.learning_curves)} points"
    subjects = {series: Subject.from_claim(claim, series, published) for series in SERIES}
    return [
        Check(subject, partial(_judge_curve, evidence, claim, series))
        for series, subject in subjects.items()
    ]


def _judge_curve(evidence: Evidence, claim: Claim, series: str) -> Finding:
    """Judge whether 1998's curve is as near to ours as one more of our own would be.

    By the rule for one run, with the distance at which one more run falls as the half-width and the
    mean of 1998's curve as the number. The power is that of our own curves, each compared with the
    rest, moved up or down by the authors' own uncertainty.
    """
    choices = evidence.choices
    curves = error_curves(evidence, claim, series)
    published = published_curve(evidence, series, curves.shape[1])
    curves = curves[:, : len(published)]
    gaps = curves.mean(axis=0) - published
    distance = float(np.sqrt(np.mean(gaps**2)))
    if len(curves) < choices.minimum_replicates:
        return too_few([distance], choices, "points, root mean square", len(curves))
    limit = statistics.upper_prediction(distances(curves), choices.confidence)
    shift = choices.equivalence_margin_percent
    moved = [np.sqrt(((_residues(curves) + by) ** 2).mean(axis=1)) for by in (-shift, shift)]
    worst = int(np.argmax(np.abs(gaps)))
    outcome: Outcome = "compatible"
    if distance > limit:
        outcome = "differs"
    elif limit > choices.informative_width * published.mean():
        outcome = "inconclusive"
    return Finding(
        outcome,
        f"{distance:.4g} points, root mean square",
        f"one more of our curves is less than {limit:.4g} points from the mean of the others "
        f"(seeds vary), and 1998's is farthest in pass {worst + 1}, where ours is "
        f"{'higher' if gaps[worst] > 0 else 'lower'} by {abs(gaps[worst]):.4g}",
        0.0,
        limit,
        len(curves),
        mean=distance,
        shift=shift,
        power=float(np.mean(np.array(moved) > limit)),
    )


def judge_test_error(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the test error after the final pass, never after the best pass on the test set."""
    values = evidence.metric(experiment_for(claim, evidence.choices), "test_error_percent")
    finding = judge_percent(evidence, values, claim.number)
    if not claim.best_of_several:
        return finding
    return replace(finding, reason=finding.reason + describe_best(evidence, values))


def judge_training_error(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the training error on the fly in the pass that the claim names (p. 10)."""
    number = int(claim.numbers["after_pass"])
    curves = error_curves(evidence, claim, "training", number)
    return judge_percent(evidence, curves[:, number - 1].tolist(), claim.number)


def settled_pass(curve: NDArray[np.float64], margin: float) -> int:
    """Return the first pass, from 1, from which a curve stays within ``margin`` of its end."""
    outside = np.flatnonzero(np.abs(curve - curve[-1]) > margin)
    return int(outside[-1]) + 2 if outside.size else 1


def judge_convergence(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether the mean stays within the margin from the last pass that the claim names.

    Each of these passes is compared with the final one, paired by replicate; all have to be within
    the margin, so nothing is adjusted. The verdict is that of the pass whose interval reaches
    farthest; the power is for a pass that is two margins off.
    """
    choices, by = evidence.choices, int(claim.numbers["last_pass"])
    curves = error_curves(evidence, claim, "test", by + 1)
    margin = choices.equivalence_margin_percent
    gaps = (curves - curves[:, -1:])[:, by - 1 : -1].T  # (passes, replicates)
    if len(curves) < choices.minimum_replicates:
        return too_few(gaps[0].tolist(), choices, "points")
    intervals = [statistics.mean_interval(gap, choices.confidence) for gap in gaps]
    worst = int(np.argmax([max(-each.low, each.high) for each in intervals]))
    ours = settled_pass(curves.mean(axis=0), margin)
    theirs = settled_pass(published_curve(evidence, "test", curves.shape[1]), margin)
    finding = judge_mean(
        gaps[worst].tolist(),
        choices,
        Interval(-margin, margin),
        margin,
        "points",
        f"pass {by + worst}, of those from {by} on the farthest from the final one (by the same "
        f"rule the mean of ours is settled from pass {ours} and Figure 5's curve from {theirs})",
    )
    return replace(finding, ours=f"settled from pass {ours}")


def judge_no_overtraining(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the rise of the test error from the pass of the least mean to the final one (p. 10).

    Picking the least mean by looking makes the rise seem larger, so "no rise" is on the safe side.
    The power is for a rise of two margins.
    """
    choices = evidence.choices
    curves = error_curves(evidence, claim, "test", 6)
    best = int(np.argmin(curves.mean(axis=0)))
    margin = choices.equivalence_margin_percent
    return judge_mean(
        (curves[:, -1] - curves[:, best]).tolist(),
        choices,
        Interval(-math.inf, margin),
        margin,
        "points",
        f"the rise from pass {best + 1}, where the mean is least, to the final pass",
    )


def first_steps(history: pd.DataFrame, end: str) -> "pd.Series[float]":
    """Return the least (``min``) or greatest (``max``) step size by layer in the first pass.

    Raises Unmeasured when the history holds none.
    """
    steps = history[history["pass"] == 1].filter(regex=f"^step_.*_{end}$")
    if steps.columns.empty:
        raise Unmeasured("history.csv holds no step sizes")
    return steps.iloc[0].astype(float)


def check_step_sizes(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check the least and the greatest step size of the first pass (p. 10)."""
    least, greatest = claim.ends

    def judge(end: str, published: float) -> Finding:
        histories = evidence.history(experiment_for(claim, evidence.choices))
        values = [float(first_steps(history, end).agg(end)) for history in histories]
        return judge_ratio(evidence, values, published)

    return [
        Check(Subject.from_claim(claim, entry, number=number), partial(judge, end, number))
        for entry, end, number in (("least", "min", least), ("greatest", "max", greatest))
    ]


def judge_cost(evidence: Evidence, _: Claim) -> Finding:
    """Judge the share of a pass that the estimation of h_kk takes (p. 42)."""
    limit = evidence.choices.negligible_share
    share = _read_timing(evidence).curvature_share_of_pass.median
    return Finding(
        "reproduced" if share <= limit else "differs",
        f"{100 * share:.4g} % of a pass",
        f"up to {100 * limit:g} % counts as next to nothing, timed on one machine",
        mean=100 * share,
        power=1.0,
    )


def judge_time(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the time of one training, on later hardware (p. 15)."""
    history = evidence.history(experiment_for(claim, evidence.choices))[0]
    presentations = int(history["training_presentations"].sum())
    microseconds = _read_timing(evidence).lenet5.microseconds_per_pattern.median
    seconds = 1e-6 * microseconds * presentations
    least, greatest = claim.ends
    ours, hardware = f"{seconds:.4g} seconds", "a fact about hardware, not about the method"
    if least <= seconds <= greatest:
        reason = f"ours is within the published range: {hardware}"
        return Finding("reproduced", ours, reason, mean=seconds, power=1.0)
    factor = max(least / seconds, seconds / greatest)
    direction = "faster" if seconds < least else "slower"
    reason = f"ours is {direction}, by a factor of {factor:.4g} at least: {hardware}"
    return Finding("differs", ours, reason, mean=seconds, power=1.0)


def _read_timing(evidence: Evidence) -> Target:
    """Return the times of the kernels compiled for the processor itself.

    Raises Unmeasured where nothing was timed, or the file has another form.
    """
    try:
        return read(evidence.study(BENCH)).native
    except ReplicationError as error:
        raise Unmeasured(str(error)) from error


CHECKS = Checks(
    claims={
        "lenet5.test-error": judge_test_error,
        "lenet5.distorted-test-error": judge_test_error,
        "lenet5.library-error": judge_test_error,
        "lenet5.training-error": judge_training_error,
        "lenet5.convergence": judge_convergence,
        "lenet5.no-overtraining": judge_no_overtraining,
        "lenet5.training-time": judge_time,
        "sdlm.cost": judge_cost,
    },
    tables={"lenet5.curves": check_learning_curves, "sdlm.rates": check_step_sizes},
    outputs=(BENCH,),
)
