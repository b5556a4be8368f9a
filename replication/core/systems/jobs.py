"""A replicate to be trained: experiment, number, and the key of all that decides its bytes."""

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast

from replication.core import plugins
from replication.core.learning.identity import ENGINE
from replication.core.learning.optimisers import parse_optimiser_options
from replication.core.mnist import databases
from replication.core.mnist.databases import Database
from replication.core.networks import catalogue as networks
from replication.core.networks.printed import Printed, read_printed
from replication.core.networks.specification import Network
from replication.core.runs import Run
from replication.core.settings import AnyRecipe, Classifier, Inputs, Settings, parse_options
from replication.core.systems.contract import System
from replication.errors import ReplicationError
from replication.folders import Folders

CLASSIFIERS = "replication.core.systems.classifiers"


def load_module(recipe: AnyRecipe) -> ModuleType:
    """Import the module of the recipe's system; ReplicationError as `plugins.load` says."""
    # Imported on demand: torch, scikit-learn and the compiled kernels each take a while to load.
    if isinstance(recipe, Classifier):
        return plugins.load(CLASSIFIERS, recipe.system, "System", "Options", "VERSION")
    return importlib.import_module(f"replication.core.systems.{recipe.system.replace('-', '_')}")


def build_network(experiment: str, recipe: AnyRecipe, paper: Printed) -> Network | None:
    """Return the network that our engine trains, None for a system without one.

    Raises ReplicationError, naming the experiment, for a network that does not exist.
    """
    plain = recipe.network_recipe()
    if plain is None:
        return None
    with _errors_naming(experiment):
        return networks.network(plain.network, plain.database, paper)


def build_system(experiment: str, recipe: AnyRecipe, network: Network | None) -> System:
    """Return what trains the replicates of ``experiment``, where it has one on ``network``.

    Raises ReplicationError, naming the experiment, for settings that do not fit it.
    """
    with _errors_naming(experiment):
        system = load_module(recipe).System
        parts = (experiment, recipe, network) if network else (experiment, recipe)
        return cast(System, system(*parts))


@contextmanager
def _errors_naming(experiment: str) -> Iterator[None]:
    try:
        yield
    except ReplicationError as error:
        raise ReplicationError(f"experiment {experiment}: {error}") from error


def versions(recipe: AnyRecipe) -> dict[str, int]:
    """Return the numbers of the code that a replicate's bytes follow from, by name.

    That of our engine where it trains networks; that of the system's module where it does more.
    """
    plain = recipe.network_recipe()
    ours = {"engine": ENGINE} if plain else {}
    return ours if plain is recipe else {**ours, recipe.system: int(load_module(recipe).VERSION)}


@dataclass(frozen=True)
class Experiment:
    """An experiment, by the settings in force: all that its replicates share.

    A replicate with more parameters than ``kept_parameters`` leaves no weights. A system that our
    engine does not train has the ``inputs`` of ``base``: its record states them as well.
    """

    name: str
    recipe: AnyRecipe
    inputs: Inputs
    kept_parameters: int
    folders: Folders

    def run(self, replicate: int) -> Run:
        """Return what a finished replicate leaves behind."""
        return Run(self.folders.runs / self.name / str(replicate))

    @property
    def data(self) -> databases.DatabaseFacts:
        """The hash and size of the database, as the prepared data's summary states them."""
        return databases.read_facts(self.folders.prepared, self.recipe.database)

    @property
    def database(self) -> Database:
        """The patterns, read once in each process."""
        folders = self.folders
        return _load(folders.raw, folders.prepared, self.recipe.database, Path.cwd())

    @cached_property
    def network(self) -> Network | None:
        """The network that our engine trains, or None."""
        published = _read_printed(self.folders.paper, Path.cwd())
        return build_network(self.name, self.recipe, published)

    @cached_property
    def system(self) -> System:
        """The system that trains the replicates."""
        return build_system(self.name, self.recipe, self.network)

    @property
    def presentations(self) -> int:
        """The number of patterns a replicate is shown, by all networks that it trains."""
        several: int = getattr(load_module(self.recipe), "NETWORKS", 1)
        # Every version of MNIST has as many patterns; a trial's need not be among the prepared.
        patterns = databases.read_facts(self.folders.prepared, "regular").training_patterns
        return several * self.recipe.presentations(patterns)

    @cached_property
    def effective(self) -> dict[str, Any]:
        """The validated settings that have an effect on a replicate, and no others.

        In place of a network's name stands the hash of its table of layers, so that one that is
        edited is another. Raises ReplicationError for options that cannot be.
        """
        plain, network = self.recipe.network_recipe(), self.network
        result = self.recipe.training(subsampled=network is not None and network.subsampled)
        if "options" in result:
            kind = load_module(self.recipe).Options
            place = ("experiments", self.name, "options")
            result["options"] = parse_options(kind, result["options"], *place).effective()
        if plain and network:
            result["optimiser"]["options"] = parse_optimiser_options(plain.optimiser).effective()
            result["network"] = network.sha256
            del result["inputs"]
            result["levels"] = list(self.inputs.ends)
        return result


def prepare_experiments(
    recipes: Mapping[str, AnyRecipe], settings: Settings, folders: Folders
) -> list[Experiment]:
    """Return an experiment for each of ``recipes``; ReplicationError for an unknown classifier."""
    for recipe in recipes.values():
        if isinstance(recipe, Classifier):
            plugins.find(CLASSIFIERS, recipe.system, "System")
    return [
        Experiment(
            name,
            recipe,
            getattr(recipe, "inputs", settings.base.inputs),
            settings.train.kept_parameters,
            folders,
        )
        for name, recipe in recipes.items()
    ]


class Job(NamedTuple):
    """One replicate of an experiment."""

    experiment: Experiment
    number: int

    @property
    def name(self) -> str:
        """The experiment and the replicate's number, as messages have them."""
        return f"{self.experiment.name} {self.number}"


def key(experiment: Experiment, replicate: int) -> str:
    """Return the hash of all that decides the replicate's bytes: as `identity`, and `versions`."""
    numbers = {"versions": versions(experiment.recipe)}
    return hash_document(_decisive(experiment, replicate) | numbers)


def identity(experiment: Experiment, replicate: int) -> str:
    """Return the hash of the settings that have an effect, the replicate, and the data.

    It is the same whatever the code: so the bytes of two codes can be held against each other.
    """
    return hash_document(_decisive(experiment, replicate))


def _decisive(experiment: Experiment, replicate: int) -> dict[str, Any]:
    data = experiment.data.sha256
    return {"settings": experiment.effective, "replicate": replicate, "data": data}


def hash_document(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON: sorted keys, and one text a number.

    4 and 4.0 are equal; so are 0.0 and -0.0. The same in each version of Python.
    """
    text = json.dumps(_canonical(document), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Read once for all replicates of a process, as long as a relative path means the same folder.


@cache
def _read_printed(folder: Path, _: Path) -> Printed:
    return read_printed(folder)


@cache
def _load(raw: Path, prepared: Path, name: str, _: Path) -> Database:
    return databases.load(raw, prepared, name)
