"""The compiled kernels as `bench` times them, and the multiply-adds they need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication import paper
from replication.errors import ReplicationError
from replication.learning.engine import Engine
from replication.learning.optimisers import sdlm
from replication.learning.presentations import hessian_patterns
from replication.learning.streams import generator
from replication.learning.trainer import first_parameters
from replication.mnist.databases import Database, grey_levels
from replication.networks import catalogue
from replication.networks.specification import Kind, Network
from replication.settings import Recipe, Settings, changed


class Training:
    """A network in training: real images in random order, the recipe's first step sizes."""

    def __init__(
        self, network: Network, recipe: Recipe, database: Database, levels: NDArray[np.float32]
    ) -> None:
        """``levels`` (256,) gives the input for each grey level; of ``database`` all is used."""
        self.network = network
        self.images, self.labels = database.train_images, database.train_labels
        self.rules, self.levels = recipe.rules, levels
        self._engine = Engine(network, recipe.rules, levels)
        size = len(self.images)
        self.order = generator(recipe, 0, "order").permutation(size)
        self._sample = hessian_patterns(recipe, 0, size, 0)
        self._sdlm = recipe.sdlm
        self.parameters = first_parameters(network, recipe, 0)
        self.steps = sdlm.step_sizes(self.curvature(), recipe.learning_rates[0], recipe.sdlm.mu)

    def train(self, patterns: int) -> None:
        """Present the next ``patterns`` of the order, with an update after each."""
        order, self.order = self.order[:patterns], np.roll(self.order, -patterns)
        done = self._engine.train(self.parameters, self.steps, self.images, self.labels, order)
        if done.failed >= 0:
            raise ReplicationError(
                f"{self.network.name} diverged while it was timed: lower the learning_rates of "
                "base in params.yaml"
            )

    def curvature(self) -> NDArray[np.floating]:
        """Estimate h_kk on as many patterns as before each pass."""
        return self._engine.curvature(self.parameters, self.images, self._sample, self._sdlm)


def trainings(
    settings: Settings, published: Path, regular: Database, names: tuple[str, ...]
) -> dict[str, Training]:
    """The networks ``names`` with the base recipe, and the criterion that fits their outputs."""
    levels = grey_levels(settings.prepare.background, settings.prepare.foreground)
    tables = paper.load(published)
    result = {}
    for name in names:
        network = catalogue.network(name, "regular", tables)
        criterion = settings.base.criterion.name if network.codes.size else "squared-error"
        recipe = changed(settings.base, {"network": name, "criterion.name": criterion})
        result[name] = Training(network, recipe, regular, levels)
    return result


def multiply_adds(network: Network) -> int:
    """Multiply-adds of one update: 0.87 million for LeNet-5 with Table I.

    Each weight of each unit is used once forwards, once for its own derivative (the RBF units'
    codes have none) and once for the derivative of its input (not the image's). The four inputs
    of a sub-sampling unit are added first and share one coefficient. Biases, squashing functions
    and the update itself are not counted.
    """
    total = 0
    for number, layer in enumerate(network.layers):
        maps, height, width = layer.outputs
        weights = maps if layer.kind is Kind.SUBSAMPLING else layer.pairs * layer.kernel**2
        uses = 1 + int(layer.kind is not Kind.RBF) + int(number > 0)
        total += uses * height * width * weights
    return total
