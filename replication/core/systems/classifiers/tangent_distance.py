"""Nearest neighbours by tangent distance: Section III-C.10, pp. 13-14.

An image and all that small deformations make of it lie near a plane: the image plus any sum of its
seven tangents. The two-sided tangent distance is the least squared Euclidean distance of a point of
one plane from a point of the other's (P. Simard, Y. LeCun and J. Denker, "Efficient pattern
recognition using a new transformation distance", NIPS 5, 1993).

As in the paper, the plain Euclidean distance picks the training patterns whose tangent distance is
worth computing; the paper does so at several resolutions, here there is one. Tangents are computed
when they are needed: keeping them would take seven times the memory of the patterns.

Legend of the kernels: n images, m prototypes, c candidates, s pixels of a side, p = s * s pixels, t
tangents. Arithmetic is float64 throughout.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fma, load, same, total
from replication.core.compiled import kernel
from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Count, Positive, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.classifiers.nearest_neighbours import (
    count_votes,
    find_nearest,
)
from replication.core.systems.contract import Cost
from replication.errors import ReplicationError

# x and y translation, scaling, rotation, two hyperbolic deformations, line thickness.
TANGENTS = 7

# Added to the diagonal of the normal equations of tangents of length 1: where two tangents coincide
# these have no single solution. Far above float64's rounding, far below what changes an answer.
RIDGE = 1e-8

Floats = NDArray[np.float64]


@kernel
def fill_product(left: Floats, right: Floats, result: Floats) -> None:
    """Fill ``result`` with the matrix product of two (s, s)."""
    for i in range(left.shape[0]):
        result[i, :] = 0.0
        for k in range(right.shape[0]):
            factor = left[i, k]
            for j in range(right.shape[1]):
                result[i, j] += factor * right[k, j]


@kernel
def dot(left: Floats, right: Floats) -> Any:
    """Return the sum of the products of two (p,): whole vectors, then what is left over."""
    whole = left.size - left.size % LANES
    sums = same(0.0)
    for i in range(0, whole, LANES):
        sums = fma(load(left, i), load(right, i), sums)
    result = total(sums)
    for i in range(whole, left.size):
        result = fma(left[i], right[i], result)
    return result


@kernel
def fill_tangents(
    image: Floats, smooth: Floats, slope: Floats, work: Floats, result: Floats
) -> None:
    """Fill ``result`` (t, p) with the tangents of ``image`` (s, s), of length 1.

    ``smooth`` and ``slope`` (s, s), from `make_filters`, smooth along an axis, and differentiate
    what is smoothed. Coordinates are in pixels, right and down from the middle of the image.
    ``work`` is (3, s, s). A tangent of length 0, as of an image without ink, stays 0.
    """
    side = image.shape[0]
    middle, right, down = work[0], work[1], work[2]
    fill_product(smooth, image, middle)
    fill_product(middle, slope.T, right)
    fill_product(slope, image, middle)
    fill_product(middle, smooth.T, down)
    for i in range(side):
        y = i - 0.5 * (side - 1)
        for j in range(side):
            x = j - 0.5 * (side - 1)
            a, b, p = right[i, j], down[i, j], i * side + j
            result[0, p] = a
            result[1, p] = b
            result[2, p] = x * a + y * b
            result[3, p] = y * a - x * b
            result[4, p] = x * a - y * b
            result[5, p] = y * a + x * b
            result[6, p] = a * a + b * b
    for t in range(TANGENTS):
        length = math.sqrt(dot(result[t], result[t]))
        if length > 0.0:
            for p in range(side * side):
                result[t, p] /= length


@kernel
def fill_gram(left: Floats, right: Floats, result: Floats) -> None:
    """Fill ``result`` (t, t) with the products of ``left`` and ``right``, both (t, p)."""
    for i in range(TANGENTS):
        for j in range(TANGENTS):
            result[i, j] = dot(left[i], right[j])


@kernel
def explained_length(matrix: Floats, vector: Floats) -> float:
    """Return v' M^-1 v for a positive definite M: by Cholesky, M and v are overwritten."""
    total = 0.0
    for j in range(vector.size):
        for k in range(j):
            matrix[j, j] -= matrix[j, k] * matrix[j, k]
            vector[j] -= matrix[j, k] * vector[k]
        matrix[j, j] = math.sqrt(matrix[j, j])
        vector[j] /= matrix[j, j]
        total += vector[j] * vector[j]
        for i in range(j + 1, vector.size):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
            matrix[i, j] /= matrix[j, j]
    return total


@kernel
def fill_distances(
    images: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    candidates: NDArray[np.int64],
    smooth: Floats,
    slope: Floats,
    result: Floats,
) -> None:
    """Fill ``result`` (n, c) with squared tangent distances of ``images`` to ``candidates``.

    ``images`` are (n, p); ``candidates`` (n, c) are numbers of ``prototypes`` (m, p); ``smooth``
    and ``slope`` as for `fill_tangents`. The normal equations are those of the difference
    d = image - prototype and of the tangents of both, B: the distance is
    d'd - (B'd)' (B'B)^-1 (B'd).
    """
    side, pixels = smooth.shape[0], images.shape[1]
    own, other = np.empty((TANGENTS, pixels)), np.empty((TANGENTS, pixels))
    work, difference = np.empty((3, side, side)), np.empty(pixels)
    image, prototype = np.empty(pixels), np.empty(pixels)
    corner = np.empty((TANGENTS, TANGENTS))
    matrix, vector = np.empty((2 * TANGENTS, 2 * TANGENTS)), np.empty(2 * TANGENTS)
    for n in range(images.shape[0]):
        image[:] = images[n]
        fill_tangents(image.reshape(side, side), smooth, slope, work, own)
        fill_gram(own, own, corner)
        for c in range(candidates.shape[1]):
            prototype[:] = prototypes[candidates[n, c]]
            difference[:] = image - prototype
            fill_tangents(prototype.reshape(side, side), smooth, slope, work, other)
            matrix[:TANGENTS, :TANGENTS] = corner
            fill_gram(other, own, matrix[TANGENTS:, :TANGENTS])
            fill_gram(other, other, matrix[TANGENTS:, TANGENTS:])
            for t in range(TANGENTS):
                vector[t] = dot(own[t], difference)
                vector[TANGENTS + t] = dot(other[t], difference)
            for i in range(2 * TANGENTS):
                matrix[i, i] += RIDGE
            square = dot(difference, difference)
            result[n, c] = max(square - explained_length(matrix, vector), 0.0)


def make_filters(side: int, sigma: float) -> tuple[Floats, Floats]:
    """Return what smooths along an axis of ``side`` pixels, and its derivative: (side, side).

    A Gaussian of ``sigma`` pixels and its derivative at whole pixels, so scaled that a constant
    stays itself and a ramp of slope 1 has the derivative 1; outside the image there is no ink.
    """
    reach = side + math.ceil(6 * sigma)
    steps = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-0.5 * (steps / sigma) ** 2)
    apart = np.subtract.outer(np.arange(side), np.arange(side))
    smooth = bell / bell.sum()
    slope = -steps * bell / (steps**2 * bell).sum()
    return smooth[apart + reach], slope[apart + reach]


VERSION = 1


class Options(Section):
    """The neighbours and the tangents."""

    neighbours: Count  # how many vote; with 1 the nearest decides
    # how many training patterns, the nearest by Euclidean distance, are compared by tangent
    # distance; all of them where there are fewer
    candidates: Count
    # standard deviation, in pixels, of the Gaussian that images are convolved with before they are
    # differentiated
    smoothing: Positive


def least_distances(
    labels: NDArray[np.uint8], distances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each class's least distance, (n, classes), from ``distances`` (n, candidates).

    A class without a candidate gets the next number above the largest distance of that row: the
    margin stays finite, and it never ties with a class that has one.
    """
    farthest = np.nextafter(distances.max(axis=1, keepdims=True), np.inf)
    result = np.repeat(farthest, CLASSES, axis=1)
    rows = np.arange(len(labels))[:, np.newaxis]
    np.minimum.at(result, (rows, labels), distances)
    return result


@dataclass(frozen=True)
class TangentNeighbours:
    """The training patterns, kept."""

    prototypes: NDArray[np.float32]  # float32 (m, pixels), 0 background to 1 ink
    labels: NDArray[np.uint8]  # uint8 (m,)
    side: int  # pixels of a side
    chosen: Options  # the options

    @property
    def _candidates(self) -> int:
        return min(self.chosen.candidates, len(self.labels))

    def distances(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return each image's candidates and their squared tangent distances, (n, c) both."""
        rows = flat(images)
        numbers, _ = find_nearest(rows, self.prototypes, self._candidates)
        found = np.empty(numbers.shape)
        smooth, slope = make_filters(self.side, self.chosen.smoothing)
        fill_distances(rows, self.prototypes, numbers, smooth, slope, found)
        return numbers, found

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Return the least distance of each class, or minus the votes, (patterns, classes).

        With one neighbour, where there would be one vote, the margin is how much nearer the best
        class is than the second.
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
    t, pixels = TANGENTS, side * side
    own = 4 * side**3 + 10 * pixels + 2 * t * pixels + t * t * pixels
    pair = pixels + 2 * t * pixels + t * t * pixels + (2 * t) ** 3 // 6 + (2 * t) ** 2 // 2
    return own, pair


class System(ClassifierSystem[Options]):
    """Nearest neighbours by tangent distance."""

    def train(self, patterns: Patterns, _: np.random.Generator, __: Monitor) -> TangentNeighbours:
        """Keep the patterns. Raises ReplicationError where they are not square."""
        _, height, width = patterns.images.shape
        if height != width:
            raise ReplicationError(
                f"the tangent distance wants square images, not {height}x{width}: choose another "
                "database in params.yaml"
            )
        return TangentNeighbours(flat(patterns.images), patterns.labels, width, self.chosen)
