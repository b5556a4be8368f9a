"""What the records of the runs say was in force, held against the params and one another.

What can be is computed again: initial weights, the first pass's order, the prepared data, the code,
the weights that lie there. The schedule is history.csv's.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from replication.audit.judges import shown
from replication.errors import ReplicationError
from replication.learning.optimisers.catalogue import optimiser
from replication.learning.presentations import presented
from replication.learning.trainer import first_parameters
from replication.mnist import databases
from replication.networks import catalogue
from replication.networks.specification import Kind
from replication.paper import Paper
from replication.runs import FILES, HISTORY, WEIGHTS, Run, of_experiment
from replication.settings import AnyRecipe, Combined, Recipe
from replication.systems import replicates
from replication.systems.boosted import NETWORKS
from replication.systems.catalogue import system
from replication.systems.replicates import Experiment

# Keys that speak of all settings of their experiment.
WHOLE = ("experiment", "replicate", "key", "data", "evidence.code_sha256",
         "evidence.weights_sha256")  # fmt: skip
# What is wrong with a key whose value says nothing to a reader.
_MEANS = {
    "key": "settings, data, paper and code give another key",
    "data.sha256": "data/prepared states another database",
    "evidence.code_sha256": "the present code is another",
    "evidence.initial_weights_sha256": "the settings draw other initial weights",
    "evidence.first_pass_order_sha256": "the settings draw another order of presentation",
    "evidence.weights_sha256": "the weights that lie there are others",
}
# Compared between the replicates alone; and of no consequence.
_ALIKE, _FREE = ("packages", "parameters", "presentations"), ("processor", FILES)


class Conflict(NamedTuple):
    """A key of the records that is not what the params say, or not the same in all replicates."""

    experiment: str
    key: str
    text: str


def runs_of(experiment: Experiment) -> dict[int, Run]:
    """The whole runs that are there, of the replicates that the settings ask for."""
    runs = of_experiment(experiment.folders.runs, experiment.name, experiment.recipe.replicates)
    return {number: run for number, run in enumerate(runs) if run.is_whole()}


def refuse(experiment: Experiment, paper: Paper) -> None:
    """Raise the ReplicationError that training would."""
    recipe = experiment.recipe
    system(experiment.name, recipe, paper)
    if isinstance(recipe, Recipe | Combined):
        optimiser(plain(recipe))
        if (experiment.folders.prepared / databases.SUMMARY).exists():
            there = databases.stated(experiment.folders.prepared, recipe.database).training_patterns
            if recipe.training_patterns > there:
                raise ReplicationError(
                    f"experiments.{experiment.name}.training_patterns is "
                    f"{recipe.training_patterns}, but the database has {there}: lower it"
                )


def plain(recipe: Recipe | Combined) -> Recipe:
    """How a network of the experiment is trained by itself."""
    return recipe.recipe() if isinstance(recipe, Combined) else recipe


def flattened(document: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; lists are values."""
    result: dict[str, Any] = {}
    for key, value in document.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            result |= flattened(value, f"{path}.")
        else:
            result[path] = value
    return result


def covers(keys: Iterable[str], key: str) -> bool:
    """Whether ``key`` is one of ``keys`` or below one."""
    return any(key == one or key.startswith(f"{one}.") for one in keys)


def unused(recipe: AnyRecipe, paper: Paper) -> set[str]:
    """The keys of an experiment that have no effect in it, whatever they are."""
    if not isinstance(recipe, Recipe | Combined):
        return set()
    layers = catalogue.network(recipe.network, recipe.database, paper).layers
    known = {
        "criterion.j": recipe.criterion.name == "map",
        "criterion.distance": recipe.criterion.name != "squared-error",
        "sdlm": recipe.optimiser.name == "sdlm",
        "streams.hessian": recipe.optimiser.name == "sdlm",
        "distortions": recipe.distorted,
        "streams.distortions": recipe.distorted or recipe.system == "noisy",
    }
    sampled = any(layer.kind is Kind.SUBSAMPLING for layer in layers)
    for key in ("subsampling", "initialisation.coefficients", "sdlm.coefficient_curvature"):
        known[key] = sampled
    return {key for key, used in known.items() if not used}


def conflicts_of(experiment: Experiment, paper: Paper, source: str) -> list[Conflict]:
    """Where the runs of an experiment are not what the params say, or differ among themselves.

    Raises ReplicationError for a damaged run, and where data/prepared is missing.
    """
    runs = runs_of(experiment)
    wanted = {number: _wanted(experiment, paper, number, run) for number, run in runs.items()}
    facts = {number: _facts(run) for number, run in runs.items()}
    free = {*_FREE, *unused(experiment.recipe, paper)}
    keys = dict.fromkeys(key for one in (*wanted.values(), *facts.values()) for key in one)
    found = []
    for key in keys:
        if covers(free, key):
            continue
        values = {number: one.get(key, "absent") for number, one in facts.items()}
        alike = covers(_ALIKE, key) and not any(key in one for one in wanted.values())
        agreed = Counter(map(str, values.values())).most_common(1)[0][0] if alike else None
        odd: dict[str, list[str]] = {}
        for number, value in values.items():
            right = agreed if alike else wanted[number].get(key, "absent")
            if value != right and str(value) != str(agreed):
                said = shown(value) if key not in _MEANS or value == "absent" else _MEANS[key]
                beside = "the others have" if alike else f"{source} has"
                end = "" if key in _MEANS else f"; {beside} {shown(right)}"
                odd.setdefault(f"{said} in replicate {{}}{end}", []).append(str(number))
        if odd:
            text = ", ".join(said.format(" ".join(numbers)) for said, numbers in odd.items())
            found.append(Conflict(experiment.name, key, text))
    # Other data or code have another key: said once.
    said_already = {one.key for one in found} & {"data.sha256", "evidence.code_sha256"}
    return [one for one in found if one.key != "key" or not said_already]


def _facts(run: Run) -> dict[str, Any]:
    others = {key: value for key, value in run.record.items() if key != "settings"}
    facts = flattened(run.record["settings"]) | flattened(others)
    if run.has(HISTORY) and "sdlm.mu" in facts:
        history = run.history
        steps = history.filter(regex="_max$").max(axis=1) / history["learning_rate"]
        facts["history.learning_rates"] = history["learning_rate"].tolist()
        facts["history.presentations"] = history["training_presentations"].tolist()
        facts["history.greatest_step_by_rate"] = float(steps.max())
    return facts


def _wanted(experiment: Experiment, paper: Paper, number: int, run: Run) -> dict[str, Any]:
    """What the record and the history of a replicate have to say."""
    recipe, prepare = experiment.recipe, experiment.prepare
    levels = {"background": prepare.background, "foreground": prepare.foreground}
    facts = flattened({**recipe.training(), **levels}) | {
        "experiment": experiment.name,
        "replicate": number,
        "streams.seed": recipe.seed,
        "streams.replicate": number,
        "data.sha256": databases.stated(experiment.folders.prepared, recipe.database).sha256,
        "evidence.code_sha256": replicates.code(experiment),
        "key": _key(experiment, number, run),
    }
    stated = run.record.get("evidence", {}).get("weights_sha256")
    if run.has(WEIGHTS):
        facts["evidence.weights_sha256"] = _sha256(run.path(WEIGHTS).read_bytes())
    elif stated is not None:
        large = run.record["parameters"] > experiment.kept
        facts["evidence.weights_sha256"] = stated if large else "kept"
    if not isinstance(recipe, Recipe | Combined):
        return facts
    if recipe.system in ("network", "noisy"):
        facts["history.learning_rates"] = list(recipe.learning_rates)
        facts["history.presentations"] = [recipe.presentations_per_pass] * recipe.passes
        # A step is eta / (mu + h), and h is never negative.
        bound = 1.00001 / recipe.sdlm.mu if recipe.optimiser.name == "sdlm" else math.inf
        greatest = _facts(run).get("history.greatest_step_by_rate", 0.0)
        facts["history.greatest_step_by_rate"] = min(greatest, bound)
    return facts | _trained(recipe, paper, number)


def _trained(recipe: Recipe | Combined, paper: Paper, number: int) -> dict[str, Any]:
    """What follows from the settings of a network that Appendix C trains."""
    network, alone = catalogue.network(recipe.network, recipe.database, paper), plain(recipe)
    pool = recipe.training_patterns * (1 + recipe.distortions.copies * recipe.distorted)
    many, evidence = 1, {}
    if recipe.system == "noisy":
        pool = recipe.training_patterns * int(recipe.options["versions"])
    if recipe.system == "boosted":
        many = NETWORKS
        evidence = {"second_taught_missed": "0.5000", "third_taught_disputed": "1.0000"}
    first = first_parameters(network, alone, number).tobytes()
    order = presented(alone, number, pool, 0).astype("<i8").tobytes()
    evidence |= {
        "initial_weights_sha256": _sha256(first),
        "first_pass_order_sha256": _sha256(order),
    }
    return flattened({"evidence": evidence}) | {
        "presentations": many * recipe.passes * recipe.presentations_per_pass,
        "parameters": many * network.parameters,
    }


def _key(experiment: Experiment, number: int, run: Run) -> str:
    """The key that the record's own settings have now; settings as such are compared one by one."""
    kind, stated = type(experiment.recipe), run.record["settings"]
    own = {key: value for key, value in stated.items() if key in kind.model_fields}
    levels = {key: stated.get(key) for key in ("background", "foreground")}
    try:
        recipe = kind.model_validate({**experiment.recipe.model_dump(), **own})
        prepare = experiment.prepare.model_copy(update=levels)
        return replicates.key(experiment._replace(recipe=recipe, prepare=prepare), number)
    except (ValidationError, ReplicationError):
        return "none"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
