"""A forecast: what trainings will take on this machine, said before the first of them begins.

Each run left the CPU seconds of its training in timing.json, of the machine that made it. How fast
this machine is, a second of LeNet-5's training says, on as many threads at once as will train.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

from replication.core.runs import TIMING, Run
from replication.core.settings import Recipe, Settings
from replication.core.systems.jobs import Job, prepare_experiments
from replication.core.systems.replicates import begin, count_workers
from replication.errors import ReplicationError
from replication.folders import Folders, backup_folder
from replication.machine import cores, used

# After each pass the test patterns are answered: without the way back, about half a presentation.
_ANSWER = 0.5
_FIRST, _SECOND = 1000, 1.0  # presentations of a first look at the speed, seconds of the second
_DRAWN = 2.9  # bytes that a pixel of a pass of distorted patterns takes while they are drawn
# What a training's time per presentation depends on, of the settings in a record.
_DECISIVE = ("system", "network", "database", "distorted", "options", "batch")


class Forecast(NamedTuple):
    """What trainings will take.

    Attributes:
        replicates: how many are trained, ``workers`` of them at a time.
        cpu_seconds: of all of them together, on this machine.
        memory: bytes that they and the program need at any time; of systems that our engine does
            not train at most.
        disk: bytes of the runs that they leave.
        unknown: experiments of which no run tells the time; they are not in the numbers.
    """

    replicates: int
    workers: int
    cpu_seconds: float
    memory: int
    disk: int
    unknown: tuple[str, ...]

    def describe(self, title: str) -> str:
        """Return the forecast in one line, which begins with ``title``."""
        minutes, wall = (_round(self.cpu_seconds / 60 / by) for by in (1, self.workers))
        return (
            f"{title}: {self.replicates} replicates to be trained, about {minutes} CPU minutes "
            f"({wall} with {self.workers} at a time), {self.memory / 1e9:.2g} GB of memory and "
            f"{_round(self.disk / 1e6)} MB on the disk"
            + (f"; no run tells the time of {', '.join(self.unknown)}" if self.unknown else "")
        )


def _round(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


class _Timed(NamedTuple):
    """A run as far as it says what another one of its kind will take."""

    presented: float  # presentations, and answers at their share of the time of one
    cpu_seconds: float  # alone, with the parts that other replicates had done
    disk: int  # bytes


def make_forecast(
    jobs: Sequence[Job], settings: Settings, folders: Folders, *, leave_runs: bool = True
) -> Forecast:
    """Forecast the training of ``jobs``, none of which is finished.

    Takes about a second. With ``leave_runs`` false they leave a row of a table each, and no run.
    """
    tests = len(jobs[0].experiment.database.test_labels) if jobs else 0
    places = (folders.runs, Folders.below(folders.root).runs, backup_folder(folders) / "runs")
    by_kind = _read_runs(places, tests)
    needs = [job.experiment.system.memory for job in jobs]
    workers = min(count_workers(settings.train, needs), len(jobs)) or 1
    threads = min(workers, cores())
    seconds: dict[str, float] = {}  # of a presentation, by kind
    here, then = _compare_pace(settings, folders, by_kind, threads)
    more = [_measure_need(job) for job in jobs]
    total, disk, unknown = 0.0, 0.0, []
    done = _list_shared(jobs, places)
    for job in jobs:
        recorded = job.experiment.recipe.in_force()
        kind = _kind(recorded)
        runs = by_kind.get(kind, ())
        if kind not in seconds:
            if then and runs:
                seconds[kind] = _pace(runs) * here / then
            elif job.experiment.network is not None:
                seconds[kind] = measure_presentation(job, threads)
            else:
                seconds[kind] = 0.0
        if not seconds[kind]:
            unknown.append(job.experiment.name)
        presented = _count(recorded, job.experiment.presentations, tests)
        total += seconds[kind] * presented - (done.get(job.name, 0.0) * here / then if then else 0)
        disk += fmean(run.disk for run in runs) if runs and leave_runs else 0
    return Forecast(
        len(jobs), workers, max(total, 0.0), used() + sum(sorted(more)[-workers:]), round(disk),
        tuple(dict.fromkeys(unknown)),
    )  # fmt: skip


def _compare_pace(
    settings: Settings, folders: Folders, by_kind: Mapping[str, Sequence[_Timed]], threads: int
) -> tuple[float, float]:
    """Return the seconds of a presentation to LeNet-5 here, and where the runs were made.

    0 and 0 where the settings have no such experiment, or no run of it says its time.
    """
    name = settings.compare.experiments.undistorted
    if name not in settings.experiments:
        return 0.0, 0.0
    (usual,) = prepare_experiments({name: settings.experiment(name)}, settings, folders)
    then = _pace(by_kind.get(_kind(usual.recipe.in_force()), ()))
    return (measure_presentation(Job(usual, 0), threads) if then else 0.0), then


def _measure_need(job: Job) -> int:
    """Return the bytes that a replicate needs beside what the measurement of the speed takes."""
    recipe, network = job.experiment.recipe, job.experiment.network
    if not isinstance(recipe, Recipe) or network is None:
        return job.experiment.system.memory
    drawn = recipe.presentations_per_pass * network.field**2 if recipe.distorted else 0
    return round(_DRAWN * drawn)


def measure_presentation(job: Job, threads: int) -> float:
    """Return the CPU seconds of a presentation of the job's first network, on each of the threads.

    0 for a system of which our engine trains no network. The first presentations, which are
    compiled and estimate curvatures, do not count.
    """
    presentations = getattr(job.experiment.recipe, "presentations_per_pass", 0)
    first = _time_beginning(job, min(_FIRST, presentations), 1)
    first = _time_beginning(job, min(_FIRST, presentations), threads)
    if not first or presentations <= _FIRST:
        return first / max(presentations, 1)
    # No less than twice as many as before, or there is no difference to be measured.
    count = min(presentations, max(2 * _FIRST, round(_SECOND * _FIRST / first)))
    rest = _time_beginning(job, count, threads) - first
    return max(rest, 0.0) / (count - _FIRST)


def _time_beginning(job: Job, presentations: int, threads: int) -> float:
    def train(_: int) -> float:
        started = time.thread_time()
        begin(job, presentations)
        return time.thread_time() - started

    with ThreadPoolExecutor(threads) as executor:
        return fmean(executor.map(train, range(threads)))


def _kind(recorded: Mapping[str, Any]) -> str:
    return json.dumps({name: recorded.get(name) for name in _DECISIVE}, sort_keys=True)


def _count(recorded: Mapping[str, Any], presentations: int, tests: int) -> float:
    return presentations + _ANSWER * tests * int(recorded.get("passes", 1))


def _pace(runs: Iterable[_Timed]) -> float:
    """Return the usual CPU seconds of a presentation; 0 without runs."""
    # Of a run that was interrupted the time is that of its rest: the median is of a whole one.
    return median([run.cpu_seconds / run.presented for run in runs] or [0.0])


def _read_runs(places: Iterable[Path], tests: int) -> dict[str, list[_Timed]]:
    """Return the runs in the folders by kind, but those that are damaged or say no time."""
    result: dict[str, list[_Timed]] = {}
    for experiment in (each for place in dict.fromkeys(places) for each in sorted(place.glob("*"))):
        kind = None
        for folder in sorted(experiment.glob("[0-9]*")):
            with suppress(ReplicationError, KeyError, TypeError, OSError):
                run = Run(folder)
                if kind is None:
                    recorded = run.record["settings"]
                    kind = _kind(recorded)
                presented = _count(recorded, int(run.timing["presentations"]), tests)
                alone = float(run.timing["cpu_seconds"]) + sum(
                    float(part["cpu_seconds"]) for part in run.timing.get("shared", ())
                )
                disk = sum(path.stat().st_size for path in folder.iterdir())
                result.setdefault(kind, []).append(_Timed(presented, alone, disk))
    return result


def _list_shared(jobs: Sequence[Job], places: Sequence[Path]) -> dict[str, float]:
    """Return the CPU seconds, by job, of parts that another of the jobs will have done by then."""
    names = {job.name for job in jobs}
    seen: set[tuple[str, str]] = set()
    result: dict[str, float] = {}
    for job in jobs:
        for part, by, seconds in _read_shared(job, places):
            if by in names or (part, by) in seen:
                result[job.name] = result.get(job.name, 0.0) + seconds
            seen.add((part, by))
    return result


def _read_shared(job: Job, places: Iterable[Path]) -> Iterator[tuple[str, str, float]]:
    for place in places:
        run = Run(place / job.experiment.name / str(job.number))
        with suppress(ReplicationError, KeyError, TypeError, OSError):
            if run.has(TIMING):
                for part in run.timing.get("shared", ()):
                    yield str(part["part"]), str(part["by"]), float(part["cpu_seconds"])
                return
