"""The optimisers by the names that params.yaml uses: a module of this folder each."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from replication.errors import ReplicationError
from replication.learning.optimisers.contract import Optimiser
from replication.settings import Recipe, options
from replication.sources import loaded

_NOT_OPTIMISERS = {"__init__", "catalogue", "contract"}


def names() -> list[str]:
    """What ``optimiser.name`` may be."""
    found = {path.stem for path in Path(__file__).parent.glob("*.py")} - _NOT_OPTIMISERS
    return sorted(name.replace("_", "-") for name in found)


def optimiser(recipe: Recipe) -> Optimiser:
    """The optimiser that ``recipe`` names, new.

    Raises ReplicationError for one that does not exist and for options that it has not.
    """
    chosen = recipe.optimiser
    if chosen.name not in names():
        raise ReplicationError(
            f"params.yaml names the optimiser '{chosen.name}', but there are "
            f"{', '.join(names())}: correct optimiser.name"
        )
    name = chosen.name.replace("-", "_")
    module = loaded(f"replication.learning.optimisers.{name}", "Options", "Optimiser")
    settings = options(module.Options, chosen.options, "optimiser", "options")
    return cast(Optimiser, module.Optimiser(settings))
