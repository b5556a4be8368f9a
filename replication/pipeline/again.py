"""The committed outputs made again: what is derived from the runs, and the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.errors import ReplicationError
from replication.evaluation.outputs import Check, compare_files
from replication.experiments import experiments
from replication.folders import Folders
from replication.paper import Paper
from replication.pipeline import article, audit, compare, evaluate, report
from replication.pipeline.certificate import NOT_KEPT
from replication.runs import RECORD, TIMING, WEIGHTS, Run
from replication.settings import Settings
from replication.studies.collapse import run as collapse
from replication.studies.distortions import run as distortions
from replication.studies.invariance import run as invariance
from replication.systems.jobs import Job
from replication.systems.parallel import at_once
from replication.systems.replicates import train


class Scope(NamedTuple):
    """What is to be verified, and where it lies.

    ``replicates``: how many of each experiment, None for all. ``minutes``: what training them anew
    may take on a machine like that on which they were made, None for whatever it takes.
    """

    settings: Settings
    paper: Paper
    folders: Folders
    experiments: tuple[str, ...]
    replicates: int | None
    minutes: float | None = None

    def numbers(self, experiment: str) -> range:
        """The replicates of an experiment that are verified."""
        there = self.settings.experiment(experiment).replicates
        return range(there if self.replicates is None else min(there, self.replicates))

    def run(self, experiment: str, number: int) -> Run:
        """A committed replicate."""
        return Run(self.folders.runs / experiment / str(number))


def affordable(scope: Scope) -> list[tuple[str, int]]:
    """The replicates that are trained anew, by experiment and number.

    Where there are not minutes for all, the first of every experiment come before the second, and
    the short ones before the long ones.
    """
    wanted = [(name, number) for name in scope.experiments for number in scope.numbers(name)]
    if scope.minutes is None:
        return wanted
    took = {one: scope.run(*one).seconds_alone for one in wanted}
    wanted.sort(key=lambda one: (one[1], took[one]))
    until = np.cumsum([took[one] for one in wanted])
    there = 60 * scope.minutes * at_once(scope.settings.train, ())
    return wanted[: int(np.searchsorted(until, there, side="right"))]


def derived(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Make again what follows from the committed runs, and the small studies; a check an output."""
    settings, folders = scope.settings, replace(scope.folders, out=scratch)
    stages: dict[str, Callable[[], object]] = {
        "evaluate": lambda: evaluate.run(folders, settings),
        "invariance": lambda: invariance.run(folders, settings),
        "compare": lambda: compare.run(folders, settings),
        "audit": lambda: audit.run(folders, settings, scratch / "audit.csv"),
        "distortions": lambda: distortions.run(folders, settings),
        "collapse": lambda: collapse.run(folders, settings),
        "article": lambda: article.run(folders),
        "report": lambda: report.run(folders),
    }
    for name, make in stages.items():
        yield from _stage(name, make, folders.results, scratch)


def _stage(name: str, make: Callable[[], object], results: Path, scratch: Path) -> Iterator[Check]:
    before = _files(scratch)
    try:
        make()
    except ReplicationError as error:
        yield Check(f"what {name} makes", "different", f"it cannot be made again: {error}")
    for path in sorted(_files(scratch) - before):
        yield compare_files(str(results / path), results / path, scratch / path)


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def retrained(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Train replicates anew into ``scratch``, side by side; a check a file, clocks left out."""
    folders = replace(scope.folders, runs=scratch / "runs", checkpoints=scratch / "checkpoints")
    recipes = {name: scope.settings.experiment(name) for name in scope.experiments}
    ready = {one.name: one for one in experiments(recipes, scope.settings, folders)}
    jobs = [Job(ready[name], number) for name, number in affordable(scope)]
    train("trained again", jobs, scope.settings.train)
    for job in jobs:
        yield from _again(
            scope.run(job.experiment.name, job.number), job.experiment.run(job.number)
        )


def _again(committed: Run, again: Run) -> Iterator[Check]:
    for path in sorted(_files(again.folder) - {Path(TIMING)}):
        both = committed.folder / path, again.folder / path
        yield compare_files(str(both[0]), *both)
    total = _sum_of_weights(again)
    if total and not again.has(WEIGHTS):
        equal = total == _sum_of_weights(committed)
        yield Check(
            f"{committed.path(RECORD)}{NOT_KEPT}",
            "byte-equal" if equal else "different",
            "weights that are not kept, by their sum",
        )


def _sum_of_weights(run: Run) -> str:
    """The SHA-256 of a network's weights by its record; empty without a network or a record."""
    if not run.has(RECORD):
        return ""
    try:
        return str(run.record.get("evidence", {}).get("weights_sha256", ""))
    except ReplicationError:
        return ""  # that it is damaged is said by another check
