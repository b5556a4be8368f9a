"""How far a test pattern may be changed until it is missed: Section III-E, pp. 15-16.

Nothing is trained: the committed weights of the experiments of ``invariance`` in params.yaml answer
scaled, shifted, rotated and noisy patterns; a few of these pictures are kept with the answers; and
several digits in one wide field give the row of outputs above it (Section II-B, p. 8).

The verdicts: the paper estimates ranges of "accurate recognition" and defines neither accuracy nor
which of its networks it means. Ours is an error of at most ``compare.accurate_percent``, fixed
beforehand; each range ends where the error, linear between the amounts tried, first exceeds that.
Every network of the study is judged, and where they disagree the claim is inconclusive. "Up to" is
one-sided: a network that reaches further agrees.
"""

from __future__ import annotations

import math
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding, Outcome, Unmeasured
from replication.comparison.verdicts.rule import judge_mean, too_few
from replication.comparison.verdicts.statistics import Interval, contrast, power
from replication.files import Table
from replication.studies.invariance.changes import BOTH_WAYS

COMMAND = "python -m replication invariance"
COUNTS = Table(
    "invariance.csv",
    COMMAND,
    ("experiment", "replicate", "kind", "amount", "misses", "patterns"),
    words=("experiment", "kind"),
)
EXAMPLES = Table(
    "invariance_examples.csv",
    COMMAND,
    ("experiment", "kind", "amount", "pattern", "class", "penalty"),
    words=("experiment", "kind"),
)
FIELDS = Table(
    "fields.csv",
    COMMAND,
    ("experiment", "picture", "position", "class", "penalty"),
    words=("experiment",),
)


def compute_curve(rows: pd.DataFrame, kind: str) -> pd.Series[float]:
    """Return the percent missed by amount, ascending, over all ``rows`` of the kind.

    The two ways of a shift or a rotation count together, as one amount that is not negative.
    """
    of_kind = rows[rows["kind"] == kind]
    by = of_kind["amount"].abs() if kind in BOTH_WAYS else of_kind["amount"]
    total = of_kind[["misses", "patterns"]].groupby(by.astype("float64")).sum()
    return (100.0 * total["misses"] / total["patterns"]).astype("float64")


def find_end(steps: NDArray[np.float64], percent: NDArray[np.float64], accurate: float) -> float:
    """Return where the error first exceeds ``accurate`` percent, by linear interpolation.

    ``steps`` are amounts from no change on, ``percent`` the error at each. The first amount if the
    error exceeds already there; infinity if it never does.
    """
    beyond = np.flatnonzero(percent > accurate)
    if not len(beyond):
        return math.inf
    if beyond[0] == 0:
        return float(steps[0])
    around = slice(beyond[0] - 1, beyond[0] + 1)
    return float(np.interp(accurate, percent[around], steps[around]))


def compute_extent(percent: pd.Series[float], kind: str, accurate: float) -> float:
    """Return how far recognition is accurate: an amount, or for scales a ratio.

    "Scale variations up to about a factor of 2" is read as the largest accurate scale over the
    smallest. ``percent`` is as of `compute_curve`. Infinity where the amounts tried end before the
    error exceeds ``accurate`` percent.
    """
    steps = np.asarray(percent.index, dtype=np.float64)
    missed = np.asarray(percent, dtype=np.float64)
    if kind != "scale":
        return find_end(steps, missed, accurate)
    up, down = steps >= 1.0, steps <= 1.0
    largest = find_end(steps[up], missed[up], accurate)
    smallest = find_end(steps[down][::-1], missed[down][::-1], accurate)
    return math.inf if math.isinf(smallest) else largest / smallest


def interpolate_error(percent: pd.Series[float], kind: str, limit: float) -> float:
    """Return the error in percent at the published limit; of a ratio, the mean of its two ends."""
    ends = [1 / math.sqrt(limit), math.sqrt(limit)] if kind == "scale" else [limit]
    return float(np.mean(np.interp(ends, percent.index.to_numpy(), percent.to_numpy())))


def compute_extents(table: pd.DataFrame, kind: str, accurate: float) -> dict[str, list[float]]:
    """Return `compute_extent` of each replicate, by experiment in the order of the table."""
    return {
        str(name): [
            compute_extent(compute_curve(own, kind), kind, accurate)
            for _, own in rows.groupby("replicate")
        ]
        for name, rows in table.groupby("experiment", sort=False)
    }


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the range of the claim ``invariance.<kind>`` against ours, network by network.

    "About" allows what ``compare.roughly`` does. The power is the least of the networks', that of
    one which reaches as much less far again.
    """
    choices, table, named = evidence.choices, evidence.study(COUNTS), evidence.wording.name
    kind, published = claim.id.removeprefix("invariance."), claim.number
    ranges = compute_extents(table, kind, choices.accurate_percent)
    enough = {name: values for name, values in ranges.items()
              if len(values) >= choices.minimum_replicates}  # fmt: skip
    if not enough:
        values = list(chain.from_iterable(ranges.values()))
        return too_few(values, choices, claim.unit, max(map(len, ranges.values()), default=0))
    shift = choices.roughly * published
    limit = published * (1 - choices.roughly if claim.about else 1)
    tried = _largest_amount(table, kind, limit)
    judged, reached, missed = [], [], []
    for name, values in enough.items():
        extents = [min(value, tried) for value in values]
        claimed = Interval(limit, math.inf)
        judged.append(judge_mean(extents, choices, claimed, shift, claim.unit, name))
        reached.append(f"{named(name)}: {np.mean(extents):.4g}")
        curve = compute_curve(table[table["experiment"] == name], kind)
        missed.append(f"{interpolate_error(curve, kind, published):.4g} % by {named(name)}")
    outcomes = {finding.outcome for finding in judged}
    return Finding(
        outcomes.pop() if len(outcomes) == 1 else "inconclusive",
        "; ".join(reached),
        f"{choices.accurate_percent:g} % are missed there (the paper defines no limit), where at "
        f"least {limit:.4g} is claimed of every network, and at the published {published:g} are "
        f"missed {', '.join(missed)}",
        min(finding.low or 0.0 for finding in judged),
        max(finding.high or 0.0 for finding in judged),
        min(finding.replicates for finding in judged),
        shift=-shift,
        power=min(finding.power or 0.0 for finding in judged),
    )


def _largest_amount(table: pd.DataFrame, kind: str, limit: float) -> float:
    """Return the largest amount tried, of scales as a ratio; raise Unmeasured below ``limit``."""
    amounts = table.loc[table["kind"] == kind, "amount"].abs()
    tried = float(amounts.max() / amounts.min() if kind == "scale" else amounts.max())
    if tried < limit:
        raise Unmeasured(
            f"no {kind} as large as {limit:.4g} was tried: add larger ones to "
            f"`invariance.{kind}` in params.yaml and run `{COMMAND}`"
        )
    return tried


def judge_noise(evidence: Evidence, _: Claim) -> Finding:
    """Judge whether training with noise lowers the error at every amount of noise (p. 16).

    The network trained with noise against the one trained without, by the errors of the replicates
    averaged over all amounts above 0; the power is that of a network as much worse.
    """
    choices, table = evidence.choices, evidence.study(COUNTS)
    noisy = table[(table["kind"] == "noise") & (table["amount"] > 0)]
    percent = 100 * noisy["misses"] / noisy["patterns"]
    means = percent.groupby([noisy["experiment"], noisy["amount"]]).mean().unstack("experiment")
    by_replicate = percent.groupby([noisy["experiment"], noisy["replicate"]]).mean()
    names = choices.experiments.undistorted, choices.experiments.noisy
    absent = [name for name in names if name not in means.columns]
    if absent:
        raise Unmeasured(f"{COUNTS.name} has no {', '.join(absent)}: run `{COMMAND}`")
    plain, trained = (by_replicate[name].tolist() for name in names)
    if min(len(plain), len(trained)) < choices.minimum_replicates:
        return too_few(trained, choices, "%")
    change = contrast(trained, plain, choices.confidence)
    lower = means[names[1]] < means[names[0]]
    errors = (f"{percent:.4g} % at {amount:g}" for amount, percent in means[names[1]].items())
    outcome: Outcome = "inconclusive"
    if change.mean.low > 0 and lower.all():
        outcome = "reproduced"
    elif change.mean.high < 0:
        outcome = "differs"
    return Finding(
        outcome,
        f"{change.change:.3g} points fewer missed",
        f"the error is lower at {int(lower.sum())} of {len(lower)} amounts of noise, and with it "
        f"in training the network misses {', '.join(errors)}",
        change.mean.low,
        change.mean.high,
        min(len(plain), len(trained)),
        mean=change.change,
        power=power(abs(change.change), change.deviation, change.freedom, choices.confidence),
    )


CHECKS = Checks(
    claims={
        **{f"invariance.{kind}": judge for kind in ("scale", "shift", "rotation")},
        "noise.resistance": judge_noise,
    },
    outputs=(COUNTS,),
)
