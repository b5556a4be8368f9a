"""Gaussian radial basis functions and a linear layer: Section III-C.4, p. 12.

The centres of each class are found by K-means on all its training patterns; the layer's weights by
a regularised pseudo-inverse. The paper does not give the Gaussians' width: here all have the same,
a multiple of how far the training patterns are from their nearest centre (root mean square).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Count, Positive, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.classifiers.linear import Floats, Images, Layer, fit_layer
from replication.core.systems.contract import Cost
from replication.errors import ReplicationError

VERSION = 1


class Options(Section):
    """The Gaussians and how the layer is regularised."""

    centres_per_class: Count  # the number of centres of each class
    # standard deviation of the Gaussians, in units of the patterns' root mean square distance to
    # the nearest centre of their class
    width: Positive
    ridge: Positive  # added to the diagonal of the normal equations, in units of its mean


@dataclass(frozen=True)
class Gaussians:
    """exp(-distance^2 / (2 variance)) for each centre, and a constant."""

    centres: NDArray[np.float32]  # float32 (m, pixels)
    variance: float  # the width squared

    def __call__(self, images: Images) -> Floats:
        """Return (n, m + 1): the constant comes last."""
        rows = flat(images)
        squares = (rows**2).sum(axis=1, keepdims=True) + (self.centres**2).sum(axis=1)
        distances = np.maximum(squares - 2.0 * (rows @ self.centres.T), 0.0).astype(np.float64)
        return np.column_stack([np.exp(-distances / (2.0 * self.variance)), np.ones(len(images))])


def place_gaussians(patterns: Patterns, chosen: Options, random: np.random.Generator) -> Gaussians:
    """Place the Gaussians; ReplicationError for a class with fewer patterns than centres."""
    centres, squares = [], 0.0
    for digit in range(CLASSES):
        rows = flat(patterns.images[patterns.labels == digit])
        if len(rows) < chosen.centres_per_class:
            raise ReplicationError(
                f"options.centres_per_class is {chosen.centres_per_class}, but class {digit} has "
                f"{len(rows)} training patterns: lower it"
            )
        seed = int(random.integers(2**31))
        found = KMeans(chosen.centres_per_class, n_init=1, random_state=seed).fit(rows)
        centres.append(found.cluster_centers_)
        squares += float(found.inertia_)
    variance = chosen.width**2 * squares / len(patterns.labels)
    return Gaussians(np.concatenate(centres), variance)


@dataclass(frozen=True)
class Radial(Layer):
    """The linear layer over the Gaussians."""

    features: Gaussians

    def cost(self) -> Cost:
        """Count a multiply-add and a variable for each coordinate of a centre and each weight."""
        numbers = self.features.centres.size + self.weights.size
        return Cost(numbers / 1e3, (numbers + 1) / 1e3)


class System(ClassifierSystem[Options]):
    """Radial basis functions and a linear layer."""

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Radial:
        """Find the centres of each class by K-means, then solve for the layer."""
        features = place_gaussians(patterns, self.chosen, random)
        monitor.line(f"{len(features.centres)} centres of width {features.variance**0.5:.2f}")
        weights = fit_layer(features, patterns, self.chosen.ridge, monitor).weights
        return Radial(features, weights)
