"""The paper's three versions of MNIST as functions of the regular images (Section III-A, page 10).

Everything that decides a grey level is integer arithmetic or single float64 operations, so that
every machine makes the same bytes.
"""

import numpy as np
import numpy.typing as npt

from replication.errors import ReplicationError

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CROPPED_SIDE = 20
REDUCED_SIDE = 16
_CHUNK = 5000


def deslant(images: Bytes) -> Bytes:
    """Shear each image horizontally until its principal axis is vertical; keep the 20x20 centre.

    ``images`` is uint8 (n, height, width); the result is uint8 (n, 20, 20). Each line y is shifted
    by (y - centre y) * covariance(x, y) / variance(y), between pixels linearly. The paper counts a
    foreground pixel as 1 and a background pixel as 0 in the second moments; here a pixel counts by
    its ink (our reading). The shear turns about the centre of mass, which stays where it was; ink
    that ends outside the central 20x20 field is lost (MNIST: 3 % of the ink on average, more than a
    tenth in 3 % of the training images, because characters are centred by mass and not by extent).
    An image without ink, or with ink in one line only, is not sheared.
    """
    chunks = [_deslant(images[start : start + _CHUNK]) for start in range(0, len(images), _CHUNK)]
    return np.concatenate(chunks)


def reduce_to_sixteen(images: Bytes) -> Bytes:
    """Reduce the 20x20 centre of each image to 16x16 pixels, each the mean over its area.

    ``images`` is uint8 (n, height, width); the result is uint8 (n, 16, 16). The paper says only
    that "the images were reduced to 16x16 pixels"; the field and the means are our reading. An
    output pixel covers 5/4 x 5/4 input pixels: its weights are multiples of 1/25, and integer
    arithmetic is exact.
    """
    return _reduce(crop(images))


def reduce_boxed_to_sixteen(images: Bytes) -> Bytes:
    """Reduce as `reduce_to_sixteen`, the ink first moved by its extent to the field's middle.

    MNIST is centred by mass, so its central 20x20 field cuts some ink off; this does not.
    """
    return _reduce(place_by_extent(images, CROPPED_SIDE, centred=True))


def _reduce(images: Bytes) -> Bytes:
    weights = _area_weights(CROPPED_SIDE, REDUCED_SIDE)
    total = int(weights[0].sum()) ** 2
    # Integers below 2**24 are exact in float32, which has a fast matrix product.
    operator = weights.astype(np.float32)
    sums = operator @ images.astype(np.float32) @ operator.T
    return ((sums.astype(np.int64) + total // 2) // total).astype(np.uint8)


def crop(images: Bytes) -> Bytes:
    """Return the central 20x20 field of each image."""
    return np.ascontiguousarray(cut_centre(images, CROPPED_SIDE))


def cut_centre(images: Bytes, side: int) -> Bytes:
    """Return the central ``side`` x ``side`` field of uint8 (n, height, width) images, a view."""
    top = (images.shape[1] - side) // 2
    left = (images.shape[2] - side) // 2
    return images[:, top : top + side, left : left + side]


def place_by_extent(images: Bytes, side: int, centred: bool) -> Bytes:
    """Place the ink of each image, uint8 (n, height, width), in a field of ``side`` x ``side``.

    By its extent: in the middle when ``centred`` (an odd line or column left over goes below or to
    the right), else in the top left corner. Raises ReplicationError when some ink does not fit.
    """
    top, height = _extent(images.max(axis=2))
    left, width = _extent(images.max(axis=1))
    if max(height.max(), width.max()) > side:
        raise ReplicationError(
            f"some image has ink larger than {side}x{side}: choose a database of params.yaml that "
            "does not place the ink by its extent"
        )
    if centred:
        top, left = top - (side - height) // 2, left - (side - width) // 2
    padded = np.pad(images, ((0, 0), (side, side), (side, side)))
    rows = (side + top)[:, np.newaxis] + np.arange(side)
    columns = (side + left)[:, np.newaxis] + np.arange(side)
    number = np.arange(len(images))[:, np.newaxis, np.newaxis]
    found: Bytes = padded[number, rows[:, :, np.newaxis], columns[:, np.newaxis, :]]
    return found


def _extent(darkest: Bytes) -> tuple[Integers, Integers]:
    """Return where the ink of each row of (n, length) begins, and its length; 0, 0 without ink."""
    ink = darkest > 0
    begin = ink.argmax(axis=1)
    end = ink.shape[1] - ink[:, ::-1].argmax(axis=1)
    return begin, np.where(ink.any(axis=1), end - begin, 0)


def measure_moments(images: Bytes) -> tuple[Integers, Integers, Integers]:
    """Return each image's sums of ink, ink times x, ink times y: int64 (n,), in pixels from 0."""
    rows, columns = _profiles(images)
    x = np.arange(images.shape[2], dtype=np.int64)
    y = np.arange(images.shape[1], dtype=np.int64)
    return rows.sum(axis=1), (columns * x).sum(axis=1), (rows * y).sum(axis=1)


def _profiles(images: Bytes) -> tuple[Integers, Integers]:
    return images.sum(axis=2, dtype=np.int64), images.sum(axis=1, dtype=np.int64)


def measure_slants(images: Bytes) -> Floats:
    """Return covariance(x, y) / variance(y): the shift in pixels from one line to the next.

    float64 (n,); 0 for an image without ink or with ink in a single line.
    """
    ink, ink_x, ink_y = measure_moments(images)
    x = np.arange(images.shape[2], dtype=np.int64)
    y = np.arange(images.shape[1], dtype=np.int64)
    line_x = np.stack([(image * x).sum(axis=1) for image in images.astype(np.int64)])
    ink_xy = (line_x * y).sum(axis=1)
    ink_yy = (_profiles(images)[0] * y * y).sum(axis=1)
    # Both sums are times ink squared, and exact: below 2**53.
    covariance = ink_xy * ink - ink_x * ink_y
    variance = ink_yy * ink - ink_y * ink_y
    return _ratio(covariance, variance)


def _deslant(images: Bytes) -> Bytes:
    _, height, width = images.shape
    ink, _, ink_y = measure_moments(images)
    middle = _ratio(ink_y, ink)
    top, left = (height - CROPPED_SIDE) // 2, (width - CROPPED_SIDE) // 2
    lines = np.arange(top, top + CROPPED_SIDE)
    # Output pixel (y, x) lies between the input pixels x + floor(shift) and the next one.
    shift = measure_slants(images)[:, None] * (lines[None, :] - middle[:, None])
    whole = np.floor(shift)
    part = (shift - whole)[:, :, None]
    columns = whole.astype(np.int64)[:, :, None] + np.arange(left, left + CROPPED_SIDE)
    near = _ink_at(images[:, lines], columns)
    far = _ink_at(images[:, lines], columns + 1)
    sheared: Bytes = np.rint(near * (1.0 - part) + far * part).astype(np.uint8)
    return sheared


def _ratio(part: Integers, whole: Integers) -> Floats:
    """Return part / whole, and 0 where ``whole`` is 0."""
    quotient: Floats = np.zeros(len(part))
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient


def _ink_at(lines: Bytes, columns: Integers) -> Floats:
    """Return the ink of (n, line, x) at integer ``columns`` (n, line, out), zero outside."""
    width = lines.shape[2]
    padded = np.pad(lines, ((0, 0), (0, 0), (1, 1)))
    ink = np.take_along_axis(padded, np.clip(columns + 1, 0, width + 1), axis=2)
    return ink.astype(np.float64)


def _area_weights(source: int, target: int) -> Integers:
    """Return the overlap of each output pixel with each input pixel, int64 (target, source)."""
    step = np.gcd(source, target)
    long, short = source // step, target // step
    out = np.arange(target)[:, None] * long
    inner = np.arange(source)[None, :] * short
    overlap = np.minimum(out + long, inner + short) - np.maximum(out, inner)
    weights: Integers = np.maximum(overlap, 0)
    return weights
