"""The tables of what came out: the headline, the claims and the audit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from replication.comparison.audit.setting import Setting
from replication.comparison.figures.drawing import DATA, Source
from replication.comparison.figures.inputs import Inputs
from replication.comparison.paper import Status
from replication.comparison.verdicts.claim_checks import Verdict
from replication.comparison.verdicts.evidence import OUTCOMES, Outcome, Wording
from replication.comparison.verdicts.rule import format_number
from replication.report.charts import HEADLINE, NAMES

CLAIMS = f"{DATA}/claims.yaml"
# What is to be looked into comes first.
STATUSES: tuple[Status, ...] = get_args(Status)[::-1]
FIRST: tuple[Outcome, ...] = ("differs", "inconclusive", "unmeasured", "reproduced")
ROLES = {
    "independent": "nothing was chosen by it",
    "fitted": "it helped to choose how the paper is read, so agreement proves little",
    "arithmetic": "it is counted from the architecture",
    "control": "it checks the data or the machine",
    "repeat": "it repeats a number that is counted elsewhere",
}
_DECIMALS = 3


class Number(NamedTuple):
    """Something to show, and where it stands."""

    text: str
    source: Source


class Headline(NamedTuple):
    """One row of the first table; ours and interval are empty where nothing was measured."""

    name: str
    published: Number
    ours: Number
    spread: str
    interval: Number
    replicates: Number
    role: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """A verdict as text, for the page.

    spoken: the entry with its systems named. subject: what it is about. part: which part of it,
    empty for the whole. printed: 1998's number, empty where it is none.
    """

    claim: str
    entry: str
    spoken: str
    statement: str
    subject: str
    part: str
    heading: str
    role: str
    page: str
    published: str
    printed: str
    ours: str
    interval: str
    replicates: int
    power: str
    verdict: str
    reason: str
    source: Verdict

    @property
    def name(self) -> str:
        """Return subject and part."""
        return f"{self.subject} ({self.part})" if self.part else self.subject


class Group(NamedTuple):
    """The verdicts of one kind, and how many there are of each role."""

    verdict: str
    entries: tuple[Entry, ...]
    roles: tuple[tuple[str, int], ...]


def headline(inputs: Inputs) -> list[Headline]:
    """Return test error, training error, distorted test error: 1998, ours, verdict."""
    return [_headline(inputs, claim) for claim in HEADLINE]


def _headline(inputs: Inputs, claim_id: str) -> Headline:
    claim, verdict = inputs.paper.claims[claim_id], inputs.verdict(claim_id)
    off = f" ± {claim.uncertainty:g}" if claim.uncertainty else ""
    name = NAMES[claim_id] + (f", {claim.statement}" if claim.statement else "")
    finding = verdict.finding if verdict else None
    mean, sd, low, high = (
        _decimals(getattr(finding, key, None)) for key in ("mean", "sd", "low", "high")
    )
    return Headline(
        name[0].upper() + name[1:],
        Number(f"{claim.value}{off} %", Source(CLAIMS, claim_id)),
        Number(f"{mean} %" if mean else "", _cell(claim_id, "mean")),
        f"sd {sd}" if sd else "",
        Number(f"{low} to {high} %" if low else "", _cell(claim_id, "low, high")),
        Number(f"{finding.replicates if finding else 0}", _cell(claim_id, "replicates")),
        verdict.subject.role if verdict else claim.role,
        finding.outcome if finding else "unmeasured",
        finding.reason if finding else "there is no verdict on it",
    )


def _cell(claim: str, column: str) -> Source:
    return Source("../verdicts.csv", f"{column} where claim = {claim}")


def _decimals(number: float | None) -> str:
    """To `_DECIMALS` decimals, a hundredth of a point being one miss; empty for no number."""
    return "" if number is None else f"{number:.{_DECIMALS}f}"


def entries(inputs: Inputs) -> list[Entry]:
    """Return all verdicts in the order of the file."""
    return [_entry(verdict, inputs.wording) for verdict in inputs.verdicts]


def _entry(verdict: Verdict, wording: Wording) -> Entry:
    subject, finding = verdict.subject, verdict.finding
    spoken = ", ".join(wording.name(part) for part in verdict.entry.split(":"))
    interval = ""
    if finding.low is not None and finding.high is not None:
        interval = f"{format_number(finding.low)} to {format_number(finding.high)}"
    return Entry(
        claim=verdict.claim,
        entry=verdict.entry,
        spoken=spoken,
        statement=subject.statement,
        subject=subject.about or subject.statement,
        part="" if subject.about else spoken,
        heading=subject.heading,
        role=subject.role,
        page=subject.page,
        published="as stated" if subject.published == subject.statement else subject.published,
        printed=subject.printed,
        ours=finding.ours,
        interval=interval,
        replicates=finding.replicates,
        power="" if finding.power is None else f"{finding.power:.2f}",
        verdict=finding.outcome,
        reason=finding.reason,
        source=verdict,
    )


def groups(entries: Sequence[Entry]) -> list[Group]:
    """Return the verdicts by what they say, what differs first."""
    return [
        Group(
            verdict, own, tuple((role, sum(entry.role == role for entry in own)) for role in ROLES)
        )
        for verdict in FIRST
        if (own := tuple(entry for entry in entries if entry.verdict == verdict))
    ]


def tally(verdicts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return how many there are of each verdict, in the order of `OUTCOMES`."""
    counted = Counter(verdicts)
    return tuple((outcome, counted[outcome]) for outcome in OUTCOMES)


def by_role(entries: Sequence[Entry]) -> list[tuple[str, str, tuple[tuple[str, int], ...]]]:
    """Return each role, what it means, and how many there are of each verdict."""
    return [
        (role, meaning, tally(entry.verdict for entry in entries if entry.role == role))
        for role, meaning in ROLES.items()
        if any(entry.role == role for entry in entries)
    ]


def sort_settings(settings: Sequence[Setting] | None) -> list[Setting] | None:
    """Return the settings of the audit, departures first; None before `audit` has run."""
    if settings is None:
        return None
    return sorted(settings, key=lambda setting: STATUSES.index(setting.status))
