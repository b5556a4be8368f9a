"""A network's table of layers as the numbers that the kernels read.

The values of a layer (outputs, deltas, sums of four) lie map by map, line by line: value
``start + (map * height + line) * stride + column``. The columns are the lanes of a vector. All
kinds of values share this layout, each in an array of its own. The lines of a convolution, and of
what a convolution reads, are filled up to whole vectors; the deltas of the filling are always zero.

The parameters that a kernel works on are laid out to be read in order, with zeros in the gaps:

* a convolution: for each pair of the connection table and each column of the 5x5 kernel, its five
  weights and three gaps;
* a sub-sampling: the coefficients of its maps;
* a full connection: for four units, each eight inputs, the eight weights of each of the four;

each followed by the biases.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.vectors import LANES
from replication.core.networks.specification import Kind, Layer, Network

# The side of every convolution's kernel, and units that a full connection computes at once.
SIDE = 5
UNITS = 4
# Numbers between two layers: a vector at the end of a line may reach so far beyond it.
GAP = 4 * LANES

# Kinds of layers.
FIELD, CONVOLUTION, SUBSAMPLING, FULL = range(4)

Integers = NDArray[np.int64]


class Place(NamedTuple):
    """Of which kind and size a layer is, and where its values and parameters lie.

    Attributes:
        kind: FIELD, CONVOLUTION, SUBSAMPLING or FULL.
        maps, height, width: the shape of its outputs.
        stride: numbers from one line of a map to the next.
        start, size: where its values begin, and how many there are with the zeros in between and
            behind; a whole number of pairs of vectors.
        copies: maps of a sub-sampling that read the same map.
        weights, biases: where its parameters begin.
        first_pair, last_pair: a convolution's in Plan.pairs, the last one exclusive.
    """

    kind: int
    maps: int
    height: int
    width: int
    stride: int
    start: int
    size: int
    copies: int
    weights: int
    biases: int
    first_pair: int
    last_pair: int


class Plan(NamedTuple):
    """What the kernels know of a network.

    Attributes:
        layers: (layers + 1,) records of a `Place`'s fields, the input field's first; an RBF layer
            has none.
        pairs: (pairs, 2) int64, where the output and the input map of each pair begin that a
            convolution connects.
        places: (parameters,) int64, where the kernels keep each parameter of the network.
        codes: (classes, size of the last layer) of +1 and -1, zero in the gaps; or (0, 0).
        classes: number of classes.
        kept: length of the kernels' array of parameters.
        values: length of an array of values.
    """

    layers: NDArray[np.void]
    pairs: Integers
    places: Integers
    codes: NDArray[np.floating]
    classes: int
    kept: int
    values: int


def zeros(size: int, dtype: Any) -> NDArray[Any]:
    """(size,) of ``dtype``, beginning where a line of the processor's cache does."""
    line = 64 // np.dtype(dtype).itemsize
    room = np.zeros(size + line, dtype)
    first = -room.ctypes.data % 64 // room.itemsize
    return room[first : first + size]


def _up(number: int, unit: int) -> int:
    return -(-number // unit) * unit


def _kind(layer: Layer) -> int:
    if layer.kind is Kind.SUBSAMPLING:
        return SUBSAMPLING
    if layer.kind is Kind.CONVOLUTION and layer.outputs[1:] != (1, 1):
        return CONVOLUTION
    return FULL


def _check(layer: Layer, kind: int, before: int) -> None:
    """Raise ValueError for what the kernels do not know."""
    problem = None
    if kind == CONVOLUTION and layer.kernel != SIDE:
        problem = f"the kernels know convolutions of {SIDE}x{SIDE}, not {layer.kernel}"
    if kind == CONVOLUTION and before == CONVOLUTION:
        problem = "a convolution that reads a convolution is not supported"
    if kind == SUBSAMPLING and before != CONVOLUTION:
        problem = "a sub-sampling must read a convolution"
    if kind == FULL and before == CONVOLUTION:
        problem = "a full connection cannot read a convolution"
    if problem:
        raise ValueError(f"{layer.name}: {problem}")


def _stride(layer: Layer, kind: int, before: int, after: int) -> int:
    """From line to line: what a convolution reads has whole vectors, its output pairs of them.

    One whose deltas are spread backwards has a kernel's width of zeros behind each line.
    """
    width = layer.outputs[2]
    if kind == CONVOLUTION:
        return _up(width if before == FIELD else width + SIDE - 1, 2 * LANES)
    return _up(width, LANES) if after == CONVOLUTION else width


def _full_places(layer: Layer, first: int, below: Place) -> Integers:
    """Lay out a full layer: a unit reads whole maps of the layer below, or single units of it."""
    _, height, width = layer.inputs
    area = height * width
    positions = np.arange(area) // width * below.stride + np.arange(area) % width
    parts = []
    for unit, table in enumerate(layer.table):
        numbers = np.array(table)
        if layer.kind is Kind.CONVOLUTION:
            maps, places = np.repeat(numbers, area), np.tile(positions, len(numbers))
        else:
            maps, places = numbers // area, positions[numbers % area]
        value = maps * below.height * below.stride + places
        row = first + unit // UNITS * UNITS * below.size + unit % UNITS * LANES
        parts.append(row + value // LANES * LANES * UNITS + value % LANES)
    return np.concatenate(parts)


def plan(network: Network, dtype: type[np.floating] = np.float32) -> Plan:
    """Lay out ``network`` for the kernels, in ``dtype``.

    Raises ValueError for a stack of layers that the kernels do not know.
    """
    side, area = network.field, _up(network.field**2, 2 * LANES)
    kinds = [FIELD, *(_kind(layer) for layer in network.trainable), FULL]
    layers = [Place(FIELD, 1, side, side, side, 0, area, 1, 0, 0, 0, 0)]
    pairs: list[tuple[int, int]] = []
    places, kept = [], 0
    for n, layer in enumerate(network.trainable, 1):
        below, kind = layers[-1], kinds[n]
        _check(layer, kind, below.kind)
        maps, height, width = layer.outputs
        stride = _stride(layer, kind, kinds[n - 1], kinds[n + 1])
        start, size = below.start + below.size + GAP, _up(maps * height * stride, 2 * LANES)
        weights, first_pair, copies = kept, len(pairs), 1
        if kind == CONVOLUTION:
            to, of = height * stride, below.height * below.stride
            pairs += [
                (start + o * to, below.start + m * of)
                for o, table in enumerate(layer.table)
                for m in table
            ]
            pair, line, column = np.indices((layer.pairs, SIDE, SIDE)).reshape(3, -1)
            places.append(kept + (pair * SIDE + column) * LANES + line)
            kept += layer.pairs * SIDE * LANES
        elif kind == SUBSAMPLING:
            copies = layer.outputs[0] // layer.inputs[0]
            places.append(kept + np.arange(maps))
            kept += _up(maps, LANES)
        else:
            places.append(_full_places(layer, kept, below))
            kept += _up(maps, UNITS) * below.size
        places.append(kept + np.arange(maps))
        layers.append(
            Place(kind, maps, height, width, stride, start, size, copies, weights, kept,
                  first_pair, len(pairs))
        )  # fmt: skip
        kept += _up(maps, LANES)
    last = layers[-1]
    codes = np.zeros((len(network.codes), last.size), dtype)
    codes[:, : network.codes.shape[1]] = network.codes
    return Plan(
        np.array(layers, [(field, np.int64) for field in Place._fields]),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.concatenate(places),
        codes,
        len(network.codes) or last.maps,
        kept,
        last.start + last.size + GAP,
    )
