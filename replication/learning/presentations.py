"""Which patterns a replicate is shown, in which order."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from replication.learning.streams import generator
from replication.settings import Recipe


class Batch(NamedTuple):
    """Images uint8 (n, h, w) with labels uint8 (n,), and the numbers of those to be shown."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    order: NDArray[np.int64]


class Pool(Protocol):
    """The training patterns of one replicate, numbered from 0."""

    @property
    def size(self) -> int:
        """How many patterns there are."""

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """The patterns ``numbers``, ready for the kernels."""


class OriginalPool:
    """The first ``size`` training patterns of a database, as they are."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.uint8], size: int) -> None:
        """``size`` is at most the number of images."""
        self._images, self._labels, self._size = images[:size], labels[:size], size

    @property
    def size(self) -> int:
        """How many patterns there are."""
        return self._size

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """No copy: the kernels walk through the images by number."""
        return Batch(self._images, self._labels, numbers)


def presented(recipe: Recipe, replicate: int, pool_size: int, turn: int) -> NDArray[np.int64]:
    """The numbers of the patterns shown in pass ``turn`` (from 0), one a presentation.

    The pool is gone through again and again in a constant random order (Appendix C, p. 41), or in
    an order drawn anew each time; a pass is the next ``presentations_per_pass`` of that sequence.
    """
    length = recipe.presentations_per_pass
    first, last = turn * length, (turn + 1) * length
    rounds = range(first // pool_size, -(-last // pool_size))
    parts = []
    for number in rounds:
        draw = 0 if recipe.order == "constant" else number
        order = generator(recipe, replicate, "order", draw).permutation(pool_size)
        low, high = number * pool_size, (number + 1) * pool_size
        parts.append(order[max(first, low) - low : min(last, high) - low])
    return np.concatenate(parts)


def hessian_patterns(
    recipe: Recipe, replicate: int, pool_size: int, turn: int
) -> NDArray[np.int64]:
    """The patterns for the diagonal Hessian before pass ``turn``, all different.

    Drawn at random, or consecutive: the first that the pass presents.
    """
    count = min(recipe.sdlm.patterns, pool_size)
    if recipe.sdlm.patterns_drawn == "consecutive":
        return presented(recipe, replicate, pool_size, turn)[:count]
    return generator(recipe, replicate, "hessian", turn).choice(pool_size, count, replace=False)
