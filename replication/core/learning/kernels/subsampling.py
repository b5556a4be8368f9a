"""Sub-sampling by two: four inputs are added, multiplied by a coefficient, and a bias is added.

A vector holds neighbouring columns; what it holds beyond the end of a line, the next line or the
next map writes over. So the last columns come first where a line has several vectors. A layer may
have two maps for each input map (LeNet-4's S2).
"""

from replication.core.arithmetic.llvm import HALF, LANES
from replication.core.arithmetic.vectors import (
    evens,
    first_lanes,
    fma,
    load,
    lower_twice,
    odds,
    same,
    store,
    total,
    upper_twice,
)  # fmt: skip
from replication.core.compiled import inlined
from replication.core.learning.kernels.layout import Floats, Number, Place
from replication.core.learning.kernels.squashing import Sweep, slopes


@inlined
def sums_of_four(layer: Place, below: Place, values: Floats, sums: Floats, share: Number) -> None:
    """Fill ``sums`` with ``share`` times the sum of the four values that each unit reads."""
    weight, line, width = same(share), below.width, layer.width
    for m in range(layer.maps):
        y, end = layer.start + m * layer.stride, layer.start + (m + 1) * layer.stride
        for column in range((width - 1) // LANES * LANES, -1, -LANES):
            x = below.start + m // layer.copies * below.stride + 2 * column
            for n in range(y + column, end, width):
                left = load(values, x) + load(values, x + line)
                right = left
                if width - column > HALF:
                    right = load(values, x + LANES) + load(values, x + LANES + line)
                store(sums, n, weight * (evens(left, right) + odds(left, right)))
                x += 2 * line


@inlined
def forward(
    layer: Place, below: Place, weights: Floats, values: Floats, sums: Floats, share: Number
) -> None:
    """Fill in the weighted sums of every unit; what they multiply is kept in ``sums``."""
    sums_of_four(layer, below, values, sums, share)
    for m in range(layer.maps):
        coefficient, bias = same(weights[layer.weights + m]), same(weights[layer.biases + m])
        y = layer.start + m * layer.stride
        for n in range(y, y + layer.stride, LANES):
            store(values, n, fma(coefficient, load(sums, n), bias))


@inlined
def backward(layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by the weighted sums of the layer below, and update."""
    for m in range(below.maps):
        for c in range(layer.copies):
            _update(layer, sweep, m * layer.copies + c, c == 0)
        _pass_down(layer, below, sweep, m)


@inlined
def _update(layer: Place, sweep: Sweep, m: int, first: bool) -> None:
    """Update the coefficient and the bias of map ``m``, and note what it gives to what it reads.

    That is each unit's derivative times the coefficient, in ``scratch``; but for the ``first`` map
    that reads a map, added to what the map before gave.
    """
    scratch, area, k, b = sweep.scratch, layer.stride, layer.weights + m, layer.biases + m
    coefficient = same(sweep.share * sweep.weights[k])
    products = bias = zero = same(sweep.share - sweep.share)
    d, x = layer.deltas + m * area, layer.start + m * area
    for n in range(0, area, LANES):
        delta = load(sweep.deltas, d + n) * slopes(sweep.slope, sweep.outputs, x + n)
        delta = first_lanes(delta, area - n)
        products = fma(delta, load(sweep.sums, x + n), products)
        bias = bias + delta
        given = zero if first else load(scratch, n)
        store(scratch, n, fma(coefficient, delta, given))
    sweep.sink[k] -= sweep.scale[k] * total(products)
    sweep.sink[b] -= sweep.scale[b] * total(bias)


@inlined
def _pass_down(layer: Place, below: Place, sweep: Sweep, m: int) -> None:
    """Give what is in ``scratch`` to the four inputs of each unit of map ``m``."""
    deltas, outputs, slope = sweep.deltas, sweep.outputs, sweep.slope
    scratch, width, line, first = sweep.scratch, layer.width, below.width, below.deltas
    first += m * below.delta_stride
    away = below.start + m * below.stride - first
    for column in range((width - 1) // LANES * LANES, -1, -LANES):
        y = first + 2 * column
        for given in range(column, layer.stride, width):
            above = first_lanes(load(scratch, given), width - column)
            for _ in range(2):
                store(deltas, y, lower_twice(above) * slopes(slope, outputs, y + away))
                if width - column > HALF:
                    n = y + LANES
                    store(deltas, n, upper_twice(above) * slopes(slope, outputs, n + away))
                y += line
