"""A user's own digit made into a pattern as MNIST's were (Section III-A, p. 10).

The ink's bounding box is scaled into 20x20 pixels, its aspect ratio kept and grey levels from
antialiasing, and is centred by its centre of mass in a field of 28x28.
"""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from replication.errors import ReplicationError
from replication.reading import Damage, name_damage

Grey = NDArray[np.float64]
Bytes = NDArray[np.uint8]

BOX, FIELD = 20, 28
# Where MNIST has the centre of mass, in pixels from 0: its images lie evenly between half a pixel
# before and after it, so their mean is half a pixel from the field's middle, 13.5
# (data/prepared/summary.json, centre_of_mass).
CENTRE = 14.0
# Pixels on a side that are enough to scale a digit into its box of 20.
_LARGEST = 1000
# Pixels that are decoded at once: four bytes each.
_MOST = 50_000_000
_FORMATS = (
    "AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP",
)  # fmt: skip
_ORIENTATION = 0x0112
_TURNS = {
    "2": Image.Transpose.FLIP_LEFT_RIGHT,
    "3": Image.Transpose.ROTATE_180,
    "4": Image.Transpose.FLIP_TOP_BOTTOM,
    "5": Image.Transpose.TRANSPOSE,
    "6": Image.Transpose.ROTATE_270,
    "7": Image.Transpose.TRANSVERSE,
    "8": Image.Transpose.ROTATE_90,
}
# Contrasts below this share of the whole range are no ink; a photograph's paper varies as much.
_LEAST_CONTRAST = 0.1
# Fainter ink, as a share of the darkest, does not count for the bounding box.
_FAINT = 0.1
# The light of a photograph is bilinear; points of its border beyond this many standard deviations
# are ink. Ground darker than this share of the brightest says nothing of its ink.
_ROUNDS, _OUTLYING, _DARKEST = 8, 2.5, 0.05
# Parts side by side, or one above the other, that have these shares of the ink are two digits: the
# bar of a 5 may stand off, and is less.
_BESIDE, _ABOVE = 0.15, 0.35


def read(path: Path) -> Bytes:
    """Read an image of any size, colours and polarity as uint8 (28, 28): 255 is ink.

    Raises ReplicationError, one sentence that names the file, when it cannot be read, is too large
    or is empty.
    """
    return make_pattern(read_ink(path))


def read_ink(path: Path) -> Grey:
    """Read the ink, 0 to 1, of each pixel of an image; raises ReplicationError as `read`."""
    try:
        # What is too large is said below, in pixels that would have to be decoded.
        with (
            warnings.catch_warnings(action="ignore"), name_damage(),
            Image.open(path, formats=_formats()) as image,
        ):  # fmt: skip
            # A JPEG is decoded at a fraction of its size where it can be.
            image.draft(None, (_LARGEST, _LARGEST))
            if image.width * image.height > _MOST:
                raise Damage(
                    f"{image.width}x{image.height} pixels, and {_MOST // 10**6} million are most"
                )
            levels = measure_brightness(upright(shrink(image), image.getexif().get(_ORIENTATION)))
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: name an image file that exists") from error
    except Damage as error:
        why = str(error).replace(str(path), "it")
        raise ReplicationError(
            f"{path} cannot be read as an image ({why}): save it as a PNG"
        ) from error
    found = find_ink(levels)
    if found is None:
        raise ReplicationError(f"{path} shows no ink: give an image with a digit on plain ground")
    return found


def _formats() -> list[str]:
    """Return which of `_FORMATS` this Pillow reads: others, as EPS, would start programs."""
    Image.init()
    return sorted(set(_FORMATS) & set(Image.OPEN))


def upright(image: Image.Image, orientation: Any) -> Image.Image:
    """Turn a photograph as its EXIF says, 1 to 8; nothing else in it is read or written again."""
    turn = _TURNS.get(str(orientation).strip())
    return image if turn is None else image.transpose(turn)


def shrink(image: Image.Image) -> Image.Image:
    """Return the image with at most `_LARGEST` pixels on a side, averaged in blocks if larger.

    A photograph of 36 megapixels then takes no more time and memory than a small one, once read.
    """
    factor = math.ceil(max(image.size) / _LARGEST)
    if factor <= 1:
        return image
    if image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA")
    elif image.mode.startswith("I;"):
        image = image.convert("I")
    return image.reduce(factor)


def measure_brightness(image: Image.Image) -> Grey:
    """Return the brightness 0 to 1, (height, width), of an image in any of Pillow's modes.

    What is transparent is laid on white, or on black when what is drawn is bright.
    """
    if image.mode.startswith(("I", "F")):
        levels = np.asarray(image, dtype=np.float64)
        # Few of sixteen bits may be used, so white is the brightest: but black is not the darkest,
        # or the noise of an empty sheet would be ink.
        levels = levels - min(levels.min(initial=0.0), 0.0)
        return np.asarray(levels / (levels.max(initial=0.0) or 1.0))
    coloured = np.asarray(image.convert("RGBA"), dtype=np.float64) / 255.0
    # The luma of ITU-R 601-2, as Pillow's own conversion to grey.
    grey = coloured[..., :3] @ np.array([0.299, 0.587, 0.114])
    alpha = coloured[..., 3]
    if alpha.min(initial=1.0) == 1.0:
        return np.asarray(grey)
    drawn = float((grey * alpha).sum() / alpha.sum()) if alpha.any() else 0.0
    ground = 1.0 if drawn <= 0.5 else 0.0
    return np.asarray(grey * alpha + ground * (1.0 - alpha))


def find_ink(levels: Grey) -> Grey | None:
    """Return ink 0 to 1 of each pixel, None without contrast; the border is taken for ground.

    The ground may be lit unevenly: of dark ink the amount is the share of the light that it keeps.
    Whether ink is dark or bright is decided by which is farther from the ground.
    """
    if not levels.size:
        return None
    ground = estimate_light(levels)
    apart = ground - levels
    dark, bright = float(apart.max()), float(-apart.min())
    if max(dark, bright) < _LEAST_CONTRAST:
        return None
    amount = apart / np.maximum(ground, _DARKEST) if dark >= bright else -apart
    return np.asarray(np.clip(amount / amount.max(), 0.0, 1.0))


def estimate_light(levels: Grey) -> Grey:
    """Return the ground's brightness at each pixel, bilinear, from the border without its ink."""
    height, width = levels.shape
    y, x = (np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1) for n in (height, width))
    edge = np.ones(levels.shape, bool)
    edge[1:-1, 1:-1] = False
    rows, columns = np.nonzero(edge)
    points = np.stack([np.ones(len(rows)), y[rows], x[columns], y[rows] * x[columns]], axis=1)
    values = levels[edge]
    off = np.abs(values - np.median(values))
    for _ in range(_ROUNDS):
        # The median deviation of a normal distribution is 0.6745 of its standard deviation.
        near = off <= max(_OUTLYING * float(np.median(off)) / 0.6745, 1e-6)
        fit = np.linalg.lstsq(points[near], values[near], rcond=None)[0]
        off = np.abs(values - points @ fit)
    return np.asarray(fit[0] + fit[1] * y[:, None] + (fit[2] + fit[3] * y[:, None]) * x)


def has_several_digits(amount: Grey) -> bool:
    """Return whether ink 0 to 1 (height, width) looks like more than one digit."""
    strong = np.where(amount >= 0.5, amount, 0.0)
    for axis, least in ((0, _BESIDE), (1, _ABOVE)):
        profile = strong.sum(axis=axis)
        starts = np.flatnonzero((profile > 0) & (np.append(0.0, profile[:-1]) == 0))
        shares = np.add.reduceat(profile, starts) / profile.sum()
        if (shares >= least).sum() > 1:
            return True
    return False


def make_pattern(amount: Grey) -> Bytes:
    """Crop, scale and centre ink 0 to 1 (height, width), not empty: uint8 (28, 28)."""
    rows = np.flatnonzero((amount >= _FAINT).any(axis=1))
    columns = np.flatnonzero((amount >= _FAINT).any(axis=0))
    cropped = amount[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return centre_by_mass(scale_to_box(cropped))


def scale_to_box(cropped: Grey) -> Grey:
    """Scale the ink to a longer side of 20 and a darkest of 1, by an antialiasing filter."""
    height, width = cropped.shape
    share = BOX / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    image = Image.fromarray(cropped.astype(np.float32))
    # Pillow's filters cover all source pixels when they shrink: thin strokes do not break.
    box = np.asarray(image.resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    box = np.clip(box, 0.0, None)
    return np.asarray(box / box.max())


def centre_by_mass(box: Grey) -> Bytes:
    """Place a box of at most 28x28 with its centre of mass as near to MNIST's as pixels allow.

    It never leaves the field, however lopsided it is.
    """
    field = np.zeros((FIELD, FIELD))
    mass = box.sum()
    places = []
    for axis, size in enumerate(box.shape):
        profile = box.sum(axis=1 - axis)
        middle = float((profile * np.arange(size)).sum() / mass)
        start = math.floor(CENTRE - middle + 0.5)
        places.append(min(max(start, 0), FIELD - size))
    top, left = places
    field[top : top + box.shape[0], left : left + box.shape[1]] = box
    return np.asarray(np.rint(field * 255.0), dtype=np.uint8)
