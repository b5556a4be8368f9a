"""K nearest neighbours by Euclidean distance: Section III-C.2, p. 12.

All training patterns are kept. A class's penalty is minus the votes of those of the k nearest that
belong to it, each weighted by its nearness, so that votes rarely tie; where all agree, the margin
still says how near they are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Count, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.contract import Cost

VERSION = 1

# Test patterns at a time: 500 x 60,000 distances are 120 MB.
_CHUNK = 500


class Options(Section):
    """The number of neighbours that vote."""

    neighbours: Count


def find_nearest(
    images: NDArray[np.float32], prototypes: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the ``count`` nearest of ``prototypes`` (m, d) to each of ``images`` (n, d).

    Returns their numbers, int64 (n, count), and squared distances, float32 (n, count), by distance
    and then by number: of equal distances the first is the nearer, also for the last place.
    """
    squares = (prototypes**2).sum(axis=1)
    numbers = np.empty((len(images), count), np.int64)
    distances = np.empty((len(images), count), np.float32)
    for start in range(0, len(images), _CHUNK):
        some = images[start : start + _CHUNK]
        table = squares - 2.0 * (some @ prototypes.T) + (some**2).sum(axis=1, keepdims=True)
        found = np.sort(_least(table, count), axis=1)
        own = np.take_along_axis(table, found, axis=1)
        order = np.argsort(own, axis=1, kind="stable")
        numbers[start : start + _CHUNK] = np.take_along_axis(found, order, axis=1)
        distances[start : start + _CHUNK] = np.take_along_axis(own, order, axis=1)
    return numbers, np.maximum(distances, 0.0)


def _least(table: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the columns of the ``count`` least values of each row, in no order.

    Of those that compete for the last place the first: NumPy's choice is the processor's.
    """
    found = np.argpartition(table, count - 1, axis=1)[:, :count]
    last = np.take_along_axis(table, found, axis=1).max(axis=1)
    competing = np.flatnonzero((table <= last[:, np.newaxis]).sum(axis=1) > count)
    for row in competing:
        near = np.flatnonzero(table[row] <= last[row])
        found[row] = near[np.argsort(table[row, near], kind="stable")[:count]]
    return found


def tally(labels: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return minus the weight of each class, (n, classes).

    The neighbour in column c, of the class in ``labels`` (n, count), has the weight in ``weights``,
    (n, count) or (1, count).
    """
    rows = np.arange(len(labels))[:, np.newaxis]
    result = np.zeros((len(labels), CLASSES), np.float32)
    np.subtract.at(result, (rows, labels), weights)
    return result


def count_votes(labels: NDArray[np.uint8], distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return minus the votes for each class, (n, classes), by neighbours' ``labels`` (n, count).

    ``distances`` (n, count) are squared. A neighbour counts 1 / distance.
    """
    return tally(labels, (1.0 / (np.sqrt(distances) + 1e-6)).astype(np.float32, copy=False))


@dataclass(frozen=True)
class Neighbours:
    """The training patterns, kept: float32 (m, pixels) with labels uint8 (m,); ``count`` vote."""

    prototypes: NDArray[np.float32]
    labels: NDArray[np.uint8]
    count: int

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return minus the votes, (patterns, classes)."""
        numbers, distances = find_nearest(flat(images), self.prototypes, self.count)
        return count_votes(self.labels[numbers], distances)

    def cost(self) -> Cost:
        """Count a multiply-add and a variable for each pixel of each prototype."""
        return Cost(self.prototypes.size / 1e3, self.prototypes.size / 1e3)


class System(ClassifierSystem[Options]):
    """K nearest neighbours."""

    def train(self, patterns: Patterns, _: np.random.Generator, __: Monitor) -> Neighbours:
        """Keep the patterns."""
        return Neighbours(flat(patterns.images), patterns.labels, self.chosen.neighbours)
