"""The system of an experiment, made from its entry in params.yaml."""

import importlib
from types import ModuleType
from typing import cast

from replication.core import plugins
from replication.core.learning.identity import ENGINE
from replication.core.networks import catalogue
from replication.core.networks.printed import Printed
from replication.core.settings import AnyRecipe, Classifier, Combined, Modern, Recipe
from replication.core.systems.contract import System
from replication.errors import ReplicationError

CLASSIFIERS = "replication.core.systems.classifiers"


def system(experiment: str, recipe: AnyRecipe, paper: Printed) -> System:
    """Return what trains the replicates of ``experiment``.

    Raises ReplicationError, naming the experiment, for a network that does not exist and for
    settings that do not fit it.
    """
    try:
        code = module(recipe)
        if isinstance(recipe, Modern):
            return cast(System, code.ModernSystem(recipe))
        if isinstance(recipe, Classifier):
            return cast(System, code.System(experiment, recipe))
        network = catalogue.network(recipe.network, recipe.database, paper)
        if isinstance(recipe, Combined):
            return cast(System, code.System(experiment, recipe, network))
        return cast(System, code.NetworkSystem(network, recipe))
    except ReplicationError as error:
        raise ReplicationError(f"experiment {experiment}: {error}") from error


def module(recipe: AnyRecipe) -> ModuleType:
    """Import the module of the recipe's system; ReplicationError as `plugins.load` says."""
    # Imported when wanted: torch, scikit-learn and the compiled kernels each take a while to load.
    if isinstance(recipe, Classifier):
        return plugins.load(CLASSIFIERS, recipe.system, "System", "Options", "VERSION")
    return importlib.import_module(f"replication.core.systems.{recipe.system.replace('-', '_')}")


def versions(recipe: AnyRecipe) -> dict[str, int]:
    """Return the numbers of the code that a replicate's bytes follow from, by name.

    That of our engine where it trains networks, and that of the system's own module where that does
    more; each is raised when its golden answers change.
    """
    ours = {} if isinstance(recipe, Classifier | Modern) else {"engine": ENGINE}
    own = {} if isinstance(recipe, Recipe) else {recipe.system: int(module(recipe).VERSION)}
    return ours | own
