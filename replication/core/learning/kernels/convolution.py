"""Convolutions of 5x5, pair by pair of the connection table: forwards, backwards, their weights.

A vector holds eight neighbouring columns of one line; a row holds such vectors of neighbouring
lines, a block. ``x`` walks through the input, ``y`` through the output, ``k`` through the weights;
i is a line of the 5x5 kernel and j a column. The layout is in plan.py.
"""

from typing import Any

from numba import literal_unroll

from replication.core.arithmetic.rows import (
    correlated,
    load_row,
    row_of,
    same_row,
    scattered,
    store_row,
    totals,
)  # fmt: skip
from replication.core.arithmetic.vectors import LANES, load, same, store, subtract, total
from replication.core.compiled import kernel
from replication.core.learning.kernels.plan import SIDE

# Blocks of as many lines as fit the registers, forwards and backwards: the first whose length
# divides a layer's height is used, and 1 divides every height. A tuple has its length in its type.
BLOCKS = tuple((0,) * lines for lines in (8, 7, 10, 2, 1))
SPREAD_BLOCKS = tuple((0,) * lines for lines in (5, 4, 2, 1))
OVERLAP = SIDE - 1


@kernel
def forward(layer: Any, before: Any, pairs: Any, weights: Any, values: Any) -> None:
    """Weighted sums of every unit."""
    lines, zero = layer.height, same(values.dtype.type(0))
    for o in range(layer.maps):
        bias, first = same(weights[layer.biases + o]), layer.start + o * lines * layer.stride
        for y in range(first, first + lines * layer.stride, LANES):
            store(values, y, bias)
    done = False
    for block in literal_unroll(BLOCKS):
        if not done and lines % len(block) == 0:
            _forward(layer, before, pairs, weights, values, row_of(block, zero))
            done = True


@kernel
def _forward(layer: Any, before: Any, pairs: Any, weights: Any, values: Any, block: Any) -> None:
    x_line, y_line = before.stride, layer.stride
    k = layer.weights
    for pair in range(layer.first_pair, layer.last_pair):
        y_map, x_map = pairs[pair, 0], pairs[pair, 1]
        for line in range(0, layer.height, len(block)):
            for column in range(0, layer.width, LANES):
                x, y = x_map + line * x_line + column, y_map + line * y_line + column
                row = load_row(block, values, y, y_line)
                for j in range(SIDE):
                    taps = same_row(SIDE, weights, k + j * LANES, 1)
                    row = correlated(row, values, x + j, x_line, taps)
                store_row(values, y, y_line, row)
        k += SIDE * LANES


@kernel
def backward(layer: Any, before: Any, pairs: Any, weights: Any, deltas: Any) -> None:
    """Add derivatives by the outputs of the layer before, from those by this one's sums."""
    lines, zero = layer.height, same(deltas.dtype.type(0))
    done = False
    for block in literal_unroll(SPREAD_BLOCKS):
        if not done and lines % len(block) == 0:
            _backward(layer, before, pairs, weights, deltas, row_of(block, zero))
            done = True


@kernel
def _backward(layer: Any, before: Any, pairs: Any, weights: Any, deltas: Any, block: Any) -> None:
    """Read as many lines, ``reach``, as the lines of a ``block`` are connected to.

    Before the first column of a line lie the zeros behind the line before.
    """
    x_line, y_line = before.stride, layer.stride
    reach = block + row_of(OVERLAP, block[0])
    k = layer.weights
    for pair in range(layer.first_pair, layer.last_pair):
        y_map, x_map = pairs[pair, 0], pairs[pair, 1]
        for line in range(0, layer.height, len(block)):
            for column in range(0, before.width, LANES):
                x, y = x_map + line * x_line + column, y_map + line * y_line + column
                row = load_row(reach, deltas, x, x_line)
                for j in range(SIDE):
                    taps = same_row(SIDE, weights, k + j * LANES, 1)
                    row = scattered(row, deltas, y - j, y_line, taps)
                store_row(deltas, x, x_line, row)
        k += SIDE * LANES


@kernel
def update(
    layer: Any, before: Any, pairs: Any, values: Any, deltas: Any, sink: Any, scale: Any
) -> None:
    """Subtract from ``sink`` the derivatives by weights and biases, each times its ``scale``."""
    lines, zero = layer.height, same(deltas.dtype.type(0))
    done = False
    for block in literal_unroll(BLOCKS):
        if not done and lines % len(block) == 0:
            _update(layer, before, pairs, values, deltas, sink, scale, row_of(block, zero))
            done = True
    area = lines * layer.stride
    for o in range(layer.maps):
        y = layer.start + o * area
        left, right = zero, zero
        for n in range(y, y + area - LANES, 2 * LANES):
            left = left + load(deltas, n)
            right = right + load(deltas, n + LANES)
        if area % (2 * LANES):
            left = left + load(deltas, y + area - LANES)
        sink[layer.biases + o] -= scale[layer.biases + o] * total(left + right)


@kernel
def _update(
    layer: Any, before: Any, pairs: Any, values: Any, deltas: Any, sink: Any, scale: Any,
    block: Any,
) -> None:  # fmt: skip
    """Update with the five sums of a column of the kernel in a row, eight lanes each.

    Two columns at a time, as ten sums under way keep the processor busy; the last one alone.
    """
    x_line, y_line = before.stride, layer.stride
    zero = same(deltas.dtype.type(0))
    k = layer.weights
    for pair in range(layer.first_pair, layer.last_pair):
        y_map, x_map = pairs[pair, 0], pairs[pair, 1]
        for j in range(0, SIDE - 1, 2):
            left, right = row_of(SIDE, zero), row_of(SIDE, zero)
            for line in range(0, layer.height, len(block)):
                for column in range(0, layer.width, LANES):
                    taps = load_row(block, deltas, y_map + line * y_line + column, y_line)
                    x = x_map + line * x_line + column + j
                    left = correlated(left, values, x, x_line, taps)
                    right = correlated(right, values, x + 1, x_line, taps)
            subtract(sink, scale, k, totals(left))
            subtract(sink, scale, k + LANES, totals(right))
            k += 2 * LANES
        row = row_of(SIDE, zero)
        for line in range(0, layer.height, len(block)):
            for column in range(0, layer.width, LANES):
                taps = load_row(block, deltas, y_map + line * y_line + column, y_line)
                x = x_map + line * x_line + column + SIDE - 1
                row = correlated(row, values, x, x_line, taps)
        subtract(sink, scale, k, totals(row))
        k += LANES
