"""Planar affine distortions of training patterns (Section III-B, page 11; Figure 7).

The paper names them: horizontal and vertical translation, scaling, squeezing and horizontal shear.
How large they are is read from Figure 7 by `replication.comparison.distortion_fit`.

Coordinates: x to the right and y downwards in pixels, seen from the centre of mass. A point at
(x, y) of the original comes to

    x' = scale_x x + shear y + shift_x
    y' = scale_y y + shift_y

so that a scale of 1.2 draws larger digits, and the shifts say where the centre of mass goes.
MNIST is centred by mass, on the pixel of index side / 2 (within a pixel); that pixel is taken for
the centre of mass of every image.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from replication.mnist.databases import margins
from replication.settings import Distortions, Range

Bytes = NDArray[np.uint8]
Parameters = NDArray[np.float32]

COLUMNS = ("scale_x", "scale_y", "shear", "shift_x", "shift_y")
IDENTITY = np.array([1, 1, 0, 0, 0], dtype=np.float32)
# The working memory of a chunk, about 30 bytes a pixel of the field, stays in the cache.
_CHUNK = 96
# So few images that torch does not spread them over its threads, which beside workers that each
# keep a core busy makes it tens of times slower.
_AT_ONCE = 8


def draw(distortions: Distortions, count: int, generator: np.random.Generator) -> Parameters:
    """Draw the distortions of ``count`` patterns: float32 (count, 5), columns as in `COLUMNS`.

    As in Figure 7, what is uniform is the inverse of the overall scale sqrt(scale_x scale_y), the
    logarithm of the squeeze scale_x / scale_y, the shear, and the shift in pixels of the original,
    not of the scaled digit. Vertical scaling leaves the line in place that is ``anchor`` pixels
    below the centre of mass: the foot of a digit.
    """
    unit = generator.random((count, 5), dtype=np.float32).astype(np.float64)
    scale = 1.0 / _within(distortions.inverse_scale, unit[:, 0])
    squeeze = np.exp(_within(distortions.log_squeeze, unit[:, 1]) / 2.0)
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
    result = np.empty((len(images), field, field), np.uint8)
    for start in range(0, len(images), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        result[chunk] = _distorted(images[chunk], parameters[chunk], field)
    return result


def _within(limits: Range, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    return limits.low + (limits.high - limits.low) * unit


def _distorted(images: Bytes, parameters: Parameters, field: int) -> Bytes:
    grids = torch.from_numpy(_origins(parameters, field, *images.shape[1:]))
    ink = torch.from_numpy(images[:, np.newaxis].astype(np.float32))
    drawn = [
        torch.nn.functional.grid_sample(
            some, grid, mode="bilinear", padding_mode="zeros", align_corners=False
        ).numpy()
        for some, grid in zip(torch.split(ink, _AT_ONCE), torch.split(grids, _AT_ONCE), strict=True)
    ]
    levels: Bytes = np.rint(np.concatenate(drawn)[:, 0]).astype(np.uint8)
    return levels


def _origins(parameters: Parameters, field: int, height: int, width: int) -> NDArray[np.float32]:
    """Where each pixel of the field comes from: float32 (n, field, field, 2), x then y.

    In grid_sample's units: the centre of pixel i of n is at (2 i + 1) / n - 1.
    """
    top, left = margins(field, height, width)
    # (n, 1, 1) each; y is a column of the field and x a line, so that sums make (n, field, field).
    scale_x, scale_y, shear, shift_x, shift_y = parameters.T[..., np.newaxis, np.newaxis]
    pixels = np.arange(field, dtype=np.float32)
    y = (pixels[:, np.newaxis] - (top + height // 2) - shift_y) / scale_y
    x = (pixels - (left + width // 2) - shift_x - shear * y) / scale_x
    origins = np.empty((len(parameters), field, field, 2), np.float32)
    origins[..., 0] = (x + (width // 2 + 0.5)) * (2 / width) - 1
    origins[..., 1] = (y + (height // 2 + 0.5)) * (2 / height) - 1
    return origins
