"""The settings in the records of the runs, compared with the params and among the replicates.

Initial weights, the first pass's order, the prepared data, the key and the hash of the weights are
computed again. The schedule is that of history.csv.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from replication.comparison.paper import Paper, format_value
from replication.core.learning.identity import MARKS, mark_name, sha256
from replication.core.learning.optimisers import load_optimiser
from replication.core.learning.presentations import present_order
from replication.core.learning.trainer import draw_first_parameters
from replication.core.mnist import databases
from replication.core.networks import catalogue
from replication.core.runs import FILES, HISTORY, RECORD, WEIGHTS, Run, experiment_runs
from replication.core.settings import AnyRecipe, Combined, Inputs, Recipe
from replication.core.systems import boosted, jobs
from replication.core.systems.jobs import Experiment, build_system, versions
from replication.errors import ReplicationError

# Keys that are about all settings of their experiment.
WHOLE = ("experiment", "replicate", "key", "data", FILES, "versions", "evidence.weights_sha256")
# Problems of keys whose values mean nothing to a reader.
_MEANS = {
    FILES: "the files are not those that the record sums",
    "key": "settings, data and code give another key",
    "data.sha256": "data/prepared states another database",
    "evidence.initial_weights_sha256": "the settings draw other initial weights",
    "evidence.first_pass_order_sha256": "the settings draw another order of presentation",
    "evidence.weights_sha256": "the weights that lie there are others",
}
# The machine's own, and hashes that only a training gives: `train` and `verify` compare those.
_FREE = ("processor", "blas", *(f"evidence.{mark_name(mark)}" for mark in MARKS))
# Compared between the replicates alone where the settings do not determine them.
_EQUAL = ("packages", "parameters", "presentations")


class Conflict(NamedTuple):
    """A key of the records that differs from the params or between the replicates."""

    experiment: str
    key: str
    text: str


def refuse_untrainable(experiment: Experiment) -> None:
    """Raise the ReplicationError that training would."""
    recipe = experiment.recipe
    build_system(experiment.name, recipe, experiment.network)
    if not isinstance(recipe, Recipe | Combined):
        return
    load_optimiser(network_recipe(recipe))
    if not (experiment.folders.prepared / databases.SUMMARY).exists():
        return
    needed, available = recipe.training_patterns, experiment.data.training_patterns
    if needed > available:
        raise ReplicationError(
            f"experiments.{experiment.name}.training_patterns is {needed}, but the database "
            f"has {available}: lower it"
        )


def recorded_runs(experiment: Experiment) -> dict[int, Run]:
    """Return the existing runs by replicate, of those that the settings ask for."""
    recipe, folder = experiment.recipe, experiment.folders.runs
    runs = enumerate(experiment_runs(folder, experiment.name, recipe.replicates))
    return {number: run for number, run in runs if run.has(RECORD)}


def network_recipe(recipe: Recipe | Combined) -> Recipe:
    """Return the recipe of one network of the experiment."""
    return recipe.network_recipe() if isinstance(recipe, Combined) else recipe


def flatten(document: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, keys joined by dots; lists are values."""
    result: dict[str, Any] = {}
    for key, value in document.items():
        path = f"{prefix}{key}"
        nested = isinstance(value, Mapping) and value
        result |= flatten(value, f"{path}.") if nested else {path: value}
    return result


def covers(keys: Iterable[str], key: str) -> bool:
    """Return whether ``key`` is in ``keys`` or below one of them."""
    return any(f"{key}.".startswith(f"{parent}.") for parent in keys)


def unused_keys(recipe: AnyRecipe, paper: Paper) -> frozenset[str]:
    """Return the keys of an experiment that have no effect in it, whatever their values."""
    if not isinstance(recipe, Recipe | Combined):
        return frozenset()
    network = catalogue.network(recipe.network, recipe.database, paper)
    return recipe.unused(subsampled=network.subsampled)


def find_conflicts(experiment: Experiment, paper: Paper, source: str) -> list[Conflict]:
    """Return where the runs of an experiment differ from the params or among themselves.

    Raises ReplicationError for a damaged run, and where data/prepared is missing.
    """
    runs = recorded_runs(experiment)
    # A setting that changed nothing before it was added is in no older record.
    older = flatten(type(experiment.recipe).neutral())
    facts = {number: older | _read_facts(run) for number, run in runs.items()}
    expected = {n: older | _expect(experiment, paper, n, run, facts[n]) for n, run in runs.items()}
    free = {*_FREE, *unused_keys(experiment.recipe, paper)}
    keys = dict.fromkeys(key for part in (*expected.values(), *facts.values()) for key in part)
    conflicts = []
    for key in (key for key in keys if not covers(free, key)):
        values = {number: part.get(key, "absent") for number, part in facts.items()}
        right = {number: part.get(key, "absent") for number, part in expected.items()}
        comparison = f"{source} has"
        if covers(_EQUAL, key) and set(right.values()) == {"absent"}:
            values = {number: str(value) for number, value in values.items()}
            commonest = Counter(values.values()).most_common(1)[0][0]
            right, comparison = dict.fromkeys(values, commonest), "the others have"
        replicates: dict[tuple[str, str], list[str]] = {}
        for number, value in values.items():
            if value != right[number]:
                has_text = key in _MEANS and value != "absent"
                text = _MEANS[key] if has_text else format_value(value)
                rest = "" if key in _MEANS else f"; {comparison} {format_value(right[number])}"
                replicates.setdefault((text, rest), []).append(str(number))
        texts = [
            f"{text} in replicate {' '.join(n)}{rest}" for (text, rest), n in replicates.items()
        ]
        if texts:
            conflicts.append(Conflict(experiment.name, key, ", ".join(texts)))
    conflicts += _find_copies(experiment, facts)
    # Other data or code have another key: reported once.
    names = [conflict.key for conflict in conflicts]
    once = any(covers(["data.sha256", "versions"], name) for name in names)
    return [conflict for conflict in conflicts if not (once and conflict.key == "key")]


def _find_copies(experiment: Experiment, facts: Mapping[int, Mapping[str, Any]]) -> list[Conflict]:
    """Return the replicates of a seeded experiment that have the same weights."""
    weights = "evidence.weights_sha256"
    by_weights: dict[str, list[int]] = {}
    for number, part in facts.items():
        if weights in part and experiment.recipe.seed is not None:
            by_weights.setdefault(part[weights], []).append(number)
    return [
        Conflict(
            experiment.name, f"{weights}.equal", f"in replicates {' '.join(map(str, numbers))}"
        )
        for numbers in by_weights.values()
        if len(numbers) > 1
    ]


def _read_facts(run: Run) -> dict[str, Any]:
    facts = flatten(run.record["settings"])
    if run.is_whole() and run.has(HISTORY) and "sdlm.mu" in facts:
        history = run.history
        steps = history.filter(regex="_max$").max(axis=1) / history["learning_rate"]
        facts["history.learning_rates"] = history["learning_rate"].tolist()
        facts["history.presentations"] = history["training_presentations"].tolist()
        facts["history.greatest_step_by_rate"] = float(steps.max())
    # A classifier's record has no evidence: an empty group is left out.
    rest = {k: v for k, v in run.record.items() if k not in ("settings", FILES) and v != {}}
    return facts | flatten(rest) | {FILES: run.is_whole()}


def _expect(
    experiment: Experiment, paper: Paper, number: int, run: Run, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the record and the history of a replicate should have in place of ``facts``."""
    recipe = experiment.recipe
    expected = flatten({**recipe.in_force(), **experiment.inputs.model_dump()}) | {
        "experiment": experiment.name,
        "replicate": number,
        "streams.seed": recipe.seed,
        "streams.replicate": number,
        "data.sha256": experiment.data.sha256,
        FILES: True,
        **flatten({"versions": versions(recipe)}),
        "key": _key(experiment, number, run.record["settings"]),
    }
    weights = "evidence.weights_sha256"
    if weights in facts:
        expected[weights] = run.record.get(FILES, {}).get(WEIGHTS, facts[weights])
    if not isinstance(recipe, Recipe | Combined):
        return expected
    if facts[FILES] and recipe.system in ("network", "noisy"):
        # A step is eta / (mu + h), and h is never negative.
        bound = 1.00001 / recipe.sdlm.mu if recipe.optimiser.name == "sdlm" else math.inf
        greatest = "history.greatest_step_by_rate"
        expected |= {
            "history.learning_rates": list(recipe.learning_rates),
            "history.presentations": [recipe.presentations_per_pass] * recipe.passes,
            greatest: min(facts.get(greatest, 0.0), bound),
        }
    return expected | _expect_training(recipe, paper, number)


def _expect_training(recipe: Recipe | Combined, paper: Paper, number: int) -> dict[str, Any]:
    """Return what follows from the settings of a network that Appendix C trains."""
    network = catalogue.network(recipe.network, recipe.database, paper)
    single, copies = network_recipe(recipe), 1 + recipe.distortions.copies * recipe.distorted
    if isinstance(recipe, Combined) and recipe.system == "noisy":
        copies = int(recipe.options["versions"])
    order = present_order(single, number, recipe.training_patterns * copies, 0)
    networks = boosted.NETWORKS if recipe.system == "boosted" else 1
    expected = {
        "evidence.initial_weights_sha256": sha256(draw_first_parameters(network, single, number)),
        "evidence.first_pass_order_sha256": sha256(order),
        "presentations": networks * recipe.passes * recipe.presentations_per_pass,
        "parameters": networks * network.parameters,
    }
    if recipe.system == "boosted":
        expected["evidence.second_taught_missed"] = "0.5000"
        expected["evidence.third_taught_disputed"] = "1.0000"
    return expected


def _key(experiment: Experiment, number: int, recorded_settings: Mapping[str, Any]) -> str:
    """Return the key that the record's own settings have now, or ``none``."""
    levels = {key: recorded_settings.get(key) for key in Inputs.model_fields}
    try:
        inputs = Inputs.model_validate(levels)
        recipe = experiment.recipe.with_recorded(recorded_settings)
        return jobs.key(replace(experiment, recipe=recipe, inputs=inputs), number)
    except (ValidationError, ReplicationError):
        return "none"
