"""Which trial is chosen, and what its test error decides."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from replication.comparison.paper import Paper
from replication.core.settings import Causes, Hypothesis
from replication.errors import ReplicationError
from replication.studies.causes import CONCLUSIONS
from replication.studies.causes.trials import HELD_OUT, TEST, Levels, Row, shown

ERROR = "test error"
# By measure of a conclusion: the column of a trial, of an experiment's metrics, of data/paper.
MEASURES = {
    ERROR: ("error_percent", "test_error_percent", "test_error_percent"),
    "training error": ("training_error_percent",) * 3,
    "rejection": ("rejected_percent", "rejection_percent", "reject_percent_for_0.5_percent_error"),
    "operations": ("operations_thousands",) * 3,
}


class Choice(NamedTuple):
    """The levels chosen, and their error on the held-out patterns in percent."""

    levels: Levels
    error: float


def published(paper: Paper, row: str) -> dict[str, float]:
    """What the paper prints of a row of Figures 9 to 12 or a point of Figure 6, by measure."""
    system, _, database = row.partition("/")
    if system == "figure6":
        table = paper.training_set_size
        rows = table[(table["training_patterns"] == int(database)) & ~table["distorted_training"]]
    else:
        table = paper.systems
        rows = table[(table["system"] == system) & (table["database"] == database)]
    first = rows.iloc[0]
    numbers = {name: float(first.get(columns[2], math.nan)) for name, columns in MEASURES.items()}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}


def levels_of(hypothesis: Hypothesis, row: Row) -> Levels:
    """The levels in a row of `TRIALS`, as params.yaml has them: a table makes 3.0 of 3."""
    return {
        key: next(level for level in levels if type(level)(row[key]) == level)
        for key, levels in hypothesis.vary.items()
    }


def errors(hypothesis: Hypothesis, rows: Sequence[Row]) -> list[Choice]:
    """All combinations of levels with their mean error on held-out patterns, in the rows' order."""
    by_levels: dict[str, tuple[Levels, list[float]]] = {}
    for row in rows:
        if row["stage"] == HELD_OUT:
            levels = levels_of(hypothesis, row)
            by_levels.setdefault(shown(levels), (levels, []))[1].append(float(row["error_percent"]))
    return [Choice(levels, sum(some) / len(some)) for levels, some in by_levels.values()]


def chosen(hypothesis: Hypothesis, rows: Sequence[Row], printed: float, followed: Levels) -> Choice:
    """The first of the best, by what ``hypothesis.choose`` says.

    ``followed`` are levels that another hypothesis has chosen: they hold where they are varied.
    Raises ReplicationError when none is among the trials.
    """
    possible = [
        one
        for one in errors(hypothesis, rows)
        if all(one.levels.get(key, value) == value for key, value in followed.items())
    ]
    if not possible:
        raise ReplicationError(
            f"params.yaml: {hypothesis.choose} has chosen {shown(followed)}, which a hypothesis "
            "that follows it does not vary: add that level"
        )
    fitted = hypothesis.choose == "published"
    return min(possible, key=lambda one: abs(one.error - printed) if fitted else one.error)


def conclusions(
    causes: Causes,
    paper: Paper,
    rows: Mapping[str, Sequence[Row]],
    choices: Mapping[str, Choice],
    before: Mapping[str, Any],
) -> pd.DataFrame:
    """The table `CONCLUSIONS` of the hypotheses that have been tried.

    ``before`` are metrics by row: what ours gives without the hypothesis.
    """
    lines: list[tuple[object, ...]] = []
    for name, choice in choices.items():
        hypothesis = causes.hypotheses[name]
        tried = [one.error for one in errors(hypothesis, rows[name])]
        tested = [
            row
            for row in rows[name]
            if row["stage"] == TEST and levels_of(hypothesis, row) == choice.levels
        ]
        for measure, printed in published(paper, hypothesis.row).items():
            column, metric, _ = MEASURES[measure]
            said = before.get(hypothesis.row, {}).get(metric)
            margin = _margin(causes, measure, printed)
            if measure != ERROR and said and abs(said["mean"] - printed) <= margin:
                continue  # was met without the hypothesis
            values = [float(row[column]) for row in tested]
            ours = sum(values) / len(values)
            within = min(tried) - margin <= printed <= max(tried) + margin
            verdict = _decided(hypothesis, measure, abs(ours - printed) <= margin, within)
            lines.append(
                (name, hypothesis.row, measure, printed, said["mean"] if said else None, ours,
                 margin, len(values), choice.error, min(tried), max(tried), shown(choice.levels),
                 *verdict)
            )  # fmt: skip
    return _one_for_all(causes, CONCLUSIONS.frame(lines))


def _margin(causes: Causes, measure: str, printed: float) -> float:
    if measure == "operations":
        # The share, but never less than half a unit of what is printed, in thousands.
        return max(0.5, causes.operations_share * printed)
    return causes.rejected_points if measure == "rejection" else causes.error_points


def _decided(hypothesis: Hypothesis, measure: str, hit: bool, within: bool) -> tuple[str, str]:
    """Role and decision; ``within``: the published error lies among those on held-out patterns."""
    fitted = hypothesis.choose == "published" and measure == ERROR
    if hit and not fitted:
        return "independent", "explains"
    if measure == ERROR and (hit or within):
        # Only by fitting to the number itself, which proves nothing.
        return "fitted", "undecided"
    return "fitted" if fitted else "independent", "does not explain"


def _one_for_all(causes: Causes, table: pd.DataFrame) -> pd.DataFrame:
    """A choice by a published number is decided by the other rows that it has to give as well."""
    decided = table[table["measure"] == ERROR].set_index("hypothesis")["decided"]
    for name in decided.index:
        others = [one for one, other in causes.hypotheses.items() if other.choose == name]
        words = {str(decided.get(one, "undecided")) for one in others}
        if words and words != {"undecided"}:
            said = "explains" if words == {"explains"} else "does not explain"
            fitted = (table["hypothesis"] == name) & (table["measure"] == ERROR)
            table.loc[fitted, "decided"] = said
    return table
