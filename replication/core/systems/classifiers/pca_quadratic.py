"""A quadratic classifier of the principal components: Section III-C.3, p. 12.

The principal components are those of the training patterns less their mean. What is projected on
them is the pattern itself or the pattern less the mean; the 40 numbers are multiplied with each
other and themselves, 820 products, and with a constant these are the 821 inputs of the linear
layer. Less the mean, the layer lacks the 40 numbers themselves, which costs much (paper_notes.md).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import eigh

from replication.core.learning.monitor import Monitor
from replication.core.settings import Count, Positive, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.classifiers.linear import Floats, Images, Layer, fit_layer
from replication.core.systems.contract import Cost
from replication.errors import ReplicationError

VERSION = 1


class Options(Section):
    """The inputs of the layer and how it is regularised."""

    components: Count  # the number of principal components
    # whether the mean is taken from what is projected on them
    projected: Literal["pattern", "deviation"]
    ridge: Positive  # added to the diagonal of the normal equations, in units of its mean


@dataclass(frozen=True)
class Quadratic:
    """All products of two projections, and a constant."""

    axes: Floats  # float64 (pixels, components), the greatest variance first
    offset: Floats  # float64 (components,), taken from the projections

    def __call__(self, images: Images) -> Floats:
        """Return (n, components * (components + 1) / 2 + 1): the constant comes last."""
        projections = flat(images) @ self.axes - self.offset
        first, second = np.triu_indices(projections.shape[1])
        products = projections[:, first] * projections[:, second]
        return np.column_stack([products, np.ones(len(images))])


def find_components(images: Images, components: int) -> tuple[Floats, Floats]:
    """Return the axes (pixels, components) of greatest variance, that first, and the mean."""
    rows = flat(images).astype(np.float64)
    most = rows.shape[1]
    if components > most:
        raise ReplicationError(
            f"options.components is {components}, but images of {most} pixels have {most} "
            "principal components: lower it"
        )
    mean = rows.mean(axis=0)
    rows -= mean
    _, axes = eigh(rows.T @ rows, subset_by_index=(most - components, most - 1))
    return np.ascontiguousarray(axes[:, ::-1]), mean


@dataclass(frozen=True)
class Polynomial(Layer):
    """The linear layer over the products."""

    features: Quadratic

    def cost(self) -> Cost:
        """Count multiply-adds of projection, products and outputs; variables of first and last."""
        axes = self.features.axes.size
        # The constant's weights are added, as any bias is.
        products = len(self.weights) - 1
        offset = int(np.count_nonzero(self.features.offset))
        outputs = self.weights.size
        return Cost((axes + offset + products + outputs) / 1e3, (axes + offset + outputs) / 1e3)


class System(ClassifierSystem[Options]):
    """Principal components and a polynomial of the second degree."""

    def train(self, patterns: Patterns, _: np.random.Generator, monitor: Monitor) -> Polynomial:
        """Compute the principal components, then solve for the layer."""
        axes, mean = find_components(patterns.images, self.chosen.components)
        offset = mean @ axes if self.chosen.projected == "deviation" else np.zeros(axes.shape[1])
        features = Quadratic(axes, offset)
        weights = fit_layer(features, patterns, self.chosen.ridge, monitor).weights
        return Polynomial(features, weights)
