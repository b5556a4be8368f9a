"""Convolutions of 5x5 in the packed layout of layout.py: forwards, backwards, their weights.

``p`` is a position of the output (or of the input, backwards), ``x`` walks through the copies of
the input, ``y`` through the output, ``k`` through the weights; m is an input map, i a line of the
5x5 kernel and j a column. Blocks are as long as the registers allow: no sum depends on it.
"""

from typing import Any

from numba import literal_unroll

from replication.core.arithmetic.blocks import (
    MANY,
    SIDE,
    add_products,
    add_spread,
    add_taps,
    added,
    blocks,
    load_block,
    narrow,
    places,
    same_block,
    spaced,
    store_block,
    sum_of_products,
    zeros,
)  # fmt: skip
from replication.core.arithmetic.llvm import HALF, LANES
from replication.core.arithmetic.vectors import (
    load,
    same,
    store,
    subtract_row,
    total,
    totals,
    totals_at,
)
from replication.core.compiled import inlined
from replication.core.learning.kernels.layout import COLUMN, GROUP, Floats, Place, Plan
from replication.core.learning.kernels.squashing import Sweep

# Weights of a column of the kernels of a whole group.
TAPS = GROUP * SIDE
# Lanes of a register; vectors of each output map at once, forwards, by the number of maps; and
# backwards.
WIDTH, LENGTHS, LENGTH = (LANES, (8, 8, 7, 3, 3, 3), 3) if MANY else (HALF, (8, 4, 3, 2, 2, 2), 1)
forward_blocks = blocks([(maps, length, WIDTH) for maps, length in enumerate(LENGTHS, 1)])
# The sums of a column of the kernels of so many maps at once; a larger group is cut into halves.
ROWS = 5
update_blocks = blocks([(maps, SIDE, LANES) for maps in range(1, ROWS + 1)])


@inlined
def pack(layer: Place, below: Place, values: Floats) -> None:
    """Copy what ``layer`` reads: line by line, what is copied too far is written over."""
    x_line, line, copy, block = below.width, layer.width, layer.copy, zeros(values, SIDE, 1, HALF)
    for m in range(layer.sources):
        x, y = below.start + m * below.stride, layer.packed + m * SIDE * copy
        for _ in range(below.height):
            for column in range(0, line, HALF):
                shifted = load_block(block, values, spaced(block, x, 1), column)
                store_block(values, spaced(block, y, copy), column, shifted)
            x += x_line
            y += line


@inlined
def forward(plan: Plan, layer: Place, weights: Floats, values: Floats) -> None:
    """Fill in the weighted sums of every unit, input map by input map."""
    # Where all maps read the one that there is, their sums begin with the biases in registers.
    first, last = plan.groups[layer.source], plan.groups[layer.source + 1]
    once = layer.sources == 1 and plan.readers[last] - plan.readers[first] == layer.maps
    if not once:
        for o in range(layer.maps):
            bias, start = same(weights[layer.biases + o]), layer.start + o * layer.stride
            for y in range(start, start + layer.stride, LANES):
                store(values, y, bias)
    for m in range(layer.sources):
        x, source = layer.packed + m * SIDE * layer.copy, layer.source + m
        for g in range(plan.groups[source], plan.groups[source + 1]):
            c, maps = plan.readers[g], plan.readers[g + 1] - plan.readers[g]
            b = layer.biases + c - plan.readers[first] if once else -1
            for block in literal_unroll(forward_blocks(values)):
                if len(block) == maps:
                    outputs, size = places(block, plan.outputs, c), layer.height * layer.width
                    rest = size // (WIDTH * len(block[0])) * WIDTH * len(block[0])
                    k, few = plan.columns[c], narrow(block)
                    _forward(layer, weights, values, x, k, b, outputs, 0, rest, block)
                    _forward(layer, weights, values, x, k, b, outputs, rest, size, few)


@inlined
def _forward(
    layer: Place, weights: Floats, values: Floats, x: int, k: int, b: int, outputs: Any,
    first: int, last: int, block: Any,
) -> None:  # fmt: skip
    """Add what the copies from ``x`` on give to a group of ``outputs``, a block at a time.

    Or begin them with the biases from ``b`` on, unless that is negative.
    """
    line, copy, side = layer.width, layer.copy, layer.side
    for p in range(first, last, WIDTH * len(block[0])):
        sums = same_block(block, weights, b) if b >= 0 else load_block(block, values, outputs, p)
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
        copies = spaced(block, layer.spread + m * SIDE * copy, copy)
        start, end = readers(plan, layer, m)
        for p in range(0, rest, width):
            sums = _spread(plan, layer, weights, deltas, start, end, p, block)
            store_block(deltas, copies, p, sums)
        for p in range(rest, size, LANES):
            few = _spread(plan, layer, weights, deltas, start, end, p, narrow(block))
            store_block(deltas, copies, p, few)
        _fold(layer, below, plan.windows, deltas, m)


@inlined
def readers(plan: Plan, layer: Place, m: int) -> Any:
    """Return the first reader of input map ``m``, and that of the next input map."""
    groups, source = plan.groups, layer.source + m
    return plan.readers[groups[source]], plan.readers[groups[source + 1]]


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
    """Add up the copies of the derivatives: what copy j says of column c is at c - j.

    What a vector writes too far is written over: by the next line, or by columns before it.
    """
    width, line, copy = below.width, layer.width, layer.copy
    block = zeros(deltas, SIDE, 1, LANES)
    first, x = below.deltas + m * below.delta_stride, layer.spread + m * SIDE * copy
    for column in range((width - 1) // LANES * LANES, -1, -LANES):
        window = load_block(block, windows, spaced(block, layer.window, -1), column)
        n = column
        for d in range(first + column, first + below.height * width, width):
            shifted = load_block(block, deltas, spaced(block, x, copy - 1), n)
            store(deltas, d, sum_of_products(window, shifted))
            n += line


@inlined
def update(plan: Plan, layer: Place, sweep: Sweep) -> None:
    """Subtract the derivatives by weights and biases, each times its scale."""
    deltas, sink, scale = sweep.deltas, sweep.sink, sweep.scale
    for m in range(layer.sources):
        x, (first, last) = layer.packed + m * SIDE * layer.copy, readers(plan, layer, m)
        if not MANY:
            _sums_by_halves(plan, layer, sweep, x, first, last)
        for g in range(plan.groups[layer.source + m], plan.groups[layer.source + m + 1]):
            start, end = plan.readers[g], plan.readers[g + 1]
            if MANY:
                rows = end - start if end - start <= ROWS else GROUP // 2
                for c in range(start, end, rows):
                    for block in literal_unroll(update_blocks(deltas)):
                        if len(block) == rows:
                            y = places(block, plan.deltas, c)
                            _update(layer, sweep, y, x, plan.columns[c], block)
            else:
                for j in range(layer.side):
                    at = (start - first + j * (last - first)) * SIDE * HALF
                    row = totals_at(sweep.scratch, at, TAPS)
                    subtract_row(sink, scale, plan.columns[start] + j * COLUMN, row)
    for o in range(layer.maps):
        bias, y = same(sweep.share - sweep.share), layer.deltas + o * layer.delta_stride
        for p in range(y, y + layer.stride, LANES):
            bias = bias + load(deltas, p)
        b = layer.biases + o
        sink[b] -= scale[b] * total(bias)


@inlined
def _update(layer: Place, sweep: Sweep, y: Any, x: int, k: int, block: Any) -> None:
    """Update the kernels of as many maps as ``block`` has rows, all sums of a column at once."""
    size, line, copy = layer.stride, layer.width, layer.copy
    for j in range(layer.side):
        sums = _products(sweep, y, x + j * copy, line, 0, size, block)
        subtract_row(sweep.sink, sweep.scale, k + j * COLUMN, totals(sums))


@inlined
def _sums_by_halves(plan: Plan, layer: Place, sweep: Sweep, x: int, first: int, last: int) -> None:
    """Fill ``scratch`` with the sums of the kernels of all readers, two output maps at a time.

    The lower eight lanes, the upper eight, then both added, as `total` does.
    """
    size, line, at = layer.stride, layer.width, 0
    pair, alone = zeros(sweep.values, 2, SIDE, HALF), zeros(sweep.values, 1, SIDE, HALF)
    for j in range(layer.side):
        column = x + j * layer.copy
        for c in range(first, last - 1, 2):
            y = places(pair, plan.deltas, c)
            lower = _products(sweep, y, column, line, 0, size, pair)
            upper = _products(sweep, y, column, line, HALF, size, pair)
            store_block(sweep.scratch, (at, at + SIDE * HALF), 0, added(lower, upper))
            at += 2 * SIDE * HALF
        if (last - first) % 2:
            single = places(alone, plan.deltas, last - 1)
            low = _products(sweep, single, column, line, 0, size, alone)
            high = _products(sweep, single, column, line, HALF, size, alone)
            store_block(sweep.scratch, (at,), 0, added(low, high))
            at += SIDE * HALF


@inlined
def _products(sweep: Sweep, y: Any, x: int, line: int, first: int, last: int, block: Any) -> Any:
    """Return the sums for the maps at ``y``, over every sixteenth position from ``first`` on."""
    sums = block
    for p in range(first, last, LANES):
        sums = add_products(sums, sweep.deltas, y, p, sweep.values, x + p, line)
    return sums
