"""What an optimiser is: it gives, before each pass, the step of every parameter.

The kernels then present the patterns of the pass one by one, and after each of them subtract the
step times the derivative (equation 18, p. 41). A module of this folder holds one optimiser: the
class `Options` with its settings, and the function ``steps(situation, options)``, which returns
the step of every parameter in the pass that begins: float32 (parameters,), not negative. Its name
in params.yaml is the module's.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.engine import Engine
from replication.core.learning.presentations import Pool
from replication.core.settings import Recipe


class Situation(NamedTuple):
    """A replicate before a pass.

    Attributes:
        engine: computes losses, gradients and curvatures.
        pool: the training patterns.
        recipe, replicate: the settings and the replicate's number, for random streams.
        turn: number of the pass, from 0.
        parameters: float32 (parameters,), not to be changed.
        memory: float64 arrays by name that the optimiser keeps from pass to pass, and may change;
            empty before the first pass. They go through the checkpoint.
    """

    engine: Engine
    pool: Pool
    recipe: Recipe
    replicate: int
    turn: int
    parameters: NDArray[np.float32]
    memory: dict[str, NDArray[np.float64]]

    @property
    def learning_rate(self) -> float:
        """The global learning rate of the pass."""
        return self.recipe.learning_rates[self.turn]


Optimiser = Callable[[Situation], NDArray[np.float32]]
