"""The tables of what was found: the headline, the claims and the audit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from replication.paper import CONTRADICTIONS, Claim
from replication.report.charts import DATA
from replication.report.drawing import Source
from replication.report.explanations import SIZES
from replication.report.headline import HEADLINE, NAMES
from replication.report.inputs import Inputs, records
from replication.report.systems import naming, words
from replication.verdicts.evidence import OUTCOMES, Outcome
from replication.verdicts.rule import format_number

CLAIMS = f"{DATA}/claims.yaml"
DIGITS = "lenet5.misclassified"  # of Figure 8
ORDERING = "ordering"  # the entry of a figure that is about all of its systems
# What is to be looked into comes first.
STATUSES = ("contradiction", "departs", "unstated", "faithful")
FIRST: tuple[Outcome, ...] = ("differs", "inconclusive", "unmeasured", "reproduced")
ROLES = {
    "independent": "nothing was chosen by it",
    "fitted": "it helped to choose how the paper is read, so agreement proves little",
    "arithmetic": "it is counted from the architecture",
    "control": "it checks the data or the machine",
    "repeat": "it repeats a number that is counted elsewhere",
}
_DECIMALS = 3
# audit.csv speaks of the rows above, in its own order.
_ABOVE = {"see above": "what the rows of single settings say", "the rows above hold": "they hold"}


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
    """One verdict: on a claim, or on one entry of a claim that is a table.

    spoken: the entry with systems named as Figure 9 names them. past, mean: 1998's number and
    ours, NaN where there is none. power: how probably it would have been ``differs`` had the truth
    been another. The texts are as shown.
    """

    claim: str
    entry: str
    spoken: str
    statement: str
    heading: str
    role: str
    page: str
    published: str
    ours: str
    past: float
    mean: float
    interval: str
    replicates: int
    power: str
    verdict: str
    reason: str

    @property
    def subject(self) -> str:
        """What it is about, in words where there are any."""
        if self.entry == ORDERING:
            return "the order of all systems by error (Kendall's tau is 1 where it is the same)"
        if self.claim.startswith("systems."):
            return words(self.entry)
        if self.claim == DIGITS and self.entry:
            network, _, what = self.spoken.rpartition(":")
            same = ", with the same answer" if what == "answers" else ""
            return f"how many of Figure 8's digits {network} misses too{same}"
        if self.claim == SIZES:
            size, series, experiment = self.entry.split(":")
            rest = ", presented as often as all" if experiment.endswith("-long") else ""
            return f"{series} error with {int(size):,} training patterns{rest}"
        return self.statement or self.claim

    @property
    def part(self) -> str:
        """Which part of the subject, empty for the whole."""
        whole = self.claim.startswith("systems.") or self.claim in (SIZES, DIGITS)
        return "" if whole else self.spoken.replace(":", ", ")

    @property
    def name(self) -> str:
        """Subject and part."""
        return f"{self.subject} ({self.part})" if self.part else self.subject

    @property
    def printed(self) -> str:
        """1998's number as printed, empty where it is none."""
        return self.published if self.published[:1].isdigit() else ""


class Group(NamedTuple):
    """The verdicts of one kind, and how many there are of each role."""

    verdict: str
    entries: tuple[Entry, ...]
    roles: tuple[tuple[str, int], ...]


def headline(inputs: Inputs) -> list[Headline]:
    """Test error, training error, distorted test error: 1998, ours, verdict."""
    return [_headline(inputs, claim) for claim in HEADLINE]


def _headline(inputs: Inputs, claim_id: str) -> Headline:
    claim = inputs.paper.claims[claim_id]
    row: Mapping[str, Any] = inputs.verdict(claim_id) or {}
    off = f" ± {claim.uncertainty:g}" if claim.uncertainty else ""
    mean, sd, low, high = (
        _decimals(float(row.get(key, math.nan))) for key in ("mean", "sd", "low", "high")
    )
    name = NAMES[claim_id] + (f", {claim.statement}" if claim.statement else "")
    return Headline(
        name[0].upper() + name[1:],
        Number(f"{claim.value}{off} %", Source(CLAIMS, claim_id)),
        Number(f"{mean} %" if mean else "", _cell(claim_id, "mean")),
        f"sd {sd}" if sd else "",
        Number(f"{low} to {high} %" if low else "", _cell(claim_id, "low, high")),
        Number(str(row.get("replicates", 0)), _cell(claim_id, "replicates")),
        str(row.get("role") or claim.role),
        str(row.get("verdict") or "unmeasured"),
        str(row.get("reason") or "there is no verdict on it in verdicts.csv"),
    )


def _cell(claim: str, column: str) -> Source:
    return Source("../verdicts.csv", f"{column} where claim = {claim}")


def _decimals(number: float) -> str:
    """To `_DECIMALS` decimals, a hundredth of a point being one miss; empty for no number."""
    return "" if math.isnan(number) else f"{number:.{_DECIMALS}f}"


def entries(inputs: Inputs) -> list[Entry]:
    """All verdicts in the order of the file."""
    named = naming(inputs)
    return [_entry(inputs, row, named) for row in records(inputs.verdicts)]


def _entry(inputs: Inputs, row: Mapping[str, Any], named: Callable[[str], str]) -> Entry:
    name, published = str(row["claim"]), str(row["published"])
    base, _, entry = name.partition(":")
    claim = inputs.paper.claims.get(base)
    statement = claim.statement or _section(claim) if claim else published
    low, high, power, value = (
        float(row.get(key, math.nan)) for key in ("low", "high", "power", "value")
    )
    return Entry(
        base,
        entry,
        named(entry),
        statement.removeprefix("and "),
        claim.heading if claim else CONTRADICTIONS,
        str(row["role"]),
        str(row["page"]),
        "as stated" if published == statement else published,
        named(str(row["replicated"])),
        float(published.split()[0]) if base == SIZES else value,
        float(row["mean"]),
        "" if math.isnan(low) else f"{format_number(low)} to {format_number(high)}",
        int(row["replicates"]),
        "" if math.isnan(power) else f"{power:.2f}",
        str(row["verdict"]),
        named(str(row["reason"])),
    )


def _section(claim: Claim) -> str:
    return claim.section if claim.section[:3] in ("Fig", "App") else f"Section {claim.section}"


def groups(entries: Sequence[Entry]) -> list[Group]:
    """The verdicts by what they say, what differs first."""
    return [
        Group(verdict, own, tuple((role, sum(one.role == role for one in own)) for role in ROLES))
        for verdict in FIRST
        if (own := tuple(one for one in entries if one.verdict == verdict))
    ]


def tally(verdicts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How many there are of each verdict, in the order of `OUTCOMES`."""
    counted = Counter(verdicts)
    return tuple((outcome, counted[outcome]) for outcome in OUTCOMES)


def by_role(entries: Sequence[Entry]) -> list[tuple[str, str, tuple[tuple[str, int], ...]]]:
    """For each role its name, what it means, and how many there are of each verdict."""
    return [
        (role, meaning, tally(one.verdict for one in entries if one.role == role))
        for role, meaning in ROLES.items()
        if any(one.role == role for one in entries)
    ]


def audit(inputs: Inputs) -> list[dict[str, Any]] | None:
    """The rows of the audit, departures first; None before `audit` has run."""
    if inputs.audit is None:
        return None
    order = {status: place for place, status in enumerate(STATUSES)}
    rows = records(inputs.audit)
    for row in rows:
        for above, there in _ABOVE.items():
            row |= {key: row[key].replace(above, there) for key in ("paper", "reason")}
    return sorted(rows, key=lambda row: order.get(row["status"], len(order)))
