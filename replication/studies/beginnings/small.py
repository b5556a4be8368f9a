"""A small perceptron in plain numpy, to compare squashing functions and ways to update."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HIDDEN, CLASSES = 30, 10


class Way(NamedTuple):
    """How it is trained: ``shift`` lifts the hidden outputs; ``batch`` updates once a pass."""

    shift: float
    batch: bool
    rate: float


def train(
    inputs: Floats, targets: Floats, way: Way, passes: int, squash: tuple[float, float], seed: int
) -> list[float]:
    """The mean squared error over all patterns before training and after each pass.

    Args:
        inputs: (patterns, pixels). targets: (patterns, classes), -1 or +1.
        way: of training.
        passes: through all patterns, in one random order.
        squash: amplitude and slope of the squashing function.
        seed: of the initial weights and the order.
    """
    amplitude, slope = squash
    generator = np.random.default_rng(seed)
    reach = 1 / np.sqrt(inputs.shape[1]), 1 / np.sqrt(HIDDEN)
    first = generator.uniform(-reach[0], reach[0], (inputs.shape[1], HIDDEN))
    second = generator.uniform(-reach[1], reach[1], (HIDDEN + 1, CLASSES))

    def outputs(x: Floats) -> tuple[Floats, Floats, Floats]:
        plain = amplitude * np.tanh(slope * (x @ first))
        hidden = np.concatenate([plain + way.shift, np.ones((*plain.shape[:-1], 1))], axis=-1)
        return plain, hidden, amplitude * np.tanh(slope * (hidden @ second))

    def error() -> float:
        return float(((outputs(inputs)[2] - targets) ** 2).mean())

    errors, order = [error()], generator.permutation(len(inputs))
    for _ in range(passes):
        for numbers in [order] if way.batch else np.split(order, len(order)):
            x, y = inputs[numbers], targets[numbers]
            plain, hidden, out = outputs(x)
            above = (out - y) * slope * (amplitude - out**2 / amplitude)
            below = (above @ second[:-1].T) * slope * (amplitude - plain**2 / amplitude)
            second -= way.rate * (hidden.T @ above) / len(x)
            first -= way.rate * (x.T @ below) / len(x)
        errors.append(error())
    return errors


def best(
    inputs: Floats,
    targets: Floats,
    ways: list[Way],
    passes: int,
    squash: tuple[float, float],
    seed: int,
) -> list[float]:
    """Of several ways the errors of the one that ends with the least."""
    tried = [train(inputs, targets, way, passes, squash, seed) for way in ways]
    return min(tried, key=lambda errors: errors[-1] if np.isfinite(errors[-1]) else np.inf)
