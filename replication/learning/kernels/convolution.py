"""Convolutions of 5x5 in the packed layout of plan.py: forwards, backwards, their weights.

``p`` is a position of the output (or of the input, backwards), ``x`` walks through the copies of
the input, ``y`` through the output, ``k`` through the weights; m is an input map, i a line of the
5x5 kernel and j a column. Blocks are as long as the registers allow: no sum depends on it.
"""

from typing import Any

from numba import literal_unroll

from replication.arithmetic.blocks import (
    MANY,
    added,
    blocks,
    halved,
    load_block,
    narrow,
    places,
    same_block,
    spaced,
    store_block,
    sum_of_products,
    zeros,
)  # fmt: skip
from replication.arithmetic.llvm import HALF, LANES
from replication.arithmetic.taps import SIDE, add_products, add_spread, add_taps
from replication.arithmetic.totals import subtract_row, totals_at
from replication.arithmetic.vectors import load, same, store, total
from replication.compiled import inlined
from replication.learning.kernels.layout import COLUMN, GROUP, Floats, Place, Plan
from replication.learning.kernels.sweep import Sweep

# Weights of a column of the kernels of a whole group.
TAPS = GROUP * SIDE
# Lanes of a register; vectors of each output map at once, forwards, by the number of maps; and
# backwards.
WIDTH, LENGTHS, LENGTH = (LANES, (8, 8, 7, 5, 4, 4), 3) if MANY else (HALF, (8, 4, 3, 2, 2, 2), 1)
forward_blocks = blocks([(maps, length, WIDTH) for maps, length in enumerate(LENGTHS, 1)])
# The sums of a column of the kernels of so many maps at once.
ROWS = 5 if MANY else 2
update_blocks = blocks([(maps, SIDE, WIDTH) for maps in range(1, ROWS + 1)])


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
    # Where all maps read the one that there is, their sums begin with the biases in registers.
    once = (
        layer.sources == 1
        and plan.readers[layer.source + 1] - plan.readers[layer.source] == layer.maps
    )
    if not once:
        for o in range(layer.maps):
            bias, first = same(weights[layer.biases + o]), layer.start + o * layer.stride
            for y in range(first, first + layer.stride, LANES):
                store(values, y, bias)
    for m in range(layer.sources):
        for g in range(groups(plan, layer, m)):
            start, end = group(plan, layer, m, g)
            x, k = layer.packed + m * SIDE * layer.copy, plan.columns[start]
            b = layer.biases + start - plan.readers[layer.source] if once else -1
            for block in literal_unroll(forward_blocks(values)):
                if len(block) == end - start:
                    outputs, size = places(block, plan.outputs, start), layer.height * layer.width
                    rest = size // (WIDTH * len(block[0])) * WIDTH * len(block[0])
                    _forward(layer, weights, values, x, k, b, outputs, 0, rest, block)
                    _forward(layer, weights, values, x, k, b, outputs, rest, size, narrow(block))


@inlined
def _forward(
    layer: Place, weights: Floats, values: Floats, x: int, k: int, b: int, outputs: Any,
    first: int, last: int, block: Any,
) -> None:  # fmt: skip
    """Add what the copies from ``x`` on give to a group of ``outputs``, a block at a time.

    Or begin them with the biases from ``b`` on, unless that is negative.
    """
    for p in range(first, last, WIDTH * len(block[0])):
        sums = same_block(block, weights, b) if b >= 0 else load_block(block, values, outputs, p)
        for j in range(layer.side):
            at = x + j * layer.copy + p
            sums = add_taps(sums, values, at, layer.width, weights, k + j * COLUMN)
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
        copies = spaced(block, d, copy)
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
    """Add up the copies of the derivatives: what copy j says of column c is at c - j.

    What a vector writes too far is written over: by the next line, or by columns before it.
    """
    width, copy, block = below.width, layer.copy, zeros(deltas, SIDE, 1, LANES)
    first, x = below.deltas + m * below.delta_stride, layer.spread + m * SIDE * copy
    for column in range((width - 1) // LANES * LANES, -1, -LANES):
        window = load_block(block, windows, spaced(block, layer.window, -1), column)
        n = column
        for d in range(first + column, first + below.height * width, width):
            shifted = load_block(block, deltas, spaced(block, x, copy - 1), n)
            store(deltas, d, sum_of_products(window, shifted))
            n += layer.width


@inlined
def update(plan: Plan, layer: Place, sweep: Sweep) -> None:
    """Subtract the derivatives by weights and biases, each times its scale."""
    deltas, sink, scale = sweep.deltas, sweep.sink, sweep.scale
    for m in range(layer.sources):
        first, last = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
        for j in range(layer.side):
            x = layer.packed + (m * SIDE + j) * layer.copy
            _add_columns(plan, layer, sweep, x, first, last)
            for g in range(groups(plan, layer, m)):
                c, _ = group(plan, layer, m, g)
                row = totals_at(sweep.scratch, (c - first) * SIDE * HALF, TAPS)
                subtract_row(sink, scale, plan.columns[c] + j * COLUMN, row)
    for o in range(layer.maps):
        bias, y = same(sweep.share - sweep.share), layer.deltas + o * layer.delta_stride
        for p in range(y, y + layer.stride, LANES):
            bias = bias + load(deltas, p)
        b = layer.biases + o
        sink[b] -= scale[b] * total(bias)


@inlined
def _add_columns(plan: Plan, layer: Place, sweep: Sweep, x: int, first: int, last: int) -> None:
    """Fill ``scratch`` with the sums of one column of the kernels of all readers of a map.

    As many output maps are taken at a time as the registers allow. Eight lanes of a sum are kept:
    the lower and the upper eight are added, which is what `total` does first.
    """
    parts = -(-(last - first) // ROWS)
    for part in range(parts):
        c = first + (last - first) * part // parts
        rows = first + (last - first) * (part + 1) // parts - c
        for block in literal_unroll(update_blocks(sweep.values)):
            if len(block) == rows:
                maps, at = places(block, plan.deltas, c), (c - first) * SIDE * HALF
                lower = _products(layer, sweep, maps, x, 0, block)
                if MANY:
                    sums = halved(lower)
                else:
                    sums = added(lower, _products(layer, sweep, maps, x, HALF, block))
                store_block(sweep.scratch, spaced(block, at, SIDE * HALF), 0, sums)


@inlined
def _products(layer: Place, sweep: Sweep, maps: Any, x: int, first: int, block: Any) -> Any:
    """Return the sums for ``maps`` over every sixteenth position from ``first`` on, and so on."""
    sums = block
    for p in range(first, layer.stride, LANES):
        sums = add_products(sums, sweep.deltas, maps, p, sweep.values, x + p, layer.width)
    return sums
