"""What the records of the runs say was in force, held against the params and one another.

What can be is computed again: initial weights, the first pass's order, the prepared data, the key,
the hash of the weights that lie there. The schedule is history.csv's.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from replication.comparison.paper import Paper, format_value
from replication.core.learning.identity import MARKS, mark_name, sha256
from replication.core.learning.optimisers.catalogue import load_optimiser
from replication.core.learning.presentations import present_order
from replication.core.learning.trainer import draw_first_parameters
from replication.core.mnist import databases
from replication.core.networks import catalogue
from replication.core.runs import FILES, HISTORY, RECORD, WEIGHTS, Run, experiment_runs
from replication.core.settings import AnyRecipe, Combined, Recipe
from replication.core.systems import boosted, jobs
from replication.core.systems.catalogue import build_system, versions
from replication.core.systems.jobs import Experiment
from replication.errors import ReplicationError

# Keys that speak of all settings of their experiment.
WHOLE = ("experiment", "replicate", "key", "data", FILES, "versions",
         "evidence.weights_sha256")  # fmt: skip
# What is wrong with a key whose value says nothing to a reader.
_MEANS = {
    FILES: "the files are not those that the record sums",
    "key": "settings, data and code give another key",
    "data.sha256": "data/prepared states another database",
    "evidence.initial_weights_sha256": "the settings draw other initial weights",
    "evidence.first_pass_order_sha256": "the settings draw another order of presentation",
    "evidence.weights_sha256": "the weights that lie there are others",
}
# The machine's own; and compared between the replicates alone where the settings do not give them.
_FREE, _ALIKE = ("processor", "blas"), ("packages", "parameters", "presentations")
# What only a training can tell. Whether it is what today's code gives, `train` and `verify` see.
_TOLD = tuple(f"evidence.{mark_name(mark)}" for mark in MARKS)


class Conflict(NamedTuple):
    """A key of the records that is not what the params say, or not the same in all replicates."""

    experiment: str
    key: str
    text: str


def refuse(experiment: Experiment) -> None:
    """Raise the ReplicationError that training would."""
    recipe, prepared = experiment.recipe, experiment.folders.prepared
    build_system(experiment.name, recipe, experiment.network)
    if isinstance(recipe, Recipe | Combined):
        load_optimiser(plain(recipe))
        wanted, there = recipe.training_patterns, math.inf
        if (prepared / databases.SUMMARY).exists():
            there = experiment.data.training_patterns
        if wanted > there:
            raise ReplicationError(
                f"experiments.{experiment.name}.training_patterns is {wanted}, but the database "
                f"has {there}: lower it"
            )


def runs_of(experiment: Experiment) -> dict[int, Run]:
    """The runs that are there, of the replicates that the settings ask for."""
    recipe, folder = experiment.recipe, experiment.folders.runs
    runs = enumerate(experiment_runs(folder, experiment.name, recipe.replicates))
    return {number: run for number, run in runs if run.has(RECORD)}


def plain(recipe: Recipe | Combined) -> Recipe:
    """How a network of the experiment is trained by itself."""
    return recipe.network_recipe() if isinstance(recipe, Combined) else recipe


def flattened(document: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; lists are values."""
    result: dict[str, Any] = {}
    for key, value in document.items():
        path = f"{prefix}{key}"
        nested = isinstance(value, Mapping) and value
        result |= flattened(value, f"{path}.") if nested else {path: value}
    return result


def covers(keys: Iterable[str], key: str) -> bool:
    """Whether ``key`` is one of ``keys`` or below one."""
    return any(key == one or key.startswith(f"{one}.") for one in keys)


def unused(recipe: AnyRecipe, paper: Paper) -> frozenset[str]:
    """The keys of an experiment that have no effect in it, whatever they are."""
    if not isinstance(recipe, Recipe | Combined):
        return frozenset()
    network = catalogue.network(recipe.network, recipe.database, paper)
    return recipe.unused(subsampled=network.subsampled)


def conflicts_of(experiment: Experiment, paper: Paper, source: str) -> list[Conflict]:
    """Where the runs of an experiment are not what the params say, or differ among themselves.

    Raises ReplicationError for a damaged run, and where data/prepared is missing.
    """
    runs = runs_of(experiment)
    facts = {number: _facts(run) for number, run in runs.items()}
    wanted = {n: _wanted(experiment, paper, n, run, facts[n]) for n, run in runs.items()}
    free = {*_FREE, *_TOLD, *unused(experiment.recipe, paper)}
    conflicts = []
    for key in dict.fromkeys(key for one in (*wanted.values(), *facts.values()) for key in one):
        values = {number: one.get(key, "absent") for number, one in facts.items()}
        right = {number: one.get(key, "absent") for number, one in wanted.items()}
        beside = f"{source} has"
        if covers(_ALIKE, key) and set(right.values()) == {"absent"}:
            commonest = Counter(map(str, values.values())).most_common(1)[0][0]
            values = {number: str(value) for number, value in values.items()}
            right, beside = dict.fromkeys(values, commonest), "the others have"
        odd: dict[tuple[str, str], list[str]] = {}
        for number, value in values.items():
            if value != right[number] and not covers(free, key):
                named = key in _MEANS and value != "absent"
                said = _MEANS[key] if named else format_value(value)
                rest = "" if key in _MEANS else f"; {beside} {format_value(right[number])}"
                odd.setdefault((said, rest), []).append(str(number))
        texts = [f"{said} in replicate {' '.join(n)}{rest}" for (said, rest), n in odd.items()]
        if texts:
            conflicts.append(Conflict(experiment.name, key, ", ".join(texts)))
    # Other data or code have another key: said once.
    once = any(one.key == "data.sha256" or covers(["versions"], one.key) for one in conflicts)
    return [one for one in conflicts if one.key != "key" or not once]


def _facts(run: Run) -> dict[str, Any]:
    facts = flattened(run.record["settings"])
    if run.is_whole() and run.has(HISTORY) and "sdlm.mu" in facts:
        history = run.history
        steps = history.filter(regex="_max$").max(axis=1) / history["learning_rate"]
        facts["history.learning_rates"] = history["learning_rate"].tolist()
        facts["history.presentations"] = history["training_presentations"].tolist()
        facts["history.greatest_step_by_rate"] = float(steps.max())
    # A classifier's record has no evidence: an empty group says nothing.
    stated = {k: v for k, v in run.record.items() if k not in ("settings", FILES) and v != {}}
    facts |= flattened(stated)
    return facts | {FILES: run.is_whole()}


def _wanted(
    experiment: Experiment, paper: Paper, number: int, run: Run, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What the record and the history of a replicate have to say, in place of ``facts``."""
    recipe, prepare = experiment.recipe, experiment.prepare
    levels = {"background": prepare.background, "foreground": prepare.foreground}
    wanted = flattened({**recipe.in_force(), **levels}) | {
        "experiment": experiment.name,
        "replicate": number,
        "streams.seed": recipe.seed,
        "streams.replicate": number,
        "data.sha256": experiment.data.sha256,
        FILES: True,
        **flattened({"versions": versions(recipe)}),
        "key": _key(experiment, number, run.record["settings"]),
    }
    weights = "evidence.weights_sha256"
    if weights in facts:
        wanted[weights] = run.record.get(FILES, {}).get(WEIGHTS, facts[weights])
    if not isinstance(recipe, Recipe | Combined):
        return wanted
    if facts[FILES] and recipe.system in ("network", "noisy"):
        # A step is eta / (mu + h), and h is never negative.
        bound = 1.00001 / recipe.sdlm.mu if recipe.optimiser.name == "sdlm" else math.inf
        wanted |= {
            "history.learning_rates": list(recipe.learning_rates),
            "history.presentations": [recipe.presentations_per_pass] * recipe.passes,
            "history.greatest_step_by_rate": min(
                facts.get("history.greatest_step_by_rate", 0.0), bound
            ),
        }
    return wanted | _trained(recipe, paper, number)


def _trained(recipe: Recipe | Combined, paper: Paper, number: int) -> dict[str, Any]:
    """What follows from the settings of a network that Appendix C trains."""
    network, alone = catalogue.network(recipe.network, recipe.database, paper), plain(recipe)
    versions = int(recipe.options["versions"]) if isinstance(recipe, Combined) and (
        recipe.system == "noisy") else 1 + recipe.distortions.copies * recipe.distorted  # fmt: skip
    order = present_order(alone, number, recipe.training_patterns * versions, 0)
    many = boosted.NETWORKS if recipe.system == "boosted" else 1
    wanted = {
        "evidence.initial_weights_sha256": sha256(draw_first_parameters(network, alone, number)),
        "evidence.first_pass_order_sha256": sha256(order),
        "presentations": many * recipe.passes * recipe.presentations_per_pass,
        "parameters": many * network.parameters,
    }
    if recipe.system == "boosted":
        wanted["evidence.second_taught_missed"] = "0.5000"
        wanted["evidence.third_taught_disputed"] = "1.0000"
    return wanted


def _key(experiment: Experiment, number: int, stated: Mapping[str, Any]) -> str:
    """The key that the record's own settings have now; settings as such are compared one by one."""
    kind = type(experiment.recipe)
    recorded = {key: value for key, value in stated.items() if key in kind.model_fields}
    levels = {key: stated.get(key) for key in ("background", "foreground")}
    try:
        recipe = kind.model_validate({**experiment.recipe.model_dump(), **recorded})
        prepare = experiment.prepare.model_copy(update=levels)
        return jobs.key(replace(experiment, recipe=recipe, prepare=prepare), number)
    except (ValidationError, ReplicationError):
        return "none"
