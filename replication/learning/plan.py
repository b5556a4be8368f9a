"""A network's table of layers as the arrays that the compiled kernels walk through.

Storage (element offsets into flat vectors):

* Values (outputs, slopes, sums): a convolution keeps the row stride of what it reads, so that one
  long loop over a map computes all its rows at once; the columns between rows hold no unit. Every
  other layer is stored without gaps.
* Deltas (derivatives by the weighted sums) of a convolution have the same rows, zero in the
  columns that hold no unit, with zeros before and after each map: its backward pass is then the
  same long loop over the mirrored kernel.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.networks.specification import Kind, Layer, Network

# The kernels write whole vectors of this many values, so maps end on a multiple of it.
LANES = 16

# Columns of Plan.layers.
(KIND, MAPS, HEIGHT, WIDTH, STRIDE, MAP, START, DELTA_MAP, DELTA_START, WEIGHTS, BIASES,
 FIRST_PAIR, LAST_PAIR, FIRST_UP, LAST_UP, FIRST_DOWN, LAST_DOWN) = range(17)  # fmt: skip

# Columns of Plan.pairs. For a full layer a pair is a run of inputs with consecutive weights.
OUTPUT, INPUT, WEIGHT, LENGTH, LEADS = range(5)

# Values of the column KIND.
FIELD, CONVOLUTION, SUBSAMPLING, FULL = range(4)


class Plan(NamedTuple):
    """What the kernels know of a network.

    Attributes:
        layers: (layers + 1, 17) int64, row 0 the input field; an RBF layer has no row.
        pairs: (pairs, 5) int64, in the order of the weights.
        blocks: (blocks, 3) int64, the numbers of three pairs of a convolution that read the same
            map (upwards: the same input, downwards: the same deltas), so that what is read is
            loaded once for the three; or one pair and -1 twice.
        codes: (classes, components) of +1 and -1, or (0, 0).
        classes: number of classes.
        values: length of a vector of values.
        deltas: length of a vector of deltas.
    """

    layers: NDArray[np.int64]
    pairs: NDArray[np.int64]
    blocks: NDArray[np.int64]
    codes: NDArray[np.floating]
    classes: int
    values: int
    deltas: int


def _up(length: int) -> int:
    return -(-length // LANES) * LANES


def _kind(layer: Layer) -> int:
    if layer.kind is Kind.SUBSAMPLING:
        return SUBSAMPLING
    if layer.kind is Kind.CONVOLUTION and layer.outputs[1:] != (1, 1):
        return CONVOLUTION
    return FULL


def _runs(layer: Layer) -> list[list[int]]:
    """The pairs of a layer whose units read whole maps, neighbouring maps joined to one run."""
    _, height, width = layer.inputs
    area = height * width if layer.kind is Kind.CONVOLUTION else 1
    rows: list[list[int]] = []
    weight = layer.offset
    for output, inputs in enumerate(layer.table):
        for position, number in enumerate(inputs):
            if position and inputs[position - 1] == number - 1:
                rows[-1][LENGTH] += area
            else:
                rows.append([output, number * area, weight, area, 0])
            weight += area
    return rows


def _pairs(layer: Layer, kind: int) -> list[list[int]]:
    if kind == FULL:
        return _runs(layer)
    rows = []
    weight = layer.offset
    seen: set[int] = set()
    size = layer.kernel**2 if kind == CONVOLUTION else 1
    for output, inputs in enumerate(layer.table):
        for number in inputs:
            rows.append([output, number, weight, size, int(number not in seen)])
            seen.add(number)
            weight += size
    return rows


def _blocks(pairs: list[list[int]], first: int, shared: int) -> list[list[int]]:
    """The pairs, numbered from ``first``, in threes that agree in the column ``shared``."""
    groups: dict[int, list[int]] = {}
    for number, pair in enumerate(pairs, start=first):
        groups.setdefault(pair[shared], []).append(number)
    blocks = []
    for group in groups.values():
        whole = len(group) // 3 * 3
        blocks += [group[n : n + 3] for n in range(0, whole, 3)]
        blocks += [[number, -1, -1] for number in group[whole:]]
    return blocks


def _check(layer: Layer, kind: int, before: int) -> None:
    if kind == CONVOLUTION and layer.kernel != 5:
        raise ValueError(f"{layer.name}: the kernels know convolutions of 5x5, not {layer.kernel}")
    if kind == CONVOLUTION and before == CONVOLUTION:
        raise ValueError(f"{layer.name}: a convolution that reads a convolution is not supported")
    if kind == SUBSAMPLING and before != CONVOLUTION:
        raise ValueError(f"{layer.name}: a sub-sampling must read a convolution")
    if kind == FULL and before == CONVOLUTION:
        raise ValueError(f"{layer.name}: a full connection cannot read a convolution")


def plan(network: Network, dtype: type[np.floating] = np.float32) -> Plan:
    """Lay out ``network`` for the kernels, in ``dtype``.

    Raises ValueError for a stack of layers that the kernels do not know.
    """
    side = network.field
    layers = [[FIELD, 1, side, side, side, side * side] + [0] * 11]
    pairs: list[list[int]] = []
    blocks: list[list[int]] = []
    values, deltas = _up(side * side) + 5 * side + LANES, LANES
    for layer, above in zip_longest(network.trainable, network.trainable[1:]):
        kind = _kind(layer)
        _check(layer, kind, layers[-1][KIND])
        maps, height, width = layer.outputs
        stride = layers[-1][STRIDE] if kind == CONVOLUTION else width
        length = _up(height * stride) if kind == CONVOLUTION else height * width
        # Zeros around the deltas of a convolution; whole vectors where one writes deltas.
        margin = _up(4 * (stride + 1) + LANES) if kind == CONVOLUTION else 0
        feeds_convolution = above is not None and _kind(above) == CONVOLUTION
        delta_length = _up(length) if feeds_convolution else length + margin
        own = _pairs(layer, kind)
        up = _blocks(own, len(pairs), INPUT) if kind == CONVOLUTION else []
        down = _blocks(own, len(pairs), OUTPUT) if kind == CONVOLUTION else []
        middle = len(blocks) + len(up)
        layers.append([
            kind, maps, height, width, stride, length, values, delta_length, deltas + margin,
            layer.offset, layer.offset + layer.weights, len(pairs), len(pairs) + len(own),
            len(blocks), middle, middle, middle + len(down),
        ])  # fmt: skip
        pairs += own
        blocks += up + down
        values += _up(maps * length) + 5 * stride + 2 * LANES
        deltas += _up(margin + maps * delta_length) + 5 * stride + 2 * LANES
    return Plan(
        np.array(layers, dtype=np.int64),
        np.array(pairs, dtype=np.int64),
        np.array(blocks, dtype=np.int64).reshape(-1, 3),
        network.codes.astype(dtype),
        network.codes.shape[0] or network.layers[-1].outputs[0],
        values,
        deltas,
    )
