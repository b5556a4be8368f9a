"""Where replicates run: one small interface, and the local machine behind it by default.

Another runner, such as a cluster's, takes part by providing `Runner.run`. It is handed a function
of a module and picklable jobs; progress comes back as messages, and results as what the function
returns. Nothing else in the project knows where a job ran.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from replication.learning.monitor import Message, Monitor


class Named(Protocol):
    """A job: picklable, with a name to be shown."""

    @property
    def name(self) -> str:
        """As it is shown."""


Job = TypeVar("Job", bound=Named)
Result = TypeVar("Result")


class Watcher(Protocol):
    """Whoever shows how far the jobs are."""

    def expect(self, jobs: int) -> None:
        """So many jobs begin."""

    def show(self, message: Message) -> None:
        """What one of them says."""


class Runner(Protocol):
    """Runs jobs and gives their results as they come."""

    def run(
        self, work: Callable[[Job, Monitor], Result], jobs: Sequence[Job], watcher: Watcher
    ) -> Iterator[Result]:
        """Run ``work`` on each job; raises the first error once what runs has stopped."""


class LocalRunner:
    """Threads on this machine: the kernels release the interpreter's lock."""

    def __init__(self, workers: int, seconds: float = 0.2) -> None:
        """Messages are shown every ``seconds``, from the calling thread."""
        self._workers = workers
        self._seconds = seconds

    def run(
        self, work: Callable[[Job, Monitor], Result], jobs: Sequence[Job], watcher: Watcher
    ) -> Iterator[Result]:
        """Run at most ``workers`` jobs at a time.

        On an error or Ctrl-C the other jobs are asked to stop, and the first error is raised when
        they have.
        """
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        stop = threading.Event()
        watcher.expect(len(jobs))
        with ThreadPoolExecutor(self._workers) as executor:
            waiting: set[Future[Result]] = {
                executor.submit(work, job, Monitor(job.name, messages.put, stop.is_set))
                for job in jobs
            }
            try:
                while waiting:
                    done, waiting = wait(waiting, self._seconds, FIRST_COMPLETED)
                    while not messages.empty():
                        watcher.show(messages.get())
                    for future in done:
                        yield future.result()
            except BaseException:
                stop.set()
                for future in waiting:
                    future.cancel()
                raise
