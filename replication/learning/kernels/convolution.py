"""Convolutions of 5x5: forwards, backwards and their weights; the layout is in plan.py.

``x`` walks through the input, ``y`` through the output, ``k`` through the weights; a group is eight
maps, the lanes of one vector.
"""

from __future__ import annotations

from typing import Any

from replication.arithmetic.vectors import (
    LANES,
    correlated,
    each,
    load,
    load_row,
    row_of,
    same,
    scattered,
    store,
    store_row,
    subtract,
    transposed,
)  # fmt: skip
from replication.compiled import kernel
from replication.learning.kernels.plan import (
    BIASES,
    CHANNELS,
    HEIGHT,
    ROW,
    SIDE,
    SIZE,
    WEIGHTS,
    WIDTH,
    strides,
)  # fmt: skip

# Positions of the input that a row of `ROW` positions of the output is connected to.
REACH = ROW + SIDE - 1


@kernel
def forward(layer: Any, before: Any, weights: Any, values: Any) -> None:
    """Weighted sums of every unit, `ROW` positions of eight maps at a time."""
    x_first, x_line, x_step, maps = strides(before)
    y_first, y_line, y_step, _ = strides(layer)
    height = layer[HEIGHT]
    for group in range(0, y_step, LANES):
        bias = load(weights, layer[BIASES] + group)
        first = layer[WEIGHTS] + group * SIDE * SIDE * x_step
        for line in range(height):
            for column in range(0, y_line // y_step, ROW):
                row = row_of(ROW, bias)
                for i in range(SIDE):
                    k = first + i * x_step * SIDE * LANES
                    for m in range(maps):
                        x = x_first + (line + i) * x_line + column * x_step + m
                        taps = load_row(SIDE, weights, k, LANES)
                        row = correlated(row, values, x, x_step, taps)
                        k += SIDE * LANES
                y = y_first + line * y_line + column * y_step + group
                store_row(values, y, y_step, row)


@kernel
def backward(
    layer: Any, before: Any, weights: Any, slopes: Any, deltas: Any, mirrored: Any
) -> None:
    """Derivatives by the weighted sums of the layer before, from those of this layer."""
    x_first, x_line, x_step, _ = strides(before)
    y_first, y_line, y_step, maps = strides(layer)
    height, last = layer[HEIGHT], x_first + before[SIZE]
    _mirror(layer, before, weights, mirrored)
    zero = same(deltas.dtype.type(0))
    for x in range(x_first, last, LANES):
        store(deltas, x, zero)
    for group in range(0, x_step, LANES):
        for line in range(height):
            for i in range(SIDE):
                k = (group * SIDE + i * LANES) * y_step * SIDE
                for column in range(0, y_line // y_step, ROW):
                    x = x_first + (line + i) * x_line + column * x_step + group
                    y = y_first + line * y_line + column * y_step
                    row = load_row(REACH, deltas, x, x_step)
                    row = _spread(row, deltas, y, y_step, maps, mirrored, k)
                    store_row(deltas, x, x_step, row)
    for x in range(x_first, last, LANES):
        store(deltas, x, load(deltas, x) * load(slopes, x))


@kernel
def _spread(row: Any, deltas: Any, y: int, step: int, maps: int, mirrored: Any, k: int) -> Any:
    """`ROW` positions of the output spread over the `REACH` positions of one line of the input."""
    for _ in range(maps):
        row = scattered(row, deltas, y, step, load_row(SIDE, mirrored, k, LANES))
        y += 1
        k += SIDE * LANES
    return row


@kernel
def _mirror(layer: Any, before: Any, weights: Any, mirrored: Any) -> None:
    """The weights with the input maps as lanes: by group, line, output map, column and lane."""
    maps, step = before[CHANNELS], layer[CHANNELS]
    for o in range(0, step, LANES):
        for m in range(0, maps, LANES):
            for i in range(SIDE):
                k = layer[WEIGHTS] + ((o * SIDE + i * LANES) * maps + m * LANES) * SIDE
                to = ((m * SIDE + i * LANES) * step + o * LANES) * SIDE
                for j in range(0, SIDE * LANES, LANES):
                    row = load_row(LANES, weights, k + j, SIDE * LANES)
                    store_row(mirrored, to + j, SIDE * LANES, transposed(row))


@kernel
def update(layer: Any, before: Any, values: Any, deltas: Any, sink: Any, scale: Any) -> None:
    """Subtract from ``sink`` the derivatives by the weights and biases, each times its ``scale``.

    Even and odd columns have sums of their own, so that twice as many additions are under way.
    """
    x_first, x_line, x_step, maps = strides(before)
    y_first, y_line, y_step, _ = strides(layer)
    height, width = layer[HEIGHT], layer[WIDTH]
    zero = same(deltas.dtype.type(0))
    for group in range(0, y_step, LANES):
        for i in range(SIDE):
            k = layer[WEIGHTS] + (group * SIDE + i * LANES) * x_step * SIDE
            for m in range(maps):
                even, odd = row_of(SIDE, zero), row_of(SIDE, zero)
                for line in range(height):
                    x = x_first + (line + i) * x_line + m
                    y = y_first + line * y_line + group
                    for _ in range(0, width, 2):
                        even = each(even, values, x, x_step, load(deltas, y))
                        odd = each(odd, values, x + x_step, x_step, load(deltas, y + y_step))
                        x += 2 * x_step
                        y += 2 * y_step
                subtract(sink, scale, k, even[0] + odd[0])
                subtract(sink, scale, k + LANES, even[1] + odd[1])
                subtract(sink, scale, k + 2 * LANES, even[2] + odd[2])
                subtract(sink, scale, k + 3 * LANES, even[3] + odd[3])
                subtract(sink, scale, k + 4 * LANES, even[4] + odd[4])
                k += SIDE * LANES
    _update_biases(layer, deltas, sink, scale)


@kernel
def _update_biases(layer: Any, deltas: Any, sink: Any, scale: Any) -> None:
    zero = same(deltas.dtype.type(0))
    first, line, step, _ = strides(layer)
    last = first + layer[HEIGHT] * line
    for group in range(0, step, LANES):
        # A line has a multiple of five positions: so many additions are under way at once.
        a, b, c, d, e = zero, zero, zero, zero, zero
        for y in range(first + group, last, 5 * step):
            a = a + load(deltas, y)
            b = b + load(deltas, y + step)
            c = c + load(deltas, y + 2 * step)
            d = d + load(deltas, y + 3 * step)
            e = e + load(deltas, y + 4 * step)
        subtract(sink, scale, layer[BIASES] + group, (a + b) + (c + d) + e)
