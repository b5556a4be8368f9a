"""The command that tries the hypotheses. What is done already is not done again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click
import pandas as pd

from replication import paper
from replication.display import Display
from replication.errors import ReplicationError
from replication.evaluation.metrics import read_metrics
from replication.files import write_table
from replication.folders import Folders, folder_options, path_option
from replication.learning.jobs import LocalRunner
from replication.learning.monitor import Monitor
from replication.settings import Hypothesis, Settings, load
from replication.settings.document import did_you_mean
from replication.studies.causes import CONCLUSIONS, TALLER, TRIALS, taller
from replication.studies.causes.choice import chosen, conclusions, published, shown
from replication.studies.causes.trials import HELD_OUT, TEST, Laboratory, Levels, Row, Trial

TALLER_FIELD = "taller-field"


class _Job:
    """A trial and where it is made; jobs have names."""

    def __init__(self, laboratory: Laboratory, trial: Trial) -> None:
        self.name = f"{trial.name} ({trial.stage}; {shown(trial.levels)}) {trial.replicate}"
        self.laboratory, self.trial = laboratory, trial


def _made(job: _Job, monitor: Monitor) -> Row:
    return job.laboratory.outcome(job.trial, monitor)


class Study:
    """The rows of `TRIALS`, by hypothesis; written after every trial."""

    def __init__(self, laboratory: Laboratory, out: Path) -> None:
        """``out`` is the folder of results, from which what is done already is read."""
        self._laboratory, self._out = laboratory, out
        self.rows: dict[str, list[Row]] = {}
        self._known: dict[tuple[str, str], Row] = {}
        if TRIALS.exists(out):
            for row in TRIALS.read(out).to_dict("records"):
                given: Row = {str(key): value for key, value in row.items()}
                self.rows.setdefault(given["hypothesis"], []).append(given)
                self._known[given["key"], given["code"]] = given

    def trained(self, trials: list[Trial], workers: int) -> None:
        """Make the rows of ``trials``, all of one hypothesis, beside those that it has."""
        name = trials[0].name
        with Display(name, trials[0].patterns) as display:
            for start in range(0, len(trials), workers):
                some = []
                for trial in trials[start : start + workers]:
                    row = self._known.get(self._laboratory.key(trial))
                    some.append(
                        _Job(self._laboratory, trial)
                        if row is None
                        else row | {"hypothesis": name, **trial.levels}
                    )
                jobs = [one for one in some if isinstance(one, _Job)]
                found = list(LocalRunner(workers).run(_made, jobs, display))
                self.rows[name] += [one for one in some if not isinstance(one, _Job)] + found
                if jobs:
                    self.write()

    def write(self) -> None:
        """All rows, in the order of params.yaml; a key that no trial varies has no column."""
        order = [name for name in self._laboratory.settings.causes.hypotheses if name in self.rows]
        table = pd.DataFrame([row for name in order for row in self.rows[name]])
        table = table.dropna(axis="columns", how="all")
        columns = dict.fromkeys([*TRIALS.columns, *table.columns])
        TRIALS.write(self._out, table.reindex(columns=list(columns)))


def _combinations(hypothesis: Hypothesis) -> Iterator[Levels]:
    for levels in product(*hypothesis.vary.values()):
        yield dict(zip(hypothesis.vary, levels, strict=True))


def run(folders: Folders, settings: Settings, out: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """Try the hypotheses ``names``, or all; write both tables and return the conclusions.

    Raises ReplicationError for an unknown name.
    """
    causes, known = settings.causes, [*settings.causes.hypotheses, TALLER_FIELD]
    for name in names:
        if name not in known:
            raise ReplicationError(
                f"there is no hypothesis '{name}'{did_you_mean(name, known)}: params.yaml has "
                f"{', '.join(known)} under causes"
            )
    laboratory = Laboratory(settings, folders, paper.load(folders.paper))
    study = Study(laboratory, out)
    choices: dict[str, tuple[Levels, float]] = {}
    for name, hypothesis in causes.hypotheses.items():
        wanted = not names or name in names
        if not wanted and not any(row["stage"] == TEST for row in study.rows.get(name, [])):
            continue
        every = list(_combinations(hypothesis))
        replicates = range(hypothesis.replicates)

        def trials(
            stage: str, levels: list[Levels], name: str = name, one: Hypothesis = hypothesis,
            replicates: range = replicates,
        ) -> list[Trial]:  # fmt: skip
            return [
                laboratory.trial(name, one, stage, level, replicate)
                for level in levels
                for replicate in replicates
            ]

        if wanted:
            study.rows[name] = []
            study.trained(trials(HELD_OUT, every), settings.train.workers)
        printed = published(laboratory.paper, hypothesis.row)["test error"]
        if hypothesis.choose in causes.hypotheses and hypothesis.choose not in choices:
            raise ReplicationError(
                f"{name} follows {hypothesis.choose}, which has not been tried: run "
                f"`python -m replication causes {hypothesis.choose} {name}`"
            )
        followed = choices.get(hypothesis.choose, ({}, 0.0))[0]
        choices[name] = chosen(hypothesis, study.rows[name], printed, followed)
        if wanted:
            tested = every if hypothesis.tested == "all" else [choices[name][0]]
            study.trained(trials(TEST, tested), settings.train.workers)
            _concluded(laboratory, study, choices, out)
    study.write()
    if not names or TALLER_FIELD in names:
        TALLER.write(out, taller.counted(folders, settings, laboratory.paper))
    return _concluded(laboratory, study, choices, out)


def _concluded(
    laboratory: Laboratory, study: Study, choices: dict[str, tuple[Levels, float]], out: Path
) -> pd.DataFrame:
    before = _before(laboratory.settings, out)
    causes = laboratory.settings.causes
    table = conclusions(causes, laboratory.paper, study.rows, choices, before)
    if TALLER.exists(out):
        rows = taller.concluded(TALLER.read(out), laboratory.settings, laboratory.paper, out)
        table = pd.concat([table, rows], ignore_index=True)
    write_table(out / CONCLUSIONS.name, table)
    return table


def _before(settings: Settings, out: Path) -> dict[str, Any]:
    """What ours gives, by row: metrics of the experiment that stands for it."""
    metrics = read_metrics(out / "metrics.json")
    known = dict(settings.compare.systems) | {
        f"figure6/{size}": names[0] for size, names in settings.compare.training_sizes.items()
    }
    return {row: metrics[name] for row, name in known.items() if name in metrics}


@click.command()
@folder_options("params", "paper", "raw", "prepared", "runs", "checkpoints")
@path_option("--out", "results", "The folder of the tables that are written, and of metrics.json.")
@click.argument("hypotheses", nargs=-1)
def command(folders: Folders, out: Path, hypotheses: tuple[str, ...]) -> None:
    """Try HYPOTHESES of params.yaml on why published numbers are others than ours, or all.

    Chosen on the last training patterns, reported on the test patterns.
    """
    table = run(folders, load(folders.params), out, hypotheses)
    columns = ["hypothesis", "measure", "published", "before", "ours", "chosen", "role", "decided"]
    print(table[columns].to_string(index=False))
