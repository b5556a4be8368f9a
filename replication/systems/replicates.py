"""The replicates of an experiment: trained once, kept whole, never trained again."""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Sequence

from safetensors.numpy import save

from replication.display import Display
from replication.errors import ReplicationError
from replication.learning.monitor import Monitor
from replication.machine import processor
from replication.mnist.databases import grey_levels
from replication.settings import Train
from replication.systems.contract import Fitted, Task
from replication.systems.jobs import Experiment, Job, code, database, key, presentations
from replication.systems.parallel import side_by_side
from replication.systems.shared import Shared, folder_in, remove

PACKAGES = ("numba", "numpy", "scikit-learn", "scipy", "torch")


def is_finished(experiment: Experiment, replicate: int) -> bool:
    """Whether the replicate lies there whole, made with the present settings, data and code."""
    run = experiment.run(replicate)
    return run.is_whole() and run.record["key"] == key(experiment, replicate)


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
        Shared(folder_in(folders.checkpoints), job.name),
    )
    fitted = experiment.system.fit(task, monitor)
    _write(job, unique, task, fitted, time.perf_counter() - started)
    # A system that trains several networks keeps one beside the other, under longer names.
    for path in checkpoint.parent.glob(f"{glob.escape(checkpoint.stem)}*"):
        path.unlink(missing_ok=True)


def _write(job: Job, unique: str, task: Task, fitted: Fitted, seconds: float) -> None:
    experiment, replicate = job
    taken = task.shared.taken
    seconds -= sum(part["waited"] for part in taken)
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
            **({"shared": taken} if taken else {}),
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
            "data": {"sha256": task.database.sha256()},
            "presentations": fitted.presentations,
            "parameters": fitted.parameters,
            "evidence": {**fitted.evidence, **evidence, "code_sha256": code(experiment)},
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "processor": processor(),
        },
    )
