"""What was tried to explain why a published number is another than ours, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from replication.paper import Claim
from replication.report.inputs import Inputs, records
from replication.report.systems import words

# By the end of a hypothesis's name in params.yaml, what it supposes of 1998.
_IDEAS = {
    "sigmoid": "sigmoid units trained by gradient descent",
    "sigmoid-cropped": "sigmoid units on images cropped to 20x20",
    "sigmoid-deslanted": "sigmoid units on deslanted images",
    "size": "fewer training patterns",
    "size-deslanted": "fewer training patterns",
    "distorted-size": "fewer originals beside the distorted images",
    "boxed": "another reduction to 16x16 pixels",
    "steps": "larger steps, and more of them",
    "ridge": "covariances that are not regularised alike",
    "width": "wider or narrower Gaussian units",
    "svm-1995": "the polynomial kernel on plain pixels",
    "divisor": "another divisor of the squared error",
    "range": "another range of the initial weights",
    "passes": "another number of presentations",
    "strength": "weaker distortions",
    "field": "a field so tall that no ink is lost",
}
# What a study measures: the claim that it is about, how it is called here, and its unit.
_MEASURES = {
    "test error": ("systems.error", "test error", " %"),
    "training error": ("", "training error", " %"),
    "rejection": ("systems.rejection", "rejection", " %"),
    "operations": ("systems.operations", "multiply-adds", " thousand"),
}
SIZES = "lenet5.training-size"  # Figure 6
EXPLAINS, NOT = "explains", "does not explain"
_OF_ONE = {EXPLAINS: "explains the number", NOT: "does not explain it"}


class Tried(NamedTuple):
    """A hypothesis on why a number is another than ours, and what its trials decided.

    about: the number in words, such as the test error of a system; empty for none.
    """

    claim: str
    about: str
    hypothesis: str
    evidence: str
    decided: str
    source: str

    @property
    def idea(self) -> str:
        """The hypothesis in words."""
        ends = [end for end in _IDEAS if f"-{self.hypothesis}".endswith(f"-{end}")]
        return _IDEAS[max(ends, key=len)] if ends else self.hypothesis.replace("-", " ")


def hypotheses(inputs: Inputs) -> list[Tried]:
    """What the tables in results/studies that test hypotheses say, in the order of the files."""
    found = []
    for path in sorted((inputs.results / "studies").glob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if {"hypothesis", "decided"} <= set(table.columns):
            source = f"../studies/{path.name}"
            found += [_tried(row, source, inputs.paper.claims) for row in records(table)]
    return found


def _tried(row: Mapping[str, str], source: str, claims: Mapping[str, Claim]) -> Tried:
    """A row: what it is about is a claim, or a ``row`` of a figure and its ``measure``."""
    where, measure = row.get("row", ""), row.get("measure", "")
    base, called, unit = _MEASURES.get(measure, ("", measure, ""))
    size = where.removeprefix("figure6/")
    claim = row.get("claim") or (where if where in claims else f"{base}:{where}")
    if where in claims:
        about = claims[where].statement.removeprefix("and ")
    elif size != where:
        claim = f"{SIZES}:{where}"
        about = f"the {called} of LeNet-5 with {int(size):,} training patterns"
    else:
        about = f"the {called} of {words(where)}" if where else ""
    evidence = row.get("evidence", "")
    if not evidence and {"published", "before", "ours"} <= row.keys():
        published, before, ours = (
            f"{short(float(row[key]))}{unit}" if row[key] else "unknown"
            for key in ("published", "before", "ours")
        )
        evidence = f"{published} in 1998, {before} without it, {ours} with it"
    return Tried(claim, about, row["hypothesis"], evidence, row["decided"], source)


def short(number: float) -> str:
    """Three digits that count, or all before the point; infinity is no limit."""
    if math.isinf(number):
        return "no limit"
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def counted(tried: Sequence[Tried]) -> str:
    """How many explain their number, do not, or stay undecided; of one what it does."""
    if len(tried) == 1:
        return _OF_ONE.get(tried[0].decided, "leaves it undecided")
    explain = sum(one.decided == EXPLAINS for one in tried)
    fail = sum(one.decided == NOT for one in tried)
    rest = len(tried) - explain - fail
    said = [f"{explain or 'none'} explain{'s' * (explain < 2)} the number"]
    said += [f"{fail} {'does' if fail == 1 else 'do'} not"] if explain and fail else []
    return joined([*said, f"{rest} stay{'s' * (rest == 1)} undecided"] if rest else said)


def joined(said: Sequence[str]) -> str:
    """Parts of a sentence in a row, the last after an ``and``."""
    return " and ".join(filter(None, [", ".join(said[:-1]), *said[-1:]]))
