"""The compiled tangent distance as `bench` times it, and the same in plain NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replication.systems import tangent_kernels

# Prototypes an image is compared with: its own tangents are computed once for so many, as when it
# is classified.
CANDIDATES = 50
# Of the smoothing, in pixels. Filters are full matrices, so it changes no time.
SIGMA = 1.0

Floats = NDArray[np.float64]


class Tangents:
    """Pairs of real images, each image with its candidates, by the compiled kernel."""

    def __init__(self, images: NDArray[np.uint8], pairs: int) -> None:
        """``images`` (n, side, side) are paired at random, as often as whole `CANDIDATES` allow.

        There are ``pairs`` of them, rounded down, but at least those of one image.
        """
        count, side, _ = images.shape
        self._rows = (images.reshape(count, -1) / np.float32(255)).astype(np.float32)
        random = np.random.default_rng(0)
        self.pairs = max(pairs // CANDIDATES, 1) * CANDIDATES
        shape = (self.pairs // CANDIDATES, CANDIDATES)
        self.images = self._rows[random.integers(count, size=shape[0])]
        self.candidates = random.integers(count, size=shape)
        self.filters = tangent_kernels.filters(side, SIGMA)
        self.result = np.empty(shape)

    def compiled(self, pairs: int) -> None:
        """Fill ``result`` for the first ``pairs``, a multiple of `CANDIDATES`."""
        some = slice(pairs // CANDIDATES)
        tangent_kernels.distances(
            self.images[some], self._rows, self.candidates[some], *self.filters, self.result[some]
        )

    def plain(self, pairs: int) -> None:
        """The same by products of matrices and least squares, a pair at a time."""
        for n in range(pairs // CANDIDATES):
            image = self.images[n].astype(np.float64)
            own = tangents(image, *self.filters)
            for c, number in enumerate(self.candidates[n]):
                prototype = self._rows[number].astype(np.float64)
                both = np.concatenate([own, tangents(prototype, *self.filters)]).T
                difference = image - prototype
                best = np.linalg.lstsq(both, difference, rcond=None)[0]
                self.result[n, c] = ((difference - both @ best) ** 2).sum()


def tangents(image: Floats, smooth: Floats, slope: Floats) -> Floats:
    """The seven tangents (7, pixels) of ``image`` (pixels,), of any length; see tangent_kernels."""
    side = len(smooth)
    square = image.reshape(side, side)
    right, down = smooth @ square @ slope.T, slope @ square @ smooth.T
    steps = np.arange(side) - 0.5 * (side - 1)
    x, y = steps, steps[:, np.newaxis]
    directions = (
        right,
        down,
        x * right + y * down,
        y * right - x * down,
        x * right - y * down,
        y * right + x * down,
        right**2 + down**2,
    )
    return np.stack(directions).reshape(len(directions), -1)
