"""Pages with digits of MNIST on them as people photograph and scan them, the same for a seed."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

SMALLEST, LARGEST = 100, 400  # pixels that the box of 20x20 of a digit becomes
COUNTS = (2, 3, 4)  # of the digits on a page of "several"


def ink_of(image, side):
    """Ink 0 to 1 of a digit whose box of 20x20 becomes so many pixels, without empty edges."""
    size = (round(28 * side / 20),) * 2
    large = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(large.crop(large.point(lambda level: 255 * (level > 5)).getbbox())) / 255


def empty(draw):
    """A bright page of 600x500 to 1000x800."""
    width, height = draw.integers(600, 1001), draw.integers(500, 801)
    return np.full((height, width), draw.uniform(0.8, 1.0))


def write(page, ink, top, left, keeps):
    """Write ink, which keeps such a share of the light, on a page."""
    page[top : top + ink.shape[0], left : left + ink.shape[1]] *= 1 - (1 - keeps) * ink


def write_anywhere(page, image, draw, margin=0.05, most=LARGEST):
    """Write a digit of 100 to 400 pixels with dark ink somewhere within a page's margins."""
    ink = ink_of(image, int(min(draw.integers(SMALLEST, LARGEST + 1), most)))
    corner = []
    for side, own in zip(page.shape, ink.shape, strict=True):
        low = int(margin * side)
        corner.append(int(draw.integers(low, max(low + 1, side - low - own))))
    write(page, ink, *corner, draw.uniform(0.05, 0.3))


def drawn(page, lines, thick):
    """The share of each pixel that lines (n, 4) of x, y to x, y or a polygon (n, 2) cover."""
    image = Image.new("L", page.shape[::-1])
    pen = ImageDraw.Draw(image)
    for line in lines:
        if thick:
            pen.line([*map(float, line)], 255, thick)
        else:
            pen.polygon([(float(x), float(y)) for x, y in line], 255)
    return np.asarray(image) / 255


def turned(points, angle, middle):
    """Points (..., 2) of x and y turned by an angle in degrees."""
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return (np.asarray(points) - middle) @ [[cosine, sine], [-sine, cosine]] + middle


def clean(image, draw):
    page = empty(draw)
    write_anywhere(page, image, draw)
    return page


def specks(image, draw):
    """From 1 to 30 dark pixels of dust."""
    page = clean(image, draw)
    for _ in range(draw.integers(1, 31)):
        page[tuple(draw.integers(0, page.shape))] = draw.uniform(0.0, 0.3)
    return page


def grain(image, draw):
    """Noise of a standard deviation of 0.03 in each pixel."""
    page = clean(image, draw)
    return page + draw.normal(0, 0.03, page.shape)


def desk(image, draw):
    """A sheet, turned by up to 8 degrees, on a dark desk that is seen on two to four sides."""
    sheet = empty(draw)
    height, width = sheet.shape
    low, high = draw.uniform(0.06, 0.2, 2), 1 - draw.uniform(-0.05, 0.2, 2)
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])]) * (width, height)
    room = 0.55 * min(np.ptp(corners, axis=0))
    write_anywhere(sheet, image, draw, margin=0.26, most=room)
    share = drawn(sheet, [turned(corners, draw.uniform(-8, 8), corners.mean(axis=0))], 0)
    dark = draw.uniform(0.08, 0.4) + draw.normal(0, 0.01, sheet.shape)
    return share * sheet + (1 - share) * dark


def form(image, draw):
    """A row of cells with a digit in one, or ruled or squared paper, turned by up to 1.5 degrees.

    The lines of paper are grey, and cross most digits; those of cells cross none.
    """
    page, kind = empty(draw), draw.integers(3)
    height, width = page.shape
    paper = page.max()
    if kind == 0:
        side = int(draw.integers(160, 300))
        cells = int(draw.integers(1, 1 + (width - 80) // side))
        top, left = int(draw.integers(30, height - side - 30)), 40
        own, ink = left + int(draw.integers(cells)) * side, ink_of(image, int(0.6 * side))
        write(page, ink, top + (side - ink.shape[0]) // 2, own + (side - ink.shape[1]) // 2, 0.15)
        end = left + cells * side
        lines = [(left, y, end, y) for y in (top, top + side)]
        lines += [(x, top, x, top + side) for x in range(left, end + 1, side)]
    else:
        write_anywhere(page, image, draw)
        gap = int(draw.integers(40, 110))
        lines = [(-99, y, width + 99, y) for y in range(-99, height + 99, gap)]
        lines += [(x, -99, x, height + 99) for x in range(-99, width + 99, gap)][
            : 999 * (kind == 2)
        ]
    middle = np.array([width, height]) / 2
    lines = turned(np.reshape(lines, (-1, 2, 2)), draw.uniform(-1.5, 1.5), middle).reshape(-1, 4)
    grey = paper * (draw.uniform(0.1, 0.5) if kind == 0 else draw.uniform(0.4, 0.9))
    share = drawn(page, lines, int(draw.integers(2, 5)))
    return np.minimum(page, share * grey + (1 - share) * paper)


def shadow(image, draw):
    """A hard shadow over a part of the page, at any angle, often across the digit."""
    page = clean(image, draw)
    angle, place = draw.uniform(0, 2 * np.pi), draw.uniform(-0.3, 0.3)
    y, x = (np.arange(side) - side / 2 for side in page.shape)
    off = np.sin(angle) * y[:, None] + np.cos(angle) * x - place * min(page.shape)
    share = np.clip(off / draw.uniform(1, 4) + 0.5, 0, 1)
    return page * (1 - share * (1 - draw.uniform(0.45, 0.75)))


KINDS = {one.__name__: one for one in (clean, specks, grain, desk, form, shadow)}


def in_bytes(page):
    return np.rint(255 * np.clip(page, 0, 1)).astype(np.uint8)


def disturbed(kind, image, seed):
    """A page of this kind with this digit, uint8 (height, width)."""
    return in_bytes(KINDS[kind](image, np.random.default_rng([list(KINDS).index(kind), seed])))


def several(images: Sequence, seed):
    """Digits of one hand side by side, apart by 15 to 50 % of their size."""
    draw = np.random.default_rng([len(KINDS), seed])
    page, side, left = np.full((500, 1000), draw.uniform(0.8, 1.0)), draw.integers(100, 170), 30
    for image in images:
        ink = ink_of(image, int(side * draw.uniform(0.85, 1.1)))
        write(page, ink, int(draw.integers(100, 130)), left, 0.15)
        left += ink.shape[1] + int(side * draw.uniform(0.15, 0.5))
    return in_bytes(page)


def blank(kind, seed):
    """A sheet without ink: 8 or 16 bits with grain, dust, or on a desk."""
    draw = np.random.default_rng([len(KINDS) + 1, seed])
    page = empty(draw)
    if kind == "16 bits":
        return np.rint(65_535 * np.clip(page + draw.normal(0, 0.03, page.shape), 0, 1)).astype(
            np.uint16
        )
    nothing = np.zeros((28, 28), np.uint8)
    nothing[14, 14] = 6  # so little that no pixel of the page becomes darker
    return disturbed({"8 bits": "grain", "dust": "specks", "desk": "desk"}[kind], nothing, seed)
