"""45 linear units over the pixels, one for each pair of classes: Section III-C.1, p. 12.

Unit i/j is to give +1 on patterns of class i and -1 on patterns of class j, and sees no others:
least squares, as in `linear`. The score of class i is the sum of all units i/x minus the sum of all
units y/i. On patterns of classes it never saw a linear unit gives anything, often far beyond +1 and
-1; the paper does not say whether the outputs that are added are bounded.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Positive, Section
from replication.core.systems.classifier import ClassifierSystem, Patterns
from replication.core.systems.classifiers.linear import (
    Floats,
    Images,
    pixel_features,
    solve_weights,
)
from replication.core.systems.contract import Cost

VERSION = 1

# 0/1, 0/2, ... 8/9
PAIRS = tuple(combinations(range(CLASSES), 2))
# What is added to a vote, so that classes with as many do not tie: less than half a vote in all.
_TIE = 1.0 / 64.0


class Options(Section):
    """The outputs that are added up, and the regularisation of the units."""

    # the sums as they are; bounded to -1 to +1; or +1 and -1, a vote, by their sign
    outputs: Literal["linear", "bounded", "sign"]
    ridge: Positive  # added to the diagonal of the normal equations, in units of its mean


def pair_signs() -> Floats:
    """Return how each unit enters the score of each class: (45, 10) of +1, -1 or 0."""
    result = np.zeros((len(PAIRS), CLASSES))
    for unit, (positive, negative) in enumerate(PAIRS):
        result[unit, positive], result[unit, negative] = 1.0, -1.0
    return result


@dataclass(frozen=True)
class Pairwise:
    """The units' ``weights``, float64 (pixels + 1, 45), and which ``outputs`` are added."""

    weights: Floats
    outputs: Literal["linear", "bounded", "sign"]

    def penalties(self, images: Images) -> Floats:
        """Return minus the scores, (patterns, 10); bounded sums decide between equal votes."""
        outputs = pixel_features(images) @ self.weights
        if self.outputs != "linear":
            bounded = np.clip(outputs, -1.0, 1.0)
            outputs = bounded if self.outputs == "bounded" else np.sign(outputs) + _TIE * bounded
        return -(outputs @ pair_signs())

    def cost(self) -> Cost:
        """Count a multiply-add and a variable for each weight, and two additions an output."""
        weights = self.weights.size
        return Cost((weights + 2 * len(PAIRS)) / 1e3, weights / 1e3)


class System(ClassifierSystem[Options]):
    """The pairwise linear classifier."""

    def train(self, patterns: Patterns, _: np.random.Generator, monitor: Monitor) -> Pairwise:
        """Solve one linear system for each pair, from what each class adds to it."""
        of_class = [pixel_features(patterns.images[patterns.labels == c]) for c in range(CLASSES)]
        grams = [rows.T @ rows for rows in of_class]
        sums = [rows.sum(axis=0) for rows in of_class]
        units, ridge = [], self.chosen.ridge
        for i, j in PAIRS:
            monitor.check()
            units.append(solve_weights(grams[i] + grams[j], sums[i] - sums[j], ridge))
        return Pairwise(np.column_stack(units), self.chosen.outputs)
