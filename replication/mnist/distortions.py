"""Planar affine distortions of training patterns (Section III-B, page 11; Figure 7).

The paper names them: horizontal and vertical translation, scaling, squeezing and horizontal shear.
How large they are is read from Figure 7 by `replication.studies.distortions.run`.

Coordinates: x to the right and y downwards in pixels, seen from the centre of mass. A point at
(x, y) of the original comes to

    x' = scale_x x + shear y + shift_x
    y' = scale_y y + shift_y

so that a scale of 1.2 draws larger digits, and the shifts say where the centre of mass goes.
MNIST is centred by mass, on the pixel of index side / 2 (within a pixel); that pixel is taken for
the centre of mass of every image.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from replication.arithmetic.elementary import exponentials
from replication.compiled import kernel
from replication.mnist.databases import margins
from replication.settings import Distortions, Range

Bytes = NDArray[np.uint8]
Parameters = NDArray[np.float32]

COLUMNS = ("scale_x", "scale_y", "shear", "shift_x", "shift_y")


def draw(distortions: Distortions, count: int, generator: np.random.Generator) -> Parameters:
    """Draw the distortions of ``count`` patterns: float32 (count, 5), columns as in `COLUMNS`.

    As in Figure 7, what is uniform is the inverse of the overall scale sqrt(scale_x scale_y), the
    logarithm of the squeeze scale_x / scale_y, the shear, and the shift in pixels of the original,
    not of the scaled digit. Vertical scaling leaves the line in place that is ``anchor`` pixels
    below the centre of mass: the foot of a digit.
    """
    unit = generator.random((count, 5), dtype=np.float32).astype(np.float64)
    scale = 1.0 / _within(distortions.inverse_scale, unit[:, 0])
    squeeze = exponentials(_within(distortions.log_squeeze, unit[:, 1]) / 2.0)
    scale_x, scale_y = scale * squeeze, scale / squeeze
    shear = _within(distortions.shear, unit[:, 2])
    shift_x = scale_x * _within(distortions.shift_x, unit[:, 3])
    shift_y = scale_y * _within(distortions.shift_y, unit[:, 4])
    shift_y += distortions.anchor * (1.0 - scale_y)
    return np.stack([scale_x, scale_y, shear, shift_x, shift_y], axis=1).astype(np.float32)


def distort(images: Bytes, parameters: Parameters, field: int = 32) -> Bytes:
    """Distort each image and draw it in a square field: uint8 (n, field, field).

    Args:
        images: uint8 (n, height, width), 0 background to 255 ink, centred by mass.
        parameters: float32 (n, 5), columns as in `COLUMNS`, scales above 0; image i is given row i.
        field: side of the result in pixels; the image's middle is the field's.

    Values lie between the four nearest pixels of the original (bilinear, each output pixel looked
    up where it comes from) and are rounded to the nearest grey level; there is no smoothing when a
    digit shrinks. What lies outside the original is background, ink that leaves the field is lost.
    Each image depends on its own row alone. Raises ReplicationError as `databases.margins` does.
    """
    top, left = margins(field, *images.shape[1:])
    result = np.empty((len(images), field, field), np.uint8)
    _draw_distorted(images, parameters.astype(np.float64), top, left, result)
    return result


def _within(limits: Range, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    return limits.low + (limits.high - limits.low) * unit


@kernel
def _draw_distorted(
    images: Bytes, parameters: NDArray[np.float64], top: int, left: int, result: Bytes
) -> None:
    count, height, width = images.shape
    for n in range(count):
        scale_x, scale_y, shear, shift_x, shift_y = parameters[n]
        for line in range(result.shape[1]):
            y = (line - (top + height // 2) - shift_y) / scale_y
            row = y + height // 2
            upper = math.floor(row)
            below = row - upper
            for column in range(result.shape[2]):
                x = (column - (left + width // 2) - shift_x - shear * y) / scale_x + width // 2
                nearest = math.floor(x)
                right = x - nearest
                i, j = int(upper), int(nearest)
                above = _between(images[n], i, j, right)
                under = _between(images[n], i + 1, j, right)
                level = above + (under - above) * below
                # Half a level is rounded up; no level is negative.
                result[n, line, column] = int(level + 0.5)


@kernel
def _between(image: Bytes, line: int, column: int, share: float) -> float:
    """The level ``share`` of the way from a column to the next, on a line; 0 outside the image."""
    if not 0 <= line < image.shape[0]:
        return 0.0
    near = float(image[line, column]) if 0 <= column < image.shape[1] else 0.0
    far = float(image[line, column + 1]) if -1 <= column < image.shape[1] - 1 else 0.0
    return near + (far - near) * share
