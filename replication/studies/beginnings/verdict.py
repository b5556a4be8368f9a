"""Verdicts on how training begins: p. 13, and Appendices A and B, pp. 40 and 41."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from replication.paper import Claim
from replication.studies.beginnings import BEGINNINGS
from replication.verdicts.evidence import Evidence, Finding, Judges, Row, Subject
from replication.verdicts.rule import judge_mean, shown
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


def judge_sums(evidence: Evidence, claim: Claim) -> Finding:
    """How many times as far the sums of one layer spread as those of another, before training.

    "In the same range" is taken as `compare.informative_factor`; the power is that of twice that.
    """
    del claim
    ratios = {
        name: (rows.max(axis=1) / rows.min(axis=1)).tolist()
        for name, rows in _of(evidence, "sums").items()
    }
    printed, root = (ratios[f"power {power}"] for power in ("1", "0.5"))
    factor = evidence.choices.informative_factor
    what = (
        "the most spread layer of LeNet-5 over the least, by 1/F (by its square root "
        f"{shown(sum(root) / len(root))})"
    )
    claimed = Interval(-math.inf, factor)
    return judge_mean(printed, evidence.choices, claimed, factor, "times", what)


def weights(evidence: Evidence, claim: Claim) -> list[Row]:
    """The weights of a perceptron in its first pass, and from their least on (p. 13)."""

    def judge(part: str) -> Finding:
        ((name, rows),) = _of(evidence, "weights").items()
        least = rows.min(axis=1)
        first, last = rows.iloc[:, 0], rows.iloc[:, -1]
        change = 100 * ((rows.iloc[:, 1] / first) if part == "shrink" else (last / least)) - 100
        claimed = Interval(-math.inf, -1.0) if part == "shrink" else Interval(1.0, math.inf)
        steps = len(rows.columns) - 1
        where = "the first pass" if part == "shrink" else f"their least to pass {steps}"
        what = f"root mean square of the weights of {name} on few patterns, from "
        what += f"before to after {where}" if part == "shrink" else where
        return judge_mean(change.tolist(), evidence.choices, claimed, 1.0, "percent", what)

    return [(Subject.of(claim, part), partial(judge, part)) for part in ("shrink", "grow")]


def judge_faster(evidence: Evidence, claim: Claim) -> Finding:
    """Whether one way ends with a lower squared error than the other, after the same passes.

    The power is that of one which is worse by `compare.roughly` of the error.
    """
    faster, slower = {
        "squashing.symmetric": ("symmetric", "never negative"),
        "training.stochastic": ("stochastic", "batch"),
    }[claim.id]
    found = _of(evidence, "squashing" if faster == "symmetric" else "updates")
    ends = {name: rows.iloc[:, -1] for name, rows in found.items()}
    gaps = (ends[slower] - ends[faster]).tolist()
    mean = float(ends[faster].mean())
    what = (
        f"squared error of a small perceptron with {slower} less with {faster}, whose own is "
        f"{shown(mean)}, after {len(found[faster].columns) - 1} passes"
    )
    shift = evidence.choices.roughly * mean
    return judge_mean(gaps, evidence.choices, Interval(0.0, math.inf), shift, "", what)


JUDGES = Judges(
    claims={
        "init.weighted-sums": judge_sums,
        "squashing.symmetric": judge_faster,
        "training.stochastic": judge_faster,
    },
    tables={"perceptrons.weights-shrink": weights},
    evidence=(BEGINNINGS,),
)
