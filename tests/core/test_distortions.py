import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small import refused

from replication.core.learning.presentations import DistortedPool, generator
from replication.core.mnist.distortions import COLUMNS, distort, draw_distortions

IDENTITY = np.array([1, 1, 0, 0, 0], dtype=np.float32)


@pytest.fixture(scope="module")
def base(chosen):
    return chosen.base


@pytest.fixture(scope="module")
def parameters(base):
    return draw_distortions(base.distortions, 300, np.random.default_rng(3))


@pytest.fixture(scope="module")
def sample(regular):
    return regular.train_images[:300]


def parameter(**changed):
    row = dict(zip(COLUMNS, IDENTITY, strict=True)) | changed
    return np.array([[row[name] for name in COLUMNS]], dtype=np.float32)


def blob():
    """A slanted ellipse that is centred, as MNIST is, on pixel (14, 14)."""
    y, x = np.mgrid[:28, :28] - 14.0
    ink = np.exp(-((x - 0.2 * y) ** 2 / (2 * 2.0**2) + y**2 / (2 * 3.0**2)))
    return np.rint(255 * ink).astype(np.uint8)[np.newaxis]


def moments(image):
    """Centre of mass and second central moments: x, y, xx, xy, yy."""
    ink = image.astype(np.float64) / image.sum(dtype=np.float64)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    mean_x, mean_y = (ink * x).sum(), (ink * y).sum()
    x, y = x - mean_x, y - mean_y
    return mean_x, mean_y, (ink * x * x).sum(), (ink * x * y).sum(), (ink * y * y).sum()


@given(
    st.floats(0.7, 1.4), st.floats(0.7, 1.4), st.floats(-0.15, 0.15),
    st.floats(-2.4, 2.4), st.floats(-4.0, 4.0),
)  # fmt: skip
def test_moments_of_the_drawn_blob_are_those_the_parameters_say(sx, sy, shear, right, down):
    _, _, xx, xy, yy = moments(blob()[0])
    row = parameter(scale_x=sx, scale_y=sy, shear=shear, shift_x=right, shift_y=down)
    new_x, new_y, new_xx, new_xy, new_yy = moments(distort(blob(), row, field=64)[0])
    assert new_x - 32 == pytest.approx(right, abs=0.06)
    assert new_y - 32 == pytest.approx(down, abs=0.06)
    assert np.sqrt(new_yy / yy) == pytest.approx(sy, rel=0.03)
    assert new_xy == pytest.approx(sy * (sx * xy + shear * yy), abs=0.15)
    expected = sx * sx * xx + 2 * sx * shear * xy + shear * shear * yy
    assert np.sqrt(new_xx / expected) == pytest.approx(1.0, rel=0.04)


def test_neither_threads_nor_other_patterns_change_a_pattern(sample, parameters):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    alone = distort(sample, parameters)
    with ThreadPoolExecutor(2) as executor:
        both = list(executor.map(lambda _: distort(sample, parameters), range(2)))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    torch.set_num_threads(1 if threads > 1 else 2)
    try:
        other = distort(sample, parameters)
    finally:
        torch.set_num_threads(threads)
    assert all(np.array_equal(alone, drawn) for drawn in (*both, other))
    for rows in (slice(0, 0), slice(0, 1), slice(7, 30), slice(299, None)):
        assert np.array_equal(alone[rows], distort(sample[rows], parameters[rows]))


def drawn_pixel_by_pixel(image, row, field):
    """What `distort` draws of one image, each pixel looked up by itself in float64."""
    height, width = image.shape
    top, left = (field - height) // 2, (field - width) // 2
    scale_x, scale_y, shear, shift_x, shift_y = map(float, row)

    def level(line, column):
        inside = 0 <= line < height and 0 <= column < width
        return float(image[line, column]) if inside else 0.0

    def between(line, column, share):
        near, far = level(line, column), level(line, column + 1)
        return near + (far - near) * share

    result = np.empty((field, field), np.uint8)
    for line, column in np.ndindex(field, field):
        y = (line - (top + height // 2) - shift_y) / scale_y
        x = (column - (left + width // 2) - shift_x - shear * y) / scale_x
        i, j = math.floor(y + height // 2), math.floor(x + width // 2)
        right, below = x + width // 2 - j, y + height // 2 - i
        above = between(i, j, right)
        result[line, column] = int(above + (between(i + 1, j, right) - above) * below + 0.5)
    return result


scales, shears, shifts = (
    st.floats(low, high, width=32)
    for low, high in ((np.float32(0.05), 3), (-3, 3), (-40, 40))
)  # fmt: skip


@given(st.data(), st.integers(12, 64), st.tuples(scales, scales, shears, shifts, shifts))
def test_every_pixel_is_looked_up_where_it_comes_from(data, field, row):
    sides = st.integers(1, min(field, 40))
    size = data.draw(st.tuples(sides, sides), "height and width")
    image = data.draw(arrays(np.uint8, size), "image")
    (drawn,) = distort(image[np.newaxis], np.array([row], np.float32), field)
    np.testing.assert_array_equal(drawn, drawn_pixel_by_pixel(image, row, field))
    (same,) = distort(image[np.newaxis], IDENTITY[np.newaxis], field)
    top, left = ((field - side) // 2 for side in size)
    assert np.array_equal(same[top : top + size[0], left : left + size[1]], image)
    assert same.sum(dtype=int) == image.sum(dtype=int)


@pytest.mark.parametrize(
    "wrong",
    [{"scale_x": 0}, {"scale_y": -1}, {"scale_x": np.nan}, {"shear": np.nan}, {"shift_y": np.inf}],
)
def test_a_distortion_that_cannot_be_is_named_with_its_values(sample, wrong):
    rows = np.concatenate([IDENTITY[np.newaxis], parameter(**wrong)])
    ((name, value),) = wrong.items()
    with refused("distortion 1", f"{name} {value:g}"):
        distort(sample[:2], rows)
    with refused("20x20", "28x28"):
        distort(sample[:1], rows[:1], field=20)


def test_drawn_parameters_keep_within_the_settings_and_follow_from_the_seed(base):
    said = base.distortions
    once, again, other = (
        draw_distortions(said, 20_000, np.random.default_rng(seed)) for seed in (0, 0, 2)
    )
    assert once.dtype == np.float32
    assert np.array_equal(once, again)
    assert not np.isclose(once[:50], other[:50], rtol=1e-6).any(axis=1).any()
    sx, sy, shear, right, down = once.T.astype(float)
    measured = {
        "inverse_scale": 1 / np.sqrt(sx * sy),
        "log_squeeze": np.log(sx / sy),
        "shear": shear,
        "shift_x": right / sx,
        "shift_y": (down - said.anchor * (1 - sy)) / sy,
    }
    for name, values in measured.items():
        limits = getattr(said, name)
        width = limits.high - limits.low
        assert values.min() == pytest.approx(limits.low, abs=0.001 * width), name
        assert values.max() == pytest.approx(limits.high, abs=0.001 * width), name
        assert values.mean() == pytest.approx((limits.low + limits.high) / 2, abs=0.01 * width)
    related = np.corrcoef(list(measured.values())) - np.eye(5)
    assert np.abs(related).max() < 0.03


def pool(base, tiny, replicate=0):
    draws = generator(base, replicate, "distortions")
    return DistortedPool(tiny.train_images, tiny.train_labels, 40, base.distortions, draws, 32)


def test_the_pool_is_the_originals_and_nine_distorted_versions_of_each(base, tiny, paper, regular):
    patterns = pool(base, tiny)
    assert patterns.size == 400
    shown = patterns.show(np.arange(400))
    assert np.array_equal(shown.order, np.arange(400))
    assert np.array_equal(shown.labels, np.tile(tiny.train_labels[:40], 10))
    originals = np.pad(tiny.train_images[:40], ((0, 0), (2, 2), (2, 2)))
    assert np.array_equal(shown.images[:40], originals)
    assert len({image.tobytes() for image in shown.images}) == 400
    ink = shown.images.reshape(10, 40, -1).astype(float)
    own = [np.corrcoef(ink[0, i], ink[1:, i].mean(axis=0))[0, 1] for i in range(40)]
    assert min(own) > 0.5
    whole = len(regular.train_images)
    published = f"{whole:,} originals and {whole * base.distortions.copies:,} distorted"
    assert published in paper.claims["lenet5.distorted-training-set"].statement


def test_a_pattern_is_the_same_in_whatever_order_it_is_shown(base, tiny):
    everything = pool(base, tiny).show(np.arange(400)).images
    numbers = np.random.default_rng(5).permutation(400)
    shown = pool(base, tiny).show(numbers)
    assert np.array_equal(shown.images, everything[numbers])
    twice = pool(base, tiny).show(np.array([399, 12, 399]))
    assert np.array_equal(twice.images, everything[[399, 12, 399]])


def test_replicates_are_distorted_differently_unless_the_stream_is_shared(base, tiny):
    numbers = np.arange(40, 400)
    own = [pool(base, tiny, replicate).show(numbers).images for replicate in (0, 1)]
    assert not any(np.array_equal(one, two) for one, two in zip(*own, strict=True))
    streams = base.streams.model_copy(update={"distortions": "shared"})
    shared = base.model_copy(update={"streams": streams})
    same = [pool(shared, tiny, replicate).show(numbers).images for replicate in (0, 1)]
    assert np.array_equal(same[0], same[1])
    assert np.array_equal(same[0], own[0])
