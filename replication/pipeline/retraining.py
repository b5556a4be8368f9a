"""What is to be verified, and how it is trained again: beginnings, first passes, or whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.comparison import paper
from replication.comparison.evaluation.outputs import Check, compare_passes, compare_runs
from replication.core.runs import RECORD
from replication.core.settings import Recipe, Settings
from replication.core.systems.jobs import Experiment, Job, prepare_experiments
from replication.core.systems.replicates import compare_beginning, count_workers, train
from replication.errors import ReplicationError
from replication.folders import Folders


class Scope(NamedTuple):
    """What is to be verified, and where it lies.

    ``replicates``: how many of each experiment, None for all. ``minutes``: how long training them
    again may take on a machine like the original one, None for no limit.
    """

    settings: Settings
    paper: paper.Paper
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


def retrain_beginnings(scope: Scope) -> Iterator[Check]:
    """Train the first presentations of a replicate of each network.

    Replicates of other settings, data or numbers of the code cannot be compared, and are left out.
    """
    for experiment in scope.prepare(scope.folders):
        if beginning := compare_beginning(experiment):
            output = str(experiment.run(beginning.job.number).path(RECORD))
            equal = f"its beginning: weights after {beginning.presentations} presentations"
            yield (
                Check(output, "byte-equal", equal)
                if beginning.equal
                else Check(output, "different", beginning.text)
            )


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


def retrain_passes(scope: Scope, passes: int, scratch: Path) -> Iterator[Check]:
    """Train the first passes of each network again, and compare them with the committed history.

    All columns of `runs.HISTORY` are compared, of which one is the hash of the weights, and what
    the record has of the beginning: what was trained otherwise, or edited, shows here at the
    latest, without the whole training. A training of fewer passes is compared whole.
    """
    recipes = {name: scope.settings.experiment(name) for name in scope.experiments}
    short = {
        name: recipe.model_copy(
            update={
                "passes": min(passes, recipe.passes),
                "learning_rates": recipe.learning_rates[:passes],
            }
        )
        for name, recipe in recipes.items()
        if isinstance(recipe, Recipe)
    }
    if not short:
        raise ReplicationError(
            f"{', '.join(scope.experiments)} is no training of one network, so it has no passes to "
            "compare: leave --passes out to train it again whole"
        )
    folders = replace(scope.folders, runs=scratch / "runs", checkpoints=scratch / "checkpoints")
    ready = {one.name: one for one in prepare_experiments(short, scope.settings, folders)}
    known = [one for one in scope.prepare(scope.folders) if one.name in short]
    jobs = [job for one in known for job in scope.jobs(one)]
    again = [Job(ready[job.experiment.name], job.number) for job in jobs]
    train(f"first {passes} passes", again, scope.settings.train)
    for job, trained in zip(jobs, again, strict=True):
        yield compare_passes(*(one.experiment.run(one.number) for one in (job, trained)))
