"""The system of an experiment, made from its entry in params.yaml."""

from __future__ import annotations

from replication.errors import ReplicationError
from replication.networks import catalogue
from replication.paper import Paper
from replication.settings import Modern, Recipe
from replication.systems.contract import System


def system(experiment: str, recipe: Recipe | Modern, paper: Paper) -> System:
    """What trains the replicates of ``experiment``.

    Raises ReplicationError, naming the experiment, for a network that does not exist and for
    settings that do not fit it.
    """
    # Imported when wanted: torch and the compiled kernels each take a while to load.
    if isinstance(recipe, Modern):
        from replication.systems.modern import ModernSystem

        return ModernSystem(recipe)
    from replication.systems.network import NetworkSystem

    try:
        return NetworkSystem(catalogue.network(recipe.network, recipe.database, paper), recipe)
    except ReplicationError as error:
        raise ReplicationError(f"experiment {experiment}: {error}") from error
