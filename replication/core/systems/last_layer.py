"""A network whose output layer is replaced by a local classifier: Section III-C.8, p. 14.

The network is trained as it is without that, from the same random streams, so that it ends with the
same weights. Then the patterns are seen as the activations of its last hidden layer, and a pattern
is answered from the training patterns nearest to it there:

* ``neighbours``: K nearest neighbours, with the votes of `classifiers.nearest_neighbours`;
* ``local``: local learning (Bottou and Vapnik, Neural Computation 4, 1992): a linear classifier
  with weight decay, fitted for each pattern to its K nearest alone.

The history of the network is left out: it counts the misses of the layer that is replaced.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import model_validator
from scipy.linalg import solve
from threadpoolctl import threadpool_limits

from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Monitor
from replication.core.networks.specification import Network
from replication.core.runs import CLASSES
from replication.core.settings import Combined, Count, Neutral, Positive, Section
from replication.core.systems.classifiers.nearest_neighbours import (
    count_votes,
    find_nearest,
)
from replication.core.systems.contract import Cost, Fitted, Task
from replication.core.systems.network import System as NetworkSystem
from replication.machine import blas

VERSION = 1

# Patterns between two looks at whether to stop.
_CHUNK = 1000

Activations = NDArray[np.float32]


class Options(Section):
    """The method that replaces the output layer, its number of neighbours, and the weight decay of
    local learning, in the units of `fit_local_scores`.
    """

    method: Literal["neighbours", "local"]
    neighbours: Count
    decay: Annotated[Positive | None, Neutral(None)] = None

    @model_validator(mode="after")
    def _decay_belongs_to_local_learning(self) -> Self:
        if self.method == "local" and self.decay is None:
            raise ValueError("the method local needs a weight decay; add decay")
        if self.method == "neighbours" and self.decay is not None:
            raise ValueError("nearest neighbours have no weight decay; remove decay")
        return self


def fit_local_scores(
    pattern: NDArray[np.float64],
    neighbours: NDArray[np.float64],
    targets: NDArray[np.float64],
    decay: float,
) -> NDArray[np.float64]:
    """Return scores (classes,) of ``pattern`` (units,) by a linear fit to its neighbours.

    W and b minimise the mean over the ``neighbours`` (k, units) of |W x + b - t|^2, with the
    ``targets`` t (k, classes), plus ``decay`` times |W|^2. The bias does not decay.
    """
    middle = neighbours.mean(axis=0)
    level: NDArray[np.float64] = targets.mean(axis=0)
    x, t = neighbours - middle, targets - level
    if not t.any():
        # All of one class, as most often: whatever the decay, W is 0.
        return level
    curvature = x.T @ x / len(x)
    curvature.flat[:: len(curvature) + 1] += decay
    weights = solve(curvature, x.T @ t / len(x), assume_a="pos", check_finite=False)
    return np.asarray(level + (pattern - middle) @ weights)


class System(NetworkSystem[Options]):
    """A network, and what answers from its last hidden layer."""

    def __init__(self, experiment: str, recipe: Combined, network: Network) -> None:
        """Raise ReplicationError, naming ``experiment``, for options that cannot be."""
        super().__init__(experiment, recipe, network)
        below = network.layers[: network.layers.index(network.trainable[-1])]
        self._hidden = Network(network.name, network.field, below, np.zeros((0, 0), np.float32))

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train the network, going on from the checkpoint where there is one, and replace a layer.

        BLAS works with one thread in the whole process from then on, as for the classifiers.
        """
        threadpool_limits(1)
        fitted = super().fit(task, monitor)
        # Without codes the kernels take the last layer there is for scores; no criterion is used.
        plain = self._recipe.criterion.model_copy(update={"name": "squared-error"})
        rules = self._recipe.rules._replace(criterion=plain)
        engine = Engine(self._hidden, rules, task.levels)
        weights = fitted.weights["parameters"][: self._hidden.parameters]

        def activations(images: NDArray[np.uint8]) -> Activations:
            parts = [-engine.penalties(weights, some) for some in _parts(images, monitor)]
            return np.concatenate(parts).astype(np.float32, copy=False)

        database, count = task.database, self._recipe.training_patterns
        known, labels = activations(database.train_images[:count]), database.train_labels[:count]
        tested = _parts(activations(database.test_images), monitor)
        penalties = np.concatenate([self._penalties(known, labels, some) for some in tested])
        answers = task.answer(penalties, monitor, "output layer replaced")
        return replace(
            fitted, answers=answers, history=pd.DataFrame(), cost=self._cost(known), blas=blas()
        )

    def _penalties(
        self, known: Activations, labels: NDArray[np.uint8], patterns: Activations
    ) -> NDArray[np.floating]:
        """Return (patterns, classes), from the ``known`` activations and their ``labels``."""
        numbers, distances = find_nearest(patterns, known, self.chosen.neighbours)
        decay = self.chosen.decay
        if decay is None:
            return count_votes(labels[numbers], distances)
        # Targets are +1 for the neighbour's class, -1 for the others, as for the network's outputs.
        codes = 2.0 * np.eye(CLASSES) - 1.0
        exact = known.astype(np.float64)
        scores = [
            fit_local_scores(pattern, exact[near], codes[labels[near]], decay)
            for pattern, near in zip(patterns.astype(np.float64), numbers, strict=True)
        ]
        return -np.stack(scores)

    def _cost(self, known: Activations) -> Cost:
        """Count the layers below, a multiply-add for each value kept, and the local fit.

        The normal equations are half a product of the neighbours with themselves, a sixth of a cube
        for Cholesky's method, and for each class a product, two triangles and the answer.
        """
        operations = self._hidden.connections + known.size
        units, k = known.shape[1], self.chosen.neighbours
        if self.chosen.method == "local":
            operations += k * units * (units + 1) // 2 + units**3 // 6
            operations += CLASSES * (k * units + units * units + units)
        return Cost(operations / 1e3, (self._hidden.parameters + known.size) / 1e3)


def _parts(patterns: NDArray[Any], monitor: Monitor) -> Iterator[NDArray[Any]]:
    """Yield some patterns at a time, with a look in between at whether to stop."""
    for start in range(0, len(patterns), _CHUNK):
        monitor.check()
        yield patterns[start : start + _CHUNK]
