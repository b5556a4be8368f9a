"""A trial: what it changes, what it is trained on, and what comes out of it.

Beside the keys of an experiment these are varied:

* ``training_patterns``, of classifiers too: the first so many. A network that had a presentation
  for each of its patterns in a pass has one still.
* ``subset``: ``random`` draws these patterns instead of taking the first.
* ``repeated``: every pass is repeated so many times. ``faster``: all learning rates, times that.
* ``passes``: so many, over which the learning rates are stretched: 10 take every second of 20.
* ``strength``: the ranges of the distortions, around what distorts nothing, times that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from replication.comparison.evaluation.errors import Mask, missed, percent, similarity
from replication.comparison.evaluation.rejection import rejected_share, target_percent
from replication.comparison.paper import Paper
from replication.core.experiments import experiments
from replication.core.learning.monitor import Monitor
from replication.core.mnist import databases
from replication.core.mnist.databases import Database
from replication.core.settings import Classifier, Hypothesis, Recipe, Settings, options
from replication.core.settings.loading import put
from replication.core.systems.catalogue import versions
from replication.core.systems.classifier import ClassifierSystem
from replication.core.systems.contract import Task, answers_of
from replication.core.systems.jobs import Experiment, hashed
from replication.core.systems.support_machines import Decision
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


def shown(levels: Levels) -> str:
    """Levels in words."""
    return ", ".join(f"{key} {value}" for key, value in levels.items())


def altered(recipe: Recipe | Classifier, changes: Levels, available: int) -> Recipe | Classifier:
    """``recipe`` with the ``changes``, and with no more than the ``available`` patterns.

    Raises ReplicationError for a key that is not there and for a value that cannot be.
    """
    document = recipe.model_dump()
    for path, value in changes.items():
        if path not in OWN:
            put(document, path, value)
    if isinstance(recipe, Recipe):
        document |= _network(recipe, changes, available)
    return options(type(recipe), document, "causes")


def _network(recipe: Recipe, changes: Levels, available: int) -> Row:
    """The settings of a network that the keys of a trial's own decide."""
    patterns = min(int(changes.get("training_patterns", recipe.training_patterns)), available)
    one_each = recipe.presentations_per_pass == recipe.training_patterns
    shown_each = changes.get(
        "presentations_per_pass", patterns if one_each else recipe.presentations_per_pass
    )
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
        "presentations_per_pass": shown_each,
        "learning_rates": rates,
        "passes": len(rates),
        "distortions": distortions,
    }


@dataclass(frozen=True)
class Laboratory:
    """What all trials share: the settings, what is published, and the databases."""

    settings: Settings
    folders: Folders
    paper: Paper

    def available(self, stage: str) -> int:
        """How many patterns there are to train on."""
        total = len(_regular(self.folders.raw).train_labels)
        return total - (self.settings.causes.held_out if stage == HELD_OUT else 0)

    def trial(
        self, name: str, hypothesis: Hypothesis, stage: str, levels: Levels, replicate: int
    ) -> Trial:
        """Raises ReplicationError as `altered` does, and for an experiment of another kind."""
        like = self.settings.experiment(hypothesis.like)
        if not isinstance(like, Recipe | Classifier):
            raise ReplicationError(
                f"params.yaml: causes.hypotheses.{name}.like is {hypothesis.like}, neither a "
                "network nor a classifier: name another experiment"
            )
        changes, available = {**hypothesis.changes, **levels}, self.available(stage)
        recipe = altered(like, changes, available)
        wanted = getattr(recipe, "training_patterns", changes.get("training_patterns", available))
        recipes = {f"{name} ({stage}; {shown(levels)})": recipe}
        (experiment,) = experiments(recipes, self.settings, self.folders)
        return Trial(name, stage, replicate, changes, experiment, min(int(wanted), available))

    def key(self, trial: Trial) -> str:
        """The beginning of the hash of the settings, data and numbers of code that decide it."""
        causes, experiment = self.settings.causes, trial.experiment
        decisive = {
            "settings": experiment.effective, "stage": trial.stage, "replicate": trial.replicate,
            "patterns": trial.patterns, "subset": trial.levels.get("subset"),
            "held_out": causes.held_out, "seed": causes.seed, "data": _digest(self.folders.raw),
            "versions": versions(experiment.recipe),
        }  # fmt: skip
        return hashed(decisive)[:16]

    def database(self, trial: Trial) -> Database:
        """What the trial is trained on, and what it answers."""
        whole = _version(self.folders.raw, trial.experiment.recipe.database)
        available = self.available(trial.stage)
        numbers = np.arange(available)
        if trial.levels.get("subset") == "random":
            seed = (self.settings.causes.seed, trial.replicate)
            numbers = np.random.default_rng(seed).permutation(available)
        numbers = numbers[: trial.patterns]
        answered = (
            (whole.test_images, whole.test_labels)
            if trial.stage == TEST
            else (whole.train_images[available:], whole.train_labels[available:])
        )
        return Database(whole.train_images[numbers], whole.train_labels[numbers], *answered)

    def outcome(self, trial: Trial, monitor: Monitor) -> Row:
        """Train and answer: a row of `TRIALS`."""
        database, prepare = self.database(trial), self.settings.prepare
        made = trial.experiment.system
        key = self.key(trial)
        table = databases.grey_levels(prepare.background, prepare.foreground)
        checkpoint = self.folders.checkpoints / f"causes-{key}.npz"
        task = Task(trial.name, trial.replicate, database, table, checkpoint)
        training = None
        if isinstance(made, ClassifierSystem):
            model = made.model(task, monitor)
            answers = answers_of(model.penalties(database.test_images))
            operations = model.cost().operations_thousands
            if isinstance(model, Decision):
                # As the paper counts: the vectors of each machine by themselves.
                operations = np.count_nonzero(model.weights) * model.vectors.shape[1] / 1e3
        else:
            fitted = made.fit(task, monitor)
            answers, operations = fitted.answers, fitted.cost.operations_thousands
            last = fitted.history.iloc[-1]
            training = percent(float(last["training_misses"]), int(last["training_presentations"]))
        checkpoint.unlink(missing_ok=True)
        labels = database.test_labels
        wrong = missed(answers.classes, labels)
        rejected = rejected_share(
            answers.classes, answers.margins, labels, target_percent(self.paper)
        )
        values = (
            trial.name, trial.stage, trial.replicate, trial.patterns,
            percent(float(wrong.sum()), len(labels)), rejected, training, operations,
            self._likeness(wrong) if trial.stage == TEST else None, key,
        )  # fmt: skip
        return dict(zip(TRIALS.columns, values, strict=True)) | dict(trial.levels)

    def _likeness(self, wrong: Mask) -> float:
        """The Jaccard index of the misses and those of Figure 8."""
        index = self.paper.misclassified["test_index"].to_numpy()
        return similarity(wrong, np.isin(np.arange(len(wrong)), index))


@cache
def _regular(raw: Path) -> Database:
    return databases.read_raw(raw)


@cache
def _digest(raw: Path) -> str:
    return _regular(raw).sha256()


@cache
def _version(raw: Path, name: str) -> Database:
    return databases.derive(name, _regular(raw))
