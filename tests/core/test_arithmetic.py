"""The vocabulary of the kernels against plain NumPy."""

from typing import Any

import numpy as np
import pytest

from replication.core.arithmetic.blocks import (
    add_columns,
    add_products,
    add_spread,
    add_taps,
    added,
    load_block,
    places,
    store_block,
    subtract_columns,
    zeros,
)  # fmt: skip
from replication.core.arithmetic.llvm import HALF, LANES
from replication.core.arithmetic.vectors import (
    clipped,
    evens,
    fetch,
    first_lanes,
    fma,
    load,
    load_levels,
    lower_twice,
    odds,
    same,
    store,
    subtract,
    subtract_row,
    total,
    totals,
    totals_at,
)  # fmt: skip
from replication.core.compiled import kernel


@kernel
def all_vectors(a, b, image, count, result):
    left, right = load(a, 3), load(b, 5)
    store(result, 0, evens(left, right))
    store(result, 16, odds(left, right))
    store(result, 32, lower_twice(left))
    store(result, 48, first_lanes(left, count))
    store(result, 64, clipped(left, same(a[0])))
    store(result, 80, load_levels(image, 2, a[1], a[2]))
    store(result, 96, fma(left, right, -left / right))
    store(result, 112, left + right - left * right)
    fetch(image, 0)
    store(result, 128, left)
    subtract(result, b, 128, right)
    return total(left)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors(dtype: Any) -> None:
    draw = np.random.default_rng(1)
    a, b = draw.uniform(0.5, 2, (2, 200)).astype(dtype)
    image = draw.integers(0, 256, 40, dtype=np.uint8)
    result = np.zeros(144, dtype)
    tree = left = a[3:19].copy()
    right = b[5:21]
    while tree.size > 1:
        tree = tree[: tree.size // 2] + tree[tree.size // 2 :]
    assert all_vectors(a, b, image, 5, result) == tree[0]
    both = np.concatenate([left, right])
    rows = result.reshape(9, 16)
    np.testing.assert_array_equal(rows[0], both[::2])
    np.testing.assert_array_equal(rows[1], both[1::2])
    np.testing.assert_array_equal(rows[2], np.repeat(left[:8], 2))
    np.testing.assert_array_equal(rows[3], np.where(np.arange(16) < 5, left, 0))
    np.testing.assert_array_equal(rows[4], np.minimum(left, a[0]))
    np.testing.assert_allclose(rows[5], image[2:18] * a[1] + a[2], rtol=1e-6)
    np.testing.assert_allclose(rows[6], left * right - left / right, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(rows[7], left + right - left * right)
    np.testing.assert_allclose(rows[8], left - b[128:144] * right, rtol=1e-5, atol=1e-6)


@kernel
def all_blocks(a, b, starts, result):
    block = zeros(a, 3, 2, LANES)
    three = places(block, starts, 1)
    loaded = load_block(block, a, three, 2)
    store_block(result, (0, 32, 64), 0, added(loaded, loaded))
    store_block(result, (0, 32, 64), 96, add_taps(loaded, a, 20, 7, b, 11))
    store_block(result, (0, 32, 64), 192, add_columns(loaded, b, three, 1, a[0]))
    five = add_spread(zeros(a, 5, 1, HALF), a, 20, 40, 9, 200, b, 4, 32)
    store_block(result, (288, 296, 304, 312, 320), 0, five)
    products = add_products(zeros(a, 3, 5, LANES), a, three, 1, b, 30, 6)
    row = totals(products)
    store(result, 328, row[0])
    halves = add_products(zeros(a, 3, 5, HALF), a, three, 1, b, 30, 6)
    store_block(result, (360, 400, 440), 0, halves)
    store(result, 344, totals_at(result, 360, 15)[0])
    store(result, 480, load(a, 0))
    subtract_row(result, b, 480, row)
    result[496:560] = b[:64]
    subtract_columns(result, 496, 528, loaded[0], a[5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks(dtype: Any) -> None:
    draw = np.random.default_rng(2)
    a, b = draw.uniform(-1, 1, (2, 600)).astype(dtype)
    starts, result = np.array([0, 5, 40, 90]), np.zeros(600, dtype)
    all_blocks(a, b, starts, result)

    def close(got: Any, expected: Any) -> None:
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 if dtype is np.float32 else 0)

    def rows(array: Any, away: int, width: int = 32) -> Any:
        return np.stack([array[s + away : s + away + width] for s in starts[1:]])

    close(result[:96].reshape(3, 32), 2 * rows(a, 2))
    taps = [[b[11 + 5 * m + i] for i in range(5)] for m in range(3)]
    lines = np.stack([a[20 + 7 * i : 52 + 7 * i] for i in range(5)])
    np.testing.assert_allclose(
        result[96:192].reshape(3, 32), rows(a, 2) + np.array(taps) @ lines, atol=2e-6
    )
    np.testing.assert_allclose(
        result[192:288].reshape(3, 32), rows(a, 2) + a[0] * rows(b, 1), atol=2e-6
    )
    back = np.stack([a[60 - 9 * i : 68 - 9 * i] for i in range(5)])
    spread = np.array([[b[4 + 32 * j + i] for i in range(5)] for j in range(5)]) @ back
    np.testing.assert_allclose(result[288:328].reshape(5, 8), spread, atol=2e-6)
    values = np.stack([b[30 + 6 * i : 46 + 6 * i] for i in range(5)])
    sums = rows(a, 1, 16) @ values.T
    np.testing.assert_allclose(result[328:343], sums.ravel(), atol=5e-6)
    assert result[343] == 0
    sums = rows(a, 1, 8) @ values[:, :8].T
    np.testing.assert_allclose(result[344:359], sums.ravel(), atol=5e-6)
    first = a[:16] - b[480:496] * result[328:344]
    np.testing.assert_allclose(result[480:496], first, atol=2e-6)
    changed = b[:32] - b[32:64] * (rows(a, 2)[0] * a[5])
    np.testing.assert_allclose(result[496:528], changed, atol=2e-6)
