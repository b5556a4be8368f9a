"""The tables of what was found: the headline, the claims and the audit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from replication.paper import CONTRADICTIONS
from replication.report.charts import DATA
from replication.report.drawing import Source
from replication.report.headline import HEADLINE, NAMES
from replication.report.inputs import Inputs, records
from replication.verdicts.evidence import OUTCOMES
from replication.verdicts.rule import shown

CLAIMS = f"{DATA}/claims.yaml"
VERDICTS = "../verdicts.csv"
# What is to be looked into comes first.
STATUSES = ("contradiction", "departs", "unstated", "faithful")
_DECIMALS = 3


@dataclass(frozen=True)
class Number:
    """Something to show, and where it stands."""

    text: str
    source: Source


@dataclass(frozen=True)
class Headline:
    """One row of the first table; ours and interval are empty where nothing was measured."""

    name: str
    published: Number
    ours: Number
    spread: str
    interval: Number
    replicates: Number
    verdict: str
    reason: str


@dataclass(frozen=True)
class Entry:
    """One row of the claims: a claim, or one entry of a claim that is a table."""

    claim: str
    entry: str
    statement: str
    kind: str
    page: str
    published: Number
    ours: Number
    interval: str
    replicates: int
    verdict: str
    reason: str


@dataclass(frozen=True)
class Group:
    """The claims under one heading of claims.yaml, and how many have each verdict."""

    name: str
    entries: tuple[Entry, ...]
    tally: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Setting:
    """One row of the audit."""

    claim: str
    page: str
    paper: str
    ours: str
    status: str
    reason: str


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
        Number(f"{mean} %" if mean else "", verdict_cell(claim_id, "mean")),
        f"sd {sd}" if sd else "",
        Number(f"{low} to {high} %" if low else "", verdict_cell(claim_id, "low, high")),
        Number(str(row.get("replicates", 0)), verdict_cell(claim_id, "replicates")),
        str(row.get("verdict") or "unmeasured"),
        str(row.get("reason") or "there is no verdict on it in verdicts.csv"),
    )


def verdict_cell(claim: str, column: str) -> Source:
    """The cell of verdicts.csv in the row of ``claim``."""
    return Source(VERDICTS, f"{column} where claim = {claim}")


def _interval(row: Mapping[str, Any]) -> str:
    low, high = (float(row.get(end, math.nan)) for end in ("low", "high"))
    return "" if math.isnan(low) else f"{shown(low)} to {shown(high)}"


def _decimals(number: float) -> str:
    """To `_DECIMALS` decimals, a hundredth of a point being one miss; empty for no number."""
    return "" if math.isnan(number) else f"{number:.{_DECIMALS}f}"


def misses(inputs: Inputs) -> list[tuple[str, Number]]:
    """For each experiment of the headline, the test misses of its replicates."""
    roles = inputs.choices.experiments
    return [
        (
            name,
            Number(
                ", ".join(str(count) for count in inputs.metrics[name]["test_misses"]),
                Source("../metrics.json", f"{name}.test_misses"),
            ),
        )
        for name in (roles.undistorted, roles.distorted)
        if name in inputs.metrics
    ]


def groups(inputs: Inputs) -> list[Group]:
    """All verdicts in the order of the file, under the headings of claims.yaml."""
    found: dict[str, list[Entry]] = {}
    for row in records(inputs.verdicts):
        base = str(row["claim"]).partition(":")[0]
        claim = inputs.paper.claims.get(base)
        heading = claim.heading if claim else CONTRADICTIONS
        statement = claim.statement if claim else str(row["published"])
        found.setdefault(heading, []).append(_entry(row, statement))
    return [
        Group(
            _heading(name),
            tuple(entries),
            tally(entry.verdict for entry in entries),
        )
        for name, entries in found.items()
    ]


def _heading(name: str) -> str:
    words = name.replace("-", " ").replace("lenet", "LeNet-")
    return words[0].upper() + words[1:]


def _entry(row: Mapping[str, Any], statement: str) -> Entry:
    name = str(row["claim"])
    base, _, entry = name.partition(":")
    published = str(row["published"])
    if published == statement:
        published = "as stated"
    source = Source(CLAIMS, base)
    return Entry(
        base,
        entry,
        statement,
        str(row["kind"]),
        str(row["page"]),
        Number(published, source),
        Number(str(row["replicated"]), verdict_cell(name, "replicated")),
        _interval(row),
        int(row["replicates"]),
        str(row["verdict"]),
        str(row["reason"]),
    )


def tally(verdicts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How many there are of each verdict, in the order of `OUTCOMES`."""
    counted = Counter(verdicts)
    return tuple((outcome, counted[outcome]) for outcome in OUTCOMES)


def audit(inputs: Inputs) -> list[Setting] | None:
    """The audit, departures first; None before `audit` has run."""
    if inputs.audit is None:
        return None
    rows = [
        Setting(*(str(row[key]) for key in ("claim", "page", "paper", "ours", "status", "reason")))
        for row in records(inputs.audit)
    ]
    order = {status: place for place, status in enumerate(STATUSES)}
    return sorted(rows, key=lambda row: order.get(row.status, len(order)))
