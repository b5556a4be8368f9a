"""A network as a table of layers.

From this one table come the torch reference, the compiled kernels, the counts of parameters and
connections that Section II-B publishes, and the multiply-adds of Figure 11. All trainable
parameters of a network form one flat vector; a layer owns a slice of it: first its weights, pair by
pair of the connection table, each kernel row by row, then its biases. Gradients, curvatures and
step sizes are vectors of the same layout.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

Table = tuple[tuple[int, ...], ...]  # for each output map, the input maps it reads


class Kind(Enum):
    """The kinds of layers."""

    CONVOLUTION = "convolution"
    SUBSAMPLING = "subsampling"
    FULL = "full"
    RBF = "rbf"


@dataclass(frozen=True)
class Layer:
    """One layer of a network and its place in the parameter vector."""

    name: str  # the paper's name, such as ``C3``
    kind: Kind  # what it computes
    table: Table
    kernel: int  # side of the square receptive field in pixels; 1 for full and RBF layers
    inputs: tuple[int, int, int]  # maps, height and width of what it reads
    outputs: tuple[int, int, int]  # maps, height and width of what it gives
    offset: int  # where its parameters begin in the parameter vector

    @cached_property
    def pairs(self) -> int:
        """Number of (output map, input map) pairs in the connection table."""
        return sum(len(row) for row in self.table)

    @cached_property
    def weights(self) -> int:
        """Number of trainable weights (coefficients of a sub-sampling layer), without biases."""
        if self.kind is Kind.RBF:
            return 0
        if self.kind is Kind.SUBSAMPLING:
            return self.outputs[0]
        return self.pairs * self.kernel**2

    @cached_property
    def weights_per_map(self) -> tuple[int, ...]:
        """The number of weights (coefficients) of each output map, in their order."""
        if self.kind is Kind.SUBSAMPLING:
            return (1,) * self.outputs[0]
        return tuple(len(row) * self.kernel**2 for row in self.table)

    @cached_property
    def biases(self) -> int:
        """Number of trainable biases, one for each map; the RBF layer has none."""
        return 0 if self.kind is Kind.RBF else self.outputs[0]

    @property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return self.weights + self.biases

    @property
    def end(self) -> int:
        """The place where the parameters of the next layer begin."""
        return self.offset + self.parameters

    @cached_property
    def connections(self) -> int:
        """Number of connections as Section II-B counts them, biases included.

        A sub-sampling unit has four inputs and a bias, so five connections (S2: 5,880, p. 7). The
        RBF layer's fixed codes count as connections too: only with them is the total 340,908.
        """
        _, height, width = self.outputs
        return height * width * (self.pairs * self.kernel**2 + self.biases)

    def fan_in(self, output_map: int, subsampling_fan_in: int) -> int:
        """Return F of Appendix A, p. 41, of a unit of ``output_map``: its inputs without the bias.

        ``subsampling_fan_in`` is 4 or 1, the sum of four: the paper leaves it open.
        """
        if self.kind is Kind.SUBSAMPLING:
            return subsampling_fan_in
        return len(self.table[output_map]) * self.kernel**2


@dataclass(frozen=True)
class Network:
    """A named stack of layers that reads one square field of pixels."""

    name: str  # such as ``lenet5``
    field: int  # side of the input field in pixels (32 for LeNet-5)
    layers: tuple[Layer, ...]  # from the input to the output
    # (classes, components) float32 with +1 and -1, the centres of the RBF units; empty, (0, 0), for
    # a network whose last layer gives the scores itself
    codes: NDArray[np.float32]

    @property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return self.layers[-1].end

    @property
    def connections(self) -> int:
        """Number of connections as the paper counts them, biases and RBF codes included."""
        return sum(layer.connections for layer in self.layers)

    @property
    def trainable(self) -> tuple[Layer, ...]:
        """The layers with parameters."""
        return tuple(layer for layer in self.layers if layer.parameters)

    @property
    def subsampled(self) -> bool:
        """True where there are sub-sampling layers."""
        return any(layer.kind is Kind.SUBSAMPLING for layer in self.layers)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the table of layers, connection tables included, and of the codes.

        The network's name is no part of it: what two names compute equally is one network.
        """
        digest = hashlib.sha256(f"{self.field} {self.codes.shape}".encode())
        digest.update(self.codes.astype("<f4").tobytes())
        for layer in self.layers:
            stated = (layer.name, layer.kind.value, layer.kernel, layer.inputs, layer.outputs)
            digest.update(repr((*stated, layer.offset, len(layer.table))).encode())
            for row in layer.table:
                digest.update(np.array([len(row), *row], "<i4").tobytes())
        return digest.hexdigest()

    def layer(self, name: str) -> Layer:
        """Return the layer called ``name``; KeyError when there is none."""
        return {layer.name: layer for layer in self.layers}[name]


def full_table(outputs: int, inputs: int) -> Table:
    """Return the connection table in which each output map reads every input map."""
    return (tuple(range(inputs)),) * outputs


class Stack:
    """Builds a network layer by layer, each reading the one before.

    Sizes follow (W - F + 2P) / S + 1 with the padding P of zero that the paper uses throughout.
    """

    def __init__(self, name: str, field: int) -> None:
        """Begin with one input map of ``field`` x ``field`` pixels."""
        self._name = name
        self._field = field
        self._layers: list[Layer] = []
        self._shape = (1, field, field)

    def _add(self, name: str, kind: Kind, table: Table, kernel: int, size: tuple[int, int]) -> Self:
        offset = self._layers[-1].end if self._layers else 0
        outputs = (len(table), *size)
        self._layers.append(Layer(name, kind, table, kernel, self._shape, outputs, offset))
        self._shape = outputs
        return self

    def convolution(self, name: str, table: Table, kernel: int = 5) -> Self:
        """Add a convolution of stride 1 that reads the maps given by ``table``."""
        _, height, width = self._shape
        size = (height - kernel + 1, width - kernel + 1)
        return self._add(name, Kind.CONVOLUTION, table, kernel, size)

    def subsampling(self, name: str, copies: int = 1) -> Self:
        """Add a sub-sampling by two in both directions, ``copies`` maps for each input map."""
        maps, height, width = self._shape
        table = tuple((number // copies,) for number in range(maps * copies))
        return self._add(name, Kind.SUBSAMPLING, table, 2, (height // 2, width // 2))

    def full(self, name: str, units: int) -> Self:
        """Add ``units`` units that read every value of the layer before."""
        maps, height, width = self._shape
        return self._add(name, Kind.FULL, full_table(units, maps * height * width), 1, (1, 1))

    def network(self) -> Network:
        """Finish a network whose last layer gives the scores."""
        return Network(self._name, self._field, tuple(self._layers), np.zeros((0, 0), np.float32))

    def rbf(self, name: str, codes: NDArray[np.int8]) -> Network:
        """Finish with RBF units centred on ``codes``, (classes, components) of +1 and -1."""
        classes, components = codes.shape
        if components != self._shape[0]:
            raise ValueError(f"{components} components for {self._shape[0]} units")
        self._add(name, Kind.RBF, full_table(classes, components), 1, (1, 1))
        return Network(self._name, self._field, tuple(self._layers), codes.astype(np.float32))
