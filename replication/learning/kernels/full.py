"""Full connections, four units at a time, so that what they read is loaded once for the four."""

from __future__ import annotations

from typing import Any

from replication.arithmetic.llvm import LANES
from replication.arithmetic.vectors import fma, load, same, store, subtract, total
from replication.compiled import kernel
from replication.learning.kernels.plan import FIELD, UNITS, Floats, Place
from replication.learning.kernels.sweep import Sweep


@kernel
def forward(layer: Place, below: Place, weights: Floats, values: Floats) -> None:
    """Fill in the weighted sums of every unit."""
    k, zero = layer.weights, same(values.dtype.type(0))
    for unit in range(0, layer.maps, UNITS):
        y, b = layer.start + unit, layer.biases + unit
        first = second = third = fourth = zero
        for x in range(below.start, below.start + below.size, LANES):
            value = load(values, x)
            first = fma(load(weights, k), value, first)
            second = fma(load(weights, k + LANES), value, second)
            third = fma(load(weights, k + 2 * LANES), value, third)
            fourth = fma(load(weights, k + 3 * LANES), value, fourth)
            k += UNITS * LANES
        values[y] = total(first) + weights[b]
        values[y + 1] = total(second) + weights[b + 1]
        values[y + 2] = total(third) + weights[b + 2]
        values[y + 3] = total(fourth) + weights[b + 3]


@kernel
def backward(layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by the outputs of the layer below, and update, in one sweep.

    A layer that reads the field updates alone.
    """
    deltas, values = sweep.deltas, sweep.values
    if below.kind != FIELD:
        deltas[below.deltas : below.deltas + below.size] = 0
    k = layer.weights
    for unit in range(layer.deltas, layer.deltas + layer.maps, UNITS):
        first, second = same(deltas[unit]), same(deltas[unit + 1])
        third, fourth = same(deltas[unit + 2]), same(deltas[unit + 3])
        for n in range(0, below.size, LANES):
            value = load(values, below.start + n)
            if below.kind != FIELD:
                delta = load(deltas, below.deltas + n)
                delta = fma(load(sweep.weights, k), first, delta)
                delta = fma(load(sweep.weights, k + LANES), second, delta)
                delta = fma(load(sweep.weights, k + 2 * LANES), third, delta)
                delta = fma(load(sweep.weights, k + 3 * LANES), fourth, delta)
                store(deltas, below.deltas + n, delta)
            subtract(sweep.sink, sweep.scale, k, first * value)
            subtract(sweep.sink, sweep.scale, k + LANES, second * value)
            subtract(sweep.sink, sweep.scale, k + 2 * LANES, third * value)
            subtract(sweep.sink, sweep.scale, k + 3 * LANES, fourth * value)
            k += UNITS * LANES
    for unit in range(0, layer.maps, LANES):
        subtract(sweep.sink, sweep.scale, layer.biases + unit, load(deltas, layer.deltas + unit))
