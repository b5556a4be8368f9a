"""Convolutions of 5x5 in the packed layout of plan.py: forwards, backwards, their weights.

``p`` is a position of the output (or of the input, backwards), ``x`` walks through the copies of
the input, ``y`` through the output, ``k`` through the weights; m is an input map, i a line of the
5x5 kernel and j a column. Blocks are as long as the registers allow: no sum depends on it.
"""

from typing import Any

from numba import literal_unroll

from replication.core.arithmetic.blocks import (
    MANY,
    added,
    blocks,
    load_block,
    narrow,
    places,
    store_block,
    zeros,
)  # fmt: skip
from replication.core.arithmetic.llvm import HALF, LANES
from replication.core.arithmetic.taps import SIDE, add_products, add_spread, add_taps
from replication.core.arithmetic.totals import subtract_row, totals, totals_at
from replication.core.arithmetic.vectors import fma, load, same, store, total
from replication.core.compiled import inlined
from replication.core.learning.kernels.layout import COLUMN, GROUP, Floats, Place, Plan
from replication.core.learning.kernels.sweep import Sweep

# Weights of a column of the kernels of a whole group.
TAPS = GROUP * SIDE
# Lanes of a register; vectors of each output map at once, forwards, by the number of maps; and
# backwards.
WIDTH, LENGTHS, LENGTH = (LANES, (8, 8, 7, 5, 4, 4), 3) if MANY else (HALF, (8, 4, 3, 2, 2, 2), 1)
forward_blocks = blocks([(maps, length, WIDTH) for maps, length in enumerate(LENGTHS, 1)])
# The sums of a column of the kernels of so many maps at once.
ROWS = 5
update_blocks = blocks([(maps, SIDE, LANES) for maps in range(1, ROWS + 1)])


@inlined
def pack(layer: Place, below: Place, values: Floats) -> None:
    """Copy what ``layer`` reads: line by line, what is copied too far is written over."""
    lines, x_line, width, copy = below.height, below.width, layer.width, layer.copy
    for m in range(layer.sources):
        x, y = below.start + m * below.stride, layer.packed + m * SIDE * copy
        for _ in range(lines):
            for column in range(0, width, LANES):
                for j in range(SIDE):
                    store(values, y + j * copy + column, load(values, x + j + column))
            x += x_line
            y += width


@inlined
def group(plan: Plan, layer: Place, m: int, g: int) -> Any:
    """Return the first reader of group ``g`` of input map ``m``, and that of the next group.

    The groups of a map are of equal size, give or take one.
    """
    first, last = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
    groups = -(-(last - first) // GROUP)
    return first + (last - first) * g // groups, first + (last - first) * (g + 1) // groups


@inlined
def groups(plan: Plan, layer: Place, m: int) -> int:
    """Return how many groups of output maps read input map ``m``."""
    readers = plan.readers[layer.source + m + 1] - plan.readers[layer.source + m]
    return int(-(-readers // GROUP))


@inlined
def forward(plan: Plan, layer: Place, weights: Floats, values: Floats) -> None:
    """Fill in the weighted sums of every unit, input map by input map."""
    for o in range(layer.maps):
        bias, first = same(weights[layer.biases + o]), layer.start + o * layer.stride
        for y in range(first, first + layer.stride, LANES):
            store(values, y, bias)
    for m in range(layer.sources):
        for g in range(groups(plan, layer, m)):
            start, end = group(plan, layer, m, g)
            x, k = layer.packed + m * SIDE * layer.copy, plan.columns[start]
            for block in literal_unroll(forward_blocks(values)):
                if len(block) == end - start:
                    _forward(
                        layer, weights, values, x, k, places(block, plan.outputs, start), block
                    )


@inlined
def _forward(
    layer: Place, weights: Floats, values: Floats, x: int, k: int, outputs: Any, block: Any
) -> None:
    """Add what the copies from ``x`` on give to a group of ``outputs``, a block at a time."""
    width, line, copy, side = len(block[0]) * WIDTH, layer.width, layer.copy, layer.side
    size = layer.height * line
    rest = size // width * width
    for p in range(0, rest, width):
        sums = load_block(block, values, outputs, p)
        for j in range(side):
            sums = add_taps(sums, values, x + j * copy + p, line, weights, k + j * COLUMN)
        store_block(values, outputs, p, sums)
    for p in range(rest, size, WIDTH):
        sums = load_block(narrow(block), values, outputs, p)
        for j in range(side):
            sums = add_taps(sums, values, x + j * copy + p, line, weights, k + j * COLUMN)
        store_block(values, outputs, p, sums)


@inlined
def backward(plan: Plan, layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by what the layer reads: by the five copies, then all added."""
    weights, deltas, copy = sweep.weights, sweep.deltas, layer.copy
    block, width = zeros(deltas, SIDE, LENGTH, LANES), LENGTH * LANES
    size = -(-below.height * layer.width // LANES) * LANES
    rest = size // width * width
    for m in range(layer.sources):
        d = layer.spread + m * SIDE * copy
        copies = (d, d + copy, d + 2 * copy, d + 3 * copy, d + 4 * copy)
        start, end = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
        for p in range(0, rest, width):
            sums = _spread(plan, layer, weights, deltas, start, end, p, block)
            store_block(deltas, copies, p, sums)
        for p in range(rest, size, LANES):
            few = _spread(plan, layer, weights, deltas, start, end, p, narrow(block))
            store_block(deltas, copies, p, few)
        _fold(layer, below, plan.windows, deltas, m)


@inlined
def _spread(
    plan: Plan, layer: Place, weights: Floats, deltas: Floats, start: int, end: int, p: int,
    block: Any,
) -> Any:  # fmt: skip
    """Return what the readers from ``start`` to ``end`` give to the five copies from ``p`` on."""
    sums, line, area = block, layer.width, layer.height * layer.width
    for c in range(start, end):
        y, k = plan.deltas[c], plan.columns[c]
        sums = add_spread(sums, deltas, y, p, line, area, weights, k, COLUMN)
    return sums


@inlined
def _fold(layer: Place, below: Place, windows: Floats, deltas: Floats, m: int) -> None:
    """Add up the copies of the derivatives: what copy j says of column c is at c - j."""
    d, width, narrower, copy = (
        below.deltas + m * below.delta_stride,
        below.width,
        layer.width,
        layer.copy,
    )
    window, x = layer.window, layer.spread + m * SIDE * copy
    for _ in range(below.height):
        for column in range(0, width, LANES):
            result = same(deltas.dtype.type(0))
            for j in range(SIDE):
                shifted = load(deltas, x + j * copy + column - j)
                result = fma(load(windows, window + column - j), shifted, result)
            store(deltas, d + column, result)
        d += width
        x += narrower


@inlined
def update(plan: Plan, layer: Place, sweep: Sweep) -> None:
    """Subtract the derivatives by weights and biases, each times its scale."""
    deltas, values, sink, scale = sweep.deltas, sweep.values, sweep.sink, sweep.scale
    for m in range(layer.sources):
        x = layer.packed + m * SIDE * layer.copy
        if not MANY:
            first, last = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
            _sums_by_halves(plan, layer, deltas, values, sweep.scratch, x, first, last)
        for g in range(groups(plan, layer, m)):
            start, end = group(plan, layer, m, g)
            k = plan.columns[start]
            if MANY:
                parts = 1 + (end - start) // (ROWS + 1)
                for part in range(parts):
                    c = start + (end - start) * part // parts
                    rows = start + (end - start) * (part + 1) // parts - c
                    for block in literal_unroll(update_blocks(values)):
                        if len(block) == rows:
                            maps, at = places(block, plan.deltas, c), k + (c - start) * SIDE
                            _update(layer, deltas, values, sink, scale, x, at, maps, block)
            else:
                for j in range(SIDE):
                    at = ((start - first) * SIDE + j * (last - first) * SIDE) * HALF
                    row = totals_at(sweep.scratch, at, TAPS)
                    subtract_row(sink, scale, k + j * COLUMN, row)
    for o in range(layer.maps):
        bias, y = same(sweep.share - sweep.share), layer.deltas + o * layer.delta_stride
        for p in range(y, y + layer.stride, LANES):
            bias = bias + load(deltas, p)
        b = layer.biases + o
        sink[b] -= scale[b] * total(bias)


@inlined
def _update(
    layer: Place, deltas: Floats, values: Floats, sink: Floats, scale: Floats, x: int, k: int,
    maps: Any, block: Any,
) -> None:  # fmt: skip
    """Update the kernels of a group, all sums of a column at once."""
    size, line, copy = layer.stride, layer.width, layer.copy
    for j in range(layer.side):
        sums = _products(deltas, values, maps, x + j * copy, line, 0, size, block)
        subtract_row(sink, scale, k + j * COLUMN, totals(sums))


@inlined
def _products(
    deltas: Floats, values: Floats, maps: Any, x: int, line: int, first: int, last: int, block: Any
) -> Any:
    """Return the sums of a column of the kernels of ``maps``, over every sixteenth position."""
    sums = block
    for p in range(first, last, LANES):
        sums = add_products(sums, deltas, maps, p, values, x + p, line)
    return sums


@inlined
def _sums_by_halves(
    plan: Plan, layer: Place, deltas: Floats, values: Floats, scratch: Floats, x: int, first: int,
    last: int,
) -> None:  # fmt: skip
    """Fill ``scratch`` with the sums of the kernels of all readers, two output maps at a time.

    The lower eight lanes, the upper eight, then both added, as `total` does.
    """
    size, line, copy, at = layer.stride, layer.width, layer.copy, 0
    pair, alone = zeros(values, 2, SIDE, HALF), zeros(values, 1, SIDE, HALF)
    for j in range(layer.side):
        column = x + j * copy
        for c in range(first, last - 1, 2):
            maps = places(pair, plan.deltas, c)
            lower = _products(deltas, values, maps, column, line, 0, size, pair)
            upper = _products(deltas, values, maps, column, line, HALF, size, pair)
            store_block(scratch, (at, at + SIDE * HALF), 0, added(lower, upper))
            at += 2 * SIDE * HALF
        if (last - first) % 2:
            single = places(alone, plan.deltas, last - 1)
            low = _products(deltas, values, single, column, line, 0, size, alone)
            high = _products(deltas, values, single, column, line, HALF, size, alone)
            store_block(scratch, (at,), 0, added(low, high))
            at += SIDE * HALF
