"""Verdicts on how training begins: p. 13, and Appendices A and B, pp. 40 and 41."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from replication.paper import Claim
from replication.studies.beginnings import BEGINNINGS
from replication.verdicts.evidence import Evidence, Finding, Judges, Row, Subject
from replication.verdicts.rule import judge_mean
from replication.verdicts.statistics import Interval


def _of(evidence: Evidence, subject: str) -> dict[str, pd.DataFrame]:
    """By variant the values of a subject, a row a replicate and a column a step, in their order."""
    table = evidence.study(BEGINNINGS)
    table = table[table["subject"] == subject]
    table = table.astype({"step": str})
    return {
        str(name): rows.pivot_table(index="replicate", columns="step", values="value", sort=False)
        for name, rows in table.groupby("variant", sort=False)
    }


def judge_sums(evidence: Evidence, _: Claim) -> Finding:
    """How many times as far the sums of one layer spread as those of another, before training.

    "In the same range" is taken as `compare.informative_factor`; the power is that of twice that.
    """
    ratios = {
        name: (rows.max(axis=1) / rows.min(axis=1)).tolist()
        for name, rows in _of(evidence, "sums").items()
    }
    printed, root = (ratios[f"power {power}"] for power in ("1", "0.5"))
    factor = evidence.choices.informative_factor
    what = "the most spread layer of LeNet-5 over the least, by 1/F (by its square root {root})"
    claimed, mean = Interval(-math.inf, factor), sum(root) / len(root)
    return judge_mean(printed, evidence.choices, claimed, factor, "times", what, root=mean)


def weights(evidence: Evidence, claim: Claim) -> list[Row]:
    """The weights of a perceptron in its first pass, and from their least on (p. 13)."""

    def judge(part: str) -> Finding:
        ((name, rows),) = _of(evidence, "weights").items()
        least = rows.min(axis=1)
        first, last = rows.iloc[:, 0], rows.iloc[:, -1]
        change = 100 * ((rows.iloc[:, 1] / first) if part == "shrink" else (last / least)) - 100
        claimed = Interval(-math.inf, -1.0) if part == "shrink" else Interval(1.0, math.inf)
        what = "root mean square of the weights of {name} on few patterns, from "
        what += (
            "before to after the first pass" if part == "shrink" else "their least to pass {last}"
        )
        return judge_mean(
            change.tolist(), evidence.choices, claimed, 1.0, "percent", what,
            name=name, last=len(rows.columns) - 1,
        )  # fmt: skip

    return [(Subject.of(claim, part), partial(judge, part)) for part in ("shrink", "grow")]


def judge_faster(evidence: Evidence, claim: Claim) -> Finding:
    """Whether one way ends with a lower squared error than the other, after the same passes.

    The power is that of one which is worse by `compare.roughly` of the error.
    """
    faster, slower = {
        "squashing.symmetric": ("symmetric", "never negative"),
        "training.stochastic": ("stochastic", "batch"),
    }[claim.id]
    variants = _of(evidence, "squashing" if faster == "symmetric" else "updates")
    ends = {name: rows.iloc[:, -1] for name, rows in variants.items()}
    gaps = (ends[slower] - ends[faster]).tolist()
    mean = float(ends[faster].mean())
    what = (
        "squared error of a small perceptron with {slower} less with {faster}, whose own is "
        "{error}, after {passes} passes"
    )
    return judge_mean(
        gaps, evidence.choices, Interval(0.0, math.inf), evidence.choices.roughly * mean, "", what,
        slower=slower, faster=faster, error=mean, passes=len(variants[faster].columns) - 1,
    )  # fmt: skip


JUDGES = Judges(
    claims={
        "init.weighted-sums": judge_sums,
        "squashing.symmetric": judge_faster,
        "training.stochastic": judge_faster,
    },
    tables={"perceptrons.weights-shrink": weights},
    evidence=(BEGINNINGS,),
)
