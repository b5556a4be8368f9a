"""The distortions of Figure 7 read in several ways: which quantity was drawn at random?

A scale, its logarithm or its inverse may have been uniform, and a shift may count pixels of the
original or of the drawn digit. A reading is a change of variables: with its density, likelihoods
are counted per unit of the measured quantity, and all readings of it are comparable.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

# A match below this may be the wrong original: one of the 100 patterns.
LEAST_CORRELATION = 0.95


class Reading(NamedTuple):
    """One way to read a quantity.

    Attributes:
        quantity, reading: their names.
        values: float64 (n,), the quantity that would have been drawn at random.
        density: float64 (n,), log |d value / d measured|.
    """

    quantity: str
    reading: str
    values: Values
    density: Values


def select_trusted(figure: pd.DataFrame) -> pd.DataFrame:
    """Return the patterns of `Paper.distortions` whose original is certain."""
    return figure[figure["match_correlation"] >= LEAST_CORRELATION]


def fit_anchor(shift: Values, scale: Values) -> tuple[float, float]:
    """Return the line that scaling leaves in place, and its standard error.

    In pixels from the centre of mass. Scaling by s about a line at a, after a shift u of the
    original, moves the centre of mass by a (1 - s) + s u. So shift / s is linear in 1 / s - 1 with
    slope a, and the rest is u.
    """
    line = stats.linregress(1.0 / scale - 1.0, shift / scale)
    return float(line.slope), float(line.stderr)


def list_readings(figure: pd.DataFrame) -> list[Reading]:
    """Return every quantity of the patterns in every reading."""
    scale_x, scale_y, shear, shift_x, shift_y = (
        figure[name].to_numpy(np.float64)
        for name in ("scale_x", "scale_y", "shear", "shift_x_pixels", "shift_y_pixels")
    )
    foot, _ = fit_anchor(shift_y, scale_y)
    none = np.zeros(len(figure))
    anchored = shift_y - foot * (1.0 - scale_y)
    return [
        *_read_ratio("scale", np.sqrt(scale_x * scale_y)),
        *_read_ratio("squeeze", scale_x / scale_y),
        Reading("shear", "by pixel of the original", shear, none),
        Reading("shear", "before scaling", shear / scale_x, -np.log(scale_x)),
        Reading("shear", "after scaling", shear / scale_y, -np.log(scale_y)),
        Reading("shift_x", "pixels drawn", shift_x, none),
        Reading("shift_x", "pixels of the original", shift_x / scale_x, -np.log(scale_x)),
        Reading("shift_y", "pixels drawn", shift_y, none),
        Reading("shift_y", "pixels drawn, anchored", anchored, none),
        Reading("shift_y", "pixels of the original", shift_y / scale_y, -np.log(scale_y)),
        Reading("shift_y", "pixels of the original, anchored", anchored / scale_y,
                -np.log(scale_y)),
    ]  # fmt: skip


def _read_ratio(quantity: str, ratio: Values) -> list[Reading]:
    logarithm = np.log(ratio)
    return [
        Reading(quantity, "as it is", ratio, np.zeros(len(ratio))),
        Reading(quantity, "logarithm", logarithm, -logarithm),
        Reading(quantity, "inverse", 1.0 / ratio, -2.0 * logarithm),
    ]
