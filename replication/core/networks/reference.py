"""The torch reference: any network of the specification, written to be read.

It works in float32 and float64 and on fields larger than the network's own: C5 is a convolution, so
a wider field gives a row of outputs (Section II-B, p. 8). Nothing here is used for training; the
tests hold the compiled kernels against it, and `verify` recomputes the answers with it.
"""

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor

from replication.core.networks import criteria
from replication.core.networks.specification import Kind, Layer, Network
from replication.core.settings import Rules, Sdlm


def _places(layer: Layer) -> tuple[Tensor, Tensor]:
    """Return the output map and the input map of each pair of the connection table."""
    rows = [output for output, table in enumerate(layer.table) for _ in table]
    columns = [number for table in layer.table for number in table]
    return torch.tensor(rows), torch.tensor(columns)


def _split(layer: Layer, parameters: Tensor) -> tuple[Tensor, Tensor]:
    own = parameters[layer.offset : layer.end]
    return own[: layer.weights], own[layer.weights :]


class Reference:
    """A network as plain torch functions of its parameter vector.

    ``parameters`` are tensors (network.parameters,), ``inputs`` (patterns, 1, height, width) at the
    paper's input levels; results have the dtype of the arguments.
    """

    def __init__(self, network: Network, rules: Rules) -> None:
        """Describe the network; it holds no parameters of its own."""
        self.network = network
        self._rules = rules
        self._codes = torch.from_numpy(network.codes)
        self._places = {layer.name: _places(layer) for layer in network.trainable}

    def spread_weights(self, layer: Layer, weights: Tensor) -> Tensor:
        """Return weights as (outputs, inputs, kernel, kernel), zero where the table has no pair."""
        side = layer.kernel
        # A full layer that reads maps of several pixels is a convolution as large as they are.
        inputs, height, width = layer.inputs
        if layer.kind is Kind.FULL:
            return weights.reshape(layer.outputs[0], inputs, height, width)
        dense = weights.new_zeros(layer.outputs[0], inputs, side, side)
        return dense.index_put(self._places[layer.name], weights.reshape(-1, side, side))

    def gather_weights(self, layer: Layer, weights: Tensor) -> Tensor:
        """Return the layer's weights (layer.weights,) from what `spread_weights` gives.

        The coefficients of a sub-sampling layer are what they are.
        """
        if layer.kind is Kind.CONVOLUTION:
            weights = weights[self._places[layer.name]]
        return weights.reshape(-1)

    def _sums_of_four(self, layer: Layer, x: Tensor) -> Tensor:
        maps = [row[0] for row in layer.table]
        return functional.avg_pool2d(x[:, maps], 2) * 4 * self._rules.subsampling.share

    def _weighted_sum(self, layer: Layer, parameters: Tensor, x: Tensor) -> Tensor:
        weights, biases = _split(layer, parameters)
        if layer.kind is Kind.SUBSAMPLING:
            sums = self._sums_of_four(layer, x)
            return sums * weights[:, None, None] + biases[:, None, None]
        return functional.conv2d(x, self.spread_weights(layer, weights), biases)

    def _squash(self, a: Tensor) -> Tensor:
        squashing = self._rules.squashing
        return squashing.amplitude * torch.tanh(squashing.slope * a)

    def maps(self, parameters: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """Return the outputs of every layer with parameters: (patterns, maps, height, width)."""
        result, x = {}, inputs
        for layer in self.network.trainable:
            x = self._squash(self._weighted_sum(layer, parameters, x))
            result[layer.name] = x
        return result

    def penalties(self, parameters: Tensor, inputs: Tensor) -> Tensor:
        """Return (patterns, classes, rows, columns): distances of equation 7 or minus outputs."""
        last = self.maps(parameters, inputs)[self.network.trainable[-1].name]
        codes = self._codes.to(last.dtype)
        return criteria.penalties(self._rules.criterion, last.movedim(1, -1), codes).movedim(-1, 1)

    def criterion(self, parameters: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
        """Return the criterion of each pattern, (patterns,), for inputs of the network's field."""
        penalties = self.penalties(parameters, inputs)[:, :, 0, 0]
        return criteria.value(self._rules.criterion, penalties, labels)

    def curvature(self, parameters: Tensor, inputs: Tensor, chosen: Sdlm) -> NDArray[np.float64]:
        """Return h_kk of every parameter by equations 25 to 27, p. 42: the mean over ``inputs``.

        The recursion goes down layer by layer with squared weights and squared slopes; a shared
        parameter adds up its connections. It is linear in the squared quantities, so autograd can
        do it.
        """
        outputs = self.maps(parameters, inputs)
        second = self._start(outputs[self.network.trainable[-1].name], chosen)
        result = np.zeros(self.network.parameters)
        below = [inputs, *outputs.values()]
        amplitude, slope = self._rules.squashing.amplitude, self._rules.squashing.slope
        for number in reversed(range(len(self.network.trainable))):
            layer = self.network.trainable[number]
            y = below[number + 1]
            second = second * (slope * (amplitude - y**2 / amplitude)) ** 2
            some, second = self._recursion(layer, parameters, below[number], second, chosen)
            result[layer.offset : layer.end] = some / inputs.shape[0]
        return result

    def _start(self, last: Tensor, chosen: Sdlm) -> Tensor:
        """Return second derivatives by the last layer's outputs, shaped like ``last``."""
        if chosen.curvature_start != "exact":
            return torch.full_like(last, chosen.curvature_start)
        codes = self._codes.to(last.dtype)
        second = criteria.curvature(self._rules.criterion, last[:, :, 0, 0], codes)
        return second[:, :, None, None]

    def _recursion(
        self, layer: Layer, parameters: Tensor, x: Tensor, second: Tensor, chosen: Sdlm
    ) -> tuple[NDArray[np.float64], Tensor]:
        """Compute equation 26 for the layer's parameters, summed over patterns, and 27 below."""
        weights, biases = _split(layer, parameters)
        squares = (weights**2).requires_grad_()
        ones = torch.ones_like(biases).requires_grad_()
        if layer.kind is Kind.SUBSAMPLING:
            share = self._rules.subsampling.share
            if chosen.coefficient_curvature == "sum_squared":
                squared = (self._sums_of_four(layer, x) ** 2).requires_grad_()
            else:
                squared = (self._sums_of_four(layer, x**2) * share).requires_grad_()
            total = squared * squares[:, None, None] + ones[:, None, None]
            own = torch.autograd.grad(total, (squares, ones), second)
            spread = second * squares.detach()[:, None, None] * share**2
            spread = spread.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
            # An odd map's last line and column are read by no unit.
            read = spread.shape[2:]
            maps = torch.zeros_like(x)
            maps[:, :, : read[0], : read[1]].index_add_(
                1, torch.tensor([row[0] for row in layer.table]), spread
            )
            return torch.cat(own).double().numpy(), maps
        squared = (x**2).requires_grad_()
        total = functional.conv2d(squared, self.spread_weights(layer, squares), ones)
        first, last, down = torch.autograd.grad(total, (squares, ones, squared), second)
        return torch.cat([first, last]).double().numpy(), down
