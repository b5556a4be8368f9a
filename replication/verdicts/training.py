"""Verdicts on squashing, criteria and step sizes: Section II-C and Appendices A and C."""

from __future__ import annotations

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.paper import Claim
from replication.verdicts import words
from replication.verdicts.answers import experiment
from replication.verdicts.benchmark import BENCH, Target, read
from replication.verdicts.evidence import (
    Evidence,
    Finding,
    Judges,
    Row,
    Subject,
    Unmeasured,
)
from replication.verdicts.rule import judge_ratio

# f(1) with the printed 1.7159, of five digits, and S = 2/3 is 1 to the digits of the former.
_FIXED_POINT_TOLERANCE = 5e-5
# "Largest at 1": the same to the one digit that the paper prints.
_CURVATURE_TOLERANCE = 0.05


def judge_fixed_points(evidence: Evidence, _: Claim) -> Finding:
    """f(1) = 1 and f(-1) = -1, f(a) = A tanh(S a) (Appendix A, p. 41)."""
    at_one = float(evidence.amplitude * np.tanh(evidence.slope))
    off = abs(at_one - 1.0)
    close = off <= _FIXED_POINT_TOLERANCE
    return Finding(
        "reproduced" if close else "differs",
        words.FIXED_POINTS,
        {"at_one": at_one, "off": off, "close": close},
    )


def judge_curvature(evidence: Evidence, _: Claim) -> Finding:
    """Where the absolute second derivative of f is largest, searched on a grid (p. 41)."""
    points = np.linspace(0.0, 4.0, 400_001)
    tanh = np.tanh(evidence.slope * points)
    second = 2 * evidence.amplitude * evidence.slope**2 * tanh * (1 - tanh**2)
    place = float(points[np.argmax(second)])
    close = abs(place - 1.0) <= _CURVATURE_TOLERANCE
    return Finding(
        "reproduced" if close else "differs",
        words.CURVATURE,
        {"place": place, "close": close},
    )


def steps_of_pass_1(history: pd.DataFrame, end: str) -> pd.Series[float]:
    """The least (``min``) or greatest (``max``) step size by layer in the first pass.

    Raises Unmeasured when the history holds none.
    """
    first = history[history["pass"] == 1].iloc[0]
    columns = [c for c in history.columns if c.startswith("step_") and c.endswith(f"_{end}")]
    if not columns:
        raise Unmeasured("history.csv holds no step sizes")
    return first[columns].astype(float)


def step_sizes(evidence: Evidence, claim: Claim) -> list[Row]:
    """The least and the greatest step size of the first pass (p. 10), one row each."""
    least, greatest = claim.ends

    def judge(end: str, published: float) -> Finding:
        histories = evidence.history(experiment(claim, evidence.choices))
        steps = [steps_of_pass_1(history, end) for history in histories]
        values = [float(s.min() if end == "min" else s.max()) for s in steps]
        return judge_ratio(evidence, values, published)

    return [
        (Subject.of(claim, "least", f"{least:g}"), lambda: judge("min", least)),
        (Subject.of(claim, "greatest", f"{greatest:g}"), lambda: judge("max", greatest)),
    ]


def judge_cost(evidence: Evidence, _: Claim) -> Finding:
    """What share of a pass the estimation of h_kk takes (p. 42)."""
    limit = evidence.choices.negligible_share
    share = _timed(evidence).curvature_share_of_pass.median
    return Finding(
        "reproduced" if share <= limit else "differs",
        words.NEXT_TO_NOTHING,
        {"limit": 100 * limit},
        mean=100 * share,
        power=1.0,
    )


def judge_time(evidence: Evidence, claim: Claim) -> Finding:
    """The time of one training, on later hardware (p. 15)."""
    history = evidence.history(experiment(claim, evidence.choices))[0]
    presentations = int(history["training_presentations"].sum())
    each = _timed(evidence).lenet5.microseconds_per_pattern.median
    seconds = 1e-6 * each * presentations
    least, greatest = claim.ends
    within = least <= seconds <= greatest
    factor = max(least / seconds, seconds / greatest)
    return Finding(
        "reproduced" if within else "differs",
        words.TIME_WITHIN if within else words.TIME_OUTSIDE,
        {"faster": seconds < least, "factor": factor},
        mean=seconds,
        power=1.0,
    )


def _timed(evidence: Evidence) -> Target:
    """What was timed with the kernels compiled for the processor itself.

    Raises Unmeasured where nothing was timed, or the file has another form.
    """
    content = evidence.study(BENCH)
    try:
        return read(content).native
    except ReplicationError as error:
        raise Unmeasured(str(error)) from error


JUDGES = Judges(
    claims={
        "squashing.fixed-points": judge_fixed_points,
        "squashing.curvature": judge_curvature,
        "sdlm.cost": judge_cost,
        "lenet5.training-time": judge_time,
    },
    tables={"sdlm.rates": step_sizes},
    evidence=(BENCH,),
)
