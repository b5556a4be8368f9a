"""Make committed outputs again: answers from weights, replicates, and results derived from them.

Everything is made in a scratch folder, and each generator yields a check of each output.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.comparison.evaluation.errors import count_misses
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.evaluation.outputs import (
    Check,
    compare_answers,
    compare_files,
    compare_runs,
)
from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.comparison.paper import Paper
from replication.core.mnist import databases
from replication.core.runs import ANSWERS, HISTORY, RECORD, WEIGHTS, Run
from replication.core.settings import Recipe, Settings
from replication.core.systems.contract import answers_from_penalties
from replication.core.systems.jobs import Experiment, Job, prepare_experiments
from replication.core.systems.replicates import compare_beginning, count_workers, train
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.pipeline import article, audit, compare, evaluate, report
from replication.studies import distortions
from replication.studies.collapse import run as collapse
from replication.studies.invariance import run as invariance


class Scope(NamedTuple):
    """What is to be verified, and where it lies.

    ``replicates``: how many of each experiment, None for all. ``minutes``: how long training them
    again may take on a machine like the original one, None for no limit.
    """

    settings: Settings
    paper: Paper
    folders: Folders
    experiments: tuple[str, ...]
    replicates: int | None
    minutes: float | None = None

    @property
    def whole(self) -> bool:
        """Return whether no experiment is left out."""
        return set(self.experiments) == set(self.settings.experiments)

    def prepare(self, folders: Folders) -> list[Experiment]:
        """Return the experiments, whose runs lie or will lie in ``folders``."""
        recipes = {name: self.settings.experiment(name) for name in self.experiments}
        return prepare_experiments(recipes, self.settings, folders)

    def jobs(self, experiment: Experiment) -> list[Job]:
        """Return the replicates of an experiment that are verified."""
        count = experiment.recipe.replicates
        return [Job(experiment, number) for number in range(min(count, self.replicates or count))]


def recompute_answers(scope: Scope) -> Iterator[Check]:
    """Recompute the networks' answers from the committed weights by the torch reference."""
    metrics = scope.folders.results / METRICS
    committed = read_metrics(metrics) if metrics.exists() else {}
    if not metrics.exists():
        yield Check(str(metrics), "missing")
    for experiment in scope.prepare(scope.folders):
        counted: list[int] = []
        network = experiment.network if isinstance(experiment.recipe, Recipe) else None
        # Large networks leave their answers alone, not their weights.
        if network and network.parameters <= experiment.kept_parameters:
            for _, number in scope.jobs(experiment):
                yield from _recompute(scope, experiment.run(number), counted)
        if counted and committed:
            stated = committed.get(experiment.name, {}).get("test_misses", [])[: len(counted)]
            yield _compare_misses(f"{metrics} ({experiment.name})", stated, counted)


def _recompute(scope: Scope, run: Run, counted: list[int]) -> Iterator[Check]:
    """Check the answers and misses of a replicate; add its misses to ``counted``."""
    absent = [name for name in (RECORD, WEIGHTS, ANSWERS, HISTORY) if not run.has(name)]
    yield from (Check(str(run.path(name)), "missing") for name in absent)
    try:
        trained = RecordedNetwork(run.record["settings"], scope.paper, run.path(RECORD))
        weights = run.weights(trained.network.parameters)
        committed, stated = run.answers, int(run.history["test_misses"].iloc[-1])
    except ReplicationError as error:
        if not absent:
            yield Check(str(run.folder), "different", str(error))
        return
    test = databases.load(scope.folders.raw, scope.folders.prepared, trained.database)
    answers = answers_from_penalties(trained.penalties(weights, test.test_images))
    yield compare_answers(str(run.path(ANSWERS)), committed, answers)
    counted.append(count_misses(answers.classes, test.test_labels))
    yield _compare_misses(str(run.path(HISTORY)), [stated], counted[-1:])


def _compare_misses(output: str, stated: Sequence[int], counted: Sequence[int]) -> Check:
    first, second = (", ".join(map(str, values)) for values in (stated, counted))
    if first == second:
        return Check(output, "numerically equal", f"{second} test misses, as recomputed")
    return Check(output, "different", f"{first or 'no'} test misses stated, {second} recomputed")


def retrain_beginnings(scope: Scope) -> Iterator[Check]:
    """Train the first presentations of a replicate of each network.

    Replicates of other settings, data or numbers of the code cannot be compared, and are left out.
    """
    for experiment in scope.prepare(scope.folders):
        beginning = compare_beginning(experiment)
        if beginning is not None:
            output = f"{experiment.run(beginning.job.number).path(RECORD)} (its beginning)"
            if beginning.equal:
                detail = f"weights after {beginning.presentations} presentations"
                yield Check(output, "byte-equal", detail)
            else:
                yield Check(output, "different", beginning.text)


def retrain(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Train replicates again, side by side, as many as there are minutes for."""
    jobs = _select_affordable(scope)
    folders = replace(scope.folders, runs=scratch / "runs", checkpoints=scratch / "checkpoints")
    ready = {experiment.name: experiment for experiment in scope.prepare(folders)}
    again = [Job(ready[experiment.name], number) for experiment, number in jobs]
    train("trained again", again, scope.settings.train)
    for committed, trained in zip(jobs, again, strict=True):
        yield from compare_runs(*(job.experiment.run(job.number) for job in (committed, trained)))


def _select_affordable(scope: Scope) -> list[Job]:
    """Return the replicates that there are minutes for.

    Where there are not enough for all, first replicates come before second ones, and short ones
    before long ones.
    """
    jobs = [job for experiment in scope.prepare(scope.folders) for job in scope.jobs(experiment)]
    if scope.minutes is None:
        return jobs
    seconds = {job.name: job.experiment.run(job.number).seconds_alone for job in jobs}
    jobs.sort(key=lambda job: (job.number, seconds[job.name]))
    ends = np.cumsum([seconds[job.name] for job in jobs])
    available = 60 * scope.minutes * count_workers(scope.settings.train, ())
    return jobs[: int(np.searchsorted(ends, available, side="right"))]


def regenerate_results(scope: Scope, scratch: Path) -> Iterator[Check]:
    """Make again the results of all committed runs together, and the small studies."""
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
    compared: set[Path] = set()
    for name, make in stages.items():
        try:
            make()
        except ReplicationError as error:
            yield Check(f"what {name} makes", "different", f"it cannot be made again: {error}")
        outputs = {path.relative_to(scratch) for path in scratch.rglob("*") if path.is_file()}
        for path in sorted(outputs - compared):
            yield compare_files(str(folders.results / path), folders.results / path, scratch / path)
        compared |= outputs
