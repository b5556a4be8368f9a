"""Which trial is chosen, and what its test error decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from replication.errors import ReplicationError
from replication.paper import Paper
from replication.settings import Causes, Hypothesis
from replication.studies.causes import CONCLUSIONS
from replication.studies.causes.trials import HELD_OUT, TEST, Levels, Row

# By measure of a conclusion: the column of a trial, and that of the metrics of an experiment.
MEASURES = {
    "test error": ("error_percent", "test_error_percent"),
    "rejection": ("rejected_percent", "rejection_percent"),
    "training error": ("training_error_percent", "training_error_percent"),
    "operations": ("operations_thousands", "operations_thousands"),
}
_PUBLISHED = {
    "test error": "test_error_percent",
    "rejection": "reject_percent_for_0.5_percent_error",
    "operations": "operations_thousands",
}


def published(paper: Paper, row: str) -> dict[str, float]:
    """What the paper prints of a row of Figures 9 to 12 or a point of Figure 6, by measure."""
    system, _, database = row.partition("/")
    if system == "figure6":
        table = paper.training_set_size
        own = table[(table["training_patterns"] == int(database)) & ~table["distorted_training"]]
        columns = {"test error": "test_error_percent", "training error": "training_error_percent"}
    else:
        table = paper.systems
        own = table[(table["system"] == system) & (table["database"] == database)]
        columns = _PUBLISHED
    found = {measure: float(own[column].iloc[0]) for measure, column in columns.items()}
    return {measure: value for measure, value in found.items() if not math.isnan(value)}


def shown(levels: Levels) -> str:
    """Levels in words."""
    return ", ".join(f"{key} {value}" for key, value in levels.items())


def levels_of(hypothesis: Hypothesis, row: Row) -> Levels:
    """The levels that a row of `TRIALS` has of what the hypothesis varies."""
    return {
        key: next(level for level in levels if str(level) == str(_same(row[key], level)))
        for key, levels in hypothesis.vary.items()
    }


def _same(value: Any, level: Any) -> Any:
    """A value that went through a table, in the type of the level that it was."""
    return type(level)(value)


def mean_errors(hypothesis: Hypothesis, rows: Sequence[Row]) -> list[tuple[Levels, float]]:
    """The mean error on held-out patterns of each combination of levels, in the rows' order."""
    found: dict[str, tuple[Levels, list[float]]] = {}
    for row in rows:
        if row["stage"] == HELD_OUT:
            levels = levels_of(hypothesis, row)
            found.setdefault(str(levels), (levels, []))[1].append(float(row["error_percent"]))
    return [(levels, sum(errors) / len(errors)) for levels, errors in found.values()]


def chosen(
    hypothesis: Hypothesis, rows: Sequence[Row], printed: float, followed: Levels
) -> tuple[Levels, float]:
    """The levels chosen, and their error on held-out patterns; the first of equals.

    ``followed`` are levels that another hypothesis has chosen: they hold where they are varied.
    Raises ReplicationError when none is among the trials.
    """
    possible = [
        (levels, error)
        for levels, error in mean_errors(hypothesis, rows)
        if all(levels.get(key, value) == value for key, value in followed.items())
    ]
    if not possible:
        raise ReplicationError(
            f"params.yaml: {hypothesis.choose} has chosen "
            f"{shown(followed)}, which a hypothesis that follows it does not vary: add that level"
        )
    if hypothesis.choose == "published":
        return min(possible, key=lambda one: abs(one[1] - printed))
    return min(possible, key=lambda one: one[1])


def conclusions(
    causes: Causes,
    paper: Paper,
    rows: Mapping[str, Sequence[Row]],
    choices: Mapping[str, tuple[Levels, float]],
    before: Mapping[str, Any],
) -> pd.DataFrame:
    """The table `CONCLUSIONS` of the hypotheses that have been tried.

    ``before`` are metrics by row: what ours gives without the hypothesis.
    """
    found: list[Row] = []
    for name, (levels, error) in choices.items():
        hypothesis = causes.hypotheses[name]
        errors = [error for _, error in mean_errors(hypothesis, rows[name])]
        own = [
            row for row in rows[name]
            if row["stage"] == TEST and levels_of(hypothesis, row) == levels
        ]  # fmt: skip
        for measure, printed in published(paper, hypothesis.row).items():
            column, metric = MEASURES[measure]
            values = [float(row[column]) for row in own]
            ours = sum(values) / len(values)
            margin = _margin(causes, measure, printed)
            role, decided = _decided(
                hypothesis, measure, abs(ours - printed) <= margin,
                min(errors) - margin <= printed <= max(errors) + margin,
            )  # fmt: skip
            said = before.get(hypothesis.row, {}).get(metric)
            found.append(
                {
                    "hypothesis": name,
                    "row": hypothesis.row,
                    "measure": measure,
                    "published": printed,
                    "before": said["mean"] if said else None,
                    "ours": ours,
                    "margin": margin,
                    "replicates": len(values),
                    "held_out_percent": error,
                    "least_percent": min(errors),
                    "greatest_percent": max(errors),
                    "chosen": shown(levels),
                    "role": role,
                    "decided": decided,
                }
            )
    table = pd.DataFrame(found, columns=list(CONCLUSIONS.columns))
    return _one_for_all(causes, table)


def _margin(causes: Causes, measure: str, printed: float) -> float:
    if measure == "operations":
        # The share, but never less than half a unit of what is printed, in thousands.
        return max(0.5, causes.operations_share * printed)
    return causes.rejected_points if measure == "rejection" else causes.error_points


def _decided(hypothesis: Hypothesis, measure: str, hit: bool, within: bool) -> tuple[str, str]:
    """Role and decision; ``within``: the published error lies among those on held-out patterns."""
    fitted = hypothesis.choose == "published" and measure == "test error"
    if hit and not fitted:
        return "independent", "explains"
    if measure == "test error" and (hit or within):
        # Only by fitting to the number itself, which proves nothing by itself.
        return "fitted", "undecided"
    return "fitted" if fitted else "independent", "does not explain"


def _one_for_all(causes: Causes, table: pd.DataFrame) -> pd.DataFrame:
    """A choice by a published number is decided by the other rows that it has to give as well."""
    errors = table[table["measure"] == "test error"].set_index("hypothesis")["decided"]
    for name, hypothesis in causes.hypotheses.items():
        followers = [one for one, other in causes.hypotheses.items() if other.choose == name]
        if hypothesis.choose == "published" and followers and name in errors:
            words = [errors.get(one, "undecided") for one in followers]
            all_say = "explains" if set(words) == {"explains"} else "does not explain"
            decided = "undecided" if set(words) == {"undecided"} else all_say
            own = (table["hypothesis"] == name) & (table["measure"] == "test error")
            table.loc[own, "decided"] = decided
    return table
