"""The replicates of experiments: trained side by side, kept whole, never trained again."""

import glob
import hashlib
import importlib.metadata
import platform
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple, TypeVar

from replication.core.learning.identity import ENGINE, MARKS, mark_name
from replication.core.learning.monitor import Display, Message, Monitor
from replication.core.mnist.databases import grey_levels
from replication.core.runs import RECORD, weights_bytes
from replication.core.settings import Train
from replication.core.systems.contract import Fitted, Shared, Task, remove_shared, shared_folder
from replication.core.systems.jobs import Experiment, Job, key, versions
from replication.core.systems.network import System as NetworkSystem
from replication.errors import ReplicationError
from replication.machine import cores, memory, processor

Result = TypeVar("Result")


def count_workers(how: Train, needs: Iterable[int]) -> int:
    """Return how many replicates are trained at the same time, 1 or more.

    That is ``how.workers``, or, where it is auto, the number of cores, but no more than three
    quarters of the memory hold if those of the greatest ``needs``, in bytes, meet.
    """
    if how.workers != "auto":
        return how.workers
    count, there, largest = cores(), memory(), sorted(needs, reverse=True)
    while count > 1 and there is not None and sum(largest[:count]) > 0.75 * there:
        count -= 1
    return count


def run_side_by_side(
    work: Callable[[Job, Monitor], Result],
    jobs: Sequence[Job],
    how: Train,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    """Yield what ``work`` gives for each job, as it comes, by the engine that is chosen.

    ``work`` and what it gives can be pickled. Messages are shown from the calling thread. On an
    error or Ctrl-C the other jobs are asked to stop, and the first error is raised.
    """
    count = count_workers(how, (job.experiment.system.memory for job in jobs))
    if how.engine == "local" or not jobs:
        return _threads(work, jobs, count, show)
    try:
        from replication.core.systems import cluster
    except ModuleNotFoundError as error:
        raise ReplicationError(
            f"train.engine in params.yaml is dask, but the package {error.name} is not installed: "
            "`python -m pip install distributed` adds it, or set train.engine to local"
        ) from error
    return cluster.run_in_dask(work, jobs, how.scheduler, count, show)


def _threads(
    work: Callable[[Job, Monitor], Result],
    jobs: Sequence[Job],
    workers: int,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    # The kernels release Python's lock.
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    stop = threading.Event()
    with ThreadPoolExecutor(workers) as executor:
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


PACKAGES = ("numba", "numpy", "scikit-learn", "scipy", "torch")


def is_finished(experiment: Experiment, replicate: int) -> bool:
    """Return whether the replicate is there, whole, by the present settings, data and code."""
    run = experiment.run(replicate)
    return run.is_whole() and run.record["key"] == key(experiment, replicate)


class Beginning(NamedTuple):
    """The comparison of today's code with a replicate that it trained before."""

    job: Job  # the replicate
    presentations: int  # the number after which the weights are compared
    equal: bool  # whether they are the same bytes

    @property
    def text(self) -> str:
        """The sentence that says what is wrong, and what to do."""
        return (
            f"{self.job.name} was trained otherwise than today's code of engine {ENGINE} trains: "
            f"after {self.presentations} presentations the weights are others. Bring the code of "
            f"engine {ENGINE} back, or raise ENGINE in replication/core/learning/identity.py, and "
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


def begin(job: Job, presentations: int = MARKS[-1]) -> Mapping[str, str]:
    """Train a replicate's first presentations alone; return the hashes of its weights by mark."""
    system = job.experiment.system
    if not isinstance(system, NetworkSystem):
        return {}
    task = _task(job, job.experiment.folders.checkpoints / "none.npz")
    return system.begin(task, presentations)


def train(title: str, jobs: Sequence[Job], how: Train) -> list[Job]:
    """Train those of ``jobs`` that are not finished, as ``how`` says, and return them.

    A replicate that diverges is an error, and so is code that begins otherwise than the replicates
    that are there, of which nothing is trained then.
    """
    for experiment in {job.experiment.name: job.experiment for job in jobs}.values():
        beginning = compare_beginning(experiment)
        if beginning is not None and not beginning.equal:
            raise ReplicationError(beginning.text)
    missing = [job for job in jobs if not is_finished(*job)]
    total = sum(job.experiment.presentations for job in missing)
    with Display(title, total) as display:
        for job, files in run_side_by_side(train_job, missing, how, display.show):
            if not is_finished(*job):  # a worker wrote it where this process does not see it
                job.experiment.run(job.number).take(files)
                if not is_finished(*job):
                    raise ReplicationError(
                        f"a worker trained {job.name} on other data than this process has: run "
                        "`python -m replication prepare` where its workers are started, and again"
                    )
    for checkpoints in {job.experiment.folders.checkpoints for job in missing}:
        remove_shared(checkpoints)
    return missing


def train_job(job: Job, monitor: Monitor) -> tuple[Job, dict[str, bytes]]:
    """Train and leave the run; also its files by name."""
    if not is_finished(*job):  # where an answer was lost on its way, the run was not
        _train_one(job, monitor)
    return job, job.experiment.run(job.number).files()


def _train_one(job: Job, monitor: Monitor) -> None:
    """Fit the replicate and leave its folder whole."""
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
    # A system that trains several networks keeps a checkpoint for each, under longer names.
    # Before its name stands a dot where a process was ended while it wrote.
    for path in checkpoint.parent.glob(f"*{glob.escape(checkpoint.stem)}*"):
        path.unlink(missing_ok=True)


def _task(job: Job, checkpoint: Path) -> Task:
    experiment, replicate = job
    levels = grey_levels(*experiment.inputs.ends)
    shared = Shared(shared_folder(experiment.folders.checkpoints), job.name)
    return Task(experiment.name, replicate, experiment.database, levels, checkpoint, shared)


def _write(job: Job, unique: str, task: Task, fitted: Fitted, took: Mapping[str, float]) -> None:
    experiment, replicate = job
    taken = task.shared.taken
    weights = weights_bytes(fitted.weights)
    # A hash of what came out, also where the weights are not kept.
    evidence = {"weights_sha256": hashlib.sha256(weights).hexdigest()} if weights else {}
    are_kept = fitted.parameters <= experiment.kept_parameters
    experiment.run(replicate).write(
        answers=fitted.answers,
        history=fitted.history,
        weights=weights if are_kept else b"",
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
            "settings": experiment.recipe.in_force() | experiment.inputs.model_dump(),
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
