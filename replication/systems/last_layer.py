"""A network whose output layer is replaced by a local classifier: Section III-C.8, p. 14.

The network is trained as it is without that, from the same random streams, so that it ends with
the same weights. Then the patterns are seen as the activations of its last hidden layer, and a
pattern is answered from the training patterns nearest to it there:

* ``neighbours``: K nearest neighbours, with the votes of `classifiers.nearest_neighbours`;
* ``local``: local learning (Bottou and Vapnik, Neural Computation 4, 1992): a linear classifier
  with weight decay, fitted for each pattern to its K nearest alone.

The history of the network is left out: its last count of test misses is that of the output layer
which answers no more, while a history has to agree with the answers beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import model_validator
from scipy.linalg import solve
from threadpoolctl import threadpool_limits

from replication.learning.engine import Engine
from replication.learning.monitor import Monitor
from replication.networks.specification import Network
from replication.settings import Combined, Count, Positive, Recipe, Section, options
from replication.systems.classifiers.nearest_neighbours import CLASSES, nearest, votes
from replication.systems.contract import Cost, Fitted, Task, answers_of
from replication.systems.network import NetworkSystem

# Patterns between two looks at whether to stop.
_CHUNK = 1000

Activations = NDArray[np.float32]


class Options(Section):
    """What answers instead of the output layer, from how many neighbours.

    ``decay`` is the weight decay of local learning, in the units of `local_scores`; nearest
    neighbours have none.
    """

    method: Literal["neighbours", "local"]
    neighbours: Count
    decay: Positive | None = None

    @model_validator(mode="after")
    def _decay_belongs_to_local_learning(self) -> Options:
        if self.method == "local" and self.decay is None:
            raise ValueError("the method local needs a weight decay; add decay")
        if self.method == "neighbours" and self.decay is not None:
            raise ValueError("nearest neighbours have no weight decay; remove decay")
        return self


class Hidden:
    """The last hidden layer of a network, as compiled as the network itself."""

    def __init__(self, network: Network, recipe: Recipe, levels: NDArray[np.float32]) -> None:
        """``levels`` (256,) gives the input for each grey level."""
        below = network.layers[: network.layers.index(network.trainable[-1])]
        self.network = Network(network.name, network.field, below, np.zeros((0, 0), np.float32))
        # Without codes the kernels take the last layer there is for scores; no criterion is used.
        plain = recipe.criterion.model_copy(update={"name": "squared-error"})
        self._engine = Engine(self.network, recipe.rules._replace(criterion=plain), levels)

    def activations(
        self, parameters: NDArray[np.float32], images: NDArray[np.uint8], monitor: Monitor
    ) -> Activations:
        """(patterns, units), from the ``parameters`` of the whole network."""
        own = parameters[: self.network.parameters]
        parts = []
        for start in range(0, len(images), _CHUNK):
            monitor.check()
            parts.append(-self._engine.penalties(own, images[start : start + _CHUNK]))
        return np.concatenate(parts).astype(np.float32, copy=False)


def local_scores(
    pattern: NDArray[np.float64],
    neighbours: NDArray[np.float64],
    targets: NDArray[np.float64],
    decay: float,
) -> NDArray[np.float64]:
    """Scores (classes,) of ``pattern`` (units,) by a linear classifier fitted to its neighbours.

    W and b minimise the mean over the ``neighbours`` (k, units) of |W x + b - t|^2, with the
    ``targets`` t (k, classes), plus ``decay`` times |W|^2. The bias does not decay, so it is what
    centring leaves over.
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


class System:
    """A network, and what answers from its last hidden layer."""

    def __init__(self, experiment: str, recipe: Combined, network: Network) -> None:
        """Raises ReplicationError, naming ``experiment``, for options that cannot be."""
        self._chosen = options(Options, recipe.options, "experiments", experiment, "options")
        self._network, self._recipe = network, recipe.recipe()
        self._plain = NetworkSystem(network, self._recipe)

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train the network, going on from the checkpoint where there is one, and replace a layer.

        BLAS works with one thread in the whole process from then on, as for the classifiers.
        """
        threadpool_limits(1)
        fitted = self._plain.fit(task, monitor)
        hidden = Hidden(self._network, self._recipe, task.levels)
        weights = fitted.weights["parameters"]
        count = self._recipe.training_patterns
        known = hidden.activations(weights, task.database.train_images[:count], monitor)
        asked = hidden.activations(weights, task.database.test_images, monitor)
        penalties = self._penalties(known, task.database.train_labels[:count], asked, monitor)
        answers = answers_of(penalties)
        wrong = int((answers.classes != task.database.test_labels).sum())
        monitor.line(f"output layer replaced, {wrong} of {len(asked)} missed in test")
        cost = self._cost(hidden.network, known)
        return replace(fitted, answers=answers, history=pd.DataFrame(), cost=cost)

    def _penalties(
        self,
        known: Activations,
        labels: NDArray[np.uint8],
        asked: Activations,
        monitor: Monitor,
    ) -> NDArray[np.floating]:
        parts: list[NDArray[np.floating]] = []
        for start in range(0, len(asked), _CHUNK):
            monitor.check()
            some = asked[start : start + _CHUNK]
            numbers, distances = nearest(some, known, self._chosen.neighbours)
            if self._chosen.decay is None:
                parts.append(votes(labels[numbers], distances))
            else:
                parts.append(-_local(some, known, labels, numbers, self._chosen.decay))
        return np.concatenate(parts)

    def _cost(self, below: Network, known: Activations) -> Cost:
        """The layers below, a multiply-add for each value kept, and what local learning solves.

        The normal equations are half a product of the neighbours with themselves, a sixth of a
        cube for Cholesky's method, and for each class a product, two triangles and the answer.
        """
        operations = below.connections + known.size
        units, k = known.shape[1], self._chosen.neighbours
        if self._chosen.method == "local":
            operations += k * units * (units + 1) // 2 + units**3 // 6
            operations += CLASSES * (k * units + units * units + units)
        return Cost(operations / 1e3, (below.parameters + known.size) / 1e3)


def _local(
    asked: Activations,
    known: Activations,
    labels: NDArray[np.uint8],
    numbers: NDArray[np.int64],
    decay: float,
) -> NDArray[np.float64]:
    """Scores (patterns, classes); row i of ``numbers`` (patterns, k) are the nearest of pattern i.

    Targets are +1 for the neighbour's class and -1 for the others, as for the network's outputs.
    """
    codes = 2.0 * np.eye(CLASSES) - 1.0
    return np.stack(
        [
            local_scores(
                pattern.astype(np.float64),
                known[near].astype(np.float64),
                codes[labels[near]],
                decay,
            )
            for pattern, near in zip(asked, numbers, strict=True)
        ]
    )
