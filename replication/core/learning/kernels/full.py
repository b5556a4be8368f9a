"""Full connections, four units at a time, so that what they read is loaded once for the four."""

from typing import Any

from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fma, load, same, store, subtract, totals
from replication.core.compiled import inlined
from replication.core.learning.kernels.layout import UNITS, Floats, Place
from replication.core.learning.kernels.squashing import Sweep


@inlined
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
        sums = totals(((first,), (second,), (third,), (fourth,)))[0]
        store(values, y, sums + load(weights, b))


@inlined
def backward(layer: Place, below: Place, sweep: Sweep) -> None:
    """Make the derivatives by the outputs of the layer below, and update, in one sweep."""
    sweep.deltas[below.deltas : below.deltas + below.size] = 0
    if sweep.in_place:
        _backward(layer, below, sweep, True)
    else:
        _backward(layer, below, sweep, False)
    for unit in range(0, layer.maps, LANES):
        delta = load(sweep.deltas, layer.deltas + unit)
        subtract(sweep.sink, sweep.scale, layer.biases + unit, delta)


@inlined
def _backward(layer: Place, below: Place, sweep: Sweep, in_place: bool) -> None:
    values, deltas = sweep.values, sweep.deltas
    k, x, d = layer.weights, below.start, below.deltas
    for unit in range(layer.deltas, layer.deltas + layer.maps, UNITS):
        first, second = same(deltas[unit]), same(deltas[unit + 1])
        third, fourth = same(deltas[unit + 2]), same(deltas[unit + 3])
        for n in range(0, below.size, LANES):
            value, delta = load(values, x + n), load(deltas, d + n)
            delta = _unit(sweep, k, first, value, delta, in_place)
            delta = _unit(sweep, k + LANES, second, value, delta, in_place)
            delta = _unit(sweep, k + 2 * LANES, third, value, delta, in_place)
            delta = _unit(sweep, k + 3 * LANES, fourth, value, delta, in_place)
            store(deltas, d + n, delta)
            k += UNITS * LANES


@inlined
def _unit(sweep: Sweep, k: int, unit: Any, value: Any, delta: Any, in_place: bool) -> Any:
    """Update a vector of a unit's weights; return ``delta`` and what it gives to what it reads."""
    weight = load(sweep.weights, k)
    before = weight if in_place else load(sweep.sink, k)
    store(sweep.sink, k, fma(-load(sweep.scale, k), unit * value, before))
    return fma(weight, unit, delta)
