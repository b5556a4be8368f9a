"""Separate random streams, so that each source of variance can be varied alone."""

import zlib
from typing import Literal

import numpy as np

from replication.core.settings import Recipe

Stream = Literal["initialisation", "order", "hessian", "distortions"]


def generator(recipe: Recipe, replicate: int, stream: Stream, turn: int = 0) -> np.random.Generator:
    """Return the generator of one stream of one replicate.

    It is spawned from the experiment's seed by the replicate's number, the stream's name and the
    ``turn`` (the pass for which numbers are drawn), so that a run that goes on after an
    interruption draws what an uninterrupted one would. A stream that the recipe shares is
    replicate 0's for all.
    """
    return np.random.default_rng(_sequence(recipe, replicate, stream, turn))


def stream_key(recipe: Recipe, replicate: int, stream: Stream) -> np.uint64:
    """Return the key of a stream of numbered draws, as in `mnist.noise`."""
    key: np.uint64 = _sequence(recipe, replicate, stream, 0).generate_state(1, np.uint64)[0]
    return key


def _sequence(recipe: Recipe, replicate: int, stream: Stream, turn: int) -> np.random.SeedSequence:
    own = getattr(recipe.streams, stream) == "own"
    key = (replicate if own else 0, zlib.crc32(stream.encode()), turn)
    return np.random.SeedSequence(recipe.seed, spawn_key=key)
