"""Sub-sampling by two: four inputs are added, multiplied by a coefficient, and a bias is added.

A layer may have two maps for each input map (LeNet-4's S2); then the lanes are doubled.
"""

from __future__ import annotations

from typing import Any

from replication.arithmetic.vectors import (
    LANES,
    doubled,
    evens,
    fma,
    load,
    odds,
    same,
    store,
    subtract,
)  # fmt: skip
from replication.compiled import kernel
from replication.learning.kernels.plan import (
    BIASES,
    CHANNELS,
    COPIES,
    HEIGHT,
    START,
    STRIDE,
    WEIGHTS,
    WIDTH,
    strides,
)  # fmt: skip


@kernel
def sums_of_four(layer: Any, before: Any, values: Any, sums: Any, share: Any) -> None:
    """Fill ``sums`` with ``share`` times the sum of the four values that each unit reads."""
    x_first, x_line, x_step, _ = strides(before)
    y_first, y_line, y_step, _ = strides(layer)
    height, width, copied, weight = layer[HEIGHT], layer[WIDTH], layer[COPIES] == 2, same(share)
    for group in range(0, y_step, LANES):
        for line in range(height):
            upper, y = x_first + 2 * line * x_line + group, y_first + line * y_line + group
            for _ in range(width):
                lower = upper + x_line
                above = load(values, upper) + load(values, upper + x_step)
                below = load(values, lower) + load(values, lower + x_step)
                four = weight * (above + below)
                store(sums, y, doubled(four) if copied else four)
                upper += 2 * x_step
                y += y_step


@kernel
def forward(layer: Any, before: Any, weights: Any, values: Any, sums: Any, share: Any) -> None:
    """Weighted sums of every unit; what they multiply is kept in ``sums``."""
    sums_of_four(layer, before, values, sums, share)
    size = layer[HEIGHT] * layer[STRIDE] * layer[CHANNELS]
    for group in range(0, layer[CHANNELS], LANES):
        coefficient = load(weights, layer[WEIGHTS] + group)
        bias = load(weights, layer[BIASES] + group)
        for y in range(layer[START] + group, layer[START] + size, layer[CHANNELS]):
            store(values, y, fma(coefficient, load(sums, y), bias))


@kernel
def backward(
    layer: Any, before: Any, weights: Any, slopes: Any, sums: Any, deltas: Any, share: Any,
    sink: Any, scale: Any,
) -> None:  # fmt: skip
    """Derivatives by the weighted sums of the layer before, and the update, in one sweep.

    ``sink`` may be ``weights``: a weight changes once it has been used.
    """
    x_first, x_line, x_step, _ = strides(before)
    y_first, y_line, y_step, _ = strides(layer)
    height, width, copied = layer[HEIGHT], layer[WIDTH], layer[COPIES] == 2
    weight, zero = same(share), same(share - share)
    for group in range(0, y_step, LANES):
        k, b = layer[WEIGHTS] + group, layer[BIASES] + group
        coefficient = weight * load(weights, k)
        slope, bias = zero, zero
        for line in range(height):
            upper, y = x_first + 2 * line * x_line + group, y_first + line * y_line + group
            for _ in range(width):
                delta = load(deltas, y)
                slope = fma(delta, load(sums, y), slope)
                bias = bias + delta
                below = coefficient * delta
                if copied:
                    below = evens(below) + odds(below)
                lower = upper + x_line
                store(deltas, upper, below * load(slopes, upper))
                store(deltas, upper + x_step, below * load(slopes, upper + x_step))
                store(deltas, lower, below * load(slopes, lower))
                store(deltas, lower + x_step, below * load(slopes, lower + x_step))
                upper += 2 * x_step
                y += y_step
        subtract(sink, scale, k, slope)
        subtract(sink, scale, b, bias)
