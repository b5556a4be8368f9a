"""What an optimiser is: it gives, before each pass, the step of every parameter.

The kernels then present the patterns of the pass one by one, and after each of them subtract the
step times the derivative (equation 18, p. 41). A module of this folder holds one optimiser: the
class `Options` with its settings, and the class `Optimiser`. Its name in params.yaml is the
module's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from replication.learning.engine import Engine
from replication.learning.presentations import Pool
from replication.settings import Recipe

State = Mapping[str, NDArray[np.float64]]


class Situation(NamedTuple):
    """A replicate before a pass.

    Attributes:
        engine: computes losses, gradients and curvatures.
        pool: the training patterns.
        recipe, replicate: the settings and the replicate's number, for random streams.
        turn: number of the pass, from 0.
        parameters: float32 (parameters,), not to be changed.
    """

    engine: Engine
    pool: Pool
    recipe: Recipe
    replicate: int
    turn: int
    parameters: NDArray[np.float32]

    @property
    def learning_rate(self) -> float:
        """The global learning rate of the pass."""
        return self.recipe.learning_rates[self.turn]


class Optimiser(Protocol):
    """Gives the steps of each pass; what it has to remember goes through the checkpoint."""

    def steps(self, situation: Situation) -> NDArray[np.float32]:
        """The step of every parameter in the pass that begins, (parameters,), not negative."""

    def state(self) -> State:
        """What it remembers between passes, by name; empty when it remembers nothing."""

    def restore(self, state: State) -> None:
        """Go on from what `state` gave after an earlier pass."""
