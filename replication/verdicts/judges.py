"""One verdict for every claim of the paper that is not a setting, and for its contradictions.

Each claim has one judge: a function of the evidence that gives a finding, or, where the claim is a
whole table, a function that gives a row for each entry. Settings are the audit's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from replication.paper import Claim
from replication.verdicts import (
    architecture,
    contradictions,
    curves,
    overlap,
    preprocessing,
    systems,
    training,
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

SECTIONS = (
    architecture.JUDGES,
    preprocessing.JUDGES,
    training.JUDGES,
    curves.JUDGES,
    overlap.JUDGES,
    systems.JUDGES,
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
        return Verdict(subject, Finding("unmeasured", "", str(missing)))


def judge_all(evidence: Evidence, judges: Judges) -> list[Verdict]:
    """All verdicts in the order of claims.yaml; Holm's families are its headings."""
    families: dict[str, list[Claim]] = {}
    for claim in evidence.paper.claims.values():
        if claim.kind != "setting":
            families.setdefault(claim.heading, []).append(claim)
    verdicts: list[Verdict] = []
    for claims in families.values():
        heard = [settle(row) for claim in claims for row in rows_of(evidence, judges, claim)]
        verdicts += _family(heard, evidence)
    for contradiction in evidence.paper.contradictions.values():
        judge = partial(judges.contradictions[contradiction.id], evidence, contradiction)
        verdicts.append(settle((Subject.contradiction(contradiction), judge)))
    return verdicts


def _family(verdicts: Sequence[Verdict], evidence: Evidence) -> list[Verdict]:
    findings = {verdict.subject.claim: verdict.finding for verdict in verdicts}
    adjusted = adjust(findings, evidence.choices)
    return [Verdict(verdict.subject, adjusted[verdict.subject.claim]) for verdict in verdicts]


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many verdicts of each kind there are."""
    counted = Counter(verdict.finding.outcome for verdict in verdicts)
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def as_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """The rows of verdicts.csv; a number that a verdict has not is NaN."""
    rows = [
        (
            one.subject.claim,
            one.subject.kind,
            one.subject.role,
            one.subject.page,
            one.subject.published,
            one.finding.replicated,
            one.finding.mean,
            one.finding.sd,
            one.finding.low,
            one.finding.high,
            one.finding.replicates,
            one.finding.outcome,
            one.finding.reason,
        )
        for one in verdicts
    ]
    table = pd.DataFrame(rows, columns=list(VERDICTS.columns))
    return table.astype(dict.fromkeys(("mean", "sd", "low", "high"), "float64"))
