"""Sub-sampling by two: four inputs are added, multiplied by a coefficient, and a bias is added.

A vector holds neighbouring columns; what it holds beyond the end of a line, the next line or the
next map writes over. A layer may have two maps for each input map (LeNet-4's S2).
"""

from __future__ import annotations

from replication.arithmetic.llvm import HALF, LANES
from replication.arithmetic.vectors import (
    evens,
    first_lanes,
    fma,
    load,
    lower_twice,
    odds,
    same,
    store,
    total,
)  # fmt: skip
from replication.compiled import kernel
from replication.learning.kernels.plan import Floats, Place
from replication.learning.kernels.squashing import slopes
from replication.learning.kernels.sweep import Sweep


@kernel
def sums_of_four(layer: Place, below: Place, values: Floats, sums: Floats, share: float) -> None:
    """Fill ``sums`` with ``share`` times the sum of the four values that each unit reads."""
    weight, x_line, y = same(share), below.width, layer.start
    for m in range(layer.maps):
        x_map = below.start + m // layer.copies * below.stride
        for line in range(layer.height):
            x = x_map + 2 * line * x_line
            for column in range(0, layer.width, LANES):
                left = load(values, x) + load(values, x + x_line)
                right = load(values, x + LANES) + load(values, x + LANES + x_line)
                store(sums, y + column, weight * (evens(left, right) + odds(left, right)))
                x += 2 * LANES
            y += layer.width


@kernel
def forward(
    layer: Place, below: Place, weights: Floats, values: Floats, sums: Floats, share: float
) -> None:
    """Fill in the weighted sums of every unit; what they multiply is kept in ``sums``."""
    sums_of_four(layer, below, values, sums, share)
    for m in range(layer.maps):
        coefficient, bias = same(weights[layer.weights + m]), same(weights[layer.biases + m])
        first = layer.start + m * layer.stride
        for y in range(first, first + layer.stride, LANES):
            store(values, y, fma(coefficient, load(sums, y), bias))


@kernel
def backward(layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by the weighted sums of the layer below, and update."""
    for m in range(below.maps):
        for line in range(layer.height):
            _spread(layer, below, sweep, m, line)
    for m in range(layer.maps):
        _update(layer, sweep, m)


@kernel
def _spread(layer: Place, below: Place, sweep: Sweep, m: int, line: int) -> None:
    """Give the derivatives of a line of the maps that read map ``m`` to its two lines."""
    deltas, zero = sweep.deltas, same(sweep.share - sweep.share)
    for row in range(2):
        away = (2 * line + row) * below.width
        x = below.start + m * below.stride + away
        y = below.deltas + m * below.delta_stride + away
        for column in range(0, layer.width, HALF):
            above = zero
            for c in range(m * layer.copies, (m + 1) * layer.copies):
                d = layer.deltas + c * layer.stride + line * layer.width + column
                coefficient = same(sweep.share * sweep.weights[layer.weights + c])
                above = fma(coefficient, load(deltas, d), above)
            above = lower_twice(first_lanes(above, layer.width - column))
            at = 2 * column
            store(deltas, y + at, above * slopes(sweep.slope, sweep.outputs, x + at))


@kernel
def _update(layer: Place, sweep: Sweep, m: int) -> None:
    products = bias = same(sweep.share - sweep.share)
    for n in range(0, layer.stride, LANES):
        x = m * layer.stride + n
        delta = first_lanes(load(sweep.deltas, layer.deltas + x), layer.stride - n)
        products = fma(delta, load(sweep.sums, layer.start + x), products)
        bias = bias + delta
    k, b = layer.weights + m, layer.biases + m
    sweep.sink[k] -= sweep.scale[k] * total(products)
    sweep.sink[b] -= sweep.scale[b] * total(bias)
