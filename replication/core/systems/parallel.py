"""Jobs side by side: in threads of this process, or in the processes of a cluster."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from replication.core.learning.monitor import Message, Monitor
from replication.core.settings import Train
from replication.core.systems.jobs import Job
from replication.errors import ReplicationError
from replication.machine import cores, memory

Result = TypeVar("Result")


def count_workers(how: Train, needs: Iterable[int]) -> int:
    """Return how many replicates are trained at the same time, 1 or more.

    That is ``how.workers``, or, where it is auto, the number of cores, but no more than
    three quarters of the memory hold if those that need most meet. ``needs`` are the bytes of each
    replicate.
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
