"""The tables of how it was made: experiments, training time, environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from replication.report.drawing import Source, Table, table
from replication.report.inputs import Inputs
from replication.report.listings import CLAIMS, Number, verdict_cell
from replication.runs import RECORD, TIMING

_SECONDS_A_DAY = 86_400


def experiments(inputs: Inputs) -> Table:
    """Every experiment that has been run."""
    rows = []
    for name, entry in inputs.metrics.items():
        seconds = [float(run.timing["seconds"]) for run in inputs.runs[name]
                   if run.has(TIMING) and "seconds" in run.timing]  # fmt: skip
        rows.append(
            (
                name,
                int(entry["replicates"]),
                *(_mean_and_sd(entry[f"{kind}_percent"]) if f"{kind}_percent" in entry else ""
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
        Number(str(row["replicated"]), verdict_cell(claim.id, "replicated")),
        str(row["reason"]),
    )


def environment(inputs: Inputs) -> Table:
    """Packages and machines as the records of the runs name them, with the runs that share them."""
    found: dict[tuple[str, str], list[str]] = {}
    for experiment, runs in inputs.runs.items():
        for number, run in enumerate(runs):
            packages = run.record.get("packages", {}) if run.has(RECORD) else {}
            host = run.timing.get("host", {}) if run.has(TIMING) else {}
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
