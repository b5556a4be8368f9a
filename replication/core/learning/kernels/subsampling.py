"""Sub-sampling by two: four inputs are added, multiplied by a coefficient, and a bias is added.

A vector holds eight neighbouring columns, for which sixteen of the layer before are read. A layer
may have two maps for each input map (LeNet-4's S2).
"""

from typing import Any

from replication.core.arithmetic.vectors import (
    LANES,
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
from replication.core.compiled import kernel
from replication.core.learning.kernels.squashing import slopes


@kernel
def sums_of_four(layer: Any, before: Any, values: Any, sums: Any, share: Any) -> None:
    """Fill ``sums`` with ``share`` times the sum of the four values that each unit reads."""
    x_line, y_line, weight = before.stride, layer.stride, same(share)
    lines, width = layer.height, layer.width
    y = layer.start
    for m in range(layer.maps):
        x_map = before.start + m // layer.copies * before.height * x_line
        for line in range(lines):
            x = x_map + 2 * line * x_line
            for column in range(0, width, LANES):
                left = load(values, x) + load(values, x + x_line)
                right = load(values, x + LANES) + load(values, x + LANES + x_line)
                store(sums, y + column, weight * (evens(left, right) + odds(left, right)))
                x += 2 * LANES
            y += y_line


@kernel
def forward(layer: Any, before: Any, weights: Any, values: Any, sums: Any, share: Any) -> None:
    """Weighted sums of every unit; what they multiply is kept in ``sums``."""
    sums_of_four(layer, before, values, sums, share)
    area = layer.height * layer.stride
    for m in range(layer.maps):
        coefficient, bias = same(weights[layer.weights + m]), same(weights[layer.biases + m])
        first = layer.start + m * area
        for y in range(first, first + area, LANES):
            store(values, y, fma(coefficient, load(sums, y), bias))


@kernel
def backward(
    layer: Any, before: Any, slope: Any, weights: Any, outputs: Any, sums: Any, deltas: Any,
    share: Any, sink: Any, scale: Any,
) -> None:  # fmt: skip
    """Add derivatives by the weighted sums of the layer before, and update, in one sweep.

    ``sink`` may be ``weights``: a weight changes once it has been used.
    """
    x_line, y_line, zero = before.stride, layer.stride, same(share - share)
    lines, width = layer.height, layer.width
    y = layer.start
    for m in range(layer.maps):
        k, b = layer.weights + m, layer.biases + m
        coefficient = same(share * weights[k])
        products, bias = zero, zero
        x_map = before.start + m // layer.copies * before.height * x_line
        for line in range(lines):
            x = x_map + 2 * line * x_line
            for column in range(0, width, LANES):
                delta = first_lanes(load(deltas, y + column), width - column)
                products = fma(delta, load(sums, y + column), products)
                bias = bias + delta
                below = coefficient * delta
                for there in (x, x + x_line):
                    _pass_down(lower_twice(below), there, slope, outputs, deltas)
                    _pass_down(upper_twice(below), there + LANES, slope, outputs, deltas)
                x += 2 * LANES
            y += y_line
        sink[k] -= scale[k] * total(products)
        sink[b] -= scale[b] * total(bias)


@kernel
def _pass_down(below: Any, x: int, slope: Any, outputs: Any, deltas: Any) -> None:
    store(deltas, x, load(deltas, x) + below * slopes(slope, outputs, x))
