"""Test patterns changed by a known amount, and how many of them a network misses.

Section III-E, pp. 15-16: scale, vertical shift and rotation; and noise, each pixel inverted with
some probability. The field is that of the network: ink that leaves it is lost, as it is when a
segmenter cuts a character. Numpy and scipy only, so that the report draws the same pictures.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from replication.core.mnist.databases import centre_in_field, margins
from replication.core.settings import Invariance

Bytes = NDArray[np.uint8]
KINDS = ("scale", "shift", "rotation", "noise")
# What leaves a pattern as it is.
UNCHANGED: Mapping[str, float] = {"scale": 1.0, "shift": 0.0, "rotation": 0.0, "noise": 0.0}
BOTH_WAYS = ("shift", "rotation")


def list_amounts(choices: Invariance, kind: str) -> list[float]:
    """Return all amounts of a kind, ascending; negative ones are changes the opposite way."""
    amounts = [float(amount) for amount in getattr(choices, kind)]
    opposite = [-amount for amount in reversed(amounts) if amount] if kind in BOTH_WAYS else []
    return [*opposite, *amounts]


def list_changes(choices: Invariance, kinds: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Return the kinds with all of their amounts."""
    return ((kind, amount) for kind in kinds for amount in list_amounts(choices, kind))


def change(
    images: Bytes, numbers: Sequence[int], kind: str, amount: float, choices: Invariance, field: int
) -> Bytes:
    """Change each image by the same amount and draw it in a square field: uint8 (n, field, field).

    Args:
        images: uint8 (n, height, width), 0 background to 255 ink, centred by mass.
        numbers: of these images in their file, (n,); only the noise depends on them.
        kind: as in `KINDS`. amount: factor, heights of a character downwards, degrees clockwise,
            or probability.
        choices: for the height of a character and the seed.
        field: side of the result in pixels; the image's middle is the field's.
    """
    matrix, down = np.eye(2), 0.0
    if kind == "scale":
        matrix = amount * matrix
    elif kind == "shift":
        down = amount * choices.character_pixels
    elif kind == "rotation":
        angle = math.radians(amount)
        cosine, sine = math.cos(angle), math.sin(angle)
        matrix = np.array([[cosine, -sine], [sine, cosine]])
    drawn = resample(images, matrix, down, field)
    return invert(drawn, numbers, amount, choices.seed) if kind == "noise" else drawn


def resample(images: Bytes, matrix: NDArray[np.float64], down: float, field: int) -> Bytes:
    """Draw images under an affine map, bilinearly: uint8 (n, field, field).

    A point (x, y) of an image, in pixels to the right of and below the pixel of index side / 2,
    where MNIST has the centre of mass, comes to ``matrix`` (2, 2) times (x, y), ``down`` pixels
    further down. As in `mnist.distortions.distort`, which has no rotation, each pixel of the field
    is looked up where it comes from, without smoothing when a digit shrinks, and everything outside
    the image is background. All images are changed in the same way, by one sparse matrix from the
    pixels of an image to the pixels of the field.
    """
    count, height, width = images.shape
    top, left = margins(field, height, width)
    row, column = np.mgrid[:field, :field].reshape(2, -1).astype(np.float64)
    seen = np.stack([column - (left + width // 2), row - (top + height // 2) - down])
    x, y = np.linalg.inv(matrix) @ seen + np.array([[width // 2], [height // 2]])
    x0, y0 = np.floor(x), np.floor(y)
    sources, targets, weights = [], [], []
    for lines, share_y in ((y0, y0 + 1 - y), (y0 + 1, y - y0)):
        for columns, share_x in ((x0, x0 + 1 - x), (x0 + 1, x - x0)):
            inside = (lines >= 0) & (lines < height) & (columns >= 0) & (columns < width)
            sources.append((lines * width + columns)[inside].astype(np.int64))
            targets.append(np.flatnonzero(inside))
            weights.append((share_y * share_x)[inside])
    places = (np.concatenate(targets), np.concatenate(sources))
    shape = (field * field, height * width)
    table = sparse.csr_array((np.concatenate(weights), places), shape=shape)
    ink = table @ images.reshape(count, -1).T.astype(np.float64)
    levels: Bytes = np.rint(ink.T).astype(np.uint8, order="C")  # as the kernels read it
    return levels.reshape(count, field, field)


def invert(images: Bytes, numbers: Sequence[int], probability: float, seed: int) -> Bytes:
    """Invert each pixel of images (n, height, width) with ``probability`` (p. 16).

    The noise of a pattern depends only on the seed and its number; a pixel that is inverted at a
    lower probability is inverted at a higher one as well.
    """
    chances = np.stack(
        [np.random.default_rng((seed, number)).random(images.shape[1:]) for number in numbers]
    )
    return np.where(chances < probability, np.uint8(255) - images, images)


def join_images(images: Bytes, pitch: int, field: int) -> Bytes:
    """Draw images side by side, uint8 (field, width): each in the middle of a square field.

    Each square begins ``pitch`` pixels to the right of the square before it; where images overlap
    the darker ink is seen.
    """
    wide = np.zeros((field, field + pitch * (len(images) - 1)), np.uint8)
    for number, image in enumerate(centre_in_field(images, field)):
        place = wide[:, pitch * number : pitch * number + field]
        np.maximum(place, image, out=place)
    return wide
