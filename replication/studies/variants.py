"""Trainings with some settings changed, each with its test error; what is there is kept.

A variant starts from an experiment of a network. Its changes are keys of the experiment, such as
``sdlm.mu``, and keys of a trial's own (`replication.studies.causes.trials`), such as ``faster``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from replication.comparison.evaluation.errors import count_misses, to_percent
from replication.core.learning.monitor import Display, Monitor
from replication.core.mnist.databases import grey_levels
from replication.core.settings import Recipe, Settings
from replication.core.systems.contract import Task
from replication.core.systems.jobs import Experiment, Job, key, prepare_experiments
from replication.core.systems.replicates import run_side_by_side
from replication.errors import Diverged, ReplicationError
from replication.files import Table
from replication.folders import Folders
from replication.studies.causes.trials import alter_recipe

Value = str | int | float
OUTCOME = ("replicate", "key", "training_error_percent", "test_error_percent")


class Variant(NamedTuple):
    """One way to train an experiment.

    Attributes:
        labels: the columns of the table that say which variant it is.
        changes: the settings that it changes.
        replicates: how many are trained.
    """

    labels: Mapping[str, Value]
    changes: Mapping[str, Value]
    replicates: int


def split_levels(levels: Value) -> dict[str, Value]:
    """Return the changes for input levels that are given as ``-0.1 to 1.175``."""
    background, _, foreground = str(levels).partition(" to ")
    return {"inputs.background": float(background), "inputs.foreground": float(foreground)}


def make_experiment(
    variant: Variant, name: str, seed: int, settings: Settings, folders: Folders
) -> Experiment:
    """Return the experiment ``name`` of params.yaml, changed and with another seed.

    Raises ReplicationError for an experiment that is no network, and as `alter_recipe` does.
    """
    recipe = settings.experiment(name)
    if not isinstance(recipe, Recipe):
        raise ReplicationError(f"params.yaml: {name} is no network: name an experiment of one")
    changes = {**variant.changes, "seed": seed, "replicates": variant.replicates}
    changed = alter_recipe(recipe, changes, recipe.training_patterns)
    title = ", ".join(f"{key} {value}" for key, value in variant.labels.items())
    (made,) = prepare_experiments({title: changed}, settings, folders)
    return made


def train_variants(
    variants: Sequence[Variant], experiment: str, seed: int, table: Table, settings: Settings,
    folders: Folders,
) -> pd.DataFrame:  # fmt: skip
    """Train what ``table`` in the folder of results lacks, and write it after every replicate.

    It has a row for each replicate: the labels, and `OUTCOME`. A replicate that diverges has no
    errors. Rows of other settings, data or code are dropped.
    """
    before = table.read(folders.out) if table.exists(folders.out) else table.frame([])
    known: dict[str, dict[str, Any]] = {}
    for found in before.to_dict("records"):
        known[found["key"]] = {column: found[column] for column in OUTCOME}
    jobs, labels = [], {}
    for variant in variants:
        made = make_experiment(variant, experiment, seed, settings, folders)
        for number in range(variant.replicates):
            job = Job(made, number)
            jobs.append(job)
            labels[_short(job)] = dict(variant.labels)

    def write() -> pd.DataFrame:
        rows = [labels[name] | {column: known[name][column] for column in OUTCOME}
                for name in map(_short, jobs) if name in known]  # fmt: skip
        written = pd.DataFrame(rows, columns=list(table.columns))
        table.write(folders.out, written)
        return written

    missing = [job for job in jobs if _short(job) not in known]
    total = sum(job.experiment.presentations for job in missing)
    with Display(Path(table.name).stem, total) as display:
        for row in run_side_by_side(_train, missing, settings.train, display.show):
            known[row["key"]] = row
            write()
    return write()


def _short(job: Job) -> str:
    """Return the beginning of the hash of all that the replicate's errors follow from."""
    return key(job.experiment, job.number)[:16]


def _train(job: Job, monitor: Monitor) -> dict[str, Any]:
    """Train a replicate and return its row without the labels."""
    experiment, number = job
    data = experiment.database
    checkpoint = experiment.folders.checkpoints / "variants" / f"{_short(job)}.npz"
    levels = grey_levels(*experiment.inputs.ends)
    row: dict[str, Any] = dict.fromkeys(OUTCOME) | {"replicate": number, "key": _short(job)}
    try:
        fitted = experiment.system.fit(
            Task(experiment.name, number, data, levels, checkpoint), monitor
        )
    except Diverged as error:
        monitor.line(str(error))
        return row
    last = fitted.history.iloc[-1]
    shown = int(last["training_presentations"])
    row["training_error_percent"] = to_percent(float(last["training_misses"]), shown)
    wrong = count_misses(fitted.answers.classes, data.test_labels)
    row["test_error_percent"] = to_percent(wrong, len(data.test_labels))
    checkpoint.unlink(missing_ok=True)
    return row
