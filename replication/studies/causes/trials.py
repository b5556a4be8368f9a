"""A trial: an experiment with some settings changed, and what it results in."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.comparison.evaluation.errors import (
    find_misses,
    jaccard_index,
    rejected_share,
    target_percent,
    to_percent,
)
from replication.comparison.paper import Paper
from replication.core.learning.monitor import Monitor
from replication.core.mnist import databases
from replication.core.mnist.databases import Database
from replication.core.mnist.writers import read_held_out
from replication.core.settings import Hypothesis, Modern, Settings
from replication.core.systems.classifier import ClassifierSystem
from replication.core.systems.classifiers.support_vectors import Decision
from replication.core.systems.contract import Task, answers_from_penalties
from replication.core.systems.jobs import (
    Experiment,
    Job,
    hash_document,
    prepare_experiments,
    versions,
)
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies.causes import TRIALS
from replication.studies.variants import Value, alter_recipe, measure_training

HELD_OUT, TEST = "held-out", "test"
Levels = Mapping[str, Value]
Row = dict[str, Any]


class Trial(NamedTuple):
    """One training of a hypothesis, which answers held-out or test patterns."""

    name: str
    stage: str
    replicate: int
    levels: Levels
    experiment: Experiment
    patterns: int


def describe(levels: Levels) -> str:
    """Return levels in words."""
    return ", ".join(f"{key} {value}" for key, value in levels.items())


@dataclass(frozen=True)
class TrialRunner:
    """Trains trials, with the settings, the published numbers and the databases they share."""

    settings: Settings
    folders: Folders
    paper: Paper

    @property
    def _regular(self) -> databases.DatabaseFacts:
        return databases.read_facts(self.folders.prepared, "regular")

    @cached_property
    def held_out(self) -> NDArray[np.int64]:
        """Return the indices of the patterns that are held out, those of whole writers."""
        return read_held_out(self.folders.writers, self._regular.training_patterns)

    def count_available(self, stage: str) -> int:
        """Return how many patterns there are to train on."""
        held_out = len(self.held_out) if stage == HELD_OUT else 0
        return self._regular.training_patterns - held_out

    def prepare(
        self, name: str, hypothesis: Hypothesis, stage: str, levels: Levels, replicate: int
    ) -> Trial:
        """Return a trial; raise ReplicationError for impossible changes."""
        like = self.settings.experiment(hypothesis.like)
        if isinstance(like, Modern):
            raise ReplicationError(
                f"params.yaml: causes.hypotheses.{name}.like is {hypothesis.like}, which is none "
                "of the paper's systems: name another experiment"
            )
        changes, available = {**hypothesis.changes, **levels}, self.count_available(stage)
        recipe = alter_recipe(like, changes, available)
        patterns = getattr(recipe, "training_patterns", changes.get("training_patterns", available))
        recipes = {f"{name} ({stage}; {describe(levels)})": recipe}
        (experiment,) = prepare_experiments(recipes, self.settings, self.folders)
        return Trial(name, stage, replicate, changes, experiment, min(int(patterns), available))

    def key(self, trial: Trial) -> str:
        """Return the beginning of the hash of all settings, data and code that decide the trial."""
        causes, experiment = self.settings.causes, trial.experiment
        decisive = {
            "settings": experiment.effective, "stage": trial.stage, "replicate": trial.replicate,
            "patterns": trial.patterns, "subset": trial.levels.get("subset"),
            "held_out": hashlib.sha256(self.held_out.tobytes()).hexdigest(), "seed": causes.seed,
            "data": self._regular.sha256, "versions": versions(experiment.recipe),
        }  # fmt: skip
        return hash_document(decisive)[:16]

    def select_patterns(self, trial: Trial) -> Database:
        """Return the patterns that the trial is trained on, and those that it answers."""
        whole = _derive(self.folders.raw, trial.experiment.recipe.database)
        numbers = np.arange(len(whole.train_labels))
        answered = whole.test_images, whole.test_labels
        if trial.stage == HELD_OUT:
            numbers = np.delete(numbers, self.held_out)
            answered = whole.train_images[self.held_out], whole.train_labels[self.held_out]
        if trial.levels.get("subset") == "random":
            seed = (self.settings.causes.seed, trial.replicate)
            numbers = np.random.default_rng(seed).permutation(numbers)
        numbers = numbers[: trial.patterns]
        return Database(whole.train_images[numbers], whole.train_labels[numbers], *answered)

    def run_job(self, job: Job, monitor: Monitor, trials: Sequence[Trial]) -> tuple[str, Row]:
        """Return the key and the row of one of ``trials``, whose place is the job's number."""
        row = self.run(trials[job.number], monitor)
        return row["key"], row

    def run(self, trial: Trial, monitor: Monitor) -> Row:
        """Train, answer, and return a row of `TRIALS`."""
        database = self.select_patterns(trial)
        system, key, training = trial.experiment.system, self.key(trial), None
        table = databases.grey_levels(*trial.experiment.inputs.ends)
        checkpoint = self.folders.checkpoints / f"causes-{key}.npz"
        task = Task(trial.name, trial.replicate, database, table, checkpoint)
        if isinstance(system, ClassifierSystem):
            model = system.model(task, monitor)
            answers = answers_from_penalties(model.penalties(database.test_images))
            operations = model.cost().operations_thousands
            if isinstance(model, Decision):
                # As the paper counts: the vectors of each machine separately.
                operations = np.count_nonzero(model.weights) * model.vectors.shape[1] / 1e3
        else:
            fitted = system.fit(task, monitor)
            answers, operations = fitted.answers, fitted.cost.operations_thousands
            if not fitted.history.empty:
                training = measure_training(fitted.history)
        checkpoint.unlink(missing_ok=True)
        labels, likeness = database.test_labels, None
        wrong = find_misses(answers.classes, labels)
        if trial.stage == TEST:
            figure_8 = self.paper.misclassified["test_index"].to_numpy()
            likeness = jaccard_index(wrong, np.isin(np.arange(len(wrong)), figure_8))
        rejected = rejected_share(
            answers.classes, answers.margins, labels, target_percent(self.paper)
        )
        values = (
            trial.name, trial.stage, trial.replicate, trial.patterns,
            to_percent(float(wrong.sum()), len(labels)), rejected, training, operations, likeness,
            key,
        )  # fmt: skip
        return dict(zip(TRIALS.columns, values, strict=True)) | dict(trial.levels)


@cache
def _derive(raw: Path, name: str) -> Database:
    return databases.derive(name, databases.read_raw(raw))
