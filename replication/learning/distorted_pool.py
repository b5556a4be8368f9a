"""Originals with distorted versions of them, drawn only when they are shown (page 11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replication.learning.presentations import Batch
from replication.mnist.databases import margins
from replication.mnist.distortions import distort, draw
from replication.settings import Distortions


class DistortedPool:
    """``originals`` patterns followed by ``copies`` distorted versions of each.

    With 60,000 originals and 9 copies these are the paper's 60,000 and 540,000 patterns. Pattern
    ``originals * v + i`` is version v of original i, version 0 the original itself. Only the
    parameters of all distortions are kept (20 bytes a pattern, 11 MB); a pattern is the same
    whenever and with whatever others it is shown.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        originals: int,
        distortions: Distortions,
        generator: np.random.Generator,
        field: int,
    ) -> None:
        """The first ``originals`` of ``images`` uint8 (n, height, width); ``field`` in pixels."""
        self._images, self._labels = images[:originals], labels[:originals]
        self._field = field
        self._size = originals * (1 + distortions.copies)
        self._parameters = draw(distortions, originals * distortions.copies, generator)

    @property
    def size(self) -> int:
        """How many patterns there are."""
        return self._size

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Draw the patterns ``numbers``: images uint8 (n, field, field), 1 kB a pattern."""
        images = np.zeros((len(numbers), self._field, self._field), np.uint8)
        self._draw(numbers, images)
        labels = self._labels[numbers % len(self._labels)]
        return Batch(images, labels, np.arange(len(numbers)))

    def _draw(self, numbers: NDArray[np.int64], fields: NDArray[np.uint8]) -> None:
        originals, height, width = self._images.shape
        top, left = margins(self._field, height, width)
        plain = np.flatnonzero(numbers < originals)
        fields[plain, top : top + height, left : left + width] = self._images[numbers[plain]]
        distorted = np.flatnonzero(numbers >= originals)
        fields[distorted] = distort(
            self._images[numbers[distorted] % originals],
            self._parameters[numbers[distorted] - originals],
            self._field,
        )
