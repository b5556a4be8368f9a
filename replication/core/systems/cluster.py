"""Jobs in processes of their own, on this machine or on many: the workers of Dask.

Imported only when ``train.engine`` is dask. Relative folders are those that a worker is started in:
the same, shared, or another copy of the repository, from which each run comes back as bytes.
"""

import logging
import queue
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, LocalCluster, get_worker
from distributed.comm.core import CommClosedError
from distributed.security import Security

from replication.core.learning.monitor import Message, Monitor
from replication.core.mnist import databases
from replication.core.mnist.databases import Database, grey_levels
from replication.core.settings import Combined, Recipe
from replication.core.systems.catalogue import versions
from replication.core.systems.contract import Task
from replication.core.systems.jobs import Job
from replication.errors import ReplicationError

Result = TypeVar("Result")
Work = Callable[[Job, Monitor], Result]

# Seconds: for a scheduler to answer, and between two counts of presentations that a job sends.
PATIENCE, BETWEEN = 10, 0.5


def processes(
    work: Work[Result],
    jobs: Sequence[Job],
    scheduler: str | None,
    workers: int,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    """What ``work`` gives for each job, as it comes from Dask's workers.

    A worker that is lost is replaced by the scheduler, and its job goes on from its checkpoint
    where that is in a shared folder. When this ends early, workers stop at their next look.
    Raises ReplicationError for a scheduler that cannot be reached or is lost, and for a job that
    the scheduler gives up, because worker after worker died of it.
    """
    arrived: queue.SimpleQueue[Message | Future[Any]] = queue.SimpleQueue()
    try:
        with ExitStack() as stack:
            client = _client(scheduler, min(workers, len(jobs)), stack)
            _compile(client, jobs)
            topic = f"messages to {client.id}"
            client.subscribe_topic(topic, _Listener(arrived.put))
            waiting = {
                client.submit(
                    partial(_remote, work, job, versions(job.experiment.recipe), topic),
                    key=f"{job.name} of {client.id}",
                )
                for job in jobs
            }
            for future in waiting:
                future.add_done_callback(arrived.put)
            while waiting:
                one = arrived.get()
                if isinstance(one, Message):
                    show(one)
                else:
                    waiting.remove(one)
                    yield one.result()
    except KilledWorker as error:
        raise ReplicationError(
            f"the workers that were given {error.task} died, one after another: see their logs, "
            "give them more memory, and run the command again; whole passes are kept"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ReplicationError(
            f"the scheduler at {scheduler or 'this machine'} was lost: start it and its "
            "workers, and run the command again; whole passes are kept"
        ) from error


def _client(scheduler: str | None, workers: int, stack: ExitStack) -> Client:
    """Connected to the scheduler that is named, or to one of this process with its workers."""
    address = scheduler or stack.enter_context(local_cluster(workers)).scheduler_address
    if address.startswith("tls://"):
        _check_certificate(address)
    try:
        client: Client = stack.enter_context(
            Client(address, timeout=PATIENCE, set_as_default=False)
        )
    except (OSError, ValueError) as error:
        raise ReplicationError(
            f"no scheduler of Dask answers at {address}, which params.yaml names as "
            "train.scheduler: start one with `dask scheduler`, or set it to null for workers on "
            "this machine"
        ) from error
    if not client.scheduler_info()["workers"]:
        print(f"waiting for a first worker of {address}", flush=True)
        client.wait_for_workers(1)
    return client


def _check_certificate(address: str) -> None:
    try:
        found = Security().get_connection_args("client").get("ssl_context")
    except OSError as error:
        found, why = None, str(error)
    else:
        why = "none is named"
    if found is None:
        raise ReplicationError(
            f"train.scheduler in params.yaml is {address}, but Dask has no certificate to show "
            f"there ({why}): name its files in Dask's configuration, under distributed.comm.tls"
        )


def local_cluster(workers: int) -> LocalCluster:
    """A scheduler on the loopback with so many processes of one thread each."""
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=":0",
        memory_limit=0,  # else a large job would be ended at its share of the machine
        silence_logs=logging.ERROR,
    )


def _remote(work: Work[Result], job: Job, wanted: Mapping[str, int], topic: str) -> Result:
    """Do the job in a worker, whose code has to have the numbers of that of whoever asks."""
    here = versions(job.experiment.recipe)
    if here != wanted:
        ours, theirs = (
            " and ".join(f"{name} {number}" for name, number in each.items())
            for each in (wanted, here)
        )
        raise ReplicationError(
            f"a worker of Dask at {get_worker().address} has {theirs}, but this process {ours}, "
            f"and would train another {job.name}: bring its copy of the repository to the same "
            "commit"
        )
    worker = get_worker()
    task, last = worker.get_current_task(), 0.0

    def send(message: Message) -> None:
        nonlocal last
        if message.line or time.monotonic() > last + BETWEEN:
            worker.log_event(topic, [worker.id, *message])
            last = time.monotonic()

    def is_stopped() -> bool:
        # A task that nobody waits for any more, Dask forgets, but cannot end.
        known = worker.state.tasks.get(task)
        return known is None or known.state not in ("executing", "long-running")

    return work(job, Monitor(job.name, send, is_stopped))


class _Listener:
    """Hears the messages of all workers; a job that went to another one catches up silently."""

    def __init__(self, hear: Callable[[Message], None]) -> None:
        self._hear = hear
        self._last: dict[str, tuple[str, int]] = {}

    def __call__(self, event: tuple[float, Sequence[Any]]) -> None:
        worker, *parts = event[1]
        message = Message(*parts)
        before, presentations = self._last.get(message.name, (worker, 0))
        if worker != before and message.presentations < presentations:
            message = message._replace(presentations=presentations)
        else:
            self._last[message.name] = worker, message.presentations
        self._hear(message)


def _compile(client: Client, jobs: Sequence[Job]) -> None:
    """Have the kernels compiled once on each machine, before its processes all begin to.

    First on one alone: the folder of compiled code may be shared by all.
    """
    trained = [job for job in jobs if isinstance(job.experiment.recipe, Recipe | Combined)]
    if not trained:
        return
    # All networks have the same kernels; with distortions there are more.
    job = max(trained, key=lambda job: getattr(job.experiment.recipe, "distorted", False))
    known = client.scheduler_info(n_workers=-1)["workers"]
    one, *others = {info["host"]: address for address, info in known.items()}.values()
    for addresses in ([one], others):
        asked = [
            client.submit(
                partial(_compiled, job), workers=[address], pure=False, allow_other_workers=True
            )
            for address in addresses
        ]
        for future in asked:
            future.result()


def _compiled(job: Job) -> None:
    """Train a network like the job's on ten patterns, of which it is shown one."""
    recipe, prepare = job.experiment.recipe, job.experiment.prepare
    recipe = recipe.recipe() if isinstance(recipe, Combined) else recipe
    if not isinstance(recipe, Recipe):
        raise TypeError("only a network has kernels to compile")
    some = {
        "training_patterns": 10,
        "presentations_per_pass": 1,
        "passes": 1,
        "learning_rates": recipe.learning_rates[:1],
        "sdlm": recipe.sdlm.model_copy(update={"patterns": 1}),
    }
    experiment = replace(job.experiment, recipe=recipe.model_copy(update=some))
    whole = databases.read_raw(experiment.folders.raw)
    few = Database(*(part[:10] for part in vars(whole).values()))
    few = databases.derive(recipe.database, few)  # also of a database that is not prepared
    levels = grey_levels(prepare.background, prepare.foreground)
    with tempfile.TemporaryDirectory() as scratch:
        task = Task(experiment.name, 0, few, levels, Path(scratch) / "compiled.npz")
        experiment.system.fit(task, Monitor(job.name, lambda _: None, lambda: False))
