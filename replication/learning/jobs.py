"""Where replicates run: one small interface, and the local machine behind it by default.

Another engine, such as a cluster's, takes part by providing `Runner.run`; it is handed pure
functions of picklable jobs, and nothing else in the project knows where they ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from replication.learning.monitor import Monitor

Job = TypeVar("Job")
Result = TypeVar("Result")


class Runner(Protocol):
    """Runs jobs and gives their results as they come."""

    def run(
        self, work: Callable[[Job, Monitor], Result], jobs: Sequence[tuple[Job, Monitor]]
    ) -> Iterator[Result]:
        """Run ``work`` on each job; raises the first error once what runs has stopped."""


class LocalRunner:
    """Threads on this machine: the kernels release the interpreter's lock."""

    def __init__(self, workers: int, tick: Callable[[], None], seconds: float = 0.5) -> None:
        """``tick`` is called every ``seconds`` from the calling thread, to refresh a display."""
        self._workers = workers
        self._tick = tick
        self._seconds = seconds

    def run(
        self, work: Callable[[Job, Monitor], Result], jobs: Sequence[tuple[Job, Monitor]]
    ) -> Iterator[Result]:
        """Run at most ``workers`` jobs at a time.

        On an error or Ctrl-C the other jobs are asked to stop after the pattern in hand, and the
        first error is raised when they have.
        """
        with ThreadPoolExecutor(self._workers) as executor:
            waiting = {executor.submit(work, job, monitor) for job, monitor in jobs}
            try:
                while waiting:
                    done, waiting = wait(waiting, self._seconds, FIRST_COMPLETED)
                    self._tick()
                    for future in done:
                        yield future.result()
            except BaseException:
                for _, monitor in jobs:
                    monitor.stop()
                for future in waiting:
                    future.cancel()
                raise
