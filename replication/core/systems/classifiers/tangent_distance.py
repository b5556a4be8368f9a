"""Nearest neighbours by tangent distance: Section III-C.10, pp. 13-14.

As in the paper, the plain Euclidean distance picks the training patterns whose tangent distance is
worth computing; the paper does so at several resolutions, here there is one. Tangents are computed
when they are needed, not kept: with all seven of each pattern the memory would be eight times that
of the patterns, far above the published one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Count, Positive, Section
from replication.core.systems import tangent_kernels
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.classifiers.nearest_neighbours import (
    count_votes,
    find_nearest,
)
from replication.core.systems.contract import Cost
from replication.errors import ReplicationError

# Raised when the golden answers change, and only then (see CONTRIBUTING.md).
VERSION = 1


class Options(Section):
    """The neighbours and the tangents.

    Attributes:
        neighbours: how many vote; with 1 the nearest decides.
        candidates: how many training patterns, the nearest by Euclidean distance, are compared by
            tangent distance; all of them where there are fewer.
        smoothing: standard deviation, in pixels, of the Gaussian that images are convolved with
            before they are differentiated.
    """

    neighbours: Count
    candidates: Count
    smoothing: Positive


def least_distances(
    labels: NDArray[np.uint8], distances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each class's least distance, (n, classes), from ``distances`` (n, candidates).

    A class without a candidate gets the largest distance of that row, or rather the next larger
    number, so that it never ties with one that has: the margin stays finite, and a class that not
    even the prefilter found is no nearer than the last it did find.
    """
    farthest = np.nextafter(distances.max(axis=1, keepdims=True), np.inf)
    result = np.repeat(farthest, CLASSES, axis=1)
    rows = np.arange(len(labels))[:, np.newaxis]
    np.minimum.at(result, (rows, labels), distances)
    return result


@dataclass(frozen=True)
class TangentNeighbours:
    """The training patterns, kept.

    Attributes:
        prototypes: float32 (m, pixels), 0 background to 1 ink.
        labels: uint8 (m,).
        side: pixels of a side.
        chosen: the options.
    """

    prototypes: NDArray[np.float32]
    labels: NDArray[np.uint8]
    side: int
    chosen: Options

    @property
    def _candidates(self) -> int:
        return min(self.chosen.candidates, len(self.labels))

    def distances(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return each image's candidates and their squared tangent distances, (n, c) both."""
        rows = flat(images)
        numbers, _ = find_nearest(rows, self.prototypes, self._candidates)
        found = np.empty(numbers.shape)
        smooth, slope = tangent_kernels.make_filters(self.side, self.chosen.smoothing)
        tangent_kernels.fill_distances(rows, self.prototypes, numbers, smooth, slope, found)
        return numbers, found

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Return the least distance of each class, or minus the votes, (patterns, classes).

        With one neighbour the margin is how much nearer the best class is than the second, which
        votes could not tell: there would be only one. With more it is the difference in votes.
        """
        numbers, distances = self.distances(images)
        labels = self.labels[numbers]
        if self.chosen.neighbours == 1:
            return least_distances(labels, np.sqrt(distances))
        count = min(self.chosen.neighbours, self._candidates)
        # By distance and then by number, as `nearest` has them.
        first = np.lexsort((numbers, distances), axis=1)[:, :count]
        near = np.take_along_axis(distances, first, axis=1).astype(np.float32)
        return count_votes(np.take_along_axis(labels, first, axis=1), near)

    def cost(self) -> Cost:
        """Count a multiply-add for each pixel of each prototype, then `count_multiply_adds`.

        The tangents of the image itself are computed once, those of a candidate each time.
        """
        own, pair = count_multiply_adds(self.side)
        operations = self.prototypes.size + own + self._candidates * (own + pair)
        return Cost(operations / 1e3, self.prototypes.size / 1e3)


def count_multiply_adds(side: int) -> tuple[int, int]:
    """Return what the tangents of one image take, with their products, and a pair besides.

    Image: four products of a filter with the image, the combinations of the derivatives, the
    lengths, and the tangents' products among each other. Pair: the difference, its products with
    the tangents of both, the products of those, and the solution of the normal equations.
    """
    t, pixels = tangent_kernels.TANGENTS, side * side
    own = 4 * side**3 + 10 * pixels + 2 * t * pixels + t * t * pixels
    pair = pixels + 2 * t * pixels + t * t * pixels + (2 * t) ** 3 // 6 + (2 * t) ** 2 // 2
    return own, pair


class System(ClassifierSystem[Options]):
    """Nearest neighbours by tangent distance."""

    Options = Options

    def train(
        self, patterns: Patterns, random: np.random.Generator, monitor: Monitor
    ) -> TangentNeighbours:
        """Keep the patterns. Raises ReplicationError where they are not square."""
        del random, monitor
        _, height, width = patterns.images.shape
        if height != width:
            raise ReplicationError(
                f"the tangent distance wants square images, not {height}x{width}: choose another "
                "database in params.yaml"
            )
        return TangentNeighbours(flat(patterns.images), patterns.labels, width, self.chosen)
