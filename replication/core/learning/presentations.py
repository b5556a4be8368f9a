"""Which patterns a replicate is shown, in which order, and the random streams that decide it.

The streams are separate, so that each source of variance can be varied alone.
"""

import zlib
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from replication.core.mnist.databases import centre_in_field
from replication.core.mnist.distortions import distort, draw_distortions
from replication.core.settings import Distortions, Recipe

Stream = Literal["initialisation", "order", "hessian", "distortions"]


def generator(recipe: Recipe, replicate: int, stream: Stream, turn: int = 0) -> np.random.Generator:
    """Return the generator of one stream of one replicate.

    It is spawned from the experiment's seed by the replicate's number, the stream's name and the
    ``turn`` (the pass for which numbers are drawn), so that a run that goes on after an
    interruption draws what an uninterrupted one would. A stream that the recipe shares is replicate
    0's.
    """
    return np.random.default_rng(_sequence(recipe, replicate, stream, turn))


def stream_key(recipe: Recipe, replicate: int, stream: Stream) -> np.uint64:
    """Return the key of a stream of numbered draws, as in `mnist.distortions.invert`."""
    key: np.uint64 = _sequence(recipe, replicate, stream, 0).generate_state(1, np.uint64)[0]
    return key


def _sequence(recipe: Recipe, replicate: int, stream: Stream, turn: int) -> np.random.SeedSequence:
    own = getattr(recipe.streams, stream) == "own"
    key = (replicate if own else 0, zlib.crc32(stream.encode()), turn)
    return np.random.SeedSequence(recipe.seed, spawn_key=key)


class Batch(NamedTuple):
    """Images uint8 (n, h, w), labels uint8 (n,), and the numbers of the patterns to be shown."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    order: NDArray[np.int64]


class Pool(Protocol):
    """The training patterns of one replicate, numbered from 0."""

    @property
    def size(self) -> int:
        """The number of patterns."""

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Return the patterns ``numbers``, ready for the kernels."""


@dataclass(frozen=True)
class OriginalPool:
    """The first ``size`` training patterns of a database, as they are."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    size: int

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Return all images, without a copy: the kernels walk through them by number."""
        return Batch(self.images, self.labels, numbers)


class DistortedPool:
    """``originals`` patterns followed by ``copies`` distorted versions of each (page 11).

    With 60,000 originals and 9 copies these are the paper's 60,000 and 540,000 patterns. Pattern
    ``originals * v + i`` is version v of original i, version 0 the original itself. Only the
    parameters of all distortions are kept (20 bytes a pattern, 11 MB); a pattern is drawn when it
    is shown, and is the same whenever and with whatever others that is.
    """

    def __init__(
        self, images: NDArray[np.uint8], labels: NDArray[np.uint8], originals: int,
        distortions: Distortions, generator: np.random.Generator, field: int,
    ) -> None:  # fmt: skip
        """Take the first ``originals`` of ``images`` uint8 (n, height, width); field in pixels."""
        self._images, self._labels = images[:originals], labels[:originals]
        self._field = field
        self._parameters = draw_distortions(distortions, originals * distortions.copies, generator)
        self.size = originals * (1 + distortions.copies)

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Draw the patterns ``numbers``: images uint8 (n, field, field), 1 kB a pattern."""
        originals = len(self._images)
        images = centre_in_field(self._images[numbers % originals], self._field)
        (distorted,) = np.nonzero(numbers >= originals)
        images[distorted] = distort(
            self._images[numbers[distorted] % originals],
            self._parameters[numbers[distorted] - originals],
            self._field,
        )
        return Batch(images, self._labels[numbers % originals], np.arange(len(numbers)))


def present_order(recipe: Recipe, replicate: int, pool_size: int, turn: int) -> NDArray[np.int64]:
    """Return the numbers of the patterns shown in pass ``turn`` (from 0), in their order.

    The pool is gone through again and again in a constant random order (Appendix C, p. 41), in a
    fresh order each time, or as its file has it; a pass is the next ``presentations_per_pass`` of
    that sequence.
    """
    length = recipe.presentations_per_pass
    first, last = turn * length, (turn + 1) * length
    rounds = range(first // pool_size, -(-last // pool_size))
    parts = []
    for number in rounds:
        order = np.arange(pool_size)
        if recipe.order != "file":
            drawn = 0 if recipe.order == "constant" else number
            order = generator(recipe, replicate, "order", drawn).permutation(pool_size)
        low, high = number * pool_size, (number + 1) * pool_size
        parts.append(order[max(first, low) - low : min(last, high) - low])
    return np.concatenate(parts)


def choose_hessian_patterns(
    recipe: Recipe, replicate: int, pool_size: int, turn: int
) -> NDArray[np.int64]:
    """Choose the patterns for the diagonal Hessian before pass ``turn``, all different.

    Drawn at random, or consecutive: the first that the pass presents.
    """
    count = min(recipe.sdlm.patterns, pool_size)
    if recipe.sdlm.patterns_drawn == "consecutive":
        return present_order(recipe, replicate, pool_size, turn)[:count]
    return generator(recipe, replicate, "hessian", turn).choice(pool_size, count, replace=False)
