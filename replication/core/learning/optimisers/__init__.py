"""Optimisers: what gives, before each pass, the step of every parameter.

The kernels then present the patterns of the pass one by one, and after each of them subtract the
step times the derivative (equation 18, p. 41). A module of this folder holds one optimiser, which
params.yaml calls by the module's name: the class `Options` with its settings, and the function
``steps(situation, options)``, which returns the step of every parameter in the pass that begins:
float32 (parameters,), not negative.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core import plugins
from replication.core.learning.engine import Engine
from replication.core.learning.presentations import Pool
from replication.core.settings import Optimiser as Chosen
from replication.core.settings import Recipe, Section, parse_options

PACKAGE = "replication.core.learning.optimisers"


class Situation(NamedTuple):
    """A replicate before a pass."""

    engine: Engine  # computes losses, gradients and curvatures
    pool: Pool  # the training patterns
    # recipe, replicate: the settings and the replicate's number, for random streams
    recipe: Recipe
    replicate: int
    turn: int  # number of the pass, from 0
    parameters: NDArray[np.float32]  # float32 (parameters,), not to be changed
    # float64 arrays by name that the optimiser keeps from pass to pass, and may change; empty
    # before the first pass. They go through the checkpoint
    memory: dict[str, NDArray[np.float64]]

    @property
    def learning_rate(self) -> float:
        """The global learning rate of the pass."""
        return self.recipe.learning_rates[self.turn]


Optimiser = Callable[[Situation], NDArray[np.float32]]


def load_optimiser(recipe: Recipe) -> Optimiser:
    """Return the optimiser that ``recipe`` names, with its options.

    Raises ReplicationError for one that does not exist and for options that do not fit it.
    """
    chosen = recipe.optimiser
    return partial(_load_module(chosen).steps, options=parse_optimiser_options(chosen))


def parse_optimiser_options(chosen: Chosen) -> Section:
    """Return the validated options of an optimiser; raises as `load_optimiser` does."""
    kind: type[Section] = _load_module(chosen).Options
    return parse_options(kind, chosen.options, "optimiser", "options")


def _load_module(chosen: Chosen) -> ModuleType:
    return plugins.load(PACKAGE, chosen.name, "steps", "Options")
