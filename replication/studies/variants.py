"""Trainings with some settings changed; what is there is not trained again.

A variant starts from an experiment. Its changes are keys of the experiment, such as ``sdlm.mu``,
and `OWN`:

* ``training_patterns``: the first ones, as many as stated. A network that had one presentation of
  each of its patterns in a pass still has.
* ``subset``: ``random`` draws these patterns instead of taking the first; for trials of causes.
* ``repeated``: how often every pass is repeated. ``faster``: a factor of all learning rates.
* ``passes``: the number of passes, over which the learning rates are stretched: 10 take every
  second of 20.
* ``strength``: a factor of the ranges of the distortions, around what distorts nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from replication.comparison.evaluation.errors import count_misses, to_percent
from replication.core.learning.monitor import Display, Monitor
from replication.core.mnist.databases import grey_levels
from replication.core.settings import Classifier, Combined, Recipe, Settings, Train, parse_options
from replication.core.settings.loading import set_by_path
from replication.core.systems.contract import Task
from replication.core.systems.jobs import Experiment, Job, key, prepare_experiments
from replication.core.systems.replicates import run_side_by_side
from replication.errors import Diverged, ReplicationError
from replication.files import Table
from replication.folders import Folders

Value = str | int | float
Changes = Mapping[str, Value]
Result = TypeVar("Result")
OWN = ("training_patterns", "subset", "repeated", "passes", "faster", "strength")
OUTCOME = ("replicate", "key", "training_error_percent", "test_error_percent")


class Variant(NamedTuple):
    """One way to train an experiment.

    ``labels`` are the columns of the table that say which variant it is.
    """

    labels: Mapping[str, Value]
    changes: Changes
    replicates: int


def split_levels(levels: Value) -> dict[str, Value]:
    """Return the changes for input levels that are given as ``-0.1 to 1.175``."""
    background, _, foreground = str(levels).partition(" to ")
    return {"inputs.background": float(background), "inputs.foreground": float(foreground)}


def alter_recipe(
    recipe: Recipe | Combined | Classifier, changes: Changes, available: int
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


def _alter_training(recipe: Recipe | Combined, changes: Changes, available: int) -> dict[str, Any]:
    """Return the settings of a network that the keys in `OWN` decide."""
    patterns = min(int(changes.get("training_patterns", recipe.training_patterns)), available)
    presentations = recipe.presentations_per_pass
    if presentations == recipe.training_patterns:
        presentations = patterns
    given, faster = recipe.learning_rates, float(changes.get("faster", 1))
    passes = int(changes.get("passes", len(given) * int(changes.get("repeated", 1))))
    strength, distortions = float(changes.get("strength", 1)), recipe.distortions.model_dump()
    for name, ends in distortions.items():
        if isinstance(ends, dict):
            rest = 1.0 if name == "inverse_scale" else 0.0
            ends |= {end: rest + strength * (value - rest) for end, value in ends.items()}
    return {
        "training_patterns": patterns,
        "presentations_per_pass": changes.get("presentations_per_pass", presentations),
        "learning_rates": [faster * given[turn * len(given) // passes] for turn in range(passes)],
        "passes": passes,
        "distortions": distortions,
    }


def make_experiment(
    variant: Variant, name: str, seed: int, settings: Settings, folders: Folders
) -> Experiment:
    """Return the experiment ``name`` of params.yaml, changed and with another seed.

    Raises ReplicationError for an experiment that is no network, and as `alter_recipe` does.
    """
    recipe = settings.experiment(name)
    if not isinstance(recipe, Recipe):
        raise ReplicationError(f"params.yaml: {name} is no network: name an experiment of one")
    changes = {**variant.changes, "seed": seed, "replicates": variant.replicates}
    changed = alter_recipe(recipe, changes, recipe.training_patterns)
    title = ", ".join(f"{key} {value}" for key, value in variant.labels.items())
    (made,) = prepare_experiments({title: changed}, settings, folders)
    return made


def shorten_key(job: Job) -> str:
    """Return the beginning of the hash of all that a replicate's errors follow from."""
    return key(job.experiment, job.number)[:16]


def train_missing(
    title: str, jobs: Mapping[str, Job], known: dict[str, Result],
    work: Callable[[Job, Monitor], tuple[str, Result]], how: Train,
    keep: Callable[[], object] = lambda: None,
) -> None:  # fmt: skip
    """Add to ``known`` the result of each of the ``jobs``, by key, of which it has none.

    ``work`` returns a job's key and result; ``keep`` is called after each.
    """
    missing = [job for key, job in jobs.items() if key not in known]
    with Display(title, sum(job.experiment.presentations for job in missing)) as display:
        for key, result in run_side_by_side(work, missing, how, display.show):
            known[key] = result
            keep()


class Plan(NamedTuple):
    """The trainings of a study, each of which leaves a row of a table.

    ``experiment`` is the one of params.yaml that all change. The table has a row for each
    replicate: the labels of its variant, and `OUTCOME`.
    """

    variants: Iterable[Variant]
    experiment: str
    seed: int
    table: Table


def _list_labelled(
    plan: Plan, settings: Settings, folders: Folders
) -> list[tuple[Mapping[str, Value], Job]]:
    """Return every replicate with the labels of its variant."""
    result = []
    for variant in plan.variants:
        made = make_experiment(variant, plan.experiment, plan.seed, settings, folders)
        result += [(variant.labels, Job(made, number)) for number in range(variant.replicates)]
    return result


def _read_known(plan: Plan, folders: Folders) -> dict[str, dict[Any, Any]]:
    """Return the outcomes in the plan's table by key; none where it has not been made."""
    table = plan.table
    before = table.read(folders.out) if table.exists(folders.out) else table.frame([])
    return {str(row["key"]): row for row in before[list(OUTCOME)].to_dict("records")}


def list_missing(plan: Plan, settings: Settings, folders: Folders) -> list[Job]:
    """Return the replicates that the plan's table lacks, each once."""
    jobs = {shorten_key(job): job for _, job in _list_labelled(plan, settings, folders)}
    known = _read_known(plan, folders)
    return [job for key, job in jobs.items() if key not in known]


def train_variants(plan: Plan, settings: Settings, folders: Folders) -> pd.DataFrame:
    """Train what the plan's table in the folder of results lacks; write it after every replicate.

    A replicate that diverges has no errors. Rows of other settings, data or code are dropped.
    """
    labelled = [(labels, shorten_key(job), job)
                for labels, job in _list_labelled(plan, settings, folders)]  # fmt: skip
    jobs = {key: job for _, key, job in labelled}
    known, table = _read_known(plan, folders), plan.table

    def write() -> pd.DataFrame:
        rows = [{**labels, **known[key]} for labels, key, _ in labelled if key in known]
        written = table.frame(rows)
        table.write(folders.out, written)
        return written

    train_missing(Path(table.name).stem, jobs, known, _train, settings.train, write)
    return write()


def measure_training(history: pd.DataFrame) -> float:
    """Return the training error of the last pass in percent."""
    last = history.iloc[-1]
    return to_percent(float(last["training_misses"]), int(last["training_presentations"]))


def _train(job: Job, monitor: Monitor) -> tuple[str, dict[Any, Any]]:
    """Train a replicate; return its key and its row without the labels."""
    experiment, number = job
    name, data = shorten_key(job), experiment.database
    checkpoint = experiment.folders.checkpoints / "variants" / f"{name}.npz"
    levels = grey_levels(*experiment.inputs.ends)
    row: dict[Any, Any] = dict.fromkeys(OUTCOME) | {"replicate": number, "key": name}
    try:
        fitted = experiment.system.fit(
            Task(experiment.name, number, data, levels, checkpoint), monitor
        )
    except Diverged as error:
        monitor.line(str(error))
        return name, row
    wrong = count_misses(fitted.answers.classes, data.test_labels)
    row["training_error_percent"] = measure_training(fitted.history)
    row["test_error_percent"] = to_percent(wrong, len(data.test_labels))
    checkpoint.unlink(missing_ok=True)
    return name, row
