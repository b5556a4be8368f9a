"""Planar affine distortions of training patterns (Section III-B, page 11; Figure 7).

The paper names them: horizontal and vertical translation, scaling, squeezing and horizontal shear.
How large they are is read from Figure 7 by `replication.studies.distortions`.

Coordinates: x to the right and y downwards in pixels, seen from the centre of mass. A point at
(x, y) of the original comes to

    x' = scale_x x + shear y + shift_x
    y' = scale_y y + shift_y

so that a scale of 1.2 draws larger digits, and the shifts say where the centre of mass goes.
MNIST is centred by mass, on the pixel of index side / 2 (within a pixel); that pixel is taken for
the centre of mass of every image.
"""

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.elementary import exponentials
from replication.core.compiled import kernel
from replication.core.mnist.databases import margins
from replication.core.settings import Distortions, Range
from replication.errors import ReplicationError

Bytes = NDArray[np.uint8]
Parameters = NDArray[np.float32]

COLUMNS = ("scale_x", "scale_y", "shear", "shift_x", "shift_y")


def draw_distortions(
    distortions: Distortions, count: int, generator: np.random.Generator
) -> Parameters:
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
    Each image depends on its own row alone. Raises ReplicationError as `databases.margins` does,
    and for a scale that is not above 0 or a value that is not finite.
    """
    _check(parameters)
    top, left = margins(field, *images.shape[1:])
    result = np.empty((len(images), field, field), np.uint8)
    _draw_distorted(images, parameters.astype(np.float64), top, left, result)
    return result


def _within(limits: Range, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    return limits.low + (limits.high - limits.low) * unit


def _check(parameters: Parameters) -> None:
    """Raise ReplicationError for a distortion that is none, naming it and its values."""
    sound = np.isfinite(parameters).all(axis=1) & (parameters[:, :2] > 0).all(axis=1)
    if not sound.all():
        number = int(np.flatnonzero(~sound)[0])
        values = zip(COLUMNS, parameters[number].tolist(), strict=True)
        stated = ", ".join(f"{name} {value:g}" for name, value in values)
        raise ReplicationError(
            f"distortion {number} cannot be drawn ({stated}): scales must be greater than 0 and "
            "every value finite; correct the ranges under base.distortions in params.yaml"
        )


# Background around an image, in pixels: no pixel of the result needs more than two outside it.
_FRAME = 2


@kernel
def _draw_distorted(
    images: Bytes, parameters: NDArray[np.float64], top: int, left: int, result: Bytes
) -> None:
    """Draw each of ``images`` in a frame of background, so that no look-up can miss it.

    A line of the result lies between the same two lines of the image throughout. Where its columns
    come from is worked out first, by arithmetic that the compiler makes vectors of; places beyond
    the frame are moved into it, where all is background as well.
    """
    count, height, width = images.shape
    lines, columns = result.shape[1:]
    stride = width + 2 * _FRAME
    framed = np.zeros((height + 2 * _FRAME) * stride)
    nearest, shares = np.empty(columns, np.int64), np.empty(columns)
    for n in range(count):
        scale_x, scale_y, shear, shift_x, shift_y = parameters[n]
        first, last = height, -1  # lines with ink
        for i in range(height):
            ink = 0
            for j in range(width):
                ink |= images[n, i, j]
                framed[(i + _FRAME) * stride + j + _FRAME] = images[n, i, j]
            if ink:
                first, last = min(first, i), i
        for line in range(lines):
            y = (line - (top + height // 2) - shift_y) / scale_y
            row = y + height // 2
            upper = np.floor(row)
            if not first - 1.0 <= upper <= last:
                result[n, line] = 0
                continue
            start = (int(upper) + _FRAME) * stride + _FRAME
            for column in range(columns):
                x = (column - (left + width // 2) - shift_x - shear * y) / scale_x + width // 2
                before = np.floor(x)
                shares[column] = x - before
                nearest[column] = start + int(max(min(before, float(width)), -2.0))
            _draw_line(framed, stride, nearest, shares, row - upper, result[n, line])


@kernel
def _draw_line(
    framed: NDArray[np.float64],
    stride: int,
    nearest: NDArray[np.int64],
    shares: NDArray[np.float64],
    below: float,
    line: Bytes,
) -> None:
    """Draw the levels between four neighbours: on two lines by ``shares``, from one to the other.

    ``nearest`` are the places of the upper left neighbours, ``below`` is how far the upper line
    lies above. Half a level is rounded up; no level is negative.
    """
    for column in range(line.size):
        place, right = nearest[column], shares[column]
        above = framed[place] + (framed[place + 1] - framed[place]) * right
        place += stride
        under = framed[place] + (framed[place + 1] - framed[place]) * right
        line[column] = int(above + (under - above) * below + 0.5)


BITS = 64
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_ONE = np.uint64(1)


def invert(
    images: NDArray[np.uint8], numbers: NDArray[np.int64], share: float, key: np.uint64
) -> None:
    """Invert each pixel of ``images`` in place with the probability ``share``: to 255 - grey.

    ``images`` are uint8 (n, height, width), C-contiguous. Draw ``number * height * width + p`` of
    the stream ``key`` decides on pixel p of an image, line by line, with the image's of the
    ``numbers``, int64 (n,), not negative. ``share`` is above 0 and below 1, exact to 2^-64.

    Draw i of a stream is SplitMix64's (Steele, Lea and Flood, Fast Splittable Pseudorandom Number
    Generators, OOPSLA 2014): 64 bits that are a function of the stream's key and of i alone. So a
    pixel has the same noise whenever and with whatever others it is drawn.
    """
    flat = images.reshape(len(images), -1)
    _invert(flat, numbers.astype(np.uint64), np.uint64(int(share * 2**BITS)), key)


@kernel
def _invert(
    images: NDArray[np.uint8], numbers: NDArray[np.uint64], below: np.uint64, key: np.uint64
) -> None:
    area = np.uint64(images.shape[1])
    for n in range(images.shape[0]):
        start = numbers[n] * area + _ONE
        for pixel in range(images.shape[1]):
            bits = key + (start + np.uint64(pixel)) * _STEP
            bits = (bits ^ (bits >> _30)) * _FIRST
            bits = (bits ^ (bits >> _27)) * _SECOND
            bits ^= bits >> _31
            images[n, pixel] ^= 255 if bits < below else 0
