"""The replicates of an experiment, side by side: trained once, kept whole, never trained again."""

from __future__ import annotations

import glob
import hashlib
import importlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.numpy import save

from replication import paper, sources
from replication.errors import Diverged
from replication.learning.jobs import Runner, Watcher
from replication.learning.monitor import Monitor
from replication.machine import processor
from replication.mnist import databases
from replication.mnist.databases import Database, grey_levels
from replication.paper import Paper
from replication.runs import Run
from replication.settings import AnyRecipe, Combined, Prepare, Recipe
from replication.systems.catalogue import system
from replication.systems.contract import Fitted, Task

PACKAGES = ("numba", "numpy", "scikit-learn", "scipy", "torch")

# The folders whose code shapes a replicate; settings, data and tables enter the key by value.
DECISIVE = ("arithmetic", "compiled.py", "learning", "mnist", "networks", "systems")


class Experiment(NamedTuple):
    """What all replicates of an experiment share: settings and places, so that it can travel.

    Attributes:
        name: its name in params.yaml.
        recipe, prepare: the settings in force.
        kept: a replicate with more parameters leaves its answers alone, not its weights.
        raw, prepared, paper: the folders data/raw, data/prepared and data/paper.
        runs: the folder that holds ``<experiment>/<replicate>/``.
        checkpoints: the folder for passes of unfinished replicates.
    """

    name: str
    recipe: AnyRecipe
    prepare: Prepare
    kept: int
    raw: Path
    prepared: Path
    paper: Path
    runs: Path
    checkpoints: Path

    def run(self, replicate: int) -> Run:
        """What a finished replicate leaves behind."""
        return Run(self.runs / self.name / str(replicate))


def presentations(experiment: Experiment) -> int:
    """How many patterns one replicate is shown in training, by all networks that it trains.

    A system of several networks says how many in its module's ``NETWORKS``.
    """
    stated = databases.stated(experiment.prepared, experiment.recipe.database)
    networks: int = getattr(importlib.import_module(_module(experiment)), "NETWORKS", 1)
    return networks * experiment.recipe.presentations(stated.training_patterns)


def key(experiment: Experiment, replicate: int) -> str:
    """A hash of all that decides the replicate's bytes: settings, seed, data and code."""
    published = _paper(experiment.paper)
    decisive = {
        "settings": experiment.recipe.training(),
        "levels": [experiment.prepare.background, experiment.prepare.foreground],
        "replicate": replicate,
        "data": databases.stated(experiment.prepared, experiment.recipe.database).sha256,
        "paper": [published.digit_codes.tolist(), published.connection_table],
        "code": code(experiment),
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def code(experiment: Experiment) -> str:
    """A hash of the code that makes a replicate: its system's, and its optimiser's if any."""
    recipe = experiment.recipe
    modules = [_module(experiment)]
    if isinstance(recipe, Recipe | Combined):
        name = recipe.optimiser.name.replace("-", "_")
        modules.append(f"replication.learning.optimisers.{name}")
    return sources.version(tuple(modules), DECISIVE)


def _module(experiment: Experiment) -> str:
    made = system(experiment.name, experiment.recipe, _paper(experiment.paper))
    return type(made).__module__


# One reading serves all replicates of a process, as long as a relative path means the same folder.


def _paper(folder: Path) -> Paper:
    return _paper_from(folder, Path.cwd())


@cache
def _paper_from(folder: Path, _: Path) -> Paper:
    return paper.load(folder)


def _database(raw: Path, prepared: Path, name: str) -> Database:
    return _database_from(raw, prepared, name, Path.cwd())


@cache
def _database_from(raw: Path, prepared: Path, name: str, _: Path) -> Database:
    return databases.load(raw, prepared, name)


def is_finished(experiment: Experiment, replicate: int) -> bool:
    """Whether the replicate lies there whole, made with the present settings, data and code."""
    run = experiment.run(replicate)
    return run.is_whole() and run.record["key"] == key(experiment, replicate)


class Job(NamedTuple):
    """One replicate of an experiment."""

    experiment: Experiment
    number: int

    @property
    def name(self) -> str:
        """As it is shown: the experiment and the replicate's number."""
        return f"{self.experiment.name} {self.number}"


def train(jobs: Sequence[Job], runner: Runner, watcher: Watcher) -> list[Job]:
    """Train those of ``jobs`` that are not finished, and return them."""
    missing = [job for job in jobs if not is_finished(*job)]
    for _ in runner.run(_train_one, missing, watcher):
        pass
    return missing


def train_or_diverge(jobs: Sequence[Job], runner: Runner, watcher: Watcher) -> set[str]:
    """As `train`, but a replicate that diverges is an outcome: returns the names of those."""
    missing = [job for job in jobs if not is_finished(*job)]
    return {name for name in runner.run(_train_or_name, missing, watcher) if name}


def _train_or_name(job: Job, monitor: Monitor) -> str:
    try:
        _train_one(job, monitor)
    except Diverged as error:
        monitor.line(str(error))
        return job.name
    return ""


def _train_one(job: Job, monitor: Monitor) -> None:
    """Fit the replicate and leave its folder whole; all it needs comes from the job and files."""
    experiment, replicate = job
    started = time.perf_counter()
    unique = key(experiment, replicate)
    recipe, prepare = experiment.recipe, experiment.prepare
    checkpoint = experiment.checkpoints / f"{experiment.name}-{replicate}-{unique[:16]}.npz"
    task = Task(
        experiment.name,
        replicate,
        _database(experiment.raw, experiment.prepared, recipe.database),
        grey_levels(prepare.background, prepare.foreground),
        checkpoint,
    )
    made = system(experiment.name, recipe, _paper(experiment.paper))
    fitted = made.fit(task, monitor)
    _write(job, unique, task.database, fitted, time.perf_counter() - started)
    # A system that trains several networks keeps one beside the other, under longer names.
    for path in checkpoint.parent.glob(f"{glob.escape(checkpoint.stem)}*"):
        path.unlink(missing_ok=True)


def _write(job: Job, unique: str, database: Database, fitted: Fitted, seconds: float) -> None:
    experiment, replicate = job
    weights = save(fitted.weights) if fitted.weights else b""
    kept = fitted.parameters <= experiment.kept
    experiment.run(replicate).write(
        answers=fitted.answers,
        history=fitted.history,
        weights=weights if kept else b"",
        cost=fitted.cost._asdict(),
        timing={
            "seconds": round(seconds, 2),
            "presentations": fitted.presentations,
            "host": {"machine": platform.machine(), "system": platform.system()},
        },
        record={
            "experiment": experiment.name,
            "replicate": replicate,
            "key": unique,
            "settings": {
                **experiment.recipe.training(),
                "background": experiment.prepare.background,
                "foreground": experiment.prepare.foreground,
            },
            "streams": {"seed": experiment.recipe.seed, "replicate": replicate},
            "data": {"sha256": database.sha256()},
            "presentations": fitted.presentations,
            "parameters": fitted.parameters,
            "evidence": {**_evidence(fitted, weights), "code_sha256": code(experiment)},
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "processor": processor(),
        },
    )


def _evidence(fitted: Fitted, weights: bytes) -> dict[str, Any]:
    """Hashes of what happened and of what came out, also where the weights are not kept."""
    evidence = dict(fitted.evidence)
    if weights:
        evidence["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    return evidence
