"""Verdicts on squashing, criteria and step sizes: Section II-C and Appendices A and C."""

from __future__ import annotations

import numpy as np
import pandas as pd

from replication.claims import Claim
from replication.comparison.evidence import Evidence, Finding, Row, Subject, Unmeasured
from replication.comparison.measured import judge_ratio, shown, too_few

# f(1) with the printed 1.7159, of five digits, and S = 2/3 is 1 to the digits of the former.
_FIXED_POINT_TOLERANCE = 5e-5
# "Largest at 1": the same to the one digit that the paper prints.
_CURVATURE_TOLERANCE = 0.05
# Codes that are this much closer than before training have collapsed into one.
_COLLAPSED = 0.01


def judge_fixed_points(evidence: Evidence, claim: Claim) -> Finding:
    """f(1) = 1 and f(-1) = -1, f(a) = A tanh(S a) (Appendix A, p. 41)."""
    del claim
    at_one = float(evidence.amplitude * np.tanh(evidence.slope))
    off = abs(at_one - 1.0)
    close = off <= _FIXED_POINT_TOLERANCE
    return Finding(
        "reproduced" if close else "differs",
        f"f(1) = {at_one:.6f}, f(-1) = {-at_one:.6f}",
        f"off by {off:.1g}, " + ("nothing to the digits of A" if close else "more than rounding"),
    )


def judge_curvature(evidence: Evidence, claim: Claim) -> Finding:
    """Where the absolute second derivative of f is largest, searched on a grid (p. 41)."""
    del claim
    points = np.linspace(0.0, 4.0, 400_001)
    tanh = np.tanh(evidence.slope * points)
    second = 2 * evidence.amplitude * evidence.slope**2 * tanh * (1 - tanh**2)
    place = float(points[np.argmax(second)])
    close = abs(place - 1.0) <= _CURVATURE_TOLERANCE
    return Finding(
        "reproduced" if close else "differs",
        f"largest at +-{place:.4f}",
        "1 to the digit printed; exactly there it is not" if close else "not at 1",
    )


def judge_collapse(evidence: Evidence, claim: Claim) -> Finding:
    """Trainable codes fall together under equation 8 and not under equation 9 (p. 9)."""
    del claim
    if evidence.collapse is None:
        raise Unmeasured("no network with trainable codes has been trained (results/collapse.json)")
    try:
        spreads = {
            name: [float(spread) for spread in evidence.collapse[name]["code_spread"]]
            for name in ("mle", "map")
        }
    except (KeyError, TypeError, ValueError) as error:
        raise Unmeasured("results/collapse.json lacks the code_spread of mle or map") from error
    fewest = min(len(values) for values in spreads.values())
    text = "; ".join(f"{name}: {shown(float(np.mean(v)))}" for name, v in spreads.items())
    if fewest < evidence.choices.minimum_replicates:
        return too_few(spreads["mle"] + spreads["map"], evidence.choices, "of the distance before")
    claimed = max(spreads["mle"]) <= _COLLAPSED < min(spreads["map"])
    reversed_ = min(spreads["mle"]) > _COLLAPSED or max(spreads["map"]) <= _COLLAPSED
    return Finding(
        "reproduced" if claimed else "differs" if reversed_ else "inconclusive",
        text,
        f"least distance between two codes, as a share of that before training; {_COLLAPSED:g} "
        "counts as collapsed",
        replicates=fewest,
    )


def _steps(history: pd.DataFrame, end: str) -> pd.Series[float]:
    """The least (``min``) or greatest (``max``) step size by layer in the first pass."""
    first = history[history["pass"] == 1].iloc[0]
    columns = [c for c in history.columns if c.startswith("step_") and c.endswith(f"_{end}")]
    if not columns:
        raise Unmeasured("history.csv holds no step sizes")
    return first[columns].astype(float)


def step_sizes(evidence: Evidence, claim: Claim) -> list[Row]:
    """The least and the greatest step size of the first pass (p. 10), one row each."""
    if not isinstance(claim.value, tuple):
        raise ValueError(f"{claim.id} has no two ends")
    least, greatest = claim.value

    def judge(end: str, published: float) -> Finding:
        histories = evidence.history(evidence.choices.experiments.undistorted)
        steps = [_steps(history, end) for history in histories]
        values = [float(s.min() if end == "min" else s.max()) for s in steps]
        return judge_ratio(evidence, values, published)

    return [
        (Subject.of(claim, "least", f"{least:g}"), lambda: judge("min", least)),
        (Subject.of(claim, "greatest", f"{greatest:g}"), lambda: judge("max", greatest)),
    ]


def judge_subset(evidence: Evidence, claim: Claim) -> Finding:
    """How far the step sizes of the first pass change with the patterns they are estimated on.

    From replicates that share initial weights, so that in the first pass nothing else differs.
    """
    del claim
    experiment = evidence.choices.experiments.hessian_subset
    histories = evidence.history(experiment)
    ends = [pd.concat([_steps(h, "min"), _steps(h, "max")]) for h in histories]
    errors = evidence.metric(experiment, "test_error_percent")
    if len(ends) < evidence.choices.minimum_replicates:
        return too_few(errors, evidence.choices, "%")
    table = pd.DataFrame(ends)
    spread = table.std(ddof=1) / table.mean()
    worst, limit = float(spread.max()), evidence.choices.roughly
    return Finding(
        "reproduced" if worst <= limit else "differs",
        f"relative sd of the step sizes {shown(worst)} at most",
        f"least and greatest step of each layer in pass 1 over {len(ends)} subsets; up to "
        f"{limit:g} counts as not particularly sensitive; the test errors' sd is "
        f"{shown(float(np.std(errors, ddof=1)))} points",
        float(spread.min()),
        worst,
        len(ends),
    )


def judge_cost(evidence: Evidence, claim: Claim) -> Finding:
    """What share of a pass the estimation of h_kk takes (p. 42)."""
    del claim
    limit = evidence.choices.negligible_share
    share = _bench(evidence, "curvature_share_of_pass")
    return Finding(
        "reproduced" if share <= limit else "differs",
        f"{shown(100 * share)} % of a pass",
        f"up to {100 * limit:g} % counts as next to nothing; timed on one machine",
    )


def judge_time(evidence: Evidence, claim: Claim) -> Finding:
    """The time of one training, on later hardware (p. 15)."""
    history = evidence.history(evidence.choices.experiments.undistorted)[0]
    presentations = int(history["training_presentations"].sum())
    seconds = 1e-6 * _bench(evidence, "microseconds_per_pattern") * presentations
    if not isinstance(claim.value, tuple):
        raise ValueError(f"{claim.id} has no two ends")
    least, greatest = claim.value
    if least <= seconds <= greatest:
        return Finding("reproduced", f"{shown(seconds)} seconds", "within the published range")
    direction = "faster" if seconds < least else "slower"
    ratio = least / seconds if seconds < least else seconds / greatest
    return Finding(
        "differs",
        f"{shown(seconds)} seconds",
        f"ours is {direction}, by a factor of {shown(ratio)} at least: a fact about hardware, not "
        f"about the method; {presentations} presentations, one replicate alone",
    )


def _bench(evidence: Evidence, key: str) -> float:
    if evidence.bench is None or key not in evidence.bench:
        raise Unmeasured(f"no `{key}` in results/bench.json: run `python -m replication bench`")
    return float(evidence.bench[key])
