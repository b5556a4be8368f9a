"""One verdict for every claim of the paper that is not a setting, and for its contradictions.

Each claim has one check: a function of the evidence that gives a finding, or, where the claim is a
whole table, a function that gives a check for each entry. Settings are the audit's.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from replication.comparison.paper import Claim
from replication.comparison.verdicts import (
    contradictions,
    counts,
    curves,
    effects,
    overlap,
    systems,
)
from replication.comparison.verdicts.evidence import (
    OUTCOMES,
    Check,
    Checks,
    Evidence,
    Finding,
    Outcome,
    Subject,
    Unmeasured,
)
from replication.comparison.verdicts.rule import adjust

SECTIONS = (
    counts.CHECKS,
    curves.CHECKS,
    overlap.CHECKS,
    systems.CHECKS,
    effects.CHECKS,
    contradictions.CHECKS,
)


@dataclass(frozen=True)
class Verdict:
    """A subject and what the evidence says of it."""

    subject: Subject
    finding: Finding

    @property
    def claim(self) -> str:
        """Return the id of the claim, without that of an entry."""
        return self.subject.claim.partition(":")[0]

    @property
    def entry(self) -> str:
        """Return the entry of the claim's table, empty for the claim itself."""
        return self.subject.claim.partition(":")[2]


def merge_checks(parts: Iterable[Checks]) -> Checks:
    """Return all checks as one object; raise ValueError when two of them check the same."""
    every = list(parts)
    claims = Counter(
        name for part in every for name in (*part.claims, *part.tables, *part.contradictions)
    )
    twice = [name for name, count in claims.items() if count > 1]
    if twice:
        raise ValueError(f"{', '.join(twice)} has two checks")
    return Checks(
        {name: judge for part in every for name, judge in part.claims.items()},
        {name: checks for part in every for name, checks in part.tables.items()},
        {name: judge for part in every for name, judge in part.contradictions.items()},
        tuple(output for part in every for output in part.outputs),
    )


def checks_of(evidence: Evidence, checks: Checks, claim: Claim) -> list[Check]:
    """Return the checks of a claim, one for each row; raise KeyError where it has none."""
    if claim.id in checks.tables:
        return checks.tables[claim.id](evidence, claim)
    judge = checks.claims.get(claim.id)
    if judge is None and claim.kind == "count":
        judge = counts.judge_count
    if judge is None:
        raise KeyError(claim.id)
    return [Check(Subject.of(claim), partial(judge, evidence, claim))]


def run_check(check: Check) -> Verdict:
    """Decide a check; evidence that is missing makes the verdict `unmeasured`."""
    try:
        return Verdict(check.subject, check.judge())
    except Unmeasured as missing:
        return Verdict(check.subject, Finding("unmeasured", "", str(missing)))


def run_checks(evidence: Evidence, checks: Checks) -> list[Verdict]:
    """Return all verdicts in the order of claims.yaml; Holm's families are its headings."""
    families: dict[str, list[Claim]] = {}
    for claim in evidence.paper.claims.values():
        if claim.kind != "setting":
            families.setdefault(claim.heading, []).append(claim)
    verdicts: list[Verdict] = []
    for claims in families.values():
        family = [
            run_check(check) for claim in claims for check in checks_of(evidence, checks, claim)
        ]
        findings = adjust([verdict.finding for verdict in family])
        verdicts += [
            replace(verdict, finding=finding)
            for verdict, finding in zip(family, findings, strict=True)
        ]
    for contradiction in evidence.paper.contradictions.values():
        judge = partial(checks.contradictions[contradiction.id], evidence, contradiction)
        verdict = run_check(Check(Subject.contradiction(contradiction), judge))
        if contradiction.basis != "evidence":
            reason = f"{contradiction.basis}: {verdict.finding.reason}"
            verdict = replace(verdict, finding=replace(verdict.finding, reason=reason))
        verdicts.append(verdict)
    return verdicts


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """Count the verdicts by outcome, without those that repeat another row's number."""
    counted = Counter(
        verdict.finding.outcome for verdict in verdicts if verdict.subject.role != "repeat"
    )
    return {outcome: counted[outcome] for outcome in OUTCOMES}
