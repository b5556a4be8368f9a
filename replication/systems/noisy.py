"""A network trained with noise: Section III-E, p. 16.

Each pixel of the input field is inverted with some probability, as salt and pepper; the test
patterns stay as they are. The paper does not say how often the noise of a pattern is drawn anew:
here there are so many versions of each pattern, each with noise of its own.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from replication.errors import ReplicationError
from replication.learning.presentations import Batch, Pool
from replication.learning.streams import stream_key
from replication.mnist.databases import centred
from replication.mnist.noise import invert
from replication.networks.specification import Network
from replication.settings import Combined, Count, Real, Recipe, Section, options
from replication.systems.contract import Task
from replication.systems.network import NetworkSystem

# Raised when the golden answers change, and only then (see CONTRIBUTING.md).
VERSION = 1


class Options(Section):
    """How much noise: the share of inverted pixels, and how many versions of a pattern."""

    inverted: Annotated[Real, Field(gt=0, lt=1)]
    versions: Count


@dataclass(frozen=True)
class NoisyPool:
    """Noisy versions of the first training patterns ``images`` uint8 (n, height, width).

    ``field`` is the side of the input field in pixels. Of n patterns, n * v + i is version v of
    original i; all versions are noisy. The noise follows from seed and replicate (the stream of the
    distortions, of which there are none here) and the pattern's own number, so that it is the same
    whenever the pattern is shown.
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
        """How many patterns there are."""
        return self.recipe.training_patterns * self.noise.versions

    def show(self, numbers: NDArray[np.int64]) -> Batch:
        """Draw the patterns ``numbers``: images uint8 (n, field, field), 1 kB a pattern."""
        originals = numbers % self.recipe.training_patterns
        images = centred(self.images[originals], self.field)
        invert(images, numbers, self.noise.inverted, self._key)
        return Batch(images, self.labels[originals], np.arange(len(numbers)))


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

    def _decisive(self, task: Task) -> dict[str, Any]:
        """The noise as well."""
        return {**super()._decisive(task), "noise": self._noise.model_dump()}

    def _pool(self, task: Task) -> Pool:
        images, labels = task.database.train_images, task.database.train_labels
        return NoisyPool(
            images, labels, self._recipe, task.replicate, self._noise, self._network.field
        )
