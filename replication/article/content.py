"""What the article states: numbers with their files, and sentences, tables and figures from fields.

The template (article.typ) has the words that hold whatever came out, and takes everything else
from here by name.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from replication.article.numbers import numbers, settings_audited
from replication.report import charts, narrative, performance, systems
from replication.report import tables as listings
from replication.report.drawing import Figure, Source, Table, table
from replication.report.inputs import Inputs, name_system, records
from replication.report.narrative import Tried
from replication.report.tables import Entry
from replication.settings import Settings
from replication.studies.readings import RANKING
from replication.studies.readings.figure import label
from replication.studies.sizes.figure import training_set_size

_STAGES = {"final": "finalist", "control": "control"}
_QUANTITIES = {"systems.operations": "multiply-adds", "systems.memory": "variables"}
_CONTROLS = {"earlier": "in force before the protocol", "printed": "as the text prints it"}


def figures(inputs: Inputs) -> dict[str, Figure]:
    """The charts by name; those whose files are missing are left out."""
    drawn = (charts.headline(inputs), *charts.learning_curves(inputs)[:1],
             training_set_size(inputs))  # fmt: skip
    return {one.name: one for one in drawn if one is not None}


def content(inputs: Inputs, settings: Settings) -> dict[str, Any]:
    """Everything the template asks for, ready to be JSON."""
    entries = listings.entries(inputs)
    answer = dict(narrative.answer(inputs, entries))
    return {
        "numbers": {
            name: one._asdict() for name, one in numbers(inputs, settings, entries).items()
        },
        "what": answer.pop("What it is"),
        "answer": " ".join(answer.values()),
        "reasons": [[row.name, row.verdict, row.reason] for row in listings.headline(inputs)],
        "not-run": "; ".join(f"{name} ({why})" for name, why in systems.not_run(inputs)) or "none",
        "topics": [[topic.title, topic.sentence] for topic in narrative.topics(entries, ())],
        "speed": " ".join(performance.speed(inputs)),
        "tables": {name: _plain(one) for name, one in _tables(inputs, entries).items()},
        "figures": {name: _drawn(one) for name, one in figures(inputs).items()},
    }


def file_of(source: Source) -> str:
    """The file or folder of a source, from the root of the repository."""
    return posixpath.normpath(posixpath.join("results/report", source.href))


def _drawn(one: Figure) -> dict[str, Any]:
    """The words below a chart, its files, and the numbers that it is drawn from."""
    return {
        "caption": one.caption,
        "sources": list(dict.fromkeys(map(file_of, one.sources))),
        "rows": [list(row) for row in one.table.rows],
    }


def _plain(one: Table) -> dict[str, Any]:
    return {
        "columns": list(one.columns),
        "rows": [list(row) for row in one.rows],
        "numeric": [place in one.numeric for place in range(len(one.columns))],
    }


def _tables(inputs: Inputs, entries: Sequence[Entry]) -> dict[str, Table]:
    return {
        "headline": _headline(inputs),
        "roles": table(
            ("role", "what it means", *listings.FIRST, "in all"),
            [
                (role, meaning, *(dict(counted)[outcome] for outcome in listings.FIRST),
                 sum(count for _, count in counted))
                for role, meaning, counted in listings.by_role(entries)
            ],
        ),
        "systems": _systems(inputs),
        "differs": _apart(
            one for one in entries
            if one.role == "independent" and not one.claim.startswith("systems.")
        ),
        "counts": _apart(one for one in entries if one.role == "arithmetic"),
        "tried": _tried(narrative.hypotheses(inputs), entries),
        "departures": table(
            ("page", "the paper", "ours", "why"),
            [
                (row.page, row.printed, row.in_force, row.remark)
                for row in settings_audited(inputs)
                if row.status == "departs" and not row.id.startswith("experiments.")
            ],
        ),
        "readings": _readings(inputs),
    }  # fmt: skip


def _tried(tried: Sequence[Tried], entries: Sequence[Entry]) -> Table:
    """What each hypothesis comes to; of a number that has come out again, nothing is explained."""
    wanted = narrative.unanswered(tried, entries)
    rows = [
        (one.hypothesis, one.evidence, one.decided if one in wanted else "nothing to explain")
        for one in tried
    ]
    return table(("hypothesis", "published number, ours before and with it", "decided"), rows)


def _headline(inputs: Inputs) -> Table:
    """The headline's numbers beside ours."""
    rows = tuple(
        (row.name, row.role, row.published.text, row.ours.text, row.spread.removeprefix("sd "),
         row.interval.text, row.replicates.text, row.verdict)
        for row in listings.headline(inputs)
    )  # fmt: skip
    columns = ("result", "role", "published", "ours, mean", "sd", "one more run", "runs", "verdict")
    return Table(columns, rows, frozenset({2, 3, 4, 5, 6}))


def _apart(entries: Iterable[Entry]) -> Table:
    """What differs among ``entries``."""
    rows = [
        (one.page, _claim(one), one.published.replace(" percent", " %"), one.ours)
        for one in entries
        if one.verdict == "differs"
    ]
    return table(("page", "claim", "published", "ours"), rows)


def _claim(one: Entry) -> str:
    if one.published == "as stated":
        return one.statement
    quantity = _QUANTITIES.get(one.claim)
    return f"{one.name}: {quantity}" if quantity else one.name


def _systems(inputs: Inputs) -> Table:
    """Figure 9 as a table: a row a system that has been run."""
    rows = [
        (
            name_system(line.name),
            line.published,
            f"{np.mean(line.values):.2f}",
            f"{np.std(line.values, ddof=1):.2f}" if len(line.values) > 1 else "",
            len(line.values),
            line.verdict,
        )
        for line in systems.lines(inputs, systems.ERROR)
        if line.values
    ]
    columns = ("system, database", "published, %", "ours, %", "sd", "runs", "verdict")
    cells = table(columns, rows)
    return Table(cells.columns, cells.rows, frozenset({1, 2, 3, 4}))


def _readings(inputs: Inputs) -> Table:
    """Finalists and controls of the protocol, the nearest first."""
    ranking = inputs.table(RANKING)
    rows = [
        (_CONTROLS.get(row["reading"], label(row)), _STAGES[row["stage"]],
         *(float(f"{row[key]:.3g}") for key in ("distance", "training_error")),
         "adopted" if row["adopted"] else "tied" if row["tied"] else "")
        for row in (records(ranking) if ranking is not None else ())
        if row["stage"] in _STAGES
    ]  # fmt: skip
    return table(("reading", "stage", "distance", "training error, %", ""), rows)
