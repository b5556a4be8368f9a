"""The squashing function A tanh(S a) and its slope, which its own output gives."""

from typing import Any, NamedTuple

import numpy as np

from replication.core.arithmetic.elementary import tanh
from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fma, load, same, store
from replication.core.compiled import inlined, kernel, lean
from replication.core.learning.kernels.layout import Floats, Number, Place


class Slope(NamedTuple):
    """S (A - output^2 / A) as the numbers that it takes, in the precision of the run.

    Attributes:
        most: S A.
        share: S / A.
        squared: whether its square is asked for, as for second derivatives.
    """

    most: Number
    share: Number
    squared: bool


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
