"""Verdicts on how far a digit may be changed and still be recognised (Section III-E, p. 16).

The paper estimates ranges of "accurate recognition" and defines neither accuracy nor which of its
networks it means. Ours is an error of at most ``compare.accurate_percent``, fixed beforehand; each
range ends where the error, linear between the amounts tried, first exceeds that. Every network of
the study is judged, and where they disagree the claim is inconclusive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.paper import Claim
from replication.studies.invariance import COMMAND, COUNTS
from replication.studies.invariance.changes import BOTH_WAYS
from replication.verdicts.evidence import Evidence, Finding, Judges, Outcome, Unmeasured
from replication.verdicts.rule import shown, too_few


def curve(rows: pd.DataFrame, kind: str) -> pd.Series[float]:
    """Percent missed by amount, ascending, over all ``rows`` of the kind.

    The two ways of a shift or a rotation count together, as one amount that is not negative.
    """
    own = rows[rows["kind"] == kind]
    by = own["amount"].abs() if kind in BOTH_WAYS else own["amount"]
    total = own[["misses", "patterns"]].groupby(by.astype("float64")).sum()
    return (100.0 * total["misses"] / total["patterns"]).astype("float64")


def end(steps: NDArray[np.float64], percent: NDArray[np.float64], accurate: float) -> float:
    """Where the error first exceeds ``accurate`` percent on a way that leads from no change.

    Args:
        steps: amounts in the order of the way; percent: the error at each.

    Returns:
        the amount, by linear interpolation; the first one where already that is exceeded; infinity
        where none is.
    """
    beyond = np.flatnonzero(percent > accurate)
    if not len(beyond):
        return math.inf
    place = int(beyond[0])
    if place == 0:
        return float(steps[0])
    before, after = percent[place - 1], percent[place]
    share = (accurate - before) / (after - before)
    return float(steps[place - 1] + share * (steps[place] - steps[place - 1]))


def extent(percent: pd.Series[float], kind: str, accurate: float) -> float:
    """How far recognition is accurate, from a `curve`: an amount, or for scales a ratio.

    "Scale variations up to about a factor of 2" is read as the largest accurate scale over the
    smallest. Infinity where the amounts tried end before the error exceeds ``accurate`` percent.
    """
    steps = np.asarray(percent.index, dtype=np.float64)
    missed = np.asarray(percent, dtype=np.float64)
    if kind != "scale":
        return end(steps, missed, accurate)
    up, down = steps >= 1.0, steps <= 1.0
    largest = end(steps[up], missed[up], accurate)
    smallest = end(steps[down][::-1], missed[down][::-1], accurate)
    return math.inf if math.isinf(smallest) else largest / smallest


def at_limit(percent: pd.Series[float], kind: str, limit: float) -> float:
    """The error at the published limit, in percent; for a ratio of scales, the mean of its ends."""
    ends = [1 / math.sqrt(limit), math.sqrt(limit)] if kind == "scale" else [limit]
    return float(np.mean(np.interp(ends, percent.index.to_numpy(), percent.to_numpy())))


def extents(table: pd.DataFrame, kind: str, accurate: float) -> dict[str, list[float]]:
    """`extent` of each replicate, by experiment in the order of the table."""
    return {
        str(name): [
            extent(curve(one, kind), kind, accurate) for _, one in rows.groupby("replicate")
        ]
        for name, rows in table.groupby("experiment", sort=False)
    }


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """The range of the claim ``invariance.<kind>`` against ours, network by network.

    "About" allows what ``compare.roughly`` does, either way: further than the paper differs too.
    """
    choices, table = evidence.choices, evidence.study(COUNTS)
    kind, published = claim.id.removeprefix("invariance."), claim.number
    ranges = extents(table, kind, choices.accurate_percent)
    enough = {
        name: values for name, values in ranges.items() if len(values) >= choices.minimum_replicates
    }
    if not enough:
        return too_few(
            [value for values in ranges.values() for value in values], choices, claim.unit
        )
    if any(math.isinf(value) for values in enough.values() for value in values):
        raise Unmeasured(
            f"recognition is accurate at every {kind} tried: add larger ones to "
            f"`invariance.{kind}` in params.yaml and run `{COMMAND}`"
        )
    words = {name: _word(values, published, choices.roughly) for name, values in enough.items()}
    limits = {
        name: at_limit(curve(table[table["experiment"] == name], kind), kind, published)
        for name in enough
    }
    every = [value for values in enough.values() for value in values]
    return Finding(
        _outcome(list(words.values())),
        "; ".join(f"{name}: {shown(float(np.mean(v)))}" for name, v in enough.items()),
        f"where {choices.accurate_percent:g} % are missed (the paper defines no limit), within "
        f"{100 * choices.roughly:g} % of the published {published:g} counts as about: "
        + ", ".join(f"{name} {word}" for name, word in words.items())
        + "; missed at the published limit: "
        + ", ".join(f"{name} {shown(value)} %" for name, value in limits.items())
        + "; low to high is over all replicates",
        min(every),
        max(every),
        min(len(values) for values in enough.values()),
    )


def _word(values: Sequence[float], published: float, roughly: float) -> str:
    mean = float(np.mean(values))
    if abs(mean - published) <= roughly * published:
        return "agrees"
    return "reaches further" if mean > published else "reaches less far"


def _outcome(words: Sequence[str]) -> Outcome:
    if all(word == "agrees" for word in words):
        return "reproduced"
    return "inconclusive" if "agrees" in words else "differs"


JUDGES = Judges(
    claims={f"invariance.{kind}": judge for kind in ("scale", "shift", "rotation")},
    evidence=(COUNTS,),
)
