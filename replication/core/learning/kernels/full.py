"""Full connections, four units at a time, so that what they read is loaded once for the four."""

from typing import Any

from replication.core.arithmetic.rows import (
    add_products,
    correlated,
    load_row,
    row_of,
    same_row,
    store_row,
)
from replication.core.arithmetic.vectors import LANES, load, same, subtract, total
from replication.core.compiled import kernel
from replication.core.learning.kernels.plan import UNITS


@kernel
def forward(layer: Any, before: Any, weights: Any, values: Any) -> None:
    """Weighted sums of every unit: products with even and with odd vectors are added apart."""
    n, first, maps = before.size, before.start, layer.maps
    zero = same(values.dtype.type(0))
    k = layer.weights
    for unit in range(0, maps, UNITS):
        even, odd = row_of(UNITS, zero), row_of(UNITS, zero)
        for x in range(first, first + n, 2 * LANES):
            even = add_products(even, weights, k, load(values, x))
            odd = add_products(odd, weights, k + UNITS * LANES, load(values, x + LANES))
            k += 2 * UNITS * LANES
        y, bias = layer.start + unit, layer.biases + unit
        _store_sums(even, odd, weights, bias, values, y)


@kernel
def backward(
    layer: Any, before: Any, weights: Any, values: Any, deltas: Any, sink: Any, scale: Any
) -> None:
    """Add derivatives by the outputs of the layer before, and update, in one sweep.

    ``sink`` may be ``weights``: a weight changes once it has been used.
    """
    first, last = before.start, before.start + before.size
    k = layer.weights
    for y in range(layer.start, layer.start + layer.maps, UNITS):
        four = same_row(UNITS, deltas, y, 1)
        for x in range(first, last, LANES):
            delta = load_row(1, deltas, x, LANES)
            store_row(deltas, x, LANES, correlated(delta, weights, k, LANES, four))
            _update_four(sink, scale, k, four, load(values, x))
            k += UNITS * LANES
    _update_biases(layer, deltas, sink, scale)


@kernel
def update(layer: Any, before: Any, values: Any, deltas: Any, sink: Any, scale: Any) -> None:
    """Update alone, for a layer that reads the input field."""
    first, last = before.start, before.start + before.size
    k = layer.weights
    for y in range(layer.start, layer.start + layer.maps, UNITS):
        four = same_row(UNITS, deltas, y, 1)
        for x in range(first, last, LANES):
            _update_four(sink, scale, k, four, load(values, x))
            k += UNITS * LANES
    _update_biases(layer, deltas, sink, scale)


@kernel
def _update_four(sink: Any, scale: Any, k: int, deltas: Any, value: Any) -> None:
    for unit in range(UNITS):
        subtract(sink, scale, k + unit * LANES, deltas[unit] * value)


@kernel
def _update_biases(layer: Any, deltas: Any, sink: Any, scale: Any) -> None:
    for unit in range(0, layer.maps, LANES):
        subtract(sink, scale, layer.biases + unit, load(deltas, layer.start + unit))


@kernel
def update_and_forward(
    layer: Any, before: Any, weights: Any, steps: Any, deltas: Any, earlier: Any, values: Any
) -> None:
    """`update` for the pattern before, whose field is ``earlier``, and `forward`, in one sweep.

    The bytes are those of one after the other; a large layer's weights come from memory once less.
    """
    n, first, maps = before.size, before.start, layer.maps
    zero = same(values.dtype.type(0))
    k = layer.weights
    _update_biases(layer, deltas, weights, steps)
    for unit in range(0, maps, UNITS):
        y, bias = layer.start + unit, layer.biases + unit
        four = same_row(UNITS, deltas, y, 1)
        even, odd = row_of(UNITS, zero), row_of(UNITS, zero)
        for x in range(first, first + n, 2 * LANES):
            _update_four(weights, steps, k, four, load(earlier, x))
            even = add_products(even, weights, k, load(values, x))
            k += UNITS * LANES
            _update_four(weights, steps, k, four, load(earlier, x + LANES))
            odd = add_products(odd, weights, k, load(values, x + LANES))
            k += UNITS * LANES
        _store_sums(even, odd, weights, bias, values, y)


@kernel
def _store_sums(even: Any, odd: Any, weights: Any, bias: int, values: Any, y: int) -> None:
    for unit in range(UNITS):
        values[y + unit] = total(even[unit] + odd[unit]) + weights[bias + unit]
