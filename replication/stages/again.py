"""The committed outputs made again: what is derived from the runs, and the runs themselves."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from replication.comparison.distortion_fit import main as distortions
from replication.comparison.outputs import Check, compare_files
from replication.display import Display
from replication.errors import ReplicationError
from replication.learning.jobs import LocalRunner
from replication.paper import Paper
from replication.settings import Settings
from replication.stages import audit, collapse, compare, evaluate, invariance, report
from replication.stages.experiments import experiments
from replication.systems.replicates import Job, presentations, train

METRICS = "metrics.json"
CLOCK = Path("timing.json")
# What `compare` is given beside the runs, by the name of its option.
OPTIONAL = {
    "bench": "bench.json",
    "readings": "readings.csv",
    "variance": "variance_curves.csv",
    "collapse": "collapse.json",
    "invariance": "invariance.csv",
}


class Asked(NamedTuple):
    """What is to be verified, and where it lies.

    ``replicates``: how many of each experiment, None for all.
    """

    chosen: Settings
    published: Paper
    given: argparse.Namespace
    experiments: tuple[str, ...]
    replicates: int | None

    def numbers(self, experiment: str) -> range:
        """The replicates of an experiment that are verified."""
        there = self.chosen.experiment(experiment).replicates
        return range(there if self.replicates is None else min(there, self.replicates))

    def folder(self, experiment: str, number: int) -> Path:
        """Where a committed replicate lies."""
        return Path(self.given.runs) / experiment / str(number)


def derived(asked: Asked, scratch: Path) -> Iterator[Check]:
    """Make again what follows from the committed runs, and the small studies; a check an output."""
    given, results = asked.given, Path(asked.given.results)
    params, source = ["--params", str(given.params)], ["--paper", str(given.paper)]
    data = ["--raw", str(given.raw), "--prepared", str(given.prepared)]
    runs = ["--runs", str(given.runs)]
    metrics, page = scratch / METRICS, scratch / "report" / "index.html"
    optional = [
        part
        for name, file in OPTIONAL.items()
        if (results / file).exists()
        for part in (f"--{name}", str(results / file))
    ]
    stages: tuple[tuple[Callable[[Sequence[str]], object], list[str]], ...] = (
        (evaluate.main, [*params, *source, *data, *runs, "--out", str(metrics)]),
        (invariance.main, [*params, *source, *data, *runs, "--out", str(scratch)]),
        (compare.main, [*params, *source, *data, *runs, "--metrics", str(metrics), *optional,
                        "--out", str(scratch), "--allow-incomplete"]),
        (audit.main, [*params, *source, *runs, "--out", str(scratch / "audit.csv")]),
        (distortions, [*source, "--out", str(scratch)]),
        (collapse.main, [*params, *source, *data, "--out", str(scratch / "collapse.json")]),
        (report.main, [*params, *source, "--raw", str(given.raw), "--results", str(results),
                       "--out", str(page)]),
    )  # fmt: skip
    for stage, arguments in stages:
        yield from _stage(stage, arguments, results, scratch)


def _stage(
    stage: Callable[[Sequence[str]], object],
    arguments: Sequence[str],
    results: Path,
    scratch: Path,
) -> Iterator[Check]:
    before = _files(scratch)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            stage(arguments)
    except ReplicationError as error:
        made_by = stage.__module__.rsplit(".", 1)[-1]
        yield Check(f"what {made_by} makes", "different", f"it cannot be made again: {error}")
    for name in sorted(_files(scratch) - before):
        yield compare_files(str(results / name), results / name, scratch / name)


def _files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def retrained(asked: Asked, scratch: Path) -> Iterator[Check]:
    """Train replicates anew into ``scratch``; a check a file, clocks left out."""
    places = {"runs": scratch / "runs", "checkpoints": scratch / "checkpoints"}
    given = argparse.Namespace(**(vars(asked.given) | places))
    for name in asked.experiments:
        recipe = asked.chosen.experiment(name)
        (experiment,) = experiments({name: recipe}, asked.chosen, given)
        jobs = [Job(experiment, number) for number in asked.numbers(name)]
        with Display(name, presentations(experiment)) as display:
            runner = LocalRunner(asked.chosen.train.workers, display.tick)
            train(jobs, runner, display.monitor)
        for job in jobs:
            again, committed = experiment.folder(job.number), asked.folder(name, job.number)
            for file in sorted(_files(again) - {CLOCK}):
                yield compare_files(str(committed / file), committed / file, again / file)
