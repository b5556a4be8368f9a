"""A network's table of layers as the numbers that the kernels read.

The values of a layer (outputs, slopes, deltas, sums of four) lie position by position, the maps of
a position side by side: value ``start + (line * stride + column) * channels + map``. So the maps
are the lanes of a vector. The maps are filled up to whole vectors with maps that are always zero,
and the lines of a convolution to whole rows of `ROW` positions, whose deltas are always zero. All
kinds of values share this layout, each in a vector of its own.

The parameters that a kernel works on are laid out to be read in order, with zeros in the gaps:

* a convolution: for eight output maps, each line of the 5x5 kernel, each input map and each column
  of the kernel, the weights of the eight; zero where the connection table has no pair;
* a sub-sampling: the coefficients of its maps;
* a full connection: for four units, each eight inputs, the eight weights of each of the four;

each followed by the biases.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.arithmetic.vectors import LANES
from replication.compiled import kernel
from replication.networks.specification import Kind, Layer, Network

# Positions that a convolution computes at once, the side of every convolution's kernel, and units
# that a full connection computes at once.
ROW = 10
SIDE = 5
UNITS = 4

# Columns of Plan.layers.
(KIND, MAPS, CHANNELS, HEIGHT, WIDTH, STRIDE, START, SIZE, COPIES, WEIGHTS,
 BIASES) = range(11)  # fmt: skip

# Values of the column KIND.
FIELD, CONVOLUTION, SUBSAMPLING, FULL = range(4)

Integers = NDArray[np.int64]


class Plan(NamedTuple):
    """What the kernels know of a network.

    Attributes:
        layers: (layers + 1, 11) int64, row 0 the input field; an RBF layer has no row. ``SIZE`` is
            a whole number of pairs of vectors, zeros behind the last value included.
        places: (parameters,) int64, where the kernels keep each parameter of the network.
        codes: (classes, size of the last layer) of +1 and -1, zero in the gaps; or (0, 0).
        classes: number of classes.
        kept: length of the kernels' vector of parameters.
        values: length of a vector of values.
        mirrored: length of the largest convolution's weights by input map.
    """

    layers: Integers
    places: Integers
    codes: NDArray[np.floating]
    classes: int
    kept: int
    values: int
    mirrored: int


@kernel
def strides(layer: Any) -> tuple[int, int, int, int]:
    """First value, numbers from line to line and from position to position, and number of maps."""
    return layer[START], layer[STRIDE] * layer[CHANNELS], layer[CHANNELS], layer[MAPS]


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
    if kind == SUBSAMPLING and _copies(layer) > 1 and layer.outputs[0] > LANES:
        problem = f"a sub-sampling with copies has at most {LANES} maps"
    if kind == SUBSAMPLING and _copies(layer) > 2:
        problem = "a sub-sampling has one or two maps for each input map"
    if problem:
        raise ValueError(f"{layer.name}: {problem}")


def _copies(layer: Layer) -> int:
    return layer.outputs[0] // layer.inputs[0]


def _row(layer: Layer, kind: int, start: int, first: int) -> list[int]:
    """The layer's row of Plan.layers but for the place of its biases.

    Its values begin at ``start`` and its parameters at ``first``.
    """
    maps, height, width = layer.outputs
    channels = _up(maps, 2 * LANES if kind == FULL else LANES)
    stride = _up(width, ROW) if kind == CONVOLUTION else width
    size = _up(height * stride * channels, 2 * LANES)
    copies = _copies(layer) if kind == SUBSAMPLING else 1
    return [kind, maps, channels, height, width, stride, start, size, copies, first]


def _convolution_places(layer: Layer, first: int, channels: int) -> Integers:
    outputs = np.repeat(np.arange(layer.outputs[0]), [len(table) for table in layer.table])
    inputs = np.concatenate([np.array(table) for table in layer.table])
    line, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    group, lane = np.divmod(outputs, LANES)
    by_line = (group[:, None] * SIDE + line) * channels + inputs[:, None]
    result: Integers = first + ((by_line * SIDE + column) * LANES + lane[:, None]).ravel()
    return result


def _full_places(layer: Layer, first: int, below: list[int]) -> Integers:
    """A unit reads whole maps of the layer below, or single units of it."""
    _, height, width = layer.inputs
    area = height * width
    positions = np.arange(area) // width * below[STRIDE] + np.arange(area) % width
    parts = []
    for unit, table in enumerate(layer.table):
        numbers = np.array(table)
        if layer.kind is Kind.CONVOLUTION:
            maps, places = np.repeat(numbers, area), np.tile(positions, len(numbers))
        else:
            maps, places = numbers // area, positions[numbers % area]
        value = places * below[CHANNELS] + maps
        row = first + unit // UNITS * UNITS * below[SIZE] + unit % UNITS * LANES
        parts.append(row + value // LANES * LANES * UNITS + value % LANES)
    return np.concatenate(parts)


def plan(network: Network, dtype: type[np.floating] = np.float32) -> Plan:
    """Lay out ``network`` for the kernels, in ``dtype``.

    Raises ValueError for a stack of layers that the kernels do not know.
    """
    side = network.field
    rows = [[FIELD, 1, 1, side, side, side, 0, _up(side * side, 2 * LANES), 1, 0, 0]]
    places, kept, mirrored = [], 0, 0
    for layer in network.trainable:
        below = rows[-1]
        kind = _kind(layer)
        _check(layer, kind, below[KIND])
        # A row of positions may reach beyond the last line of what a convolution reads.
        start = below[START] + below[SIZE] + 2 * ROW * below[CHANNELS]
        row = _row(layer, kind, start, kept)
        channels = row[CHANNELS]
        if kind == CONVOLUTION:
            places.append(_convolution_places(layer, kept, below[CHANNELS]))
            kept += channels * SIDE * SIDE * below[CHANNELS]
            mirrored = max(mirrored, SIDE * SIDE * channels * below[CHANNELS])
        elif kind == SUBSAMPLING:
            places.append(kept + np.arange(row[MAPS]))
            kept += channels
        else:
            places.append(_full_places(layer, kept, below))
            kept += _up(row[MAPS], UNITS) * below[SIZE]
        places.append(kept + np.arange(row[MAPS]))
        rows.append([*row, kept])
        kept += channels
    last = rows[-1]
    codes = np.zeros((len(network.codes), last[SIZE]), dtype)
    codes[:, : network.codes.shape[1]] = network.codes
    return Plan(
        np.array(rows, dtype=np.int64),
        np.concatenate(places),
        codes,
        len(network.codes) or last[MAPS],
        kept,
        last[START] + last[SIZE] + 2 * ROW * last[CHANNELS],
        mirrored,
    )
