"""The criterion of one pattern in the kernels; networks/criteria.py has the formulas to be read."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.elementary import exponential, logarithm
from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fma, load, same, store, total
from replication.core.compiled import lean
from replication.core.learning.kernels.layout import Floats, Number, Place

MLE, MAP, SQUARED_ERROR = range(3)
# The least normal number of float32: a processor takes a hundred times as long over smaller ones.
LEAST = 2.0**-126
KINDS = {"mle": MLE, "map": MAP, "squared-error": SQUARED_ERROR}


class Criterion(NamedTuple):
    """What is minimised, in the precision of the run."""

    kind: int  # MLE (equation 8), MAP (equation 9) or SQUARED_ERROR
    distance: Number  # a penalty is so many times the squared distance
    rubbish: float  # exp(-j) of equation 9, float64
    divisor: Number  # what the criterion is divided by
    codes: Floats  # (classes, size of the last layer) of +1 and -1, zero in the gaps


class Answer(NamedTuple):
    """What a network says of one pattern."""

    penalties: Floats  # (classes,) the lower the likelier
    # (classes,) float64, exp(-penalty) over the sum of all and of exp(-j); equation 9's
    shares: NDArray[np.float64]


@lean
def penalties(criterion: Criterion, layer: Place, values: Floats, answer: Answer) -> None:
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


@lean
def loss(criterion: Criterion, layer: Place, values: Floats, answer: Answer, label: int) -> Any:
    """Return the criterion of a pattern of known ``penalties``; equation 9 fills ``shares``."""
    divisor = np.float64(criterion.divisor)
    if criterion.kind == SQUARED_ERROR:
        squares = 0.0
        for n in range(answer.penalties.size):
            error = np.float64(values[layer.start + n]) - (1.0 if n == label else -1.0)
            squares += error * error
        return squares / divisor
    value = np.float64(answer.penalties[label])
    if criterion.kind == MAP:
        value += logarithm(share(criterion, answer))
    return value / divisor


@lean
def share(criterion: Criterion, answer: Answer) -> Any:
    """Fill ``shares``; returns exp(-j) plus the sum of exp(-penalty)."""
    everything = criterion.rubbish
    for n in range(answer.penalties.size):
        answer.shares[n] = exponential(-np.float64(answer.penalties[n]))
        everything += answer.shares[n]
    for n in range(answer.penalties.size):
        answer.shares[n] /= everything
    return everything


@lean
def gradient(
    criterion: Criterion, layer: Place, values: Floats, answer: Answer, label: int, deltas: Floats
) -> None:
    """Fill ``deltas`` with the derivatives of the criterion by the last layer's outputs."""
    x, d, number = layer.start, layer.deltas, values.dtype.type
    deltas[d : d + layer.size] = number(0)
    if criterion.kind == SQUARED_ERROR:
        two = number(2) / criterion.divisor
        for n in range(answer.penalties.size):
            deltas[d + n] = two * (values[x + n] - number(1 if n == label else -1))
    else:
        two = number(2) * criterion.distance / criterion.divisor
        _add_differences(criterion.codes[label], two, layer, values, deltas)
    if criterion.kind == MAP:
        for n in range(answer.penalties.size):
            factor = two * number(answer.shares[n])
            if factor >= LEAST:
                _add_differences(criterion.codes[n], -factor, layer, values, deltas)


@lean
def _add_differences(
    code: Floats, factor: Number, layer: Place, values: Floats, deltas: Floats
) -> None:
    """Add ``factor`` times the differences of the outputs from ``code``."""
    for k in range(0, layer.size, LANES):
        difference = load(values, layer.start + k) - load(code, k)
        d = layer.deltas + k
        store(deltas, d, fma(same(factor), difference, load(deltas, d)))


@lean
def curvature(
    criterion: Criterion, layer: Place, values: Floats, answer: Answer, start: float, deltas: Floats
) -> None:
    """Fill ``deltas`` with the second derivatives of the criterion by the last layer's outputs.

    ``start`` is that by every output, or negative: then it is the criterion's own.
    """
    number = values.dtype.type
    for k in range(layer.size):
        if start >= 0.0:
            second = start
        elif criterion.kind == MAP:
            second = _spread_of_slopes(criterion, answer, values[layer.start + k], k)
        else:
            distance = 1.0 if criterion.kind == SQUARED_ERROR else np.float64(criterion.distance)
            second = 2.0 * distance / np.float64(criterion.divisor)
        deltas[layer.deltas + k] = number(second)


@lean
def _spread_of_slopes(criterion: Criterion, answer: Answer, value: float, k: int) -> Any:
    """Return the variance of equation 9's slopes over the classes and that of rubbish, and more."""
    factor = 2.0 * np.float64(criterion.distance)
    free, mean, square = 1.0, 0.0, 0.0
    for n in range(answer.penalties.size):
        part = answer.shares[n]
        away = factor * (np.float64(value) - np.float64(criterion.codes[n, k]))
        free -= part
        mean += part * away
        square += part * away * away
    return (factor * max(free, 0.0) + max(square - mean * mean, 0.0)) / np.float64(
        criterion.divisor
    )


@lean
def best(answer: Answer) -> int:
    """Return the class of least penalty, the first of equals."""
    least = 0
    for n in range(1, answer.penalties.size):
        if answer.penalties[n] < answer.penalties[least]:
            least = n
    return least
