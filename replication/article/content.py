"""What the article states, each number with the file that it stands in; sentences from fields.

The template (article.typ) has the words that hold whatever came out, and takes everything else
from here by name: `numbers`, `sentences`, `tables` and `figures`.
"""

from __future__ import annotations

import math
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from replication.report import charts, headline, listings, machine, story, systems
from replication.report.drawing import Figure, Source, Table, table
from replication.report.inputs import Inputs, records
from replication.report.listings import CLAIMS, Entry, Number
from replication.runs import RECORD, TIMING
from replication.settings import Recipe, Settings
from replication.studies.readings import RANKING
from replication.studies.readings.figure import label
from replication.studies.sizes.figure import training_set_size

METRICS, VERDICTS, AUDIT, RUNS = ("../metrics.json", "../verdicts.csv", "../audit.csv", "../runs/")
PARAMS = "../../params.yaml"
_HOUR = 3600
_SAYS = {
    "reproduced": "is reproduced",
    "differs": "differs from ours",
    "inconclusive": "is left undecided by our runs",
    "unmeasured": "was not measured",
}
_STAGES = {"final": "finalist", "control": "control"}


def figures(inputs: Inputs) -> dict[str, Figure]:
    """The charts by name; those whose files are missing are left out."""
    made = (headline.headline(inputs), *charts.learning_curves(inputs)[:1],
            training_set_size(inputs))  # fmt: skip
    return {one.name: one for one in made if one is not None}


def content(inputs: Inputs, settings: Settings) -> dict[str, Any]:
    """Everything the template asks for, ready to be JSON."""
    found = listings.entries(inputs)
    numbers = {**_settings(inputs, settings), **_claims(inputs, found), **_work(inputs)}
    numbers |= _audit(inputs) | _readings(inputs)
    return {
        "numbers": {
            name: {"text": one.text, "source": file_of(one.source), "key": one.source.key}
            for name, one in numbers.items()
        },
        "answer": [list(pair) for pair in story.answer(inputs, found)],
        "sentences": _sentences(inputs, found),
        "topics": [[topic.title, topic.sentence] for topic in story.topics(found, ())],
        "speed": machine.speed(inputs),
        "tables": {name: _plain(one) for name, one in _tables(inputs, found).items()},
        "figures": {
            name: {
                "title": one.title,
                "caption": one.caption,
                "sources": list(dict.fromkeys(map(file_of, one.sources))),
                "rows": [list(row) for row in one.table.rows],
            }
            for name, one in figures(inputs).items()
        },
    }


def file_of(source: Source) -> str:
    """The file or folder of a source, from the root of the repository."""
    return posixpath.normpath(posixpath.join("results/report", source.href))


def _plain(one: Table) -> dict[str, Any]:
    return {
        "columns": list(one.columns),
        "rows": [list(row) for row in one.rows],
        "numeric": [place in one.numeric for place in range(len(one.columns))],
    }


def _settings(inputs: Inputs, settings: Settings) -> dict[str, Number]:
    """Settings in force, from params.yaml."""
    base, chosen = settings.base, inputs.choices
    assert isinstance(base, Recipe)
    values: Mapping[str, tuple[object, str]] = {
        "passes": (base.passes, "base.passes"),
        "hessian-patterns": (base.sdlm.patterns, "base.sdlm.patterns"),
        "mu": (base.sdlm.mu, "base.sdlm.mu"),
        "first-rate": (max(base.learning_rates), "base.learning_rates, the first"),
        "last-rate": (min(base.learning_rates), "base.learning_rates, the last"),
        "amplitude": (base.squashing.amplitude, "base.squashing.amplitude"),
        "seed": (base.seed, "base.seed"),
        "confidence": (100 * chosen.confidence, "compare.confidence, in percent"),
        "margin": (chosen.equivalence_margin_percent, "compare.equivalence_margin_percent"),
        "minimum": (chosen.minimum_replicates, "compare.minimum_replicates"),
    }
    return {
        name: Number(f"{value:g}" if isinstance(value, float) else str(value), Source(PARAMS, key))
        for name, (value, key) in values.items()
    }


def _claims(inputs: Inputs, found: Sequence[Entry]) -> dict[str, Number]:
    """Published numbers of claims.yaml, and how many verdicts there are of what."""
    claims = inputs.paper.claims
    named = {"parameters": "lenet5.parameters", "connections": "lenet5.connections",
             "training-patterns": "data.train", "test-patterns": "data.test"}  # fmt: skip
    made = {
        name: Number(f"{claims[claim].number:,.0f}", Source(CLAIMS, claim))
        for name, claim in named.items()
    }
    made["patterns-1998-missed"] = Number(
        str(len(inputs.paper.misclassified)),
        Source("../../data/paper/figure8_misclassified.csv", "its rows"),
    )
    exact = [row for row in records(inputs.verdicts)
             if row["kind"] == "count" and row["role"] == "arithmetic"]  # fmt: skip
    contradictions = [row for row in records(inputs.verdicts) if row["kind"] == "contradiction"]
    tally = Counter(one.verdict for one in found)
    once = [one for one in found if one.role != "repeat"]
    numbers = {
        "verdicts": (len(found), "rows"),
        "verdicts-once": (len(once), "rows whose role is not repeat"),
        "counts": (len(exact), "rows of kind count and role arithmetic"),
        "counts-reproduced": (
            sum(row["verdict"] == "reproduced" for row in exact),
            "the same, where verdict = reproduced",
        ),
        "contradictions": (len(contradictions), "rows of kind contradiction"),
        **{outcome: (tally[outcome], f"rows where verdict = {outcome}") for outcome in _SAYS},
    }
    return made | {
        name: Number(str(count), Source(VERDICTS, key)) for name, (count, key) in numbers.items()
    }


def _work(inputs: Inputs) -> dict[str, Number]:
    """How many trainings there are, how long they took, and on what."""
    runs = [run for several in inputs.runs.values() for run in several]
    seconds = sum(float(run.timing.get("seconds", 0)) for run in runs if run.has(TIMING))
    processors = {
        str(run.record.get("processor")): None
        for run in runs
        if run.has(RECORD) and run.record.get("processor")
    }
    undistorted = inputs.choices.experiments.undistorted
    distorted = inputs.choices.experiments.distorted
    every = Source(RUNS, "the replicates of every experiment")
    return {
        "runs": Number(str(len(runs)), every),
        "systems-run": Number(str(len(inputs.runs)), Source(METRICS, "its experiments")),
        "hours": Number(f"{seconds / _HOUR:.3g}", Source(RUNS, "timing.json: seconds, their sum")),
        "processors": Number(
            "; ".join(processors) or "not recorded", Source(RUNS, "record.json: processor")
        ),
        "replicates": Number(
            str(len(inputs.runs.get(undistorted, ()))), Source(METRICS, f"{undistorted}.replicates")
        ),
        "replicates-distorted": Number(
            str(len(inputs.runs.get(distorted, ()))), Source(METRICS, f"{distorted}.replicates")
        ),
    }


def _audit(inputs: Inputs) -> dict[str, Number]:
    counted = Counter(str(row["status"]) for row in listings.audit(inputs) or ())
    texts = {status: str(counted[status]) for status in listings.STATUSES}
    texts["settings"] = str(sum(counted.values()))
    return {
        f"audit-{name}": Number(text, Source(AUDIT, f"status: {name}"))
        for name, text in texts.items()
    }


def _readings(inputs: Inputs) -> dict[str, Number]:
    """How many readings were tried, and how far those of interest learnt the training set."""
    source = Source(f"../{RANKING.name}", "stage, tied, training_error")
    ranking = inputs.table(RANKING)
    rows = [] if ranking is None else records(ranking)
    final = [row for row in rows if row["stage"] == "final"]

    def error(wanted: Sequence[Mapping[str, Any]]) -> str:
        value = float(wanted[0]["training_error"]) if wanted else math.nan
        return "none that is finite" if math.isnan(value) else f"{value:.3g} %"

    return {
        "screened": Number(str(sum(row["stage"] == "screening" for row in rows)), source),
        "finalists": Number(str(len(final)), source),
        "tied": Number(str(sum(bool(row["tied"]) for row in final)), source),
        "printed-error": Number(error([r for r in rows if r["reading"] == "printed"]), source),
        "adopted-error": Number(error([r for r in rows if r["adopted"]]), source),
    }


def _sentences(inputs: Inputs, found: Sequence[Entry]) -> dict[str, str]:
    """What depends on a verdict, said in the words of that verdict."""
    made = {}
    for row in listings.headline(inputs):
        made[row.name] = (
            f"{row.name}: the published {row.published.text} {_SAYS[row.verdict]}; {row.reason}."
        )
    free = [one for one in found if one.role == "independent"]
    counted = Counter(one.verdict for one in free)
    chosen = max(_SAYS, key=lambda outcome: counted[outcome])
    shares = ", ".join(f"{counted[outcome]} {outcome}" for outcome in _SAYS)
    quiet = sum(one.verdict == "inconclusive" for one in found)
    return {
        "headline": " ".join(made.values()),
        "independent": (
            f"Of the {len(free)} verdicts on results to which nothing was fitted ({shares}), "
            f"the most frequent is: {chosen}."
        ),
        "undecided": (
            f"{quiet} verdicts are inconclusive: with this spread between runs, the next number "
            "that the paper prints would too often have looked the same, so agreement there says "
            "little."
            if quiet
            else "No verdict is inconclusive."
        ),
        "not-run": "; ".join(f"{name} ({why})" for name, why in systems.not_run(inputs)) or "none",
    }


def _tables(inputs: Inputs, found: Sequence[Entry]) -> dict[str, Table]:
    return {
        "headline": Table(
            ("result", "role", "published", "ours, mean", "sd", "one more run", "runs", "verdict"),
            tuple(
                (row.name, row.role, row.published.text, row.ours.text,
                 row.spread.removeprefix("sd "), row.interval.text, row.replicates.text,
                 row.verdict)
                for row in listings.headline(inputs)
            ),
            frozenset({2, 3, 4, 5, 6}),
        ),
        "roles": table(
            ("role", "what it means", *listings.FIRST, "in all"),
            [
                (role, meaning, *(dict(counted)[outcome] for outcome in listings.FIRST),
                 sum(count for _, count in counted))
                for role, meaning, counted in listings.by_role(found)
            ],
        ),
        "systems": _systems(inputs),
        "differs": table(
            ("page", "result to which nothing was fitted", "published", "ours"),
            [
                (one.page, _titled(one), _brief(one.published), one.ours)
                for one in found
                if one.verdict == "differs" and one.role == "independent"
                and not one.claim.startswith("systems.")
            ],
        ),
        "departures": table(
            ("page", "setting", "the paper", "ours", "status"),
            [
                (row["page"], row["claim"], row["paper"], row["ours"], row["status"])
                for row in listings.audit(inputs) or ()
                if row["status"] in ("contradiction", "departs")
            ],
        ),
        "readings": _ranking(inputs),
    }  # fmt: skip


def _titled(one: Entry) -> str:
    return one.name if one.published != "as stated" else one.statement


def _brief(text: str) -> str:
    return text.replace(" percent", " %")


def _systems(inputs: Inputs) -> Table:
    """Figure 9 as a table: a row a system that has been run."""
    rows = [
        (
            systems.words(line.name),
            line.published,
            f"{np.mean(line.values):.2f}",
            f"{np.std(line.values, ddof=1):.2f}" if len(line.values) > 1 else "",
            len(line.values),
            line.verdict,
        )
        for line in systems.lines(inputs, systems.ERROR)
        if line.values
    ]
    made = table(("system, database", "published, %", "ours, %", "sd", "runs", "verdict"), rows)
    return Table(made.columns, made.rows, frozenset({1, 2, 3, 4}))


def _ranking(inputs: Inputs) -> Table:
    """Finalists and controls of the protocol, the nearest first."""
    found = inputs.table(RANKING)
    rows = [
        (label(row), _STAGES[row["stage"]], row["distance"], f"{row['training_error']:.3g}",
         "adopted" if row["adopted"] else "tied" if row["tied"] else "")
        for row in (records(found) if found is not None else ())
        if row["stage"] in _STAGES
    ]  # fmt: skip
    return table(("reading", "stage", "distance", "training error, %", ""), rows)
