"""Jobs in processes of their own, on this machine or on many: the workers of Dask.

Imported only when ``train.engine`` is dask. Relative folders are those that a worker is started in:
the same, shared, or another copy of the repository, from which each run comes back as bytes.
"""

import logging
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, LocalCluster, get_worker
from distributed.comm.core import CommClosedError

from replication.core.learning.monitor import Message, Monitor
from replication.core.systems.catalogue import versions
from replication.core.systems.jobs import Job
from replication.errors import ReplicationError

Result = TypeVar("Result")
Work = Callable[[Job, Monitor], Result]

# Seconds: for a scheduler to answer, and between two counts of presentations that a job sends.
PATIENCE, BETWEEN = 10, 0.5


def run_in_dask(
    work: Work[Result],
    jobs: Sequence[Job],
    scheduler: str | None,
    workers: int,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    """Yield what ``work`` gives for each job, as it comes from Dask's workers.

    A worker that is lost is replaced by the scheduler, and its job goes on from its checkpoint
    where that is in a shared folder. When this ends early, workers stop at their next look.
    Raises ReplicationError for a scheduler that cannot be reached or is lost, and for a job that
    the scheduler gives up, because worker after worker died of it.
    """
    arrived: queue.SimpleQueue[Message | Future[Any]] = queue.SimpleQueue()
    try:
        with ExitStack() as stack:
            client = _connect(scheduler, min(workers, len(jobs)), stack)
            topic = f"messages to {client.id}"
            client.subscribe_topic(topic, lambda event: arrived.put(Message(*event[1])))
            waiting = {
                client.submit(
                    partial(_work_remotely, work, job, versions(job.experiment.recipe), topic),
                    key=f"{job.name} of {client.id}",
                )
                for job in jobs
            }
            for future in waiting:
                future.add_done_callback(arrived.put)
            while waiting:
                item = arrived.get()
                if isinstance(item, Message):
                    show(item)
                else:
                    waiting.remove(item)
                    yield item.result()
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


def _connect(scheduler: str | None, workers: int, stack: ExitStack) -> Client:
    """Return a client of the named scheduler, or of one in this process with its workers."""
    address = scheduler or stack.enter_context(start_cluster(workers)).scheduler_address
    try:
        client: Client = stack.enter_context(
            Client(address, timeout=PATIENCE, set_as_default=False)
        )
    except (OSError, ValueError, TypeError) as error:  # TypeError: TLS without a certificate
        files = " and name its certificates in Dask's configuration, under distributed.comm.tls"
        raise ReplicationError(
            f"no scheduler of Dask answers at {address}, which params.yaml names as "
            "train.scheduler: start one with `dask scheduler`"
            f"{files if address.startswith('tls:') else ''}, or set it to null for workers on "
            "this machine"
        ) from error
    if not client.scheduler_info()["workers"]:
        print(f"waiting for a first worker of {address}", flush=True)
        client.wait_for_workers(1)
    return client


def start_cluster(workers: int) -> LocalCluster:
    """Return a scheduler on the loopback with ``workers`` processes of one thread each."""
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
        memory_limit=0,  # else a large job would be ended at its share of the machine
        silence_logs=logging.ERROR,
    )  # fmt: skip


def _work_remotely(work: Work[Result], job: Job, asked: Mapping[str, int], topic: str) -> Result:
    """Do the job in a worker, whose code must have the numbers that the client ``asked`` for."""
    worker = get_worker()
    here = versions(job.experiment.recipe)
    if here != asked:
        ours, theirs = (
            " and ".join(f"{name} {number}" for name, number in numbers.items())
            for numbers in (asked, here)
        )
        raise ReplicationError(
            f"a worker of Dask at {worker.address} has {theirs}, but this process {ours}, and "
            f"would train another {job.name}: bring its copy of the repository to the same commit"
        )
    task, last = worker.get_current_task(), 0.0

    def send(message: Message) -> None:
        nonlocal last
        if message.line or time.monotonic() > last + BETWEEN:
            worker.log_event(topic, list(message))
            last = time.monotonic()

    def is_stopped() -> bool:
        # A task that nobody waits for any more, Dask forgets, but cannot end.
        known = worker.state.tasks.get(task)
        return known is None or known.state not in ("executing", "long-running")

    return work(job, Monitor(job.name, send, is_stopped))
