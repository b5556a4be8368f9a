"""What the records of the runs say was in force, held against the params and one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from replication.audit.opinions import shown
from replication.networks import catalogue
from replication.paper import Paper
from replication.runs import FILES, RECORD, of_experiment
from replication.settings import AnyRecipe, Recipe, Settings

Record = Mapping[str, Any]
# By experiment, then by replicate.
Records = Mapping[str, Mapping[int, Record]]

# Counts that follow from the settings of a network of the paper; of others they are only compared
# between replicates.
_COUNTED = ("presentations", "parameters")
# Of each run on its own: its name, number and hashes, and the processor, which changes no byte.
_INDIVIDUAL = (
    "experiment",
    "replicate",
    "key",
    "streams.replicate",
    "evidence.initial_weights_sha256",
    "evidence.first_pass_order_sha256",
    "evidence.weights_sha256",
    "processor",
)
# Compared between the replicates alone.
_ALIKE = ("data.", "packages.", "evidence.code_sha256")


class Conflict(NamedTuple):
    """A key of the records that is not what the params say, or not the same in all replicates."""

    experiment: str
    key: str
    text: str


def read(runs: Path, settings: Settings) -> Records:
    """The records that are there, of the replicates that the settings ask for."""
    return {
        name: {
            number: run.record
            for number, run in enumerate(of_experiment(runs, name, recipe.replicates))
            if run.has(RECORD)
        }
        for name, recipe in settings.experiments.items()
    }


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


def conflicts_of(
    paper: Paper,
    settings: Settings,
    name: str,
    recipe: AnyRecipe,
    runs: Mapping[int, Record],
    source: str,
) -> list[Conflict]:
    """Where the records of an experiment are not what the params say, or differ among themselves.

    Settings, presentations and parameters have to be those of the params; the data, the code and
    the versions of packages have to be the same in all replicates.
    """
    expected = _expected(paper, settings, recipe)
    facts = {number: _facts(record) for number, record in runs.items()}
    found = []
    for key in dict.fromkeys([*expected, *(key for one in facts.values() for key in one)]):
        values = {number: one.get(key, "absent") for number, one in facts.items()}
        known = expected.get(key, "absent")
        individual = key.startswith(_ALIKE) or (key in _COUNTED and key not in expected)
        agreed = _commonest(values.values()) if individual else known
        odd: dict[str, list[str]] = {}
        for number, value in values.items():
            if value != agreed and str(value) != agreed:
                odd.setdefault(shown(value), []).append(str(number))
        if odd:
            text = ", ".join(f"{v} in replicate {' '.join(numbers)}" for v, numbers in odd.items())
            beside = "the others have" if individual else f"{source} has"
            found.append(Conflict(name, key, f"{text}; {beside} {shown(agreed)}"))
    return found


def _commonest(values: Iterable[Any]) -> Any:
    counted = Counter(map(str, values))
    return counted.most_common(1)[0][0] if counted else None


def _expected(paper: Paper, settings: Settings, recipe: AnyRecipe) -> dict[str, Any]:
    levels = {key: getattr(settings.prepare, key) for key in ("background", "foreground")}
    facts = flattened({**recipe.training(), **levels})
    facts["streams.seed"] = recipe.seed
    if isinstance(recipe, Recipe):
        network = catalogue.network(recipe.network, recipe.database, paper)
        facts["presentations"] = recipe.passes * recipe.presentations_per_pass
        facts["parameters"] = network.parameters
    return facts


def _facts(record: Record) -> dict[str, Any]:
    others = {key: value for key, value in record.items() if key not in ("settings", FILES)}
    facts = flattened(record["settings"]) | flattened(others)
    return {key: value for key, value in facts.items() if key not in _INDIVIDUAL}
