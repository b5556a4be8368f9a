"""One verdict for every claim of the paper that is not a setting, and for its contradictions.

Each claim has one check: a function of the evidence that returns a finding, or, where the claim is
a whole table, a function that returns a check for each entry. The audit judges the settings.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from replication.comparison.evaluation.errors import find_misses
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
    SORTS,
    Check,
    Checks,
    Evidence,
    Finding,
    Outcome,
    Subject,
    Unmeasured,
    Wording,
    experiment_for,
)
from replication.comparison.verdicts.statistics import Interval, cluster_interval, wilson
from replication.files import Document, Table

SECTIONS = tuple(
    section.CHECKS for section in (counts, curves, overlap, systems, effects, contradictions)
)
COMPARE = "python -m replication compare"
_NUMBERS = ("mean", "sd", "low", "high", "replicates", "shift", "power", "power_tenth",
            "p_equivalence")  # fmt: skip
_SUBJECT = ("claim", "kind", "role", "page", "published", "value")
VERDICTS = Table(
    "verdicts.csv",
    COMPARE,
    (*_SUBJECT, "replicated", *_NUMBERS, "verdict", "reason"),
    words=("claim", "kind", "role", "page", "published", "replicated", "verdict", "reason"),
)
# The three numbers at the top of the page and of README.md.
HEADLINE = ("lenet5.test-error", "lenet5.training-error", "lenet5.distorted-test-error")
HEADLINE_FILE = Document("headline.json", COMPARE)


@dataclass(frozen=True)
class Verdict:
    """A subject and the finding on it, with the names of systems for its texts."""

    subject: Subject
    finding: Finding
    wording: Wording

    @property
    def claim(self) -> str:
        """Return the id of the claim, without that of an entry."""
        return self.subject.claim.partition(":")[0]

    @property
    def entry(self) -> str:
        """Return the entry of the claim's table, empty for the claim itself."""
        return self.subject.claim.partition(":")[2]

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the finding."""
        return self.finding.outcome

    @property
    def spoken(self) -> str:
        """Return the entry with its systems named."""
        return ", ".join(self.wording.name(part) for part in self.entry.split(":"))

    @property
    def title(self) -> str:
        """Return the subject in words, without the entry."""
        return self.subject.about or self.subject.statement

    @property
    def part(self) -> str:
        """Return the entry in words, empty where the title names it."""
        return "" if self.subject.about else self.spoken

    @property
    def name(self) -> str:
        """Return title and part."""
        return f"{self.title} ({self.part})" if self.part else self.title


def merge_checks(parts: Iterable[Checks]) -> Checks:
    """Return all checks as one object; raise ValueError when two of them check the same."""
    parts = list(parts)
    counted = Counter(
        name for part in parts for name in (*part.claims, *part.tables, *part.contradictions)
    )
    if repeated := [name for name, count in counted.items() if count > 1]:
        raise ValueError(f"{', '.join(repeated)} has two checks")
    return Checks(
        dict(item for part in parts for item in part.claims.items()),
        dict(item for part in parts for item in part.tables.items()),
        dict(item for part in parts for item in part.contradictions.items()),
        tuple(output for part in parts for output in part.outputs),
    )


def checks_for(evidence: Evidence, checks: Checks, claim: Claim) -> list[Check]:
    """Return the checks of a claim, one for each row; raise KeyError where it has none."""
    if claim.id in checks.tables:
        return checks.tables[claim.id](evidence, claim)
    counted = claim.kind == "count" and claim.id not in checks.claims
    judge = counts.judge_count if counted else checks.claims[claim.id]
    return [Check(Subject.from_claim(claim), partial(judge, evidence, claim))]


def run_check(check: Check, wording: Wording) -> Verdict:
    """Decide a check; missing evidence makes the verdict `unmeasured`."""
    try:
        finding = check.judge()
    except Unmeasured as missing:
        finding = Finding("unmeasured", "", str(missing))
    return Verdict(check.subject, finding, wording)


def run_checks(evidence: Evidence, checks: Checks) -> list[Verdict]:
    """Return all verdicts, in the order of claims.yaml."""
    verdicts = [
        run_check(check, evidence.wording)
        for claim in evidence.paper.claims.values()
        if claim.kind != "setting"
        for check in checks_for(evidence, checks, claim)
    ]
    for contradiction in evidence.paper.contradictions.values():
        judge = partial(checks.contradictions[contradiction.id], evidence, contradiction)
        verdict = run_check(
            Check(Subject.from_contradiction(contradiction), judge), evidence.wording
        )
        if contradiction.basis != "evidence":
            reason = f"{contradiction.basis}: {verdict.finding.reason}"
            verdict = replace(verdict, finding=replace(verdict.finding, reason=reason))
        verdicts.append(verdict)
    return verdicts


def tally(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """Count the verdicts by outcome, each published number or statement once.

    Left out are rows that repeat another row's number, notes, and the paper's contradictions.
    """
    counted = Counter(verdict.outcome for verdict in verdicts if verdict.subject.counts)
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def tally_by_sort(verdicts: Iterable[Verdict], role: str = "") -> dict[str, dict[Outcome, int]]:
    """Count the verdicts, of one role where it is given, by sort and outcome."""
    chosen = [verdict for verdict in verdicts if role in ("", verdict.subject.role)]
    return {
        sort: tally(verdict for verdict in chosen if verdict.subject.sort == sort)
        for sort in dict.fromkeys(SORTS.values())
    }


def tabulate_verdicts(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Return the rows of verdicts.csv; a number that a verdict does not have is NaN."""
    rows = []
    for verdict in verdicts:
        finding = verdict.finding
        row = asdict(verdict.subject) | {name: getattr(finding, name) for name in _NUMBERS}
        more = {"replicated": finding.ours, "verdict": finding.outcome, "reason": finding.reason}
        rows.append(row | more)
    numbers = {"value", *_NUMBERS} - {"replicates"}
    table = pd.DataFrame(rows, columns=list(VERDICTS.columns))
    return table.astype(dict.fromkeys(numbers, "float64"))


def summarise_headline(verdicts: Sequence[Verdict], evidence: Evidence) -> dict[str, Any]:
    """Return the means over the replicates in percent by claim, and how many verdicts there are.

    ``roles`` has for each role how many verdicts there are of each kind.
    ``other_patterns`` and ``other_writers`` are the ends of the interval of a test error, in
    percent, over test patterns of the same kind (Wilson's, as if the mean were one network's error)
    and over patterns of other writers.
    """
    means = {
        verdict.subject.claim: round(verdict.finding.mean, 6)
        for verdict in verdicts
        if verdict.subject.claim in HEADLINE and verdict.finding.mean is not None
    }
    tested = [claim for claim in means if evidence.paper.claims[claim].series == "test"]
    patterns, confidence = len(evidence.labels), evidence.choices.confidence
    over_patterns = {
        claim: _in_percent(wilson(round(means[claim] * patterns / 100), patterns, confidence))
        for claim in tested
    }
    over_writers = {}
    for claim in tested if len(evidence.test_writers) else ():
        name = experiment_for(evidence.paper.claims[claim], evidence.choices)
        answers = evidence.require_answers(name)
        missed = np.mean([find_misses(each.classes, evidence.labels) for each in answers], axis=0)
        interval = cluster_interval(missed, evidence.test_writers, confidence)
        over_writers[claim] = _in_percent(interval)
    return {
        "percent": means,
        "other_patterns": over_patterns,
        "other_writers": over_writers,
        "verdicts": tally(verdicts),
        "independent": tally_by_sort(verdicts, "independent"),
        "roles": {
            role: tally(verdict for verdict in verdicts if verdict.subject.role == role)
            for role in dict.fromkeys(v.subject.role for v in verdicts if v.subject.counts)
        },
    }


def _in_percent(interval: Interval) -> list[float]:
    return [round(100 * end, 4) for end in interval]
