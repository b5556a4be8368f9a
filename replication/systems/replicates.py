"""The replicates of an experiment, side by side: trained once, kept whole, never trained again."""

from __future__ import annotations

import glob
import hashlib
import importlib
import importlib.metadata
import json
import platform
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from safetensors.numpy import save

from replication import paper, sources
from replication.display import Display
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.learning.monitor import Message, Monitor
from replication.machine import processor
from replication.mnist import databases
from replication.mnist.databases import Database, grey_levels
from replication.networks import catalogue
from replication.paper import Paper
from replication.runs import Run
from replication.settings import AnyRecipe, Combined, Prepare, Recipe, Train
from replication.systems.catalogue import system
from replication.systems.contract import Fitted, System, Task

Result = TypeVar("Result")

PACKAGES = ("numba", "numpy", "scikit-learn", "scipy", "torch")

# The folders whose code shapes a replicate; settings, data and tables enter the key by value.
DECISIVE = ("arithmetic", "compiled.py", "learning", "mnist", "networks", "systems")


class Experiment(NamedTuple):
    """What all replicates of an experiment share.

    ``recipe`` and ``prepare`` are the settings in force; a replicate with more parameters than
    ``kept`` leaves its answers alone, not its weights.
    """

    name: str
    recipe: AnyRecipe
    prepare: Prepare
    kept: int
    folders: Folders

    def run(self, replicate: int) -> Run:
        """What a finished replicate leaves behind."""
        return Run(self.folders.runs / self.name / str(replicate))

    @property
    def data(self) -> databases.Stated:
        """What the prepared data's summary states of the experiment's database."""
        return databases.stated(self.folders.prepared, self.recipe.database)

    @property
    def system(self) -> System:
        """What trains the replicates."""
        return system(self.name, self.recipe, _paper(self.folders.paper, Path.cwd()))


def presentations(experiment: Experiment) -> int:
    """How many patterns one replicate is shown in training, by all networks that it trains.

    A system of several networks says how many in its module's ``NETWORKS``.
    """
    module = importlib.import_module(type(experiment.system).__module__)
    networks: int = getattr(module, "NETWORKS", 1)
    return networks * experiment.recipe.presentations(experiment.data.training_patterns)


def key(experiment: Experiment, replicate: int) -> str:
    """A hash of all that decides the replicate's bytes: settings, seed, data and code."""
    published = _paper(experiment.folders.paper, Path.cwd())
    decisive = {
        "settings": experiment.recipe.training(),
        "levels": [experiment.prepare.background, experiment.prepare.foreground],
        "replicate": replicate,
        "data": experiment.data.sha256,
        "paper": [published.digit_codes.tolist(), published.connection_table],
        "code": code(experiment),
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def code(experiment: Experiment) -> str:
    """A hash of the code that makes a replicate: its system's, its network's and optimiser's."""
    recipe = experiment.recipe
    modules = [type(experiment.system).__module__]
    if isinstance(recipe, Recipe | Combined):
        name = recipe.optimiser.name.replace("-", "_")
        modules.append(f"replication.learning.optimisers.{name}")
        modules.append(catalogue.module(recipe.network))
    return sources.version(tuple(modules), DECISIVE)


# One reading serves all replicates of a process, as long as a relative path means the same folder.


@cache
def _paper(folder: Path, _: Path) -> Paper:
    return paper.load(folder)


@cache
def _database(raw: Path, prepared: Path, name: str, _: Path) -> Database:
    return databases.load(raw, prepared, name)


def database(experiment: Experiment) -> Database:
    """The patterns of an experiment, read once a process."""
    folders = experiment.folders
    return _database(folders.raw, folders.prepared, experiment.recipe.database, Path.cwd())


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


def train(title: str, jobs: Sequence[Job], how: Train) -> list[Job]:
    """Train those of ``jobs`` that are not finished, as ``how`` says, and show how far.

    Returns these. A replicate that diverges is an error.
    """
    missing = [job for job in jobs if not is_finished(*job)]
    shown = sum(presentations(job.experiment) for job in missing)
    with Display(title, shown) as display:
        for job, files in side_by_side(_trained, missing, how, display.show):
            if not is_finished(*job):  # a worker wrote it where this process does not see it
                job.experiment.run(job.number).take(files)
                if not is_finished(*job):
                    raise ReplicationError(
                        f"a worker trained {job.name} on other data than this process has: run "
                        "`python -m replication prepare` where its workers are started, and again"
                    )
    return missing


def _trained(job: Job, monitor: Monitor) -> tuple[Job, dict[str, bytes]]:
    """Train and leave the run; also its files by name."""
    if not is_finished(*job):  # where an answer was lost on its way, the run was not
        _train_one(job, monitor)
    return job, job.experiment.run(job.number).files()


def side_by_side(
    work: Callable[[Job, Monitor], Result],
    jobs: Sequence[Job],
    how: Train,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    """What ``work`` gives for each job, as it comes, by the engine that is chosen.

    ``work`` and what it gives can be pickled. Messages are shown from the calling thread. On an
    error or Ctrl-C the other jobs are asked to stop, and the first error is raised.
    """
    if how.engine == "local" or not jobs:
        return _threads(work, jobs, how, show)
    try:
        from replication.systems import cluster
    except ModuleNotFoundError as error:
        raise ReplicationError(
            f"train.engine in params.yaml is dask, but the package {error.name} is not installed: "
            "`python -m pip install distributed` adds it, or set train.engine to local"
        ) from error
    return cluster.processes(work, jobs, how, show)


def _threads(
    work: Callable[[Job, Monitor], Result],
    jobs: Sequence[Job],
    how: Train,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    """Threads of this process, for the kernels release its lock; all have stopped at the end."""
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    stop = threading.Event()
    with ThreadPoolExecutor(how.workers) as executor:
        waiting: set[Future[Result]] = {
            executor.submit(work, job, Monitor(job.name, messages.put, stop.is_set)) for job in jobs
        }
        try:
            while waiting:
                done, waiting = wait(waiting, 0.2, FIRST_COMPLETED)
                while not messages.empty():
                    show(messages.get())
                for future in done:
                    yield future.result()
        except BaseException:
            stop.set()
            for future in waiting:
                future.cancel()
            raise


def _train_one(job: Job, monitor: Monitor) -> None:
    """Fit the replicate and leave its folder whole; all it needs comes from the job and files."""
    experiment, replicate = job
    folders, prepare = experiment.folders, experiment.prepare
    started = time.perf_counter()
    unique = key(experiment, replicate)
    checkpoint = folders.checkpoints / f"{experiment.name}-{replicate}-{unique[:16]}.npz"
    task = Task(
        experiment.name,
        replicate,
        database(experiment),
        grey_levels(prepare.background, prepare.foreground),
        checkpoint,
    )
    fitted = experiment.system.fit(task, monitor)
    _write(job, unique, task.database, fitted, time.perf_counter() - started)
    # A system that trains several networks keeps one beside the other, under longer names.
    for path in checkpoint.parent.glob(f"{glob.escape(checkpoint.stem)}*"):
        path.unlink(missing_ok=True)


def _write(job: Job, unique: str, database: Database, fitted: Fitted, seconds: float) -> None:
    experiment, replicate = job
    weights = save(fitted.weights) if fitted.weights else b""
    # A hash of what came out, also where the weights are not kept.
    evidence = {"weights_sha256": hashlib.sha256(weights).hexdigest()} if weights else {}
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
            "evidence": {**fitted.evidence, **evidence, "code_sha256": code(experiment)},
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "processor": processor(),
        },
    )
