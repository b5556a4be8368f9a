"""The command that tries the hypotheses. What is done already is not done again."""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import click
import pandas as pd

from replication.comparison import paper
from replication.comparison.evaluation.metrics import read_metrics
from replication.core.display import Display
from replication.core.learning.monitor import Monitor
from replication.core.settings import Settings
from replication.core.settings.document import suggest_name
from replication.core.systems.jobs import Job
from replication.core.systems.parallel import run_side_by_side
from replication.errors import ReplicationError
from replication.files import write_table
from replication.folders import Folders
from replication.studies.causes import CONCLUSIONS, TALLER, TRIALS, taller
from replication.studies.causes.choice import Choice, chosen, conclusions, published
from replication.studies.causes.trials import HELD_OUT, TEST, Laboratory, Levels, Row, Trial

FOLDERS = ("runs",)
PARAMETERS = (click.Argument(["names"], nargs=-1, metavar="[HYPOTHESIS]..."),)


class Study:
    """The rows of `TRIALS`, by hypothesis; written after every trial."""

    def __init__(self, laboratory: Laboratory, out: Path) -> None:
        """``out`` is the folder of results, from which what is done already is read."""
        self.laboratory, self._out = laboratory, out
        self.rows: dict[str, list[Row]] = {}
        self._known: dict[str, Row] = {}
        for record in TRIALS.read(out).to_dict("records") if TRIALS.exists(out) else ():
            row: Row = {str(key): value for key, value in record.items()}
            self.rows.setdefault(row["hypothesis"], []).append(row)
            self._known[row["key"]] = row

    def trained(self, name: str, stage: str, wanted: list[Levels]) -> None:
        """Make the rows of a hypothesis at a stage with the ``wanted`` levels."""
        hypothesis = self.laboratory.settings.causes.hypotheses[name]
        trials = [
            self.laboratory.trial(name, hypothesis, stage, levels, replicate)
            for levels in wanted
            for replicate in range(hypothesis.replicates)
        ]
        keys = [self.laboratory.key(trial) for trial in trials]
        others = [row for row in self.rows.get(name, ()) if row["stage"] != stage]
        jobs = [
            Job(trial.experiment, number)
            for number, (key, trial) in enumerate(zip(keys, trials, strict=True))
            if key not in self._known
        ]

        def keep() -> None:
            kept = [
                self._known[key] | {"hypothesis": name, **trial.levels}
                for key, trial in zip(keys, trials, strict=True)
                if key in self._known
            ]
            self.rows[name] = others + kept
            self._write()

        with Display(name, len(jobs) * trials[0].patterns) as display:
            work = partial(_outcome, laboratory=self.laboratory, trials=trials)
            how = self.laboratory.settings.train
            for row in run_side_by_side(work, jobs, how, display.show):
                self._known[row["key"]] = row
                keep()
        keep()

    def _write(self) -> None:
        """All rows, in the order of params.yaml; a key that no trial varies has no column."""
        order = [name for name in self.laboratory.settings.causes.hypotheses if name in self.rows]
        table = pd.DataFrame([row for name in order for row in self.rows[name]])
        table = table.dropna(axis="columns", how="all")
        columns = dict.fromkeys([*TRIALS.columns, *table.columns])
        TRIALS.write(self._out, table.reindex(columns=list(columns)))

    def concluded(self, choices: dict[str, Choice]) -> pd.DataFrame:
        """Write and return the conclusions."""
        settings, stated = self.laboratory.settings, self.laboratory.paper
        metrics = read_metrics(self._out / "metrics.json")
        known = dict(settings.compare.systems) | {
            f"figure6/{size}": names[0] for size, names in settings.compare.training_sizes.items()
        }
        before: dict[str, Any] = {
            row: metrics[name] for row, name in known.items() if name in metrics
        }
        table = conclusions(settings.causes, stated, self.rows, choices, before)
        if TALLER.exists(self._out):
            rows = taller.concluded(TALLER.read(self._out), settings, stated, self._out)
            table = pd.concat([table, rows], ignore_index=True)
        write_table(self._out / CONCLUSIONS.name, table)
        return table


def _outcome(job: Job, monitor: Monitor, *, laboratory: Laboratory, trials: list[Trial]) -> Row:
    return laboratory.outcome(trials[job.number], monitor)


def run(folders: Folders, settings: Settings, names: tuple[str, ...] = ()) -> pd.DataFrame:
    """Try each HYPOTHESIS of params.yaml on why published numbers are others than ours, or all.

    Chosen on the last training patterns, reported on the test patterns. A hypothesis that follows
    another is refused until that has been tried.
    """
    out = folders.out
    hypotheses = settings.causes.hypotheses
    known = [*hypotheses, taller.HYPOTHESIS]
    for name in names:
        if name not in known:
            raise ReplicationError(
                f"there is no hypothesis '{name}'{suggest_name(name, known)}: params.yaml has "
                f"{', '.join(known)} under causes"
            )
    study = Study(Laboratory(settings, folders, paper.load(folders.paper)), out)
    choices: dict[str, Choice] = {}
    for name, hypothesis in hypotheses.items():
        wanted = not names or name in names
        if not wanted and not any(row["stage"] == TEST for row in study.rows.get(name, ())):
            continue
        values = product(*hypothesis.vary.values())
        every: list[Levels] = [dict(zip(hypothesis.vary, one, strict=True)) for one in values]
        if wanted:
            study.trained(name, HELD_OUT, every)
        if hypothesis.choose in hypotheses and hypothesis.choose not in choices:
            raise ReplicationError(
                f"{name} follows {hypothesis.choose}, which has not been tried: run "
                f"`python -m replication causes {hypothesis.choose} {name}`"
            )
        printed = published(study.laboratory.paper, hypothesis.row)["test error"]
        followed = choices[hypothesis.choose].levels if hypothesis.choose in choices else {}
        choices[name] = chosen(hypothesis, study.rows[name], printed, followed)
        if wanted:
            study.trained(name, TEST, every if hypothesis.tested == "all" else [choices[name][0]])
            study.concluded(choices)
    if not names or taller.HYPOTHESIS in names:
        TALLER.write(out, taller.counted(folders, settings, study.laboratory.paper))
    return study.concluded(choices)


def summary(table: pd.DataFrame) -> str:
    """The conclusions, as far as they fit on a screen."""
    columns = ["hypothesis", "measure", "published", "before", "ours", "chosen", "role", "decided"]
    return table[columns].to_string(index=False)
