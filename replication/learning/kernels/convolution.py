"""Convolutions of 5x5 in the packed layout of plan.py: forwards, backwards, their weights.

``p`` is a position of the output (or of the input, backwards), ``x`` walks through the copies of
the input, ``y`` through the output, ``k`` through the weights; m is an input map, i a line of the
5x5 kernel and j a column. Blocks are as long as the registers allow: no sum depends on it.
"""

from __future__ import annotations

from typing import Any

from numba import literal_unroll

from replication.arithmetic.blocks import (
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
    store_block,
    zeros,
)  # fmt: skip
from replication.arithmetic.llvm import HALF, LANES
from replication.arithmetic.totals import subtract_row, totals, totals_at
from replication.arithmetic.vectors import fma, load, same, store, total
from replication.compiled import kernel
from replication.learning.kernels.plan import COLUMN, GROUP, Floats, Place, Plan
from replication.learning.kernels.sweep import Sweep

# For each number of output maps at once: vectors of each, forwards.
LENGTHS = (8, 6, 5, 4, 3) if MANY else (5, 2, 2, 1, 1)
forward_blocks = blocks([(maps, length, LANES) for maps, length in enumerate(LENGTHS, 1)])
# The five sums of a column of each output map: all maps of a group, or two by halves of the lanes.
update_blocks = blocks([(n + 1, SIDE, LANES) for n in range(GROUP)])
LENGTH = 3 if MANY else 1


@kernel
def pack(layer: Place, below: Place, values: Floats) -> None:
    """Copy what ``layer`` reads: line by line, what is copied too far is written over."""
    for m in range(layer.sources):
        for j in range(SIDE):
            x = below.start + m * below.stride + j
            y = layer.packed + (m * SIDE + j) * layer.copy
            for _ in range(below.height):
                for column in range(0, layer.width, LANES):
                    store(values, y + column, load(values, x + column))
                x += below.width
                y += layer.width


@kernel
def forward(plan: Plan, layer: Place, weights: Floats, values: Floats) -> None:
    """Fill in the weighted sums of every unit, input map by input map."""
    for o in range(layer.maps):
        bias, first = same(weights[layer.biases + o]), layer.start + o * layer.stride
        for y in range(first, first + layer.stride, LANES):
            store(values, y, bias)
    for m in range(layer.sources):
        first, last = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
        groups = -(-(last - first) // GROUP)
        for g in range(groups):
            start = first + (last - first) * g // groups
            maps = first + (last - first) * (g + 1) // groups - start
            _forward_group(plan, layer, weights, values, m, start, maps, forward_blocks(values))


@kernel
def _forward_group(
    plan: Plan, layer: Place, weights: Floats, values: Floats, m: int, start: int, maps: int,
    known: Any,
) -> None:  # fmt: skip
    """Add what map ``m`` gives to ``maps`` output maps, in a block of the size ``known`` for it."""
    for block in literal_unroll(known):
        if len(block) == maps:
            width = len(block[0]) * LANES
            rest = layer.stride // width * width
            _forward(plan, layer, weights, values, m, start, block, 0, rest)
            _forward(plan, layer, weights, values, m, start, narrow(block), rest, layer.stride)


@kernel
def _forward(
    plan: Plan, layer: Place, weights: Floats, values: Floats, m: int, start: int, block: Any,
    first: int, last: int,
) -> None:  # fmt: skip
    outputs, k, line = places(block, plan.outputs, start), plan.columns[start], layer.width
    x, copy = layer.packed + m * SIDE * layer.copy, layer.copy
    for p in range(first, last, len(block[0]) * LANES):
        sums = load_block(block, values, outputs, p)
        for j in range(SIDE):
            sums = add_taps(sums, values, x + j * copy + p, line, weights, k + j * COLUMN)
        store_block(values, outputs, p, sums)


@kernel
def backward(plan: Plan, layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by the outputs of the layer below: of the copies, then all five added."""
    block = zeros(sweep.deltas, SIDE, LENGTH, LANES)
    width, area = LENGTH * LANES, -(-below.height * layer.width // LANES) * LANES
    rest = area // width * width
    for m in range(layer.sources):
        _backward(plan, layer, sweep, m, block, 0, rest)
        _backward(plan, layer, sweep, m, narrow(block), rest, area)
    for m in range(layer.sources):
        _fold(plan, layer, below, sweep.deltas, m)


@kernel
def _backward(
    plan: Plan, layer: Place, sweep: Sweep, m: int, block: Any, first: int, last: int
) -> None:
    """Fill in the derivatives of the five copies of map ``m`` at some positions."""
    weights, deltas, line, copy = sweep.weights, sweep.deltas, layer.width, layer.copy
    d = layer.spread + m * SIDE * copy
    five = (d, d + copy, d + 2 * copy, d + 3 * copy, d + 4 * copy)
    start, end = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
    for p in range(first, last, len(block[0]) * LANES):
        sums = block
        for c in range(start, end):
            y = plan.deltas[c] + p
            sums = add_spread(sums, deltas, y, line, weights, plan.columns[c], COLUMN)
        store_block(deltas, five, p, sums)


@kernel
def _fold(plan: Plan, layer: Place, below: Place, deltas: Floats, m: int) -> None:
    """Add up the copies of the derivatives: what copy j says of column c is at c - j."""
    d = below.deltas + m * below.delta_stride
    for line in range(below.height):
        x = layer.spread + m * SIDE * layer.copy + line * layer.width
        for column in range(0, below.width, LANES):
            result = same(deltas.dtype.type(0))
            for j in range(SIDE):
                copy = load(deltas, x + j * layer.copy + column - j)
                result = fma(load(plan.windows, layer.window + column - j), copy, result)
            store(deltas, d + column, result)
        d += below.width


@kernel
def update(plan: Plan, layer: Place, sweep: Sweep) -> None:
    """Subtract the derivatives by weights and biases, each times its scale."""
    for m in range(layer.sources):
        first, last = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
        groups = -(-(last - first) // GROUP)
        for j in range(SIDE):
            if not MANY:
                _sums_by_halves(plan, layer, sweep, m, j)
            for g in range(groups):
                start = first + (last - first) * g // groups
                k = plan.columns[start] + j * COLUMN
                if MANY:
                    maps = first + (last - first) * (g + 1) // groups - start
                    _update_group(plan, layer, sweep, m, j, start, maps, update_blocks(sweep.sums))
                else:
                    row = totals_at(sweep.scratch, (start - first) * SIDE * HALF, GROUP * SIDE)
                    subtract_row(sweep.sink, sweep.scale, k, row)
    for o in range(layer.maps):
        bias, y = same(sweep.share - sweep.share), layer.deltas + o * layer.delta_stride
        for p in range(y, y + layer.stride, LANES):
            bias = bias + load(sweep.deltas, p)
        b = layer.biases + o
        sweep.sink[b] -= sweep.scale[b] * total(bias)


@kernel
def _update_group(
    plan: Plan, layer: Place, sweep: Sweep, m: int, j: int, start: int, maps: int, known: Any
) -> None:
    """Update column ``j`` of the kernels of ``maps`` output maps, all their sums at once."""
    for block in literal_unroll(known):
        if len(block) == maps:
            sums = _products(plan, layer, sweep, m, j, start, block, 0)
            k = plan.columns[start] + j * COLUMN
            subtract_row(sweep.sink, sweep.scale, k, totals(sums))


@kernel
def _products(
    plan: Plan, layer: Place, sweep: Sweep, m: int, j: int, start: int, block: Any, first: int
) -> Any:
    """Return the sums of column ``j`` for some output maps, from the ``first`` lane on."""
    deltas, values, line = sweep.deltas, sweep.values, layer.width
    maps, x = places(block, plan.deltas, start), layer.packed + (m * SIDE + j) * layer.copy
    sums = block
    for p in range(first, layer.stride, LANES):
        sums = add_products(sums, deltas, maps, p, values, x + p, line)
    return sums


@kernel
def _sums_by_halves(plan: Plan, layer: Place, sweep: Sweep, m: int, j: int) -> None:
    """Fill ``scratch`` with the sums of column ``j`` for all maps that read ``m``, two at a time.

    The lower eight lanes, the upper eight, then both added, as `total` does.
    """
    first, last = plan.readers[layer.source + m], plan.readers[layer.source + m + 1]
    pair, alone = zeros(sweep.sums, 2, SIDE, HALF), zeros(sweep.sums, 1, SIDE, HALF)
    at = 0
    for start in range(first, last - 1, 2):
        lower = _products(plan, layer, sweep, m, j, start, pair, 0)
        upper = _products(plan, layer, sweep, m, j, start, pair, HALF)
        store_block(sweep.scratch, (at, at + SIDE * HALF), 0, added(lower, upper))
        at += 2 * SIDE * HALF
    if (last - first) % 2:
        lower = _products(plan, layer, sweep, m, j, last - 1, alone, 0)
        upper = _products(plan, layer, sweep, m, j, last - 1, alone, HALF)
        store_block(sweep.scratch, (at,), 0, added(lower, upper))
