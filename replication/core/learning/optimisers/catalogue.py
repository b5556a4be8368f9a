"""The optimisers by the names that params.yaml uses: a module of this folder each."""

from functools import partial
from types import ModuleType

from replication.core import plugins
from replication.core.learning.optimisers.contract import Optimiser
from replication.core.settings import Optimiser as Chosen
from replication.core.settings import Recipe, Section, parse_options

PACKAGE = "replication.core.learning.optimisers"


def load_optimiser(recipe: Recipe) -> Optimiser:
    """Return the optimiser that ``recipe`` names, with its options.

    Raises ReplicationError for one that does not exist and for options that it has not.
    """
    return partial(
        _module(recipe.optimiser).steps, options=parse_optimiser_options(recipe.optimiser)
    )


def parse_optimiser_options(chosen: Chosen) -> Section:
    """Return the validated options of the optimiser that is chosen; raises as `load_optimiser` does."""
    kind: type[Section] = _module(chosen).Options
    return parse_options(kind, chosen.options, "optimiser", "options")


def _module(chosen: Chosen) -> ModuleType:
    return plugins.load(PACKAGE, chosen.name, "steps", "Options")
