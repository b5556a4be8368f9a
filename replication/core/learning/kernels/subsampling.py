"""Sub-sampling by two: four inputs are added, multiplied by a coefficient, and a bias is added.

A vector holds neighbouring columns; what it holds beyond the end of a line, the next line or the
next map writes over. A layer may have two maps for each input map (LeNet-4's S2).
"""

from typing import Any

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
from replication.core.learning.kernels.squashing import slopes
from replication.core.learning.kernels.sweep import Sweep


@inlined
def sums_of_four(layer: Place, below: Place, values: Floats, sums: Floats, share: Number) -> None:
    """Fill ``sums`` with ``share`` times the sum of the four values that each unit reads."""
    weight, x_line, y, width = same(share), below.width, layer.start, layer.width
    for m in range(layer.maps):
        x_map = below.start + m // layer.copies * below.stride
        for line in range(layer.height):
            x = x_map + 2 * line * x_line
            for column in range(0, width, LANES):
                store(sums, y + column, weight * _four(values, x + 2 * column, x_line))
            y += width


@inlined
def _four(values: Floats, x: int, line: int) -> Any:
    """Return the sums of four values each: of two lines, from ``x`` on."""
    left = load(values, x) + load(values, x + line)
    right = load(values, x + LANES) + load(values, x + LANES + line)
    return evens(left, right) + odds(left, right)


@inlined
def forward(
    layer: Place, below: Place, weights: Floats, values: Floats, sums: Floats, share: Number
) -> None:
    """Fill in the weighted sums of every unit; what they multiply is kept in ``sums``."""
    weight, x_line, y, width = same(share), below.width, layer.start, layer.width
    for m in range(layer.maps):
        coefficient, bias = same(weights[layer.weights + m]), same(weights[layer.biases + m])
        x = below.start + m // layer.copies * below.stride
        for _ in range(layer.height):
            for column in range(0, width, LANES):
                four = weight * _four(values, x + 2 * column, x_line)
                store(sums, y + column, four)
                store(values, y + column, fma(coefficient, four, bias))
            x += 2 * x_line
            y += width


@inlined
def backward(layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by the weighted sums of the layer below, and update."""
    for m in range(below.maps):
        _pass_down(layer, below, sweep, m)
    for m in range(layer.maps):
        _update(layer, sweep, m)


@inlined
def _pass_down(layer: Place, below: Place, sweep: Sweep, m: int) -> None:
    """Give each unit's derivative, times its coefficient, to the four that it reads."""
    deltas, outputs, slope, zero = (
        sweep.deltas,
        sweep.outputs,
        sweep.slope,
        same(sweep.share - sweep.share),
    )
    width, line, stride, copies = layer.width, below.width, layer.stride, layer.copies
    x, y = below.start + m * below.stride, below.deltas + m * below.delta_stride
    d, k, share = layer.deltas + m * copies * stride, layer.weights + m * copies, sweep.share
    for _ in range(layer.height):
        for _ in range(2):
            for column in range(0, width, LANES):
                above = zero
                for c in range(copies):
                    coefficient = same(share * sweep.weights[k + c])
                    above = fma(coefficient, load(deltas, d + c * stride + column), above)
                above, n = first_lanes(above, width - column), 2 * column
                store(deltas, y + n, lower_twice(above) * slopes(slope, outputs, x + n))
                if width - column > HALF:
                    n += LANES
                    store(deltas, y + n, upper_twice(above) * slopes(slope, outputs, x + n))
            x += line
            y += line
        d += width


@inlined
def _update(layer: Place, sweep: Sweep, m: int) -> None:
    """Update the coefficient and the bias of map ``m``."""
    deltas, sums, area = sweep.deltas, sweep.sums, layer.stride
    products = bias = same(sweep.share - sweep.share)
    d, x = layer.deltas + m * area, layer.start + m * area
    for n in range(0, area, LANES):
        delta = first_lanes(load(deltas, d + n), area - n)
        products = fma(delta, load(sums, x + n), products)
        bias = bias + delta
    k, b = layer.weights + m, layer.biases + m
    sweep.sink[k] -= sweep.scale[k] * total(products)
    sweep.sink[b] -= sweep.scale[b] * total(bias)
