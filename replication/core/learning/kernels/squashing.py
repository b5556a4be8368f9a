"""The squashing function A tanh(S a) and its slope, which its own output gives."""

from typing import Any, NamedTuple

from replication.core.arithmetic.elementary import tanh
from replication.core.arithmetic.vectors import LANES, fma, load, same, store
from replication.core.compiled import kernel


class Slope(NamedTuple):
    """S (A - output^2 / A) as the numbers that it takes, in the precision of the run.

    Attributes:
        most: S A.
        share: S / A.
        squared: whether its square is wanted, as for second derivatives.
    """

    most: Any
    share: Any
    squared: bool


@kernel
def squash(values: Any, amplitude: Any, slope: Any) -> None:
    """Replace weighted sums by outputs A tanh(S a)."""
    for p in range(values.size):
        values[p] = amplitude * tanh(slope * values[p])


@kernel
def slope_of(rules: Any, squared: bool) -> Any:
    """Return the `Slope` of a network's squashing function."""
    return Slope(rules.slope * rules.amplitude, rules.slope / rules.amplitude, squared)


@kernel
def slopes(slope: Any, outputs: Any, x: int) -> Any:
    """Return the vector of the slopes of the ``outputs`` from ``x`` on."""
    output = load(outputs, x)
    result = fma(same(-slope.share) * output, output, same(slope.most))
    return result * result if slope.squared else result


@kernel
def multiply_by_slopes(slope: Any, layer: Any, outputs: Any, deltas: Any) -> None:
    """Make derivatives by the outputs of ``layer`` those by its weighted sums."""
    for x in range(layer.start, layer.start + layer.size, LANES):
        store(deltas, x, load(deltas, x) * slopes(slope, outputs, x))
