"""Stochastic gradient descent by the learning rate alone: compared in Appendix C (pp. 41-42)."""

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.optimisers import Situation
from replication.core.settings import Section


class Options(Section):
    """Nothing to choose: the learning rates are the recipe's."""


def steps(situation: Situation, options: Options) -> NDArray[np.float32]:
    """Return the learning rate of the pass for every parameter."""
    del options
    return np.full(situation.parameters.size, situation.learning_rate, np.float32)
