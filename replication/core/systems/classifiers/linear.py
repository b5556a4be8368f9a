"""Ten linear outputs over the pixels, by solving the linear system: Section III-C.1, p. 12.

Least squares on targets of +1 for the class and -1 for the nine others, by the normal equations.
Pixels that are background in every training pattern make these singular, so a little is added to
their diagonal. `pca_quadratic` and `rbf_linear` end in this layer, over other features.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Section
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.contract import Cost

VERSION = 1

Floats = NDArray[np.float64]
Images = NDArray[np.uint8]
Features = Callable[[Images], Floats]

# Added to the diagonal, relative to its mean: on MNIST no answer depends on its exact size.
RIDGE = 1e-8
# Patterns at a time: 5,000 x 1,001 features are 40 MB.
_CHUNK = 5000


class Options(Section):
    """There is nothing to choose."""


def make_targets(labels: NDArray[np.uint8]) -> Floats:
    """Return (n, 10): +1 for the class, -1 for the others."""
    return np.where(labels[:, np.newaxis] == np.arange(CLASSES), 1.0, -1.0)


def pixel_features(images: Images) -> Floats:
    """Return (n, pixels + 1): 0 background to 1 ink, and the bias's constant 1."""
    return np.column_stack([flat(images), np.ones(len(images))]).astype(np.float64)


def solve_weights(gram: Floats, moments: Floats, ridge: float) -> Floats:
    """Solve ``gram`` (d, d) @ weights = ``moments`` (d, k), ``gram`` positive semi-definite.

    ``ridge`` is added to the diagonal, in units of its mean.
    """
    added = ridge * np.trace(gram) / len(gram)
    result: Floats = solve(gram + added * np.eye(len(gram)), moments, assume_a="pos")
    return result


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, count, _CHUNK))


@dataclass(frozen=True)
class Layer:
    """Ten linear outputs."""

    features: Features  # gives (n, d) for images, the last column the bias's constant 1
    weights: Floats  # float64 (d, 10)

    def penalties(self, images: Images) -> Floats:
        """Return minus the outputs, (patterns, 10)."""
        parts = [-(self.features(images[part]) @ self.weights) for part in _chunks(len(images))]
        return np.concatenate(parts)

    def cost(self) -> Cost:
        """Count a multiply-add and a variable for each weight, biases included."""
        return Cost(self.weights.size / 1e3, self.weights.size / 1e3)


def fit_layer(features: Features, patterns: Patterns, ridge: float, monitor: Monitor) -> Layer:
    """Fit the layer of least squared error over all patterns; ``ridge`` as in `solve_weights`."""
    width = features(patterns.images[:1]).shape[1]
    gram, moments = np.zeros((width, width)), np.zeros((width, CLASSES))
    for part in _chunks(len(patterns.labels)):
        monitor.check()
        rows = features(patterns.images[part])
        gram += rows.T @ rows
        moments += rows.T @ make_targets(patterns.labels[part])
    return Layer(features, solve_weights(gram, moments, ridge))


class System(ClassifierSystem[Options]):
    """The linear classifier, solved for."""

    def train(self, patterns: Patterns, _: np.random.Generator, monitor: Monitor) -> Layer:
        """Solve the normal equations."""
        return fit_layer(pixel_features, patterns, RIDGE, monitor)
