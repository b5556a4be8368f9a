"""The squashing function A tanh(S a), its slope, which its own output gives, and a sweep down."""

from typing import Any, NamedTuple

import numpy as np

from replication.core.arithmetic.elementary import tanh
from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fma, load, same, store
from replication.core.compiled import inlined, kernel, lean
from replication.core.learning.kernels.layout import Floats, Number, Place


class Slope(NamedTuple):
    """S (A - output^2 / A) as the numbers that it takes, in the precision of the run."""

    most: Number  # S A
    share: Number  # S / A
    squared: bool  # whether its square is asked for, as for second derivatives


@kernel
def squash(values: Floats, amplitude: Number, slope: Number) -> None:
    """Replace weighted sums by outputs A tanh(S a); ``values`` may be of any length."""
    vectors = values.size // LANES * LANES
    for x in range(0, vectors, LANES):
        store(values, x, same(amplitude) * tanh(same(slope) * load(values, x)))
    if vectors < values.size:
        rest = np.zeros(LANES, values.dtype)
        rest[: values.size - vectors] = values[vectors:]
        store(rest, 0, same(amplitude) * tanh(same(slope) * load(rest, 0)))
        values[vectors:] = rest[: values.size - vectors]


@inlined
def slopes(slope: Slope, outputs: Floats, x: int) -> Any:
    """Return the vector of the slopes of the ``outputs`` from ``x`` on."""
    output = load(outputs, x)
    result = fma(-(same(slope.share) * output), output, same(slope.most))
    return result * result if slope.squared else result


@lean
def multiply_by_slopes(slope: Slope, layer: Place, outputs: Floats, deltas: Floats) -> None:
    """Make derivatives by the outputs of ``layer`` those by its weighted sums."""
    for n in range(0, layer.size, LANES):
        d = layer.deltas + n
        store(deltas, d, load(deltas, d) * slopes(slope, outputs, layer.start + n))


class Sweep(NamedTuple):
    """The arrays and numbers of a sweep from the last layer down: gradients or curvatures."""

    weights: Floats  # laid out as layout.py says, or their squares
    outputs: Floats  # of every unit; the slopes of the squashing function follow from them
    values: Floats  # the outputs, or their squares: what weights multiply
    # what a sub-sampling's coefficients multiply, at the places of its values; or squares
    sums: Floats
    deltas: Floats  # derivatives by the weighted sums, or second derivatives
    scratch: Floats  # room for the sums of a column of kernels
    slope: Slope  # of the squashing function, or its square
    share: Number  # weight of each of the four inputs of a sub-sampling unit, or its square
    # sink, scale: ``scale`` times the derivatives is subtracted from ``sink``
    sink: Floats
    scale: Floats
    in_place: bool  # whether ``sink`` is ``weights``; a weight changes once it has been used
