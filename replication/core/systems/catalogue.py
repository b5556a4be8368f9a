"""The system of an experiment, made from its entry in params.yaml."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

from replication.core import plugins
from replication.core.learning.identity import ENGINE
from replication.core.networks import catalogue as networks
from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network
from replication.core.settings import AnyRecipe, Classifier
from replication.core.systems.contract import System
from replication.errors import ReplicationError

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

    That of our engine where it trains networks, and that of the system's own module where that does
    more; each is raised when its golden answers change.
    """
    plain = recipe.network_recipe()
    ours = {"engine": ENGINE} if plain else {}
    return ours if plain is recipe else {**ours, recipe.system: int(load_module(recipe).VERSION)}
