"""Misses: what a classifier gets wrong on the test patterns. Counted, never estimated."""

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def missed(classes: Classes, labels: Classes) -> Mask:
    """Return which patterns got another class than their label: bool (n,).

    Raises ValueError when there are not as many answers as labels.
    """
    if classes.shape != labels.shape:
        raise ValueError(f"{len(classes)} answers for {len(labels)} labels")
    return np.asarray(classes != labels, dtype=np.bool_)


def misses(classes: Classes, labels: Classes) -> int:
    """Return how many patterns were missed."""
    return int(np.sum(missed(classes, labels)))


def similarity(first: Mask, second: Mask) -> float:
    """Return the misses shared as a share, 0 to 1, of those of either: the Jaccard index.

    It does not grow with the number of misses as the plain count does. Two classifiers without
    any miss are equal: 1.
    """
    either = int(np.sum(first | second))
    return int(np.sum(first & second)) / either if either else 1.0


def percent(count: float, of: int) -> float:
    """Return a count as a percentage."""
    return 100.0 * count / of
