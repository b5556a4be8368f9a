"""How training begins: sums, weights and criteria of the first passes (p. 13; Appendices A and B).

Small on purpose, since the paper states directions only. `BEGINNINGS` has one number per row:

* ``sums``: the standard deviation of the weighted sums of a layer of LeNet-5 before training, over
  units and patterns, with the printed initial range and with the one in force;
* ``weights``: root mean square of the weights of the perceptron with 300 hidden units by pass;
* ``squashing`` and ``updates``: the squared error of a small perceptron by pass, with squashing
  functions that are symmetric or never negative, updated pattern by pattern or all at once; each
  with the best of the same learning rates.
"""

import math
from dataclasses import replace
from statistics import fmean

import pandas as pd

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding
from replication.comparison.verdicts.rule import judge_mean
from replication.comparison.verdicts.statistics import Interval
from replication.files import Table

PRINTED, IN_FORCE = "printed range", "range in force"
BEGINNINGS = Table(
    "beginnings.csv",
    "python -m replication beginnings",
    ("subject", "variant", "replicate", "step", "value"),
    words=("subject", "variant", "step"),
)


def _load_subject(evidence: Evidence, subject: str) -> dict[str, pd.DataFrame]:
    """Return by variant the values of a subject: (replicates, steps), in their order."""
    table = evidence.study(BEGINNINGS).astype({"step": str})
    table = table[table["subject"] == subject]
    return {
        str(name): rows.pivot_table(index="replicate", columns="step", values="value", sort=False)
        for name, rows in table.groupby("variant", sort=False)
    }


def judge_sums(evidence: Evidence, _: Claim) -> Finding:
    """Judge how many times as far the sums of one layer spread as those of another, untrained.

    "In the same range" is taken as `compare.informative_factor`; the power is for twice that.
    """
    ratios = {
        name: (rows.max(axis=1) / rows.min(axis=1)).tolist()
        for name, rows in _load_subject(evidence, "sums").items()
    }
    factor = evidence.choices.informative_factor
    what = (
        "the most spread layer of LeNet-5 over the least with 2.4/F (with the range in force "
        f"{fmean(ratios[IN_FORCE]):.4g})"
    )
    claimed = Interval(-math.inf, factor)
    return judge_mean(ratios[PRINTED], evidence.choices, claimed, factor, "times", what)


def judge_weights(evidence: Evidence, _: Claim) -> Finding:
    """Judge whether a perceptron's weights shrink in the first pass, before they grow (p. 13)."""
    ((name, rows),) = _load_subject(evidence, "weights").items()
    change = 100 * (rows.iloc[:, 1] / rows.iloc[:, 0]) - 100
    what = (
        f"root mean square of the weights of {evidence.wording.name(name)} on few patterns, from "
        "before to after the first pass"
    )
    claimed = Interval(-math.inf, -1.0)
    return judge_mean(change.tolist(), evidence.choices, claimed, 1.0, "percent", what)


# By claim: the subject, the variant that is claimed to be faster, and the other.
_FASTER = {
    "squashing.symmetric": ("squashing", "symmetric", "never negative"),
    "training.stochastic": ("updates", "stochastic", "batch"),
}


def judge_faster(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether one variant ends with a lower squared error than another after equal passes.

    A small perceptron decides nothing when the variant that is better in the mean changes from one
    pass to another. The power is for a variant that is worse by `compare.roughly` of the error.
    """
    subject, faster, slower = _FASTER[claim.id]
    variants = _load_subject(evidence, subject)
    ends = {name: rows.iloc[:, -1] for name, rows in variants.items()}
    gaps = (ends[slower] - ends[faster]).tolist()
    mean = float(ends[faster].mean())
    what = (
        f"squared error of a small perceptron with {slower} less with {faster}, whose own is "
        f"{mean:.4g}, after {len(variants[faster].columns) - 1} passes"
    )
    claimed, shift = Interval(0.0, math.inf), evidence.choices.roughly * mean
    finding = judge_mean(gaps, evidence.choices, claimed, shift, "", what)
    means = (variants[slower] - variants[faster]).iloc[:, 1:].mean()
    if (means > 0).all() or (means < 0).all():
        return finding
    turned = f"; in pass 1 it is {means.iloc[0]:.4g}, so the passes decide, and not the claim"
    return replace(finding, outcome="inconclusive", reason=finding.reason + turned)


CHECKS = Checks(
    claims={
        "init.weighted-sums": judge_sums,
        "perceptrons.weights-shrink": judge_weights,
        **dict.fromkeys(_FASTER, judge_faster),
    },
    outputs=(BEGINNINGS,),
)
