"""Stochastic gradient descent with one step for all parameters: the learning rate.

What Appendix C sets its algorithm against (pp. 41-42).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replication.learning.optimisers.contract import Situation, State
from replication.settings import Section


class Options(Section):
    """Nothing to choose: the learning rates are the recipe's."""


class Optimiser:
    """The same step for every parameter; it remembers nothing."""

    def __init__(self, options: Options) -> None:
        """``options`` are empty."""

    def steps(self, situation: Situation) -> NDArray[np.float32]:
        """The learning rate of the pass, for each parameter."""
        return np.full(situation.parameters.size, situation.learning_rate, np.float32)

    def state(self) -> State:
        """Nothing."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to go on from."""
