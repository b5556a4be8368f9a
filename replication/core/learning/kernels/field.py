"""The input field: an image of grey levels in the middle of the background."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fetch, fma, load_levels, store
from replication.core.compiled import lean
from replication.core.learning.kernels.layout import Floats, Number, Plan

Bytes = NDArray[np.uint8]


class Levels(NamedTuple):
    """The input for a grey level: ``scale`` times it plus ``background``, rounded once."""

    background: Number
    scale: Number


@lean
def clear(plan: Plan, levels: Levels, values: Floats) -> None:
    """Fill the input field with the background."""
    values[: plan.layers[0].height * plan.layers[0].width] = levels.background


@lean
def show(plan: Plan, image: Bytes, levels: Levels, values: Floats) -> None:
    """Put an image of grey levels into the middle of the input field, in which is background."""
    side = plan.layers[0].height
    height, width = image.shape
    x, y, pixels = (side - height) // 2 * side + (side - width) // 2, 0, image.reshape(-1)
    last = max(width - LANES, 0)
    for _ in range(height):
        if width < LANES:
            for column in range(width):
                grey = values.dtype.type(pixels[y + column])
                values[x + column] = fma(grey, levels.scale, levels.background)
        else:
            for column in range(0, width, LANES):
                at = min(column, last)
                store(values, x + at, load_levels(pixels, y + at, levels.scale, levels.background))
        x += side
        y += width


@lean
def fetch_image(image: Bytes) -> None:
    """Have the processor's cache fetch ``image``, which is shown next."""
    pixels = image.reshape(-1)
    for pixel in range(0, pixels.size, 64):
        fetch(pixels, pixel)
