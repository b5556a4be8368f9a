"""How far a reading is from the evidence, in units of what another seed would change.

The evidence is one training of 1998 with a seed of its own, read from a drawing and from printed
digits. Each pass of Figure 5's training curve, and the least and the greatest step, is therefore
compared in units of a standard deviation that adds up the spread between replicates (pooled over
the readings of a stage) and what the drawing or the printed digits leave open. A reading that is
right is at a distance of about the square root of two, since its replicates have seeds as well.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison.paper import Paper
from replication.comparison.verdicts.statistics import mean_interval

CONFIDENCE = 0.95

Array = NDArray[np.float64]


class Evidence(NamedTuple):
    """What the protocol compares with.

    Attributes:
        training: Figure 5's training errors, in percent, a value a pass.
        steps: decimal logarithms of the least and greatest step size of the first pass (p. 10).
        resolution: standard deviation of a point of the drawing, in percentage points.
        rounding: standard deviations that the printed digits leave to the two logarithms.
    """

    training: Array
    steps: Array
    resolution: float
    rounding: Array


def evidence(paper: Paper, resolution: float) -> Evidence:
    """The published curve and range; ``resolution`` is in percentage points."""
    curve = paper.learning_curves["training_error_percent"].to_numpy(np.float64)
    ends = [float(value) for value in paper.claims["sdlm.rates"].ends]
    return Evidence(
        curve, np.log10(ends), resolution, np.array([_rounding(value) for value in ends])
    )


def _rounding(value: float) -> float:
    """Half a unit of the last printed digit, uniform, as a deviation of the decimal logarithm."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    half = 0.5 * 10.0 ** int(exponent)
    return half / value / math.log(10.0) / math.sqrt(3.0)


class Trained(NamedTuple):
    """A reading's replicates: errors (replicates, passes), logarithms of steps (replicates, 2)."""

    errors: Array
    steps: Array


def trained(curves: pd.DataFrame, replicates: int) -> dict[str, Trained]:
    """The readings of one stage, by name, of which every replicate was trained to its end."""
    result = {}
    for name, table in curves.groupby("reading", sort=False):
        errors = table.pivot(index="replicate", columns="pass", values="training_error")
        first = table[table["pass"] == 1].sort_values("replicate")
        if len(errors) == replicates and not errors.isna().to_numpy().any():
            steps = np.log10(first[["step_low", "step_high"]].to_numpy(np.float64))
            result[str(name)] = Trained(errors.to_numpy(np.float64), steps)
    return result


class Scale(NamedTuple):
    """One standard deviation of each point of the curve (passes,) and of the two steps (2,)."""

    curve: Array
    steps: Array


def scale(readings: Mapping[str, Trained], known: Evidence) -> Scale:
    """The spread between replicates, pooled over ``readings``, with what the print leaves open."""
    curve = np.mean([one.errors.var(axis=0, ddof=1) for one in readings.values()], axis=0)
    steps = np.mean([one.steps.var(axis=0, ddof=1) for one in readings.values()], axis=0)
    return Scale(np.sqrt(curve + known.resolution**2), np.sqrt(steps + known.rounding**2))


def squares(one: Trained, known: Evidence, unit: Scale) -> Array:
    """The squared distance of each replicate: half from the curve, half from the steps."""
    curve = (one.errors - known.training[: one.errors.shape[1]]) / unit.curve
    steps = (one.steps - known.steps) / unit.steps
    result: Array = (np.square(curve).mean(axis=1) + np.square(steps).mean(axis=1)) / 2.0
    return result


def numbers(one: Trained, known: Evidence, unit: Scale) -> dict[str, float]:
    """A reading's distance and what it consists of, as results/readings.csv has them.

    ``rms`` is the root mean square distance of a replicate's curve from Figure 5's in percentage
    points, the mean over the replicates; ``rms_low`` to ``rms_high`` is its interval.
    """
    rms = np.sqrt(np.square(one.errors - known.training[: one.errors.shape[1]]).mean(axis=1))
    interval = mean_interval(rms, CONFIDENCE)
    low, high = 10.0 ** one.steps.mean(axis=0)
    return {
        "distance": math.sqrt(squares(one, known, unit).mean()),
        "rms": float(rms.mean()),
        "rms_low": interval.low,
        "rms_high": interval.high,
        "step_low": float(low),
        "step_high": float(high),
        "training_error": float(one.errors[:, -1].mean()),
    }


def tied(one: Trained, best: Trained, known: Evidence, unit: Scale) -> bool:
    """Whether the replicates, paired by their seeds, leave it open which of the two is nearer."""
    difference = squares(one, known, unit) - squares(best, known, unit)
    return not difference.any() or mean_interval(difference, CONFIDENCE).low <= 0.0
