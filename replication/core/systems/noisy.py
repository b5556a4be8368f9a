"""A network trained with noise: Section III-E, p. 16.

Each pixel of the input field is inverted with some probability, as salt and pepper; the test
patterns stay as they are. The paper does not say how often the noise of a pattern is drawn: here
each pattern has a number of versions, each with noise of its own.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from replication.core.learning.presentations import Batch, Pool, stream_key
from replication.core.mnist.databases import centre_in_field
from replication.core.mnist.distortions import invert
from replication.core.settings import Count, Real, Recipe, Section
from replication.core.systems.contract import Task
from replication.core.systems.network import System as NetworkSystem

VERSION = 1


class Options(Section):
    """The share of inverted pixels, and the number of versions of a pattern."""

    inverted: Annotated[Real, Field(gt=0, lt=1)]
    versions: Count


@dataclass(frozen=True)
class NoisyPool:
    """Noisy versions of the first training patterns ``images`` uint8 (n, height, width).

    ``field`` is the side of the input field in pixels. Of n patterns, n * v + i is version v of
    original i. The noise follows from the stream of the distortions, of which there are none here,
    and the pattern's own number, so that it is the same whenever the pattern is shown.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    recipe: Recipe
    replicate: int
    noise: Options
    field: int

    @cached_property
    def _key(self) -> np.uint64:
        """Of the replicate's noise."""
        return stream_key(self.recipe, self.replicate, "distortions")

    @property
    def size(self) -> int:
        """The number of patterns."""
        return self.recipe.training_patterns * self.noise.versions

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Draw the patterns ``numbers``: images uint8 (n, field, field), 1 kB a pattern."""
        originals = numbers % self.recipe.training_patterns
        images = centre_in_field(self.images[originals], self.field)
        invert(images, numbers, self.noise.inverted, self._key)
        return Batch(images, self.labels[originals], np.arange(len(numbers)))


class System(NetworkSystem[Options]):
    """A network trained on noisy patterns, and answering the test patterns as they are."""

    def _decisive(self, task: Task) -> dict[str, Any]:
        """Return the noise as well."""
        return {**super()._decisive(task), "noise": self.chosen.model_dump()}

    def _pool(self, task: Task) -> Pool:
        images, labels = task.database.train_images, task.database.train_labels
        return NoisyPool(
            images, labels, self._recipe, task.replicate, self.chosen, self._network.field
        )
