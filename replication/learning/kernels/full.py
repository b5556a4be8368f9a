"""Full connections, four units at a time, so that what they read is loaded once for the four."""

from __future__ import annotations

from typing import Any

from replication.arithmetic.rows import add_products, row_of
from replication.arithmetic.vectors import (
    LANES,
    fma,
    load,
    same,
    store,
    subtract,
    total,
)  # fmt: skip
from replication.compiled import kernel
from replication.learning.kernels.plan import BIASES, MAPS, SIZE, START, UNITS, WEIGHTS
from replication.learning.kernels.squashing import multiply_by_slopes


@kernel
def forward(layer: Any, before: Any, weights: Any, values: Any) -> None:
    """Weighted sums of every unit: products with even and with odd vectors are added apart."""
    n, first, maps = before[SIZE], before[START], layer[MAPS]
    zero = same(values.dtype.type(0))
    k = layer[WEIGHTS]
    for unit in range(0, maps, UNITS):
        even, odd = row_of(UNITS, zero), row_of(UNITS, zero)
        for x in range(first, first + n, 2 * LANES):
            even = add_products(even, weights, k, load(values, x))
            odd = add_products(odd, weights, k + UNITS * LANES, load(values, x + LANES))
            k += 2 * UNITS * LANES
        y, bias = layer[START] + unit, layer[BIASES] + unit
        _store_sums(even, odd, weights, bias, values, y)


@kernel
def backward(
    layer: Any, before: Any, slope: Any, weights: Any, outputs: Any, values: Any, deltas: Any,
    sink: Any, scale: Any,
) -> None:  # fmt: skip
    """Derivatives by the weighted sums of the layer before, and the update, in one sweep.

    ``sink`` may be ``weights``: a weight changes once it has been used.
    """
    first, last = before[START], before[START] + before[SIZE]
    zero = same(deltas.dtype.type(0))
    for x in range(first, last, LANES):
        store(deltas, x, zero)
    k = layer[WEIGHTS]
    for y in range(layer[START], layer[START] + layer[MAPS], UNITS):
        a, b, c, d = deltas[y], deltas[y + 1], deltas[y + 2], deltas[y + 3]
        for x in range(first, last, LANES):
            delta = fma(same(a), load(weights, k), load(deltas, x))
            delta = fma(same(b), load(weights, k + LANES), delta)
            delta = fma(same(c), load(weights, k + 2 * LANES), delta)
            delta = fma(same(d), load(weights, k + 3 * LANES), delta)
            store(deltas, x, delta)
            _update_four(load(values, x), a, b, c, d, sink, scale, k)
            k += UNITS * LANES
    multiply_by_slopes(slope, before, outputs, deltas)
    _update_biases(layer, deltas, sink, scale)


@kernel
def update(layer: Any, before: Any, values: Any, deltas: Any, sink: Any, scale: Any) -> None:
    """The update alone, for a layer that reads the input field."""
    first, last = before[START], before[START] + before[SIZE]
    k = layer[WEIGHTS]
    for y in range(layer[START], layer[START] + layer[MAPS], UNITS):
        a, b, c, d = deltas[y], deltas[y + 1], deltas[y + 2], deltas[y + 3]
        for x in range(first, last, LANES):
            _update_four(load(values, x), a, b, c, d, sink, scale, k)
            k += UNITS * LANES
    _update_biases(layer, deltas, sink, scale)


@kernel
def _update_four(
    value: Any, a: float, b: float, c: float, d: float, sink: Any, scale: Any, k: int
) -> None:
    subtract(sink, scale, k, same(a) * value)
    subtract(sink, scale, k + LANES, same(b) * value)
    subtract(sink, scale, k + 2 * LANES, same(c) * value)
    subtract(sink, scale, k + 3 * LANES, same(d) * value)


@kernel
def _update_biases(layer: Any, deltas: Any, sink: Any, scale: Any) -> None:
    for unit in range(0, layer[MAPS], LANES):
        subtract(sink, scale, layer[BIASES] + unit, load(deltas, layer[START] + unit))


@kernel
def update_and_forward(
    layer: Any, before: Any, weights: Any, steps: Any, deltas: Any, earlier: Any, values: Any
) -> None:
    """`update` for the pattern before, whose field is ``earlier``, and `forward`, in one sweep.

    The bytes are those of one after the other; a large layer's weights come from memory once less.
    """
    n, first, maps = before[SIZE], before[START], layer[MAPS]
    zero = same(values.dtype.type(0))
    k = layer[WEIGHTS]
    _update_biases(layer, deltas, weights, steps)
    for unit in range(0, maps, UNITS):
        y, bias = layer[START] + unit, layer[BIASES] + unit
        a, b, c, d = deltas[y], deltas[y + 1], deltas[y + 2], deltas[y + 3]
        even, odd = row_of(UNITS, zero), row_of(UNITS, zero)
        for x in range(first, first + n, 2 * LANES):
            _update_four(load(earlier, x), a, b, c, d, weights, steps, k)
            even = add_products(even, weights, k, load(values, x))
            k += UNITS * LANES
            _update_four(load(earlier, x + LANES), a, b, c, d, weights, steps, k)
            odd = add_products(odd, weights, k, load(values, x + LANES))
            k += UNITS * LANES
        _store_sums(even, odd, weights, bias, values, y)


@kernel
def _store_sums(even: Any, odd: Any, weights: Any, bias: int, values: Any, y: int) -> None:
    values[y] = total(even[0] + odd[0]) + weights[bias]
    values[y + 1] = total(even[1] + odd[1]) + weights[bias + 1]
    values[y + 2] = total(even[2] + odd[2]) + weights[bias + 2]
    values[y + 3] = total(even[3] + odd[3]) + weights[bias + 3]
