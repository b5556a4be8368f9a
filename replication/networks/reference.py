"""The torch reference: any network of the specification, written to be read.

It works in float32 and float64 and on fields larger than the network's own: C5 is a convolution,
so a wider field gives a row of outputs (Section II-B, p. 8). Nothing here is used for training;
the tests hold the compiled kernels against it, and `verify` recomputes the answers with it.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor

from replication.learning import criteria
from replication.networks.specification import Kind, Layer, Network
from replication.settings import Criterion, Squashing, Subsampling


def _places(layer: Layer) -> tuple[Tensor, Tensor]:
    """The output map and the input map of each pair of the connection table."""
    rows = [output for output, table in enumerate(layer.table) for _ in table]
    columns = [number for table in layer.table for number in table]
    return torch.tensor(rows), torch.tensor(columns)


def _split(layer: Layer, parameters: Tensor) -> tuple[Tensor, Tensor]:
    own = parameters[layer.offset : layer.end]
    return own[: layer.weights], own[layer.weights :]


class Reference:
    """A network as plain torch functions of its parameter vector.

    ``parameters`` are tensors (network.parameters,), ``inputs`` (patterns, 1, height, width) at
    the paper's input levels; results have the dtype of the arguments.
    """

    def __init__(
        self, network: Network, squashing: Squashing, subsampling: Subsampling, criterion: Criterion
    ) -> None:
        """Describe the network; it holds no parameters of its own."""
        self.network = network
        self._squashing = squashing
        self._share = 1.0 if subsampling.reading == "added" else 0.25
        self._criterion = criterion
        self._codes = torch.from_numpy(network.codes)
        self._places = {layer.name: _places(layer) for layer in network.trainable}

    def _dense(self, layer: Layer, weights: Tensor) -> Tensor:
        """Weights as (outputs, inputs, kernel, kernel), zero where the table has no pair."""
        side = layer.kernel
        # A full layer that reads maps of several pixels is a convolution as large as they are.
        inputs, height, width = layer.inputs
        if layer.kind is Kind.FULL:
            return weights.reshape(layer.outputs[0], inputs, height, width)
        dense = weights.new_zeros(layer.outputs[0], inputs, side, side)
        return dense.index_put(self._places[layer.name], weights.reshape(-1, side, side))

    def _sums_of_four(self, layer: Layer, x: Tensor) -> Tensor:
        maps = [row[0] for row in layer.table]
        return functional.avg_pool2d(x[:, maps], 2) * 4 * self._share

    def _weighted_sum(self, layer: Layer, parameters: Tensor, x: Tensor) -> Tensor:
        weights, biases = _split(layer, parameters)
        if layer.kind is Kind.SUBSAMPLING:
            sums = self._sums_of_four(layer, x)
            return sums * weights[:, None, None] + biases[:, None, None]
        return functional.conv2d(x, self._dense(layer, weights), biases)

    def _squash(self, a: Tensor) -> Tensor:
        return self._squashing.amplitude * torch.tanh(self._squashing.slope * a)

    def maps(self, parameters: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """The outputs of every layer with parameters, by name: (patterns, maps, height, width)."""
        result, x = {}, inputs
        for layer in self.network.trainable:
            x = self._squash(self._weighted_sum(layer, parameters, x))
            result[layer.name] = x
        return result

    def penalties(self, parameters: Tensor, inputs: Tensor) -> Tensor:
        """(patterns, classes, rows, columns): equation 7's distances, or minus the outputs."""
        x = self.maps(parameters, inputs)[self.network.trainable[-1].name]
        if not self._codes.numel():
            return -x
        codes = self._codes.to(x.dtype)[None, :, :, None, None]
        return ((x[:, None] - codes) ** 2).sum(dim=2)

    def criterion(self, parameters: Tensor, inputs: Tensor, labels: Tensor) -> Tensor:
        """The criterion of each pattern, (patterns,), for inputs of the network's own field."""
        penalties = self.penalties(parameters, inputs)[:, :, 0, 0]
        if self._criterion.name == "squared-error":
            target = 2.0 * functional.one_hot(labels, penalties.shape[1]) - 1.0
            return ((-penalties - target) ** 2).sum(dim=1) / self._criterion.divisor
        values = penalties.gather(1, labels[:, None])[:, 0]
        if self._criterion.name == "map":
            rubbish = penalties.new_full((penalties.shape[0], 1), -self._criterion.j)
            values = values + torch.logsumexp(torch.cat([rubbish, -penalties], dim=1), dim=1)
        return values / self._criterion.divisor

    def curvature(self, parameters: Tensor, inputs: Tensor) -> NDArray[np.float64]:
        """h_kk of every parameter by equations 25 to 27, p. 42: the mean over ``inputs``.

        The recursion goes down layer by layer with squared weights and squared slopes; a shared
        parameter adds up its connections. It is the backward pass of a network that is linear in
        the squared quantities, which autograd can do.
        """
        outputs = self.maps(parameters, inputs)
        last = outputs[self.network.trainable[-1].name][:, :, 0, 0].double().numpy()
        second = torch.from_numpy(np.stack([self._second_derivative(row) for row in last]))
        second = second[:, :, None, None].to(parameters.dtype)
        result = np.zeros(self.network.parameters)
        below = [inputs, *outputs.values()]
        for number in reversed(range(len(self.network.trainable))):
            layer = self.network.trainable[number]
            y = below[number + 1]
            amplitude, slope = self._squashing.amplitude, self._squashing.slope
            second = second * (slope * (amplitude - y**2 / amplitude)) ** 2
            own, second = self._recursion(layer, parameters, below[number], second)
            result[layer.offset : layer.end] = own / inputs.shape[0]
        return result

    def _second_derivative(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        rules = self._criterion
        codes = self.network.codes.astype(np.float64)
        return criteria.curvature(rules.name, outputs, codes, rules.j, rules.divisor)

    def _recursion(
        self, layer: Layer, parameters: Tensor, x: Tensor, second: Tensor
    ) -> tuple[NDArray[np.float64], Tensor]:
        """Equation 26 for the layer's parameters, summed over patterns, and 27 for its inputs."""
        weights, biases = _split(layer, parameters)
        squares = (weights**2).requires_grad_()
        ones = torch.ones_like(biases).requires_grad_()
        if layer.kind is Kind.SUBSAMPLING:
            # A coefficient multiplies the sum of its four inputs: that sum is squared.
            squared = (self._sums_of_four(layer, x) ** 2).requires_grad_()
            total = squared * squares[:, None, None] + ones[:, None, None]
            own = torch.autograd.grad(total, (squares, ones), second)
            maps = torch.zeros_like(x)
            spread = (second * squares.detach()[:, None, None] * self._share**2).repeat_interleave(
                2, dim=2
            )
            maps.index_add_(
                1,
                torch.tensor([row[0] for row in layer.table]),
                spread.repeat_interleave(2, dim=3),
            )
            return torch.cat(own).double().numpy(), maps
        squared = (x**2).requires_grad_()
        total = functional.conv2d(squared, self._dense(layer, squares), ones)
        first, last, down = torch.autograd.grad(total, (squares, ones, squared), second)
        return torch.cat([first, last]).double().numpy(), down
