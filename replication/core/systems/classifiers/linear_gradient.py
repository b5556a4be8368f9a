"""Ten outputs over the pixels, learned by gradient descent: Section III-C.1, p. 12.

The paper says that linear units, sigmoid units, gradient descent and solving linear systems gave
similar results. Here the squared error of `linear` is lowered pattern by pattern, in a constant
random order. The learning rate falls evenly from its value in the first pass towards 0, so that the
order leaves no trace: linear units tend to the solution that `linear` computes.

A sigmoid unit squashes its sum by A tanh(S a). A and S follow from what Appendix A (p. 41) asks of
them: f(1) = 1 = -f(-1), the targets, and the greatest curvature there; so A is the square root of 3
and S = artanh(1 / A), close to the values printed there.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.settings import Count, Positive, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns
from replication.core.systems.classifiers.linear import Floats, Images, make_targets, pixel_features
from replication.core.systems.contract import Cost

VERSION = 1

AMPLITUDE = np.float32(np.sqrt(3.0))
SLOPE = np.float32(np.arctanh(1.0 / np.sqrt(3.0)))
_CHECKED_EVERY = 1000

Singles = NDArray[np.float32]


class Options(Section):
    """The units, the passes over the training set and the learning rate of the first."""

    units: Literal["linear", "sigmoid"]
    passes: Count
    learning_rate: Positive


def squash(sums: Singles) -> Singles:
    """Return A tanh(S a)."""
    result: Singles = AMPLITUDE * np.tanh(SLOPE * sums)
    return result


def descend(
    inputs: Singles, aims: Singles, order: NDArray[np.int64], chosen: Options, monitor: Monitor
) -> Singles:
    """Return weights (k, d) after all passes, from 0, of half each pattern's squared error.

    ``inputs`` is (n, d) and ``aims`` (n, k): a unit with the aim 0 does not learn from that
    pattern. ``order`` holds the n patterns' numbers.
    """
    weights = np.zeros((aims.shape[1], inputs.shape[1]), np.float32)
    sigmoid = chosen.units == "sigmoid"
    for number in range(chosen.passes):
        rate = np.float32(chosen.learning_rate * (1.0 - number / chosen.passes))
        for count, pattern in enumerate(order):
            if count % _CHECKED_EVERY == 0:
                monitor.check()
            seen = inputs[pattern]
            outputs = weights @ seen
            if sigmoid:
                outputs = squash(outputs)
            aim = aims[pattern]
            steps = rate * np.where(aim == 0.0, np.float32(0.0), aim - outputs)
            if sigmoid:
                # The derivative of A tanh(S a), from its value.
                steps *= SLOPE * (AMPLITUDE - outputs * outputs / AMPLITUDE)
            weights += steps[:, np.newaxis] * seen
        monitor.line(f"pass {number + 1} of {chosen.passes}")
    return weights


@dataclass(frozen=True)
class Units:
    """Units over the pixels: ``weights`` float64 (pixels + 1, units)."""

    weights: Floats
    sigmoid: bool

    def penalties(self, images: Images) -> Floats:
        """Return minus the outputs, (patterns, units)."""
        sums = pixel_features(images) @ self.weights
        return -(float(AMPLITUDE) * np.tanh(float(SLOPE) * sums) if self.sigmoid else sums)

    def cost(self) -> Cost:
        """Count a multiply-add and a variable for each weight, biases included."""
        return Cost(self.weights.size / 1e3, self.weights.size / 1e3)


def learn_units(
    patterns: Patterns, aims: Floats, random: np.random.Generator, chosen: Options, monitor: Monitor
) -> Units:
    """Learn the ``aims`` (n, units) of the patterns, in the same random order in every pass."""
    inputs = pixel_features(patterns.images).astype(np.float32)
    order = random.permutation(len(patterns.labels))
    weights = descend(inputs, aims.astype(np.float32), order, chosen, monitor)
    return Units(weights.T.astype(np.float64), chosen.units == "sigmoid")


class System(ClassifierSystem[Options]):
    """The linear classifier, learned."""

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Units:
        """Go through the patterns, in the same random order in every pass."""
        return learn_units(patterns, make_targets(patterns.labels), random, self.chosen, monitor)
