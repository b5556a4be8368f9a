"""The criterion of one pattern in the kernels; networks/criteria.py has the formulas to be read."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.elementary import exponential, logarithm
from replication.core.arithmetic.vectors import LANES, fma, load, same, store, total
from replication.core.compiled import kernel

MLE, MAP, SQUARED_ERROR = range(3)
# The least normal number of float32: a processor takes a hundred times as long over smaller ones.
LEAST = 2.0**-126
KINDS = {"mle": MLE, "map": MAP, "squared-error": SQUARED_ERROR}


class Criterion(NamedTuple):
    """What is minimised, in the precision of the run.

    Attributes:
        kind: MLE (equation 8), MAP (equation 9) or SQUARED_ERROR.
        distance: a penalty is this many times the squared distance.
        rubbish: exp(-j) of equation 9, float64.
        divisor: what the criterion is divided by.
        codes: (classes, size of the last layer) of +1 and -1, zero in the gaps.
    """

    kind: int
    distance: Any
    rubbish: float
    divisor: Any
    codes: NDArray[Any]


class Answer(NamedTuple):
    """What a network says of one pattern.

    Attributes:
        penalties: (classes,) the lower the likelier.
        shares: (classes,) float64, exp(-penalty) over the sum of all and of exp(-j); equation 9's.
    """

    penalties: NDArray[Any]
    shares: NDArray[np.float64]


@kernel
def penalties(criterion: Any, layer: Any, values: Any, answer: Any) -> None:
    """Distances to the codes (equation 7, p. 8), or without codes the outputs, sign changed."""
    first = layer.start
    for n in range(answer.penalties.size):
        if criterion.kind == SQUARED_ERROR:
            answer.penalties[n] = -values[first + n]
        else:
            squares = same(values.dtype.type(0))
            code = criterion.codes[n]
            for k in range(0, layer.size, LANES):
                difference = load(values, first + k) - load(code, k)
                squares = fma(difference, difference, squares)
            answer.penalties[n] = criterion.distance * total(squares)


@kernel
def loss(criterion: Any, layer: Any, values: Any, answer: Any, label: int) -> Any:
    """Return the criterion of a pattern of known ``penalties``; equation 9 fills ``shares``."""
    divisor = float(criterion.divisor)
    if criterion.kind == SQUARED_ERROR:
        squares = 0.0
        for n in range(answer.penalties.size):
            error = float(values[layer.start + n]) - (1.0 if n == label else -1.0)
            squares += error * error
        return squares / divisor
    value = float(answer.penalties[label])
    if criterion.kind == MAP:
        value += logarithm(share(criterion, answer))
    return value / divisor


@kernel
def share(criterion: Any, answer: Any) -> Any:
    """Fill ``shares``; returns exp(-j) plus the sum of exp(-penalty)."""
    everything = criterion.rubbish
    for n in range(answer.penalties.size):
        answer.shares[n] = exponential(-float(answer.penalties[n]))
        everything += answer.shares[n]
    for n in range(answer.penalties.size):
        answer.shares[n] /= everything
    return everything


@kernel
def gradient(criterion: Any, layer: Any, values: Any, answer: Any, label: int, deltas: Any) -> None:
    """Fill ``deltas`` with the derivatives of the criterion by the last layer's outputs."""
    first, number = layer.start, values.dtype.type
    deltas[first : first + layer.size] = number(0)
    if criterion.kind == SQUARED_ERROR:
        two = number(2) / criterion.divisor
        for n in range(answer.penalties.size):
            deltas[first + n] = two * (values[first + n] - number(1 if n == label else -1))
    else:
        two = number(2) * criterion.distance / criterion.divisor
        _add_differences(criterion.codes[label], two, layer, values, deltas)
    if criterion.kind == MAP:
        for n in range(answer.penalties.size):
            factor = two * number(answer.shares[n])
            if factor >= LEAST:
                _add_differences(criterion.codes[n], -factor, layer, values, deltas)


@kernel
def _add_differences(code: Any, factor: Any, layer: Any, values: Any, deltas: Any) -> None:
    """Add ``factor`` times the differences of the outputs from ``code``."""
    first = layer.start
    for k in range(0, layer.size, LANES):
        difference = load(values, first + k) - load(code, k)
        store(deltas, first + k, fma(same(factor), difference, load(deltas, first + k)))


@kernel
def curvature(
    criterion: Any, layer: Any, values: Any, answer: Any, start: float, deltas: Any
) -> None:
    """Fill ``deltas`` with the second derivatives of the criterion by the last layer's outputs.

    ``start`` is that by every output, or negative: then it is the criterion's own.
    """
    first, number = layer.start, values.dtype.type
    for k in range(first, first + layer.size):
        if start >= 0.0:
            second = start
        elif criterion.kind == MAP:
            second = _spread_of_slopes(criterion, answer, values[k], k - first)
        else:
            distance = 1.0 if criterion.kind == SQUARED_ERROR else float(criterion.distance)
            second = 2.0 * distance / float(criterion.divisor)
        deltas[k] = number(second)


@kernel
def _spread_of_slopes(criterion: Any, answer: Any, value: Any, k: int) -> Any:
    """Return the variance of equation 9's slopes over the classes and that of rubbish, and more."""
    factor = 2.0 * float(criterion.distance)
    free, mean, square = 1.0, 0.0, 0.0
    for n in range(answer.penalties.size):
        part = answer.shares[n]
        away = factor * (float(value) - float(criterion.codes[n, k]))
        free -= part
        mean += part * away
        square += part * away * away
    return (factor * max(free, 0.0) + max(square - mean * mean, 0.0)) / float(criterion.divisor)


@kernel
def best(answer: Any) -> int:
    """Return the class of least penalty, the first of equals."""
    least = 0
    for n in range(1, answer.penalties.size):
        if answer.penalties[n] < answer.penalties[least]:
            least = n
    return least
