"""The system of an experiment, made from its entry in params.yaml."""

from __future__ import annotations

from typing import cast

from replication.errors import ReplicationError
from replication.networks import catalogue
from replication.paper import Paper
from replication.settings import AnyRecipe, Classifier, Combined, Modern
from replication.sources import loaded
from replication.systems.contract import System


def system(experiment: str, recipe: AnyRecipe, paper: Paper) -> System:
    """What trains the replicates of ``experiment``.

    Raises ReplicationError, naming the experiment, for a network that does not exist and for
    settings that do not fit it.
    """
    # Imported when wanted: torch, scikit-learn and the compiled kernels each take a while to load.
    if isinstance(recipe, Modern):
        from replication.systems.modern import ModernSystem

        return ModernSystem(recipe)
    module = recipe.system.replace("-", "_")
    try:
        if isinstance(recipe, Classifier):
            found = loaded(f"replication.systems.classifiers.{module}", "System")
            return cast(System, found.System(experiment, recipe))
        network = catalogue.network(recipe.network, recipe.database, paper)
        if isinstance(recipe, Combined):
            found = loaded(f"replication.systems.{module}", "System")
            return cast(System, found.System(experiment, recipe, network))
        from replication.systems.network import NetworkSystem

        return NetworkSystem(network, recipe)
    except ReplicationError as error:
        raise ReplicationError(f"experiment {experiment}: {error}") from error
