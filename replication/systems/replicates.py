"""The replicates of an experiment: trained once, kept whole, never trained again."""

import glob
import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from replication.display import Display
from replication.errors import ReplicationError
from replication.learning.identity import ENGINE, MARKS, mark_name
from replication.learning.monitor import Monitor
from replication.machine import processor
from replication.mnist.databases import grey_levels
from replication.runs import RECORD, weights_bytes
from replication.settings import Train
from replication.systems.catalogue import versions
from replication.systems.contract import Fitted, Task
from replication.systems.jobs import Experiment, Job, database, key, presentations
from replication.systems.parallel import side_by_side
from replication.systems.shared import Shared, folder_in, remove

PACKAGES = ("numba", "numpy", "scikit-learn", "scipy", "torch")


def is_finished(experiment: Experiment, replicate: int) -> bool:
    """Whether the replicate lies there whole, made with the present settings, data and code."""
    run = experiment.run(replicate)
    return run.is_whole() and run.record["key"] == key(experiment, replicate)


class Beginning(NamedTuple):
    """How today's code begins a replicate that was trained before.

    Attributes:
        job: the replicate.
        presentations: after so many the weights are compared.
        equal: whether they are the same bytes.
    """

    job: Job
    presentations: int
    equal: bool

    @property
    def text(self) -> str:
        """What is wrong, and what to do."""
        return (
            f"{self.job.name} was trained otherwise than today's code of engine {ENGINE} trains: "
            f"after {self.presentations} presentations the weights are others. Bring the code of "
            f"engine {ENGINE} back, or raise ENGINE in replication/learning/identity.py, and "
            "everything of our engine is trained again"
        )


def compare_beginning(experiment: Experiment) -> Beginning | None:
    """Train the first presentations of a replicate and hold them against its record.

    The replicate is the first that is there with the present settings, data and numbers of code,
    and whose record says how it began; None where there is none.
    """
    if experiment.network is None:
        return None
    for number in range(experiment.recipe.replicates):
        job, run = Job(experiment, number), experiment.run(number)
        if not run.has(RECORD) or run.record["key"] != key(*job):
            continue
        stated, here = run.record["evidence"], begin(job)
        for mark in reversed(MARKS):
            name = mark_name(mark)
            if name in stated and name in here:
                return Beginning(job, mark, stated[name] == here[name])
    return None


def begin(job: Job) -> Mapping[str, str]:
    """Train the first presentations of a replicate alone: the hashes of its weights by mark."""
    return job.experiment.system.begin(_task(job, job.experiment.folders.checkpoints / "none.npz"))


def train(title: str, jobs: Sequence[Job], how: Train) -> list[Job]:
    """Train those of ``jobs`` that are not finished, as ``how`` says, and show how far.

    Returns these. A replicate that diverges is an error, and so is code that begins otherwise than
    the replicates that are there, of which nothing is trained then.
    """
    for experiment in {job.experiment.name: job.experiment for job in jobs}.values():
        beginning = compare_beginning(experiment)
        if beginning is not None and not beginning.equal:
            raise ReplicationError(beginning.text)
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
    for checkpoints in {job.experiment.folders.checkpoints for job in missing}:
        remove(checkpoints)
    return missing


def _trained(job: Job, monitor: Monitor) -> tuple[Job, dict[str, bytes]]:
    """Train and leave the run; also its files by name."""
    if not is_finished(*job):  # where an answer was lost on its way, the run was not
        _train_one(job, monitor)
    return job, job.experiment.run(job.number).files()


def _train_one(job: Job, monitor: Monitor) -> None:
    """Fit the replicate and leave its folder whole; all it needs comes from the job and files."""
    experiment, replicate = job
    folders = experiment.folders
    started, processed = time.perf_counter(), time.thread_time()
    unique = key(experiment, replicate)
    checkpoint = folders.checkpoints / f"{experiment.name}-{replicate}-{unique[:16]}.npz"
    task = _task(job, checkpoint)
    try:
        fitted = experiment.system.fit(task, monitor)
    except MemoryError as error:
        raise ReplicationError(
            f"the memory of this machine does not suffice for {job.name}, which needs about "
            f"{experiment.system.memory / 1e9:.1f} GB beside what others take: lower train.workers "
            f"in params.yaml, or give it more; whole passes are kept"
        ) from error
    wall, cpu = time.perf_counter() - started, time.thread_time() - processed
    waited = sum(part["waited"] for part in task.shared.taken)
    _write(job, unique, task, fitted, {"seconds": wall - waited, "cpu_seconds": cpu})
    # A system that trains several networks keeps one beside the other, under longer names.
    # Before its name stands a dot where a process was ended while it wrote.
    for path in checkpoint.parent.glob(f"*{glob.escape(checkpoint.stem)}*"):
        path.unlink(missing_ok=True)


def _task(job: Job, checkpoint: Path) -> Task:
    experiment, replicate = job
    prepare = experiment.prepare
    levels = grey_levels(prepare.background, prepare.foreground)
    shared = Shared(folder_in(experiment.folders.checkpoints), job.name)
    return Task(experiment.name, replicate, database(experiment), levels, checkpoint, shared)


def _write(job: Job, unique: str, task: Task, fitted: Fitted, took: Mapping[str, float]) -> None:
    experiment, replicate = job
    taken = task.shared.taken
    weights = weights_bytes(fitted.weights)
    # A hash of what came out, also where the weights are not kept.
    evidence = {"weights_sha256": hashlib.sha256(weights).hexdigest()} if weights else {}
    kept = fitted.parameters <= experiment.kept
    experiment.run(replicate).write(
        answers=fitted.answers,
        history=fitted.history,
        weights=weights if kept else b"",
        cost=fitted.cost._asdict(),
        timing={
            # Of the thread that trains, in which all libraries work alone.
            **{name: round(seconds, 2) for name, seconds in took.items()},
            "presentations": fitted.presentations,
            **({"shared": taken} if taken else {}),
            "host": {"machine": platform.machine(), "system": platform.system()},
        },
        record={
            "experiment": experiment.name,
            "replicate": replicate,
            "key": unique,
            "settings": {
                **experiment.recipe.in_force(),
                "background": experiment.prepare.background,
                "foreground": experiment.prepare.foreground,
            },
            "streams": {"seed": experiment.recipe.seed, "replicate": replicate},
            "data": {"sha256": task.database.sha256()},
            "presentations": fitted.presentations,
            "parameters": fitted.parameters,
            "versions": versions(experiment.recipe),
            "evidence": {**fitted.evidence, **evidence},
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "processor": processor(),
            **({"blas": list(fitted.blas)} if fitted.blas else {}),
        },
    )
