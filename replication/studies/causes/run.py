"""The command that tries the hypotheses. What is done already is not done again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import click
import pandas as pd

from replication.comparison import paper
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.figures.inputs import records
from replication.comparison.paper import Paper
from replication.comparison.verdicts.statistics import half_unit, prediction_interval
from replication.core.settings import Causes, Compare, Hypothesis, Settings
from replication.core.settings.loading import suggest_name
from replication.core.systems.jobs import Job
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies.causes import CONCLUSIONS, TALLER, TRIALS, taller
from replication.studies.causes.trials import HELD_OUT, TEST, Levels, Row, TrialRunner, describe
from replication.studies.variants import train_missing

FOLDERS = ("runs",)
PARAMETERS = (click.Argument(["names"], nargs=-1, metavar="[HYPOTHESIS]..."),)
ERROR, OPERATIONS = "test error", "operations"
# By measure of a conclusion: the column of a trial, of an experiment's metrics, of data/paper.
MEASURES = {
    ERROR: ("error_percent", "test_error_percent", "test_error_percent"),
    "training error": ("training_error_percent",) * 3,
    "rejection": ("rejected_percent", "rejection_percent", "reject_percent_for_0.5_percent_error"),
    OPERATIONS: ("operations_thousands",) * 3,
}


class Choice(NamedTuple):
    """The levels chosen, and their error on the held-out patterns in percent."""

    levels: Levels
    error: float


def read_published(paper: Paper, row: str) -> dict[str, float]:
    """Return what the paper prints of a row of Figures 9 to 12 or a point of Figure 6."""
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


def read_levels(hypothesis: Hypothesis, row: Row) -> Levels:
    """Return the levels in a row of `TRIALS` as params.yaml has them: a table makes 3.0 of 3."""
    return {
        key: next(level for level in levels if type(level)(row[key]) == level)
        for key, levels in hypothesis.vary.items()
    }


def average_held_out(hypothesis: Hypothesis, rows: Sequence[Row]) -> list[Choice]:
    """Return all combinations of levels with their mean held-out error, in the rows' order."""
    by_levels: dict[str, tuple[Levels, list[float]]] = {}
    for row in rows:
        if row["stage"] == HELD_OUT:
            levels = read_levels(hypothesis, row)
            entry = by_levels.setdefault(describe(levels), (levels, []))
            entry[1].append(float(row["error_percent"]))
    return [Choice(levels, sum(errors) / len(errors)) for levels, errors in by_levels.values()]


def choose(hypothesis: Hypothesis, rows: Sequence[Row], printed: float, followed: Levels) -> Choice:
    """Return the first of the best levels, by what ``hypothesis.choose`` says.

    ``followed`` are levels that another hypothesis has chosen: they hold where they are varied.
    Raises ReplicationError when they are not among the trials.
    """
    possible = [
        choice
        for choice in average_held_out(hypothesis, rows)
        if all(choice.levels.get(key, value) == value for key, value in followed.items())
    ]
    if not possible:
        raise ReplicationError(
            f"params.yaml: {hypothesis.choose} has chosen {describe(followed)}, which a "
            "hypothesis that follows it does not vary: add that level"
        )
    fitted = hypothesis.choose == "published"
    return min(possible, key=lambda choice: abs(choice.error - printed) if fitted else choice.error)


def conclude(
    causes: Causes, paper: Paper, rows: Mapping[str, Sequence[Row]],
    choices: Mapping[str, Choice], before: Mapping[str, Any], rule: Compare,
) -> pd.DataFrame:  # fmt: skip
    """Return the table `CONCLUSIONS` of the hypotheses that have been tried.

    ``before`` are our metrics without the hypothesis, by row. A number that was met without the
    hypothesis, or that it cannot change, has no row.
    """
    lines: list[tuple[object, ...]] = []
    for name, choice in choices.items():
        hypothesis = causes.hypotheses[name]
        errors = [each.error for each in average_held_out(hypothesis, rows[name])]
        least, greatest = min(errors), max(errors)
        tested = [
            row
            for row in rows[name]
            if row["stage"] == TEST and read_levels(hypothesis, row) == choice.levels
        ]
        for measure, printed in read_published(paper, hypothesis.row).items() if tested else ():
            column, metric, _ = MEASURES[measure]
            entry = before.get(hypothesis.row, {}).get(metric) or {}
            mean, margin = entry.get("mean"), _get_margin(causes, measure, printed, entry, rule)
            ours = sum(float(row[column]) for row in tested) / len(tested)
            if mean is not None and (
                abs(mean - printed) <= margin or (measure == OPERATIONS and ours == mean)
            ):
                continue
            within = least - margin <= printed <= greatest + margin
            hit = abs(ours - printed) <= margin <= rule.informative_width * printed
            lines.append(
                (name, hypothesis.row, measure, printed, mean, ours, margin, len(tested),
                 choice.error, least, greatest, describe(choice.levels),
                 *_decide(hypothesis, measure, hit, within))
            )  # fmt: skip
    return _decide_followed(causes, CONCLUSIONS.frame(lines))


def _get_margin(
    causes: Causes, measure: str, printed: float, before: Mapping[str, Any], rule: Compare
) -> float:
    """Return how far a number may be off: where seeds vary, as far as by the rule of verdicts."""
    if measure == OPERATIONS:
        # The share, but never less than half a unit of what is printed, in thousands.
        return max(0.5, causes.operations_share * printed)
    values = before.get("values", ())
    if len(values) >= rule.minimum_replicates:
        return prediction_interval(values, rule.confidence).half_width + half_unit(printed)
    return causes.rejected_points if measure == "rejection" else causes.error_points


def _decide(hypothesis: Hypothesis, measure: str, hit: bool, within: bool) -> tuple[str, str]:
    """Return role and decision; ``within``: held-out errors include the published one."""
    fitted = hypothesis.choose == "published" and measure == ERROR
    if hit and not fitted:
        return "independent", "explains"
    if measure == ERROR and (hit or within):
        # Only by fitting to the number itself, which proves nothing.
        return "fitted", "undecided"
    return "fitted" if fitted else "independent", "does not explain"


def _decide_followed(causes: Causes, table: pd.DataFrame) -> pd.DataFrame:
    """Decide a choice by a published number from the other rows that it has to give as well."""
    decided = table[table["measure"] == ERROR].set_index("hypothesis")["decided"]
    for name in decided.index:
        followers = [key for key, entry in causes.hypotheses.items() if entry.choose == name]
        outcomes = {str(decided.get(follower, "undecided")) for follower in followers}
        if outcomes and outcomes != {"undecided"}:
            outcome = "explains" if outcomes == {"explains"} else "does not explain"
            fitted = (table["hypothesis"] == name) & (table["measure"] == ERROR)
            table.loc[fitted, "decided"] = outcome
    return table


class Study:
    """The rows of `TRIALS` by hypothesis, written after every trial."""

    def __init__(self, runner: TrialRunner, out: Path) -> None:
        """Read what is done already from ``out``, the folder of results."""
        self.runner, self._out = runner, out
        self.rows: dict[str, list[Row]] = {}
        self._by_key: dict[str, Row] = {}
        for row in records(TRIALS.read(out)) if TRIALS.exists(out) else ():
            self.rows.setdefault(row["hypothesis"], []).append(row)
            self._by_key[row["key"]] = row

    def train(self, name: str, stage: str, combinations: list[Levels]) -> None:
        """Make the rows of a hypothesis at a stage with these levels."""
        if not combinations:
            return
        hypothesis = self.runner.settings.causes.hypotheses[name]
        trials = [
            self.runner.prepare(name, hypothesis, stage, levels, replicate)
            for levels in combinations
            for replicate in range(hypothesis.replicates)
        ]
        keys = [self.runner.key(trial) for trial in trials]
        jobs = {key: Job(trial.experiment, number)
                for number, (key, trial) in enumerate(zip(keys, trials, strict=True))}  # fmt: skip
        others = [row for row in self.rows.get(name, ()) if row["stage"] != stage]

        def write() -> None:
            self.rows[name] = others + [
                # Without the levels of another hypothesis that has had the same trial.
                {column: self._by_key[key].get(column) for column in TRIALS.columns}
                | {"hypothesis": name, **trial.levels}
                for key, trial in zip(keys, trials, strict=True)
                if key in self._by_key
            ]
            self._write()

        work = partial(self.runner.run_job, trials=trials)
        train_missing(name, jobs, self._by_key, work, self.runner.settings.train, write)
        write()

    def _write(self) -> None:
        """Write all rows in the order of params.yaml; a key that no trial varies has no column."""
        order = [name for name in self.runner.settings.causes.hypotheses if name in self.rows]
        table = pd.DataFrame([row for name in order for row in self.rows[name]])
        table = table.dropna(axis="columns", how="all")
        columns = dict.fromkeys([*TRIALS.columns, *table.columns])
        TRIALS.write(self._out, table.reindex(columns=list(columns)))

    def conclude(self, choices: dict[str, Choice]) -> pd.DataFrame:
        """Write and return the conclusions."""
        settings, published = self.runner.settings, self.runner.paper
        metrics = read_metrics(self._out / METRICS)
        experiments = dict(settings.compare.systems) | {
            f"figure6/{size}": names[0] for size, names in settings.compare.training_sizes.items()
        }
        before = {row: metrics[name] for row, name in experiments.items() if name in metrics}
        table = conclude(settings.causes, published, self.rows, choices, before, settings.compare)
        if TALLER.exists(self._out):
            rows = taller.conclude(TALLER.read(self._out), settings, published, self._out)
            table = pd.concat([table, rows], ignore_index=True)
        CONCLUSIONS.write(self._out, table)
        return table


def run(folders: Folders, settings: Settings, names: tuple[str, ...] = ()) -> pd.DataFrame:
    """Try each HYPOTHESIS of params.yaml on why our numbers differ from published ones, or all.

    Chosen on the patterns of held-out writers, reported on the test patterns. A hypothesis that
    follows another is refused until that has been tried.
    """
    hypotheses = settings.causes.hypotheses
    choosable = [*hypotheses, taller.HYPOTHESIS]
    for name in names:
        if name not in choosable:
            raise ReplicationError(
                f"there is no hypothesis '{name}'{suggest_name(name, choosable)}: params.yaml has "
                f"{', '.join(choosable)} under causes"
            )
    study = Study(TrialRunner(settings, folders, paper.load(folders.paper)), folders.out)
    choices: dict[str, Choice] = {}
    for name, hypothesis in hypotheses.items():
        chosen = not names or name in names
        if not chosen and not study.rows.get(name):
            continue
        combinations: list[Levels] = [
            dict(zip(hypothesis.vary, levels, strict=True))
            for levels in product(*hypothesis.vary.values())
        ]
        if chosen:
            study.train(name, HELD_OUT, combinations)
        if hypothesis.choose in hypotheses and hypothesis.choose not in choices:
            raise ReplicationError(
                f"{name} follows {hypothesis.choose}, which has not been tried: run "
                f"`python -m replication causes {hypothesis.choose} {name}`"
            )
        printed = read_published(study.runner.paper, hypothesis.row)[ERROR]
        followed = choices[hypothesis.choose].levels if hypothesis.choose in choices else {}
        choices[name] = choose(hypothesis, study.rows[name], printed, followed)
        if chosen:
            tested = {"all": combinations, "chosen": [choices[name].levels], "none": []}
            study.train(name, TEST, tested[hypothesis.tested])
            study.conclude(choices)
    if not names or taller.HYPOTHESIS in names:
        TALLER.write(folders.out, taller.tabulate_missed(folders, settings, study.runner.paper))
    return study.conclude(choices)


def summary(table: pd.DataFrame) -> str:
    """Return the conclusions, with the columns that fit on a screen."""
    columns = ["hypothesis", "measure", "published", "before", "ours", "chosen", "role", "decided"]
    return table[columns].to_string(index=False)
