"""The replicates of an experiment, side by side: trained once, kept whole, never trained again."""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from replication import artifacts, sources
from replication.errors import Diverged
from replication.learning.jobs import Runner
from replication.learning.monitor import Monitor
from replication.mnist.databases import Database
from replication.paper import Paper
from replication.settings import AnyRecipe, Prepare
from replication.systems.contract import Fitted, Task
from replication.systems.costs import Fits, cost_of

PACKAGES = ("numba", "numpy", "scikit-learn", "scipy", "torch")

# The folders whose code shapes a replicate; settings, data and tables enter the key by value.
DECISIVE = ("learning", "mnist", "networks", "systems")


class Experiment(NamedTuple):
    """What all replicates of an experiment share.

    Attributes:
        name: its name in params.yaml.
        recipe, prepare: the settings in force.
        paper: its tables.
        system: makes one replicate.
        database: the patterns; ``table`` float32 (256,) their network inputs by grey level.
        kept: a replicate with more parameters leaves its answers alone, not its weights.
        runs: the folder that holds ``<experiment>/<replicate>/``.
        checkpoints: the folder for passes of unfinished replicates.
    """

    name: str
    recipe: AnyRecipe
    prepare: Prepare
    paper: Paper
    system: Fits
    database: Database
    table: NDArray[np.float32]
    kept: int
    runs: Path
    checkpoints: Path

    def folder(self, replicate: int) -> Path:
        """Where a finished replicate lies."""
        return self.runs / self.name / str(replicate)


def presentations(experiment: Experiment) -> int:
    """How many patterns one replicate is shown in training."""
    return experiment.recipe.presentations(len(experiment.database.train_images))


def key(experiment: Experiment, replicate: int) -> str:
    """A hash of all that decides the replicate's bytes: settings, seed, data and code."""
    decisive = {
        "settings": experiment.recipe.training(),
        "levels": [experiment.prepare.background, experiment.prepare.foreground],
        "replicate": replicate,
        "data": experiment.database.sha256(),
        "paper": [
            experiment.paper.digit_codes.tolist(),
            experiment.paper.connection_table,
        ],
        "code": sources.version(type(experiment.system).__module__, DECISIVE),
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def is_finished(experiment: Experiment, replicate: int) -> bool:
    """Whether the replicate lies there whole, made with the present settings, data and code."""
    path = experiment.folder(replicate) / "record.json"
    return path.exists() and artifacts.read_record(path)["key"] == key(experiment, replicate)


class Job(NamedTuple):
    """One replicate of an experiment."""

    experiment: Experiment
    number: int

    @property
    def name(self) -> str:
        """As it is shown: the experiment and the replicate's number."""
        return f"{self.experiment.name} {self.number}"


def train(jobs: Sequence[Job], runner: Runner, monitor: Callable[[str], Monitor]) -> list[Job]:
    """Train those of ``jobs`` that are not finished, and return them.

    ``monitor`` makes the monitor of a replicate, given its name.
    """
    missing = [job for job in jobs if not is_finished(*job)]
    for _ in runner.run(_train_one, [(job, monitor(job.name)) for job in missing]):
        pass
    return missing


def train_or_diverge(
    jobs: Sequence[Job], runner: Runner, monitor: Callable[[str], Monitor]
) -> set[str]:
    """As `train`, but a replicate that diverges is an outcome: returns the names of those."""
    missing = [job for job in jobs if not is_finished(*job)]
    watched = [(job, monitor(job.name)) for job in missing]
    return {name for name in runner.run(_train_or_name, watched) if name}


def _train_or_name(job: Job, monitor: Monitor) -> str:
    try:
        _train_one(job, monitor)
    except Diverged as error:
        monitor.line(str(error))
        return job.name
    return ""


def _train_one(job: Job, monitor: Monitor) -> None:
    experiment, replicate = job
    started = time.perf_counter()
    unique = key(experiment, replicate)
    checkpoint = experiment.checkpoints / f"{experiment.name}-{replicate}-{unique[:16]}.npz"
    task = Task(experiment.name, replicate, experiment.database, experiment.table, checkpoint)
    fitted = experiment.system.fit(task, monitor)
    _write(experiment, replicate, unique, fitted, time.perf_counter() - started)
    # A system that trains several networks keeps one beside the other, under longer names.
    for path in checkpoint.parent.glob(f"{glob.escape(checkpoint.stem)}*"):
        path.unlink(missing_ok=True)


def _write(
    experiment: Experiment, replicate: int, unique: str, fitted: Fitted, seconds: float
) -> None:
    """The record comes last: where it lies, the replicate is whole."""
    folder = experiment.folder(replicate)
    for name in ("record.json", "weights.safetensors", "history.csv"):
        (folder / name).unlink(missing_ok=True)
    if fitted.weights and fitted.parameters <= experiment.kept:
        artifacts.write_bytes(folder / "weights.safetensors", save(fitted.weights))
    if not fitted.history.empty:
        artifacts.write_history(folder / "history.csv", fitted.history)
    artifacts.write_answers(folder / "answers.npz", fitted.answers)
    cost = cost_of(experiment.system, fitted)
    artifacts.write_json(folder / "cost.json", cost._asdict())
    artifacts.write_json(
        folder / "timing.json",
        {
            "seconds": round(seconds, 2),
            "presentations": fitted.presentations,
            "host": {"machine": platform.machine(), "system": platform.system()},
        },
    )
    artifacts.write_json(folder / "record.json", _record(experiment, replicate, unique, fitted))


def _record(experiment: Experiment, replicate: int, unique: str, fitted: Fitted) -> dict[str, Any]:
    return {
        "experiment": experiment.name,
        "replicate": replicate,
        "key": unique,
        "settings": {
            **experiment.recipe.training(),
            "background": experiment.prepare.background,
            "foreground": experiment.prepare.foreground,
        },
        "streams": {"seed": experiment.recipe.seed, "replicate": replicate},
        "data": {"sha256": experiment.database.sha256()},
        "presentations": fitted.presentations,
        "parameters": fitted.parameters,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
