"""The numbers of the article's sentences, each with the file where it stands, and where in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from replication.audit.setting import Setting
from replication.report.inputs import Inputs, records
from replication.report.tables import FIRST, STATUSES, Entry
from replication.runs import RECORD
from replication.settings import Settings
from replication.studies.readings import RANKING

_HOUR = 3600
Values = Mapping[str, tuple[object, str]]


class Stated(NamedTuple):
    """A number as it is printed, its file from the root of the repository, and where in it."""

    text: str
    source: str
    key: str


def numbers(inputs: Inputs, settings: Settings, entries: Sequence[Entry]) -> dict[str, Stated]:
    """All numbers by name."""
    readings = f"results/{RANKING.name}"
    return (
        _from("params.yaml", _settings(settings))
        | _from("data/paper/claims.yaml", _claims(inputs))
        | _from("data/paper/figure8_misclassified.csv",
                {"patterns-1998-missed": (len(inputs.paper.misclassified), "rows")})
        | _from("results/verdicts.csv", _verdicts(inputs, entries))
        | _from("results/runs", _runs(inputs))
        | _from("results/audit.csv", _audit(inputs))
        | _from(readings, _readings(inputs))
    )  # fmt: skip


def _from(source: str, values: Values) -> dict[str, Stated]:
    return {name: Stated(_text(value), source, key) for name, (value, key) in values.items()}


def _text(value: object) -> str:
    """As people write it: thousands parted, and no powers of ten."""
    if isinstance(value, float):
        return np.format_float_positional(value, trim="-")
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)


def _settings(settings: Settings) -> Values:
    base, compare = settings.base, settings.compare
    return {
        "passes": (base.passes, "base.passes"),
        "hessian-patterns": (base.sdlm.patterns, "base.sdlm.patterns"),
        "mu": (base.sdlm.mu, "base.sdlm.mu"),
        "first-rate": (max(base.learning_rates), "the first of base.learning_rates"),
        "last-rate": (min(base.learning_rates), "the last of base.learning_rates"),
        "amplitude": (base.squashing.amplitude, "base.squashing.amplitude"),
        "seed": (base.seed, "base.seed"),
        "confidence": (100 * compare.confidence, "compare.confidence, in percent"),
        "margin": (compare.equivalence_margin_percent, "compare.equivalence_margin_percent"),
        "minimum": (compare.minimum_replicates, "compare.minimum_replicates"),
    }


def _claims(inputs: Inputs) -> Values:
    named = {"parameters": "lenet5.parameters", "connections": "lenet5.connections",
             "training-patterns": "data.train", "test-patterns": "data.test"}  # fmt: skip
    return {
        name: (int(inputs.paper.claims[claim].number or 0), claim) for name, claim in named.items()
    }


def _verdicts(inputs: Inputs, entries: Sequence[Entry]) -> Values:
    """How many verdicts there are of what."""
    verdicts = inputs.verdicts
    counts = [one for one in verdicts
              if one.subject.kind == "count" and one.subject.role == "arithmetic"]  # fmt: skip
    tally = Counter(one.verdict for one in entries)
    free = Counter(one.verdict for one in entries if one.role == "independent")
    return {
        "verdicts": (len(entries), "rows"),
        "verdicts-once": (
            sum(one.role != "repeat" for one in entries), "rows whose role is not repeat"),
        "counts": (len(counts), "rows of kind count and role arithmetic"),
        "counts-reproduced": (
            sum(one.finding.outcome == "reproduced" for one in counts),
            "those of them reproduced"),
        "contradictions": (
            sum(one.subject.kind == "contradiction" for one in verdicts),
            "rows of kind contradiction"),
        "free": (free.total(), "rows of role independent"),
        **{outcome: (tally[outcome], f"rows whose verdict is {outcome}") for outcome in FIRST},
        **{f"free-{outcome}": (free[outcome], f"independent, {outcome}") for outcome in FIRST},
    }  # fmt: skip


def _runs(inputs: Inputs) -> Values:
    """How many trainings there are, how long they took, and on what."""
    runs = [run for several in inputs.runs.values() for run in several]
    seconds = sum(run.seconds for run in runs)
    stated = [run.record for run in runs if run.has(RECORD)]
    processors = [str(record.get("processor") or "not recorded") for record in stated]
    roles = inputs.choices.experiments
    return {
        "runs": (len(runs), "all replicates"),
        "experiments": (len(inputs.runs), "folders"),
        "hours": (f"{seconds / _HOUR:.3g}", "seconds in timing.json, their sum"),
        "processors": ("; ".join(dict.fromkeys(processors)), "processor in record.json"),
        "replicates": (len(inputs.runs.get(roles.undistorted, ())), roles.undistorted),
        "replicates-distorted": (len(inputs.runs.get(roles.distorted, ())), roles.distorted),
    }


def settings_audited(inputs: Inputs) -> list[Setting]:
    """Return the settings of the audit, without what single records of runs contradict."""
    return [row for row in inputs.audit or () if not row.id.startswith("results/")]


def _audit(inputs: Inputs) -> Values:
    rows = settings_audited(inputs)
    counted = Counter(row.status for row in rows)
    alone = [
        row.id.removeprefix("experiments.")
        for row in rows
        if row.status == "departs" and row.id.startswith("experiments.")
    ]
    return {
        "audit-settings": (len(rows), "rows, without those on records"),
        **{f"audit-{status}": (counted[status], f"of these {status}") for status in STATUSES},
        "audit-experiments": (", ".join(alone) or "none", "experiments that depart"),
    }


def _readings(inputs: Inputs) -> Values:
    """How many readings were tried, and how far those of interest learnt the training set."""
    ranking = inputs.table(RANKING)
    rows = [] if ranking is None else records(ranking)
    final = [row for row in rows if row["stage"] == "final"]

    def error(wanted: Sequence[Mapping[str, Any]]) -> str:
        value = float(wanted[0]["training_error"]) if wanted else math.nan
        return "none that is finite" if math.isnan(value) else f"{value:.3g} %"

    return {
        "screened": (sum(row["stage"] == "screening" for row in rows), "rows of stage screening"),
        "finalists": (len(final), "rows of stage final"),
        "tied": (sum(bool(row["tied"]) for row in final), "those of them tied"),
        "printed-error": (error([r for r in rows if r["reading"] == "printed"]),
                          "training_error of printed"),
        "adopted-error": (error([r for r in rows if r["adopted"]]),
                          "training_error of the adopted one"),
    }  # fmt: skip
