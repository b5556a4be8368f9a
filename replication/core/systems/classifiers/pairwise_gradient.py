"""45 units over the pixels, one for each pair of classes, learned by gradient descent: p. 12.

As `pairwise_linear`, with units learned as those of `linear_gradient` are: unit i/j learns +1 from
patterns of class i and -1 from those of class j, and nothing from others. Outputs of sigmoid units
are bounded, so they can be added as they are: the sum of all units i/x minus all units y/i.
"""

from dataclasses import dataclass

import numpy as np

from replication.core.learning.monitor import Monitor
from replication.core.systems.classifier import ClassifierSystem, Patterns
from replication.core.systems.classifiers.linear import Floats, Images
from replication.core.systems.classifiers.linear_gradient import Options, Units, learn_units
from replication.core.systems.classifiers.pairwise_linear import PAIRS, pair_signs
from replication.core.systems.contract import Cost

VERSION = 1


@dataclass(frozen=True)
class Pairwise:
    """The 45 units."""

    units: Units

    def penalties(self, images: Images) -> Floats:
        """Return minus the scores, (patterns, 10)."""
        return self.units.penalties(images) @ pair_signs()

    def cost(self) -> Cost:
        """Return the cost of the units; each output is added to two scores."""
        operations, memory = self.units.cost()
        return Cost(operations + 2 * len(PAIRS) / 1e3, memory)


class System(ClassifierSystem[Options]):
    """The pairwise linear classifier, learned."""

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Pairwise:
        """Go through the patterns, in the same random order in every pass."""
        aims = pair_signs().T[patterns.labels]
        return Pairwise(learn_units(patterns, aims, random, self.chosen, monitor))
