"""One verdict for every claim of the paper that is not a setting, and for its contradictions.

Each claim has one judge: a function of the evidence that gives a finding, or, where the claim is a
whole table, a function that gives a row for each entry. Settings are the audit's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial

import pandas as pd

from replication.paper import Claim
from replication.verdicts import (
    architecture,
    contradictions,
    curves,
    effects,
    overlap,
    preprocessing,
    systems,
    training,
    words,
)
from replication.verdicts.evidence import (
    OUTCOMES,
    VERDICTS,
    Evidence,
    Finding,
    Judges,
    Outcome,
    Row,
    Subject,
    Unmeasured,
)
from replication.verdicts.rule import adjust
from replication.verdicts.words import Words

SECTIONS = (
    architecture.JUDGES,
    preprocessing.JUDGES,
    training.JUDGES,
    curves.JUDGES,
    overlap.JUDGES,
    systems.JUDGES,
    effects.JUDGES,
    contradictions.JUDGES,
)


@dataclass(frozen=True)
class Verdict:
    """A subject and what the evidence says of it."""

    subject: Subject
    finding: Finding


def merged(parts: Iterable[Judges]) -> Judges:
    """All judges as one; ValueError when two of them judge the same."""
    every = list(parts)
    claims = [name for part in every for name in (*part.claims, *part.tables)]
    claims += [name for part in every for name in part.contradictions]
    twice = [name for name, count in Counter(claims).items() if count > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)} has two judges")
    return Judges(
        {name: judge for part in every for name, judge in part.claims.items()},
        {name: judge for part in every for name, judge in part.tables.items()},
        {name: judge for part in every for name, judge in part.contradictions.items()},
        tuple(output for part in every for output in part.evidence),
    )


def rows_of(evidence: Evidence, judges: Judges, claim: Claim) -> list[Row]:
    """The rows of verdicts.csv that a claim has; KeyError for a claim that nobody judges."""
    if claim.id in judges.tables:
        return judges.tables[claim.id](evidence, claim)
    judge = judges.claims.get(claim.id)
    if judge is None and claim.kind == "count":
        judge = architecture.judge_count
    if judge is None:
        raise KeyError(claim.id)
    return [(Subject.of(claim), partial(judge, evidence, claim))]


def settle(row: Row) -> Verdict:
    """Hear a judge; evidence that is missing makes the verdict `unmeasured`."""
    subject, judge = row
    try:
        return Verdict(subject, judge())
    except Unmeasured as missing:
        return Verdict(subject, Finding("unmeasured", words.MISSING, {"what": str(missing)}))


def judge_all(evidence: Evidence, judges: Judges) -> list[Verdict]:
    """All verdicts in the order of claims.yaml; Holm's families are its headings."""
    families: dict[str, list[Claim]] = {}
    for claim in evidence.paper.claims.values():
        if claim.kind != "setting":
            families.setdefault(claim.heading, []).append(claim)
    verdicts: list[Verdict] = []
    for claims in families.values():
        heard = [settle(row) for claim in claims for row in rows_of(evidence, judges, claim)]
        adjusted = adjust({one.subject.claim: one.finding for one in heard})
        verdicts += [Verdict(one.subject, adjusted[one.subject.claim]) for one in heard]
    for contradiction in evidence.paper.contradictions.values():
        judge = partial(judges.contradictions[contradiction.id], evidence, contradiction)
        one = settle((Subject.contradiction(contradiction), judge))
        if contradiction.basis != "evidence":
            ours, reason = one.finding.words
            says = Words(ours, f"{contradiction.basis}: {reason}")
            one = replace(one, finding=replace(one.finding, words=says))
        verdicts.append(one)
    return verdicts


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many verdicts of each kind there are; what repeats another row's number isn't counted."""
    counted = Counter(one.finding.outcome for one in verdicts if one.subject.role != "repeat")
    return {outcome: counted[outcome] for outcome in OUTCOMES}


_TESTS = ("one_run", "one_run_holm", "mean", "mean_holm", "equivalence")
_NUMBERS = ("mean", "sd", "low", "high", "shift", "power")


def as_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """The rows of verdicts.csv; a number that a verdict has not is NaN."""
    rows = []
    for subject, finding in ((one.subject, one.finding) for one in verdicts):
        row = asdict(subject) | {
            "replicated": finding.replicated,
            "replicates": finding.replicates,
            "verdict": finding.outcome,
            "reason": finding.reason,
        }
        row |= {name: getattr(finding, name) for name in _NUMBERS}
        rows.append(row | {f"p_{name}": getattr(finding.tests, name, None) for name in _TESTS})
    table = VERDICTS.frame(rows)
    numbers = ("value", *_NUMBERS, *(f"p_{name}" for name in _TESTS))
    return table.astype(dict.fromkeys(numbers, "float64"))
