"""Verdicts on how training begins: p. 13, and Appendices A and B, pp. 40 and 41."""

import math
from functools import partial

import pandas as pd

from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import Check, Checks, Evidence, Finding, Subject
from replication.comparison.verdicts.rule import judge_mean
from replication.comparison.verdicts.statistics import Interval
from replication.studies.beginnings import BEGINNINGS


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
    printed, root = (ratios[f"power {power}"] for power in ("1", "0.5"))
    factor = evidence.choices.informative_factor
    mean = sum(root) / len(root)
    what = (
        f"the most spread layer of LeNet-5 over the least, by 1/F (by its square root {mean:.4g})"
    )
    claimed = Interval(-math.inf, factor)
    return judge_mean(printed, evidence.choices, claimed, factor, "times", what)


def list_weight_checks(evidence: Evidence, claim: Claim) -> list[Check]:
    """Return checks of a perceptron's weights in the first pass and from their least on (p. 13)."""

    def judge(part: str) -> Finding:
        ((name, rows),) = _load_subject(evidence, "weights").items()
        least = rows.min(axis=1)
        first, last = rows.iloc[:, 0], rows.iloc[:, -1]
        change = 100 * ((rows.iloc[:, 1] / first) if part == "shrink" else (last / least)) - 100
        claimed = Interval(-math.inf, -1.0) if part == "shrink" else Interval(1.0, math.inf)
        from_to = "before to after the first pass"
        if part == "grow":
            from_to = f"their least to pass {len(rows.columns) - 1}"
        what = (
            f"root mean square of the weights of {evidence.wording.name(name)} on few patterns, "
            f"from {from_to}"
        )
        return judge_mean(change.tolist(), evidence.choices, claimed, 1.0, "percent", what)

    return [
        Check(Subject.from_claim(claim, part), partial(judge, part)) for part in ("shrink", "grow")
    ]


def judge_faster(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether one variant ends with a lower squared error than another after equal passes.

    The power is for a variant that is worse by `compare.roughly` of the error.
    """
    faster, slower = {
        "squashing.symmetric": ("symmetric", "never negative"),
        "training.stochastic": ("stochastic", "batch"),
    }[claim.id]
    variants = _load_subject(evidence, "squashing" if faster == "symmetric" else "updates")
    ends = {name: rows.iloc[:, -1] for name, rows in variants.items()}
    gaps = (ends[slower] - ends[faster]).tolist()
    mean = float(ends[faster].mean())
    what = (
        f"squared error of a small perceptron with {slower} less with {faster}, whose own is "
        f"{mean:.4g}, after {len(variants[faster].columns) - 1} passes"
    )
    claimed, shift = Interval(0.0, math.inf), evidence.choices.roughly * mean
    return judge_mean(gaps, evidence.choices, claimed, shift, "", what)


CHECKS = Checks(
    claims={
        "init.weighted-sums": judge_sums,
        "squashing.symmetric": judge_faster,
        "training.stochastic": judge_faster,
    },
    tables={"perceptrons.weights-shrink": list_weight_checks},
    outputs=(BEGINNINGS,),
)
