"""The criteria, written to be read: what is minimised, pattern by pattern.

Equation 8 (p. 9), ``mle``: the distance y_D of F6 to the code of the correct class D.
Equation 9 (p. 9), ``map``: y_D + log(exp(-j) + sum over the classes of exp(-y_i)); the constant
exp(-j) stands for a class of rubbish at the distance j.
``squared-error``: the sum over the outputs of (output - target)^2, targets +1 and -1, for the
networks without RBF units.

Each is divided by ``divisor``. The paper prints no divisor; see paper_notes.md. The kernels have
their own versions; the tests hold them against these, and these against autograd.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Name = Literal["mle", "map", "squared-error"]
Vector = NDArray[np.float64]


def targets(label: int, classes: int) -> Vector:
    """+1 for the correct class, -1 for the others, (classes,)."""
    result = np.full(classes, -1.0)
    result[label] = 1.0
    return result


def distances(outputs: Vector, codes: Vector) -> Vector:
    """Squared Euclidean distances of ``outputs`` (components,) to ``codes`` (classes, components).

    Equation 7, p. 8.
    """
    return np.asarray(((outputs - codes) ** 2).sum(axis=1))


def shares(distance: Vector, j: float) -> Vector:
    """exp(-y_i) / (exp(-j) + sum of exp(-y_i)), (classes,): they add up to less than 1."""
    least = min(float(distance.min()), j)
    weights = np.exp(least - distance)
    return np.asarray(weights / (np.exp(least - j) + weights.sum()))


def value(
    name: Name, outputs: Vector, codes: Vector, label: int, j: float, divisor: float
) -> float:
    """The criterion of one pattern, from the outputs of the last layer with weights."""
    if name == "squared-error":
        return float(((outputs - targets(label, outputs.size)) ** 2).sum() / divisor)
    distance = distances(outputs, codes)
    if name == "mle":
        return float(distance[label] / divisor)
    least = min(float(distance.min()), j)
    total = np.exp(least - j) + np.exp(least - distance).sum()
    return float((distance[label] - least + np.log(total)) / divisor)


def gradient(
    name: Name, outputs: Vector, codes: Vector, label: int, j: float, divisor: float
) -> Vector:
    """Derivatives of ``value`` by ``outputs``."""
    if name == "squared-error":
        return np.asarray(2.0 * (outputs - targets(label, outputs.size)) / divisor)
    slopes = 2.0 * (outputs - codes)
    result = slopes[label]
    if name == "map":
        result = result - shares(distances(outputs, codes), j) @ slopes
    return np.asarray(result / divisor)


def curvature(name: Name, outputs: Vector, codes: Vector, j: float, divisor: float) -> Vector:
    """Second derivatives of ``value`` by each of ``outputs``: what Appendix C starts from.

    They are exact, depend on no label, and are never negative. For equation 9, with shares p_i and
    slopes s_i = 2 (outputs - code_i), they are 2 (1 - sum p_i) + sum p_i s_i^2 - (sum p_i s_i)^2:
    the variance of the slopes over the classes and the class of rubbish.
    """
    if name != "map":
        return np.full(outputs.size, 2.0 / divisor)
    share = shares(distances(outputs, codes), j)
    slopes = 2.0 * (outputs - codes)
    spread = share @ slopes**2 - (share @ slopes) ** 2
    return np.asarray((2.0 * (1.0 - share.sum()) + np.maximum(spread, 0.0)) / divisor)
