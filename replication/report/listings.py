"""The tables of the page: headline, claims, audit, experiments, speed, environment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from replication.claims import CONTRADICTIONS
from replication.comparison.evidence import OUTCOMES
from replication.comparison.measured import shown
from replication.report.charts import DATA, HEADLINE, NAMES
from replication.report.drawing import Source, Table, table
from replication.report.inputs import Inputs, records

CLAIMS = f"{DATA}/claims.yaml"
VERDICTS = "../verdicts.csv"
# What is to be looked into comes first.
STATUSES = ("departs", "unstated", "faithful")
_SECONDS_A_DAY = 86_400


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
    row = inputs.verdict(claim_id) or dict.fromkeys(("replicated", "reason"), "")
    off = f" ± {claim.uncertainty:g}" if claim.uncertainty else ""
    ours, _, spread = str(row["replicated"]).partition(" (")
    name = NAMES[claim_id] + (f", {claim.statement}" if claim.statement else "")
    return Headline(
        name[0].upper() + name[1:],
        Number(f"{claim.value}{off} %", Source(CLAIMS, claim_id)),
        Number(ours, _cell(claim_id, "replicated")),
        spread.removesuffix(")"),
        Number(_interval(row, " %"), _cell(claim_id, "low, high")),
        Number(str(row.get("replicates", 0)), _cell(claim_id, "replicates")),
        str(row.get("verdict") or "unmeasured"),
        str(row["reason"]) or "there is no verdict on it in verdicts.csv",
    )


def _cell(claim: str, column: str) -> Source:
    return Source(VERDICTS, f"{column} where claim = {claim}")


def _interval(row: Mapping[str, Any], unit: str = "") -> str:
    low, high = (float(row.get(end, math.nan)) for end in ("low", "high"))
    return "" if math.isnan(low) else f"{shown(low)} to {shown(high)}{unit}"


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
        heading = claim.section_group if claim else CONTRADICTIONS
        statement = claim.statement if claim else ""
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
    words = name.replace("-", " ").replace("lenet", "LeNet")
    return words[0].upper() + words[1:]


def _entry(row: Mapping[str, Any], statement: str) -> Entry:
    name = str(row["claim"])
    base, _, entry = name.partition(":")
    published = str(row["published"])
    if published == statement:
        statement = ""
    source = Source(CLAIMS, base)
    return Entry(
        base,
        entry,
        statement,
        str(row["kind"]),
        str(row["page"]),
        Number(published, source),
        Number(str(row["replicated"]), _cell(name, "replicated")),
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


def experiments(inputs: Inputs) -> Table:
    """Every experiment that has been run."""
    rows = []
    for name, entry in inputs.metrics.items():
        seconds = [float(run.timing["seconds"]) for run in inputs.runs[name]
                   if run.timing and "seconds" in run.timing]  # fmt: skip
        rows.append(
            (
                name,
                int(entry["replicates"]),
                *(_mean_and_sd(entry[f"{kind}_percent"])
                  for kind in ("test_error", "training_error", "rejection")),
                f"{sum(seconds) / len(seconds):.0f}" if seconds else "",
            )
        )  # fmt: skip
    columns = ("experiment", "runs", "test error, %", "training error, %", "to reject, %",
               "seconds a run")  # fmt: skip
    return Table(columns, table(columns, rows).rows, frozenset(range(1, len(columns))))


def _mean_and_sd(metric: Mapping[str, Any]) -> str:
    values = metric["values"]
    mean = sum(values) / len(values)
    sd = metric.get("sd")
    return f"{mean:.3f}" if sd is None else f"{mean:.3f} (sd {float(sd):.3f})"


def training_time(inputs: Inputs) -> tuple[Number, Number, str] | None:
    """1998's days of one training, ours, and the verdict's reason; None when it has no verdict."""
    claim, row = inputs.paper.claims["lenet5.training-time"], inputs.verdict("lenet5.training-time")
    if row is None or not row["replicated"] or not isinstance(claim.value, tuple):
        return None
    days = " to ".join(f"{seconds / _SECONDS_A_DAY:g}" for seconds in claim.value)
    return (
        Number(f"{days} days", Source(CLAIMS, claim.id)),
        Number(str(row["replicated"]), _cell(claim.id, "replicated")),
        str(row["reason"]),
    )


def bench(content: Mapping[str, Any]) -> Table:
    """results/bench.json, a row a figure: what was repeated with its least and greatest."""
    columns = ("figure", "median or value", "least", "greatest", "repeats")
    return Table(columns, tuple(_figures(content, "")), frozenset(range(1, len(columns))))


def _figures(content: Any, name: str) -> list[tuple[str, str, str, str, str]]:
    if isinstance(content, Mapping) and content.keys() >= {"median", "min", "max"}:
        median, least, most, count = (
            _scalar(content.get(key)) for key in ("median", "min", "max", "repeats")
        )
        return [(name, median, least, most, count)]
    if isinstance(content, Mapping):
        return [row for key, value in content.items()
                for row in _figures(value, f"{name}.{key}" if name else str(key))]  # fmt: skip
    if isinstance(content, list):
        return [(name, ", ".join(_scalar(value) for value in content), "", "", "")]
    return [(name, _scalar(content), "", "", "")]


def _scalar(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3e}"
    return "" if value is None else str(value)


def environment(inputs: Inputs) -> Table:
    """Packages and machines as the records of the runs name them, with the runs that share them."""
    found: dict[tuple[str, str], list[str]] = {}
    for experiment, runs in inputs.runs.items():
        for number, run in enumerate(runs):
            packages = (run.record or {}).get("packages", {})
            host = (run.timing or {}).get("host", {})
            for name, value in [*sorted(packages.items()), *sorted(host.items())]:
                found.setdefault((str(name), str(value)), []).append(f"{experiment} {number}")
    total = sum(len(runs) for runs in inputs.runs.values())
    rows = [
        (name, value, "all runs" if len(names) == total else _some(names))
        for (name, value), names in sorted(found.items())
    ]
    return table(("what", "version or kind", "recorded by"), rows)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
