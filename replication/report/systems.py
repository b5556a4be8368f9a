"""What Figures 9 to 12 (pp. 12-15) compare, a row a system: 1998, ours and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from replication.report.charts import DATA
from replication.report.drawing import Source, Table, table
from replication.report.inputs import Inputs, records
from replication.report.listings import Entry, Group, verdict_cell

PUBLISHED = f"{DATA}/figures9_to_12_systems.csv"


class Shown(NamedTuple):
    """What one of the four figures shows.

    Attributes:
        name, title: of our figure. claim: in claims.yaml. label: of the axis.
        column: of the file of 1998; empty cells were not published.
        metric: of metrics.json.
        ticks: candidates, ascending; a scale that starts at nought is drawn by square roots, the
            others by logarithms.
    """

    name: str
    title: str
    claim: str
    label: str
    column: str
    metric: str
    ticks: tuple[float, ...]


_DECADES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
ERROR = Shown(
    "figure9", "Figure 9: test error", "systems.error", "test error, percent",
    "test_error_percent", "test_error_percent", (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
)  # fmt: skip
REJECTION = Shown(
    "figure10", "Figure 10: rejection", "systems.rejection", "to be rejected, percent",
    "reject_percent_for_0.5_percent_error", "rejection_percent",
    (0, 1, 5, 10, 20, 40, 60, 80, 100),
)  # fmt: skip
OPERATIONS = Shown(
    "figure11", "Figure 11: multiply-adds", "systems.operations", "thousands of multiply-adds",
    "operations_thousands", "operations_thousands", _DECADES,
)  # fmt: skip
MEMORY = Shown(
    "figure12", "Figure 12: memory", "systems.memory", "thousands of variables",
    "memory_thousands", "memory_thousands", _DECADES,
)  # fmt: skip
FIGURES = (ERROR, REJECTION, OPERATIONS, MEMORY)


class Line(NamedTuple):
    """One system in one of the figures.

    Attributes:
        name: ``system/database``. experiment: of params.yaml, empty when none stands for it.
        published: None where the figure leaves it out.
        values: ours, one a replicate.
        verdict, reason: of verdicts.csv, empty where there is nothing to compare with.
    """

    name: str
    experiment: str
    published: float | None
    values: tuple[float, ...]
    verdict: str
    reason: str


@dataclass(frozen=True)
class Judged(Table):
    """A table whose cells name their sources; the words in column ``verdict`` are verdicts."""

    sources: tuple[tuple[Source | None, ...], ...] = ()
    verdict: int = 0


def lines(inputs: Inputs, shown: Shown) -> list[Line]:
    """A line for each row of the file of 1998."""
    found = []
    for row in records(inputs.paper.systems):
        name = f"{row['system']}/{row['database']}"
        experiment = inputs.choices.systems.get(name, "")
        past = float(row[shown.column])
        verdict = inputs.verdict(f"{shown.claim}:{name}") or {"verdict": "", "reason": ""}
        found.append(
            Line(
                name,
                experiment if experiment in inputs.metrics else "",
                None if math.isnan(past) else past,
                tuple(inputs.values(experiment, shown.metric)),
                str(verdict["verdict"]),
                str(verdict["reason"]),
            )
        )
    return found


def not_run(inputs: Inputs) -> list[tuple[str, str]]:
    """The systems without any run of ours, ``system, database``, and why."""
    return [
        (words(line.name), line.reason or "there is no verdict on it in verdicts.csv")
        for line in lines(inputs, ERROR)
        if not line.values
    ]


def orderings(groups: Sequence[Group]) -> list[Entry]:
    """The verdicts on which system is better than which."""
    return [
        entry
        for group in groups
        for entry in group.entries
        if entry.claim.startswith("ordering.") or entry.entry == "ordering"
    ]


def words(name: str) -> str:
    """``lenet5/regular`` as ``lenet5, regular``."""
    return name.replace("/", ", ")


def judged(shown: Shown, found: Sequence[Line]) -> Judged:
    """The table behind a figure, with a verdict a row."""
    columns = ("system, database", "verdict", "1998", "ours, mean", "sd", "least", "greatest",
               "runs", "why")  # fmt: skip
    rows, sources = [], []
    for line in found:
        system, _, database = line.name.partition("/")
        past = Source(PUBLISHED, f"{shown.column} where system = {system}, database = {database}")
        ours = Source("../metrics.json", f"{line.experiment}.{shown.metric}")
        verdict = verdict_cell(f"{shown.claim}:{line.name}", "verdict")
        numbers = (*_summary(line.values), len(line.values) or None)
        why = line.reason or ("" if line.published is not None else "1998 gives no number")
        rows.append((words(line.name), line.verdict, line.published, *numbers, why))
        sources.append((
            None,
            verdict if line.verdict else None,
            None if line.published is None else past,
            *(None if number is None else ours for number in numbers),
            None,
        ))  # fmt: skip
    plain = table(columns, rows)
    return Judged(
        plain.columns, plain.rows, plain.numeric, tuple(sources), columns.index("verdict")
    )


def _summary(values: Sequence[float]) -> tuple[float | None, ...]:
    """Mean, standard deviation, least and greatest."""
    if not values:
        return (None,) * 4
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return float(np.mean(values)), sd, min(values), max(values)
