"""A user's own digits made into patterns as MNIST's were (Section III-A, p. 10).

The ink's bounding box is scaled into 20x20 pixels, its aspect ratio kept and grey levels from
antialiasing, and is centred by its centre of mass in a field of 28x28. What on a page is a digit is
found by the same steps in replication/report/demonstration/pattern.js.
"""

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from replication.errors import ReplicationError
from replication.reading import Damage, name_damage

Grey = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Labels = NDArray[Any]

BOX, FIELD = 20, 28
# Where MNIST has the centre of mass, in pixels from 0: its images lie evenly between half a pixel
# before and after it, so their mean is half a pixel from the field's middle, 13.5
# (data/prepared/summary.json, centre_of_mass).
CENTRE = 14.0
# Pixels on a side that are enough to scale a digit into its box of 20.
_LARGEST = 1000
# Pixels that are decoded at once: four bytes each.
_MOST = 50_000_000
FORMATS = (
    "AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP",
)  # fmt: skip
_ORIENTATION = 0x0112
_TURNS = dict(zip("2345678", (Image.Transpose[name] for name in (
    "FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE",
    "ROTATE_90")), strict=True))  # fmt: skip

# What follows is chosen on training digits: docs/own_images.md. Lengths are shares of the page's
# longer side, of a digit's height or of a part's own box; ink is a share of the usual ink.
#
# A square of _WIDEST is in no stroke. Bright specks of _SPECK pixels are not the paper; on images
# of _SMALL pixels, which show no sheet on a desk, one pixel is no speck.
_WIDEST, _SPECK, _SMALL, _DARKEST = 1 / 3, 3, 100, 0.05
# Contrasts below this share of the whole range are no ink; a photograph's paper varies as much.
# Two quantiles of what stands off from the ground are, of normal noise, 1.12 standard deviations
# apart: ink is off by six.
_LEAST_CONTRAST, _CALM, _OUTLYING = 0.1, (0.05, 0.3), 5.4
# Ink that makes a part; ink that counts for the box, as far as _EDGE of the digit from a part.
_STRONG, _FAINT, _EDGE = 0.4, 0.1, 0.1
# Parts are specks below these sizes, in pixels and of the page, and below this share of the ink of
# the heaviest; so many that are larger are no digits.
_LEAST_SIDE, _SMALLEST, _SPECKS, _MANY = 3, 1 / 60, 0.02, 200
# Parts across the page, or around another, of whose box so little is ink or so many times as long
# as thick are lines and frames.
_ACROSS, _HOLLOW, _LONG = 0.9, 0.1, 12
# Parts as near as this are one digit; what is then this tall is a digit; the rest belongs to the
# digit that is not farther than this, as the bar of a 5.
_NEAR, _TALL, _APART = 0.08, 0.5, 0.3
# A sheet's area against a rectangle's of the same covariance, and that of its sides. What is so
# many times as wide as high, or has so many holes of this share of its box, is no digit.
_SOLID, _SQUAT, _WIDE, _HOLES, _HOLE = 0.8, 5, 1.7, 6, 0.001
_TOUCHING = np.ones((3, 3), dtype=bool)


class Digit(NamedTuple):
    """A digit as it was found on a page."""

    box: tuple[int, int, int, int]  # left, top, and the first column and row after it
    pattern: Bytes  # (28, 28), 255 is ink


def read_digits(path: Path) -> Iterator[tuple[str, Bytes] | ReplicationError]:
    """Yield a name and the pattern, uint8 (28, 28), of each digit on each page of an image file.

    For a page or file that cannot be read the error is yielded, a sentence that names it.
    """
    try:
        for name, levels in _read_pages(path):
            try:
                digits = find_digits(levels)
            except Damage as error:
                yield ReplicationError(f"{name} {error}")
                continue
            for nth, digit in enumerate(digits, 1):
                of = f", digit {nth} of {len(digits)}" if len(digits) > 1 else ""
                yield name + of, digit.pattern
    except FileNotFoundError:
        yield ReplicationError(f"{path} is missing: name an image file that exists")
    except Damage as error:
        why = str(error).replace(str(path), "it")
        yield ReplicationError(f"{path} cannot be read as an image ({why}): save it as a PNG")


def _read_pages(path: Path) -> Iterator[tuple[str, Grey]]:
    """Yield name and brightness, 0 to 1, of each page; raises Damage and FileNotFoundError."""
    Image.init()
    # Others, as EPS, would start programs.
    formats = sorted(set(FORMATS) & set(Image.OPEN))
    # What is too large is said below, in pixels that would have to be decoded.
    with (
        warnings.catch_warnings(action="ignore"), name_damage(),
        Image.open(path, formats=formats) as image,
    ):  # fmt: skip
        # A JPEG is decoded at a fraction of its size where it can be.
        image.draft(None, (_LARGEST, _LARGEST))
        # The further pictures of a photograph are maps of its depth or light.
        pages = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        for page in range(pages):
            image.seek(page)
            size = f"{image.width}x{image.height} pixels"
            if image.width * image.height > _MOST:
                raise Damage(f"{size}, and {_MOST // 10**6} million are most")
            turn = _TURNS.get(str(image.getexif().get(_ORIENTATION)).strip())
            small = shrink(image)
            name = f"{path}, page {page + 1} of {pages}" if pages > 1 else str(path)
            # Nothing else of the EXIF is read, or written again: it may be damaged.
            yield name, measure_brightness(small if turn is None else small.transpose(turn))


def shrink(image: Image.Image) -> Image.Image:
    """Return the image with at most `_LARGEST` pixels on a side, averaged in blocks if larger.

    A photograph of 36 megapixels then takes no more time and memory than a small one, once read.
    """
    factor = math.ceil(max(image.size) / _LARGEST)
    if factor <= 1:
        return image
    # Pillow takes LAB that it has reduced for transparent.
    if image.mode in ("1", "P", "PA", "LAB"):
        image = image.convert("RGBA")
    elif image.mode.startswith("I;"):
        image = image.convert("I")
    return image.reduce(factor)


def measure_brightness(image: Image.Image) -> Grey:
    """Return the brightness 0 to 1, (height, width), of an image in any of Pillow's modes.

    What is transparent is laid on white, or on black when what is drawn is bright.
    """
    if image.mode.startswith(("I", "F")):
        levels = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
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


def find_digits(levels: Grey) -> list[Digit]:
    """Return the digits of a page, brightness 0 to 1 (height, width), in reading order.

    Raises Damage, which ends a sentence that begins with the page's name, when there is none or
    when what is there is no digit.
    """
    amount, strong = find_ink(levels)
    parts, _ = ndimage.label(strong, _TOUCHING)
    chosen = choose_parts(parts, amount)
    if not chosen.any():
        raise Damage("shows no ink but specks: give an image with a digit on plain ground")
    digits = group_parts(chosen)
    return [cut_digit(digits == number, strong, amount) for number in range(1, digits.max() + 1)]


def find_ink(levels: Grey) -> tuple[Grey, Mask]:
    """Return each pixel's ink, of which 1 is usual, and which pixels are ink beyond doubt.

    The ground is what is wide: dark ink is off from the closing of the page by a square that fits
    into no stroke, bright ink from its opening. A shadow, a desk and whatever else goes on beyond
    the edge of the page is in both. Ink is bright where nothing wide is, and where it is no sheet.
    Raises Damage without contrast.
    """
    if not levels.size:
        raise Damage("shows no ink: it has no pixels")
    small = max(levels.shape) <= _SMALL
    reach = max(1, round(_WIDEST * max(levels.shape) / 2))
    speck, square = (1 if small else _SPECK,) * 2, (2 * reach + 1,) * 2
    inside = (slice(reach, -reach),) * 2
    padded = np.pad(levels, reach, "edge")
    calm = ndimage.grey_closing(padded, size=speck, mode="nearest")
    ground = ndimage.grey_opening(calm, size=square, mode="nearest")[inside]
    if ground.max() < (levels.min() + levels.max()) / 2:
        amount, strong = weigh_ink(levels - ground, np.ones_like(levels))
        if small or not is_sheet(strong):
            return amount, strong
    calm = ndimage.grey_opening(padded, size=speck, mode="nearest")
    ground = ndimage.grey_closing(calm, size=square, mode="nearest")[inside]
    return weigh_ink(ground - levels, np.maximum(ground, _DARKEST))


def weigh_ink(apart: Grey, light: Grey) -> tuple[Grey, Mask]:
    """Return ink and what is beyond doubt from what stands off from the ground, and its light.

    Of dark ink the amount is the share of the light that it keeps.
    """
    low, middle = np.quantile(apart, _CALM, method="lower")
    apart = apart - (middle + (middle - low) / 2)
    seen = apart >= max(_LEAST_CONTRAST, _OUTLYING * (middle - low))
    if not seen.any():
        raise Damage("shows no ink: give an image with a digit on plain ground")
    amount = np.clip(apart, 0.0, None) / light
    # A mean that the darkest of dust does not change.
    amount /= np.square(amount[seen]).sum() / amount[seen].sum()
    return amount, seen & (amount >= _STRONG)


def is_sheet(mask: Mask) -> bool:
    """Return whether a shape fills itself, whichever way it is turned, and is not long.

    A rectangle's area is 12 times the root of the determinant of its points' covariance.
    """
    small, large = np.linalg.eigvalsh(np.cov(np.nonzero(mask), bias=True) + np.eye(2) / 12)
    return bool(mask.sum() > _SOLID * 12 * math.sqrt(small * large) and large < _SQUAT * small)


def choose_parts(parts: Labels, amount: Grey) -> Mask:
    """Return where the parts, labels from 1, are no specks, lines or frames, if some are not."""
    boxes = measure_boxes(parts)
    sides = boxes[:, 1] - boxes[:, 0]
    sizable = np.flatnonzero(sides.max(axis=1) >= max(_LEAST_SIDE, _SMALLEST * max(parts.shape)))
    if len(sizable) > _MANY:
        raise Damage(f"shows {len(sizable)} parts: give an image with a digit on plain ground")
    labels, boxes, sides = sizable + 1, boxes[sizable], sides[sizable]
    mass = np.asarray(ndimage.sum_labels(amount, parts, labels))
    thin = mass < _HOLLOW * sides.prod(axis=1)
    thin |= sides.max(axis=1) > _LONG * sides.min(axis=1)
    across = (sides >= _ACROSS * np.array(parts.shape)).any(axis=1)
    around = (boxes[:, np.newaxis, 0] < boxes[:, 0]).all(axis=2)
    around &= (boxes[:, np.newaxis, 1] > boxes[:, 1]).all(axis=2)
    around &= mass >= _SPECKS * mass[:, np.newaxis]
    digits = ~(thin & (across | around.any(axis=1)))
    digits |= not digits.any()
    digits &= mass >= _SPECKS * mass[digits].max(initial=0.0)
    return np.isin(parts, labels[digits])


def group_parts(chosen: Mask) -> Labels:
    """Label the digits that the parts make, from 1 in reading order."""
    parts, _ = ndimage.label(chosen, _TOUCHING)
    reach = round(_NEAR * int(np.ptp(measure_boxes(parts)[:, :, 0], axis=1).max()))
    near, _ = ndimage.label(ndimage.maximum_filter(chosen, 2 * reach + 1), _TOUCHING)
    near = np.where(chosen, near, 0)
    first, last = measure_boxes(near).swapaxes(0, 1)
    tall = last[:, 0] - first[:, 0]
    digits = np.flatnonzero(tall >= _TALL * tall.max())
    digits = digits[np.lexsort((first[digits, 1], first[digits, 0] // tall.max()))]
    gaps = np.maximum(first[:, np.newaxis] - last[digits], first[digits] - last[:, np.newaxis])
    gap = gaps.max(axis=2)
    number = np.where(gap.min(axis=1) <= _APART * tall.max(), gap.argmin(axis=1) + 1, 0)
    number[digits] = np.arange(len(digits)) + 1
    return np.append(0, number)[near]


def measure_boxes(parts: Labels) -> NDArray[np.int64]:
    """Return the first row and column of each part, and those after its last: (parts, 2, 2)."""
    return np.array([[(rows.start, columns.start), (rows.stop, columns.stop)]
                     for rows, columns in ndimage.find_objects(parts)])  # fmt: skip


def cut_digit(mask: Mask, strong: Mask, amount: Grey) -> Digit:
    """Cut out what a mask covers with its soft edges; raises Damage if it is no digit."""
    ((first, last),) = measure_boxes(mask.astype(int))
    reach = round(_EDGE * max(last - first) + 0.5)
    grown = ndimage.maximum_filter(mask, 2 * reach + 1) & (mask | ~strong)
    ink = np.where(grown, amount, 0.0)
    (((top, left), (bottom, right)),) = measure_boxes((ink >= _FAINT).astype(int))
    if right - left > _WIDE * (bottom - top):
        raise Damage("shows what is wider than a digit: write digits apart, and off lines")
    holes, _ = ndimage.label(ndimage.binary_fill_holes(mask, _TOUCHING) & ~mask, _TOUCHING)
    sizes = np.bincount(holes.ravel())[1:]
    if (sizes > max(_LEAST_SIDE, _HOLE * (bottom - top) * (right - left))).sum() > _HOLES:
        raise Damage("shows a net of lines: give an image with a digit on plain ground")
    pattern = centre_by_mass(scale_to_box(ink[top:bottom, left:right]))
    return Digit((int(left), int(top), int(right), int(bottom)), pattern)


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
    top, left = (
        min(max(math.floor(CENTRE - middle + 0.5), 0), FIELD - size)
        for middle, size in zip(ndimage.center_of_mass(box), box.shape, strict=True)
    )
    field = np.zeros((FIELD, FIELD))
    field[top : top + box.shape[0], left : left + box.shape[1]] = box
    return np.asarray(np.rint(field * 255.0), dtype=np.uint8)
