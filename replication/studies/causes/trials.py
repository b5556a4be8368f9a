"""A trial: what it changes, what it is trained on, and what it results in.

Besides the keys of an experiment these are varied:

* ``training_patterns``, of classifiers too: the first ones, as many as stated. A network that had
  one presentation of each of its patterns in a pass still has.
* ``subset``: ``random`` draws these patterns instead of taking the first.
* ``repeated``: how often every pass is repeated. ``faster``: a factor of all learning rates.
* ``passes``: the number of passes, over which the learning rates are stretched: 10 take every
  second of 20.
* ``strength``: a factor of the ranges of the distortions, around what distorts nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.comparison.evaluation.errors import (
    Mask,
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
from replication.core.settings import (
    Classifier,
    Combined,
    Hypothesis,
    Modern,
    Recipe,
    Settings,
    parse_options,
)
from replication.core.settings.loading import set_by_path
from replication.core.systems.classifier import ClassifierSystem
from replication.core.systems.classifiers.support_vectors import Decision
from replication.core.systems.contract import Task, answers_from_penalties
from replication.core.systems.jobs import Experiment, hash_document, prepare_experiments, versions
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies.causes import TRIALS

OWN = ("training_patterns", "subset", "repeated", "passes", "faster", "strength")
HELD_OUT, TEST = "held-out", "test"
Levels = Mapping[str, int | float | str]
Row = dict[str, Any]


class Trial(NamedTuple):
    """One training of a hypothesis, which answers held-out or test patterns."""

    name: str
    stage: str
    replicate: int
    levels: Levels
    experiment: Experiment
    patterns: int


def describe_levels(levels: Levels) -> str:
    """Return levels in words."""
    return ", ".join(f"{key} {value}" for key, value in levels.items())


def alter_recipe(
    recipe: Recipe | Combined | Classifier, changes: Levels, available: int
) -> Recipe | Combined | Classifier:
    """Return ``recipe`` with the ``changes``, and with no more than the ``available`` patterns.

    Raises ReplicationError for an unknown key and for an impossible value.
    """
    document = recipe.model_dump()
    for path, value in changes.items():
        if path not in OWN:
            set_by_path(document, path, value)
    if isinstance(recipe, Recipe | Combined):
        document |= _alter_training(recipe, changes, available)
    return parse_options(type(recipe), document, "causes")


def _alter_training(recipe: Recipe | Combined, changes: Levels, available: int) -> Row:
    """Return the settings of a network that the keys in `OWN` decide."""
    patterns = min(int(changes.get("training_patterns", recipe.training_patterns)), available)
    presentations = recipe.presentations_per_pass
    if presentations == recipe.training_patterns:
        presentations = patterns
    given, faster = recipe.learning_rates, float(changes.get("faster", 1))
    passes = int(changes.get("passes", len(given) * int(changes.get("repeated", 1))))
    rates = [faster * given[number * len(given) // passes] for number in range(passes)]
    strength, distortions = float(changes.get("strength", 1)), recipe.distortions.model_dump()
    for name, ends in distortions.items():
        if isinstance(ends, dict):
            rest = 1.0 if name == "inverse_scale" else 0.0
            for end, value in ends.items():
                ends[end] = rest + strength * (value - rest)
    return {
        "training_patterns": patterns,
        "presentations_per_pass": changes.get("presentations_per_pass", presentations),
        "learning_rates": rates,
        "passes": len(rates),
        "distortions": distortions,
    }


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
        recipes = {f"{name} ({stage}; {describe_levels(levels)})": recipe}
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

    def run(self, trial: Trial, monitor: Monitor) -> Row:
        """Train, answer, and return a row of `TRIALS`."""
        database = self.select_patterns(trial)
        system = trial.experiment.system
        key = self.key(trial)
        table = databases.grey_levels(*trial.experiment.inputs.ends)
        checkpoint = self.folders.checkpoints / f"causes-{key}.npz"
        task = Task(trial.name, trial.replicate, database, table, checkpoint)
        training = None
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
                last = fitted.history.iloc[-1]
                training = to_percent(
                    float(last["training_misses"]), int(last["training_presentations"])
                )
        checkpoint.unlink(missing_ok=True)
        labels = database.test_labels
        wrong = find_misses(answers.classes, labels)
        rejected = rejected_share(
            answers.classes, answers.margins, labels, target_percent(self.paper)
        )
        values = (
            trial.name, trial.stage, trial.replicate, trial.patterns,
            to_percent(float(wrong.sum()), len(labels)), rejected, training, operations,
            self._compare_misses(wrong) if trial.stage == TEST else None, key,
        )  # fmt: skip
        return dict(zip(TRIALS.columns, values, strict=True)) | dict(trial.levels)

    def _compare_misses(self, wrong: Mask) -> float:
        """Return the Jaccard index of the misses and those of Figure 8."""
        index = self.paper.misclassified["test_index"].to_numpy()
        return jaccard_index(wrong, np.isin(np.arange(len(wrong)), index))


@cache
def _derive(raw: Path, name: str) -> Database:
    return databases.derive(name, databases.read_raw(raw))
