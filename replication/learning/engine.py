"""One network made ready for the kernels: the only way from numpy to compiled code."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replication.learning import kernels
from replication.learning.plan import CONVOLUTION, KIND, MAP, MAPS, START, plan
from replication.networks.specification import Network
from replication.settings import Criterion, Squashing, Subsampling

CRITERIA = {
    "mle": kernels.MLE,
    "map": kernels.MAP_CRITERION,
    "squared-error": kernels.SQUARED_ERROR,
}

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Parameters = NDArray[np.floating]


class Engine:
    """Runs a network's kernels on images of grey levels, with working memory of its own.

    Not to be shared between threads. ``dtype`` is float32 in training, float64 in tests.
    """

    def __init__(
        self,
        network: Network,
        squashing: Squashing,
        subsampling: Subsampling,
        criterion: Criterion,
        table: NDArray[np.floating],
        dtype: type[np.floating] = np.float32,
    ) -> None:
        """``table`` (256,) gives the input for each grey level."""
        self.network = network
        self._plan = plan(network, dtype)
        self._state = kernels.state(self._plan)
        self._table = table.astype(dtype)
        self._rules = kernels.Rules(
            dtype(squashing.amplitude),
            dtype(squashing.slope),
            dtype(1.0 if subsampling.reading == "added" else 0.25),
            CRITERIA[criterion.name],
            math.exp(-criterion.j),
            dtype(criterion.divisor),
        )

    def train(
        self,
        parameters: Parameters,
        steps: Parameters,
        images: Images,
        labels: Labels,
        order: NDArray[np.int64],
        signals: NDArray[np.int64],
    ) -> tuple[int, float, int]:
        """Present ``images[order]`` one by one, updating ``parameters`` in place after each.

        ``signals`` (2,) counts presentations, and stops the pass when its second entry is set.
        Returns the misses made on the way, the sum of the criterion, and the number of the
        presentation at which it was not finite any more, or -1.
        """
        misses, total, failed = kernels.train(
            self._plan, self._rules, parameters, steps, images, labels, order, self._table,
            self._state, signals,
        )  # fmt: skip
        return int(misses), float(total), int(failed)

    def gradient(
        self, parameters: Parameters, image: Images, label: int
    ) -> tuple[float, Parameters]:
        """The criterion of one pattern and its derivatives by ``parameters``."""
        value, result = kernels.gradient(
            self._plan, self._rules, parameters, image, label, self._table, self._state
        )
        return float(value), result

    def curvature(
        self, parameters: Parameters, images: Images, subset: NDArray[np.int64]
    ) -> Parameters:
        """h_kk of every parameter, estimated on ``images[subset]`` (eqs. 25-27, p. 42)."""
        result: Parameters = kernels.curvature(
            self._plan, self._rules, parameters, images, subset, self._table, self._state
        )
        return result

    def penalties(self, parameters: Parameters, images: Images) -> Parameters:
        """(patterns, classes): the lower the likelier; the class given is the least."""
        result = np.empty((images.shape[0], self._plan.classes), self._plan.codes.dtype)
        kernels.classify(
            self._plan, self._rules, parameters, images, self._table, self._state, result
        )
        return result

    def first_unsound_layer(self, parameters: Parameters, image: Images) -> str:
        """The name of the first layer whose parameters or outputs are not finite."""
        self.penalties(parameters, image[np.newaxis])
        layers = [layer for layer in self.network.layers if layer.parameters]
        for row, layer in zip(self._plan.layers[1:], layers, strict=True):
            outputs = self._state.outputs[row[START] : row[START] + row[MAPS] * row[MAP]]
            if not np.isfinite(parameters[layer.offset : layer.end]).all():
                return layer.name
            if row[KIND] != CONVOLUTION and not np.isfinite(outputs).all():
                return layer.name
        return self.network.layers[-1].name
