"""A network trained with noise: Section III-E, p. 16.

Each pixel of the input field is inverted with some probability, as salt and pepper; the test
patterns stay as they are. The paper does not say how often the noise of a pattern is drawn anew:
here there are so many versions of each pattern, each with noise of its own.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from replication.errors import ReplicationError
from replication.learning.presentations import Batch, Pool
from replication.learning.streams import generator
from replication.mnist.databases import margins
from replication.networks.specification import Network
from replication.settings import Combined, Count, Recipe, Section, options
from replication.systems.contract import Task
from replication.systems.network import NetworkSystem


class Options(Section):
    """How much noise: the share of inverted pixels, and how many versions of a pattern."""

    inverted: Annotated[float, Field(gt=0, lt=1)]
    versions: Count


class NoisyPool:
    """``versions`` noisy versions of each of ``originals`` patterns, drawn when they are shown.

    Pattern ``originals * v + i`` is version v of original i; all versions are noisy. Its noise
    comes from a generator keyed by seed, replicate and its own number (the stream of the
    distortions, of which there are none here), so that it is the same whenever it is shown.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        recipe: Recipe,
        replicate: int,
        noise: Options,
        field: int,
    ) -> None:
        """The first ``recipe.training_patterns`` of ``images`` uint8 (n, height, width).

        ``field`` is the side of the input field in pixels.
        """
        count = recipe.training_patterns
        self._images, self._labels = images[:count], labels[:count]
        self._recipe, self._replicate, self._noise = recipe, replicate, noise
        self._field = field

    @property
    def size(self) -> int:
        """How many patterns there are."""
        return len(self._images) * self._noise.versions

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Draw the patterns ``numbers``: images uint8 (n, field, field), 1 kB a pattern."""
        originals, height, width = self._images.shape
        top, left = margins(self._field, height, width)
        images = np.zeros((len(numbers), self._field, self._field), np.uint8)
        for image, number in zip(images, numbers, strict=True):
            image[top : top + height, left : left + width] = self._images[number % originals]
            # 255 - grey
            np.bitwise_xor(image, 255, out=image, where=self._inverted(int(number)))
        return Batch(images, self._labels[numbers % originals], np.arange(len(numbers)))

    def _inverted(self, number: int) -> NDArray[np.bool_]:
        draw = generator(self._recipe, self._replicate, "distortions", number)
        return draw.random((self._field, self._field), np.float32) < self._noise.inverted


class System(NetworkSystem):
    """A network trained on noisy patterns, and answering the test patterns as they are."""

    def __init__(self, experiment: str, recipe: Combined, network: Network) -> None:
        """Raises ReplicationError for options that cannot be, and together with distortions."""
        super().__init__(network, recipe.recipe())
        self._noise = options(Options, recipe.options, "experiments", experiment, "options")
        if recipe.distorted:
            raise ReplicationError(
                "params.yaml: noise is drawn over patterns that are not distorted: set distorted "
                "to false"
            )

    def _pool(self, task: Task) -> Pool:
        images, labels = task.database.train_images, task.database.train_labels
        return NoisyPool(
            images, labels, self._recipe, task.replicate, self._noise, self._network.field
        )
