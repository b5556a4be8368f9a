import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from raw_files import encoded, write_content

from replication.core.mnist import databases, idx, versions
from replication.errors import ReplicationError
from replication.files import write_json

SIDES = {"regular": 28, "deslanted": 20, "sixteen": 16, "cropped": 20, "sixteen-boxed": 16}
IMAGES = arrays.arrays(np.uint8, (2, 28, 28))


def state(prepared, name, database):
    """Write a summary.json that states ``database`` under ``name``."""
    said = {"sha256": database.sha256(), "training_patterns": len(database.train_images)}
    write_json(
        prepared / databases.SUMMARY,
        {"version": databases.VERSION, "databases": {name: said}},
    )


def slanted_bar(slope):
    """A 28x28 image of a bar, three pixels wide, leaning by `slope` pixels a line."""
    image = np.zeros((1, 28, 28), np.uint8)
    for y in range(6, 22):
        x = 13.5 + slope * (y - 13.5)
        for column in range(28):
            image[0, y, column] = round(255 * np.clip(2 - abs(column - x), 0, 1))
    return image


@pytest.mark.parametrize("slope", [-0.5, -0.2, 0.3, 0.6])
def test_slant_of_a_leaning_bar_is_its_slope(slope):
    assert versions.measure_slants(slanted_bar(slope))[0] == pytest.approx(slope, abs=0.01)


@pytest.mark.parametrize("slope", [-0.5, 0.3, 0.6])
def test_deslanted_bar_is_upright_where_it_was(slope):
    upright = versions.deslant(slanted_bar(slope))
    assert upright.shape == (1, 20, 20)
    assert upright.dtype == np.uint8
    assert versions.measure_slants(upright)[0] == pytest.approx(0, abs=0.02)
    ink, ink_x, _ = versions.measure_moments(upright)
    assert ink_x[0] / ink[0] == pytest.approx(9.5, abs=0.05)


def test_upright_image_is_only_cropped_by_deslanting():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 5:23, 12:16] = 200
    image[0, 2, 2:26] = 100
    np.testing.assert_array_equal(versions.deslant(image), image[:, 4:24, 4:24])


def test_deslanting_leaves_little_slant_in_mnist(tiny):
    before = np.abs(versions.measure_slants(tiny.train_images)).mean()
    after = np.abs(versions.measure_slants(versions.deslant(tiny.train_images))).mean()
    assert before > 0.15
    assert after < 0.04


@pytest.mark.parametrize("rows", [0, 1])
def test_image_without_height_is_not_sheared(rows):
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10 : 10 + rows, 8:20] = 255
    np.testing.assert_array_equal(versions.deslant(image), image[:, 4:24, 4:24])


def test_each_of_sixteen_squared_pixels_is_the_mean_over_its_area(tiny):
    images = tiny.test_images[:5]
    # Every input pixel repeated 4 x 4 times: an output pixel then covers 5 x 5 whole ones.
    fine = images[:, 4:24, 4:24].repeat(4, axis=1).repeat(4, axis=2).astype(np.float64)
    means = fine.reshape(5, 16, 5, 16, 5).mean(axis=(2, 4))
    np.testing.assert_array_equal(versions.reduce_to_sixteen(images), np.floor(means + 0.5 + 1e-9))


def test_boxed_reduction_keeps_all_ink_that_the_crop_cuts_off():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 2:22, 3:9] = 255
    ink = 20 * 6 * 255 / (5 / 4) ** 2
    assert versions.reduce_to_sixteen(image).sum() < 0.95 * ink
    assert versions.reduce_boxed_to_sixteen(image).sum() == pytest.approx(ink, rel=0.01)


@given(st.integers(0, 255))
def test_flat_image_stays_flat_when_reduced(level):
    image = np.full((1, 28, 28), level, np.uint8)
    assert (versions.reduce_to_sixteen(image) == level).all()


@given(IMAGES)
def test_an_image_is_treated_alone(images):
    for version in (versions.deslant, versions.reduce_to_sixteen):
        np.testing.assert_array_equal(version(images)[1:], version(images[1:]))


@pytest.mark.parametrize(("name", "side"), SIDES.items())
def test_databases_have_the_sides_of_the_paper(tiny, name, side):
    made = databases.derive(name, tiny)
    assert made.train_images.shape == (200, side, side)
    assert made.test_images.shape == (100, side, side)
    np.testing.assert_array_equal(made.train_labels, tiny.train_labels)


def test_unknown_database_is_named(tiny):
    with pytest.raises(ReplicationError, match="`slanted`"):
        databases.derive("slanted", tiny)


def test_images_without_their_labels_are_refused(tiny, tiny_raw):
    write_content(tiny_raw / idx.TRAIN_LABELS, encoded(tiny.train_labels[:-1]))
    with pytest.raises(ReplicationError, match=r"\b200\b.*\b199\b"):
        databases.read_raw(tiny_raw)


def test_grey_levels_end_at_background_and_foreground(paper):
    background = paper.claims["input.background"].value
    foreground = paper.claims["input.foreground"].value
    table = databases.grey_levels(background, foreground)
    assert table.dtype == np.float32
    assert table.shape == (256,)
    assert table[0] == np.float32(background)
    assert table[255] == np.float32(foreground)
    np.testing.assert_allclose(np.diff(table), (foreground - background) / 255, rtol=1e-4)


def test_fields_centre_the_image_in_background():
    table = databases.grey_levels(-1.0, 1.0)
    placed = databases.make_inputs(np.full((2, 28, 28), 255, np.uint8), 32, table)
    assert placed.shape == (2, 32, 32)
    assert placed.dtype == np.float32
    assert (placed[:, 2:30, 2:30] == 1).all()
    assert placed.sum() == 2 * (28 * 28 - (32 * 32 - 28 * 28))


def test_field_smaller_than_the_images_is_refused(tiny):
    with pytest.raises(ReplicationError, match=r"24x24 .*28x28"):
        databases.make_inputs(tiny.test_images, 24, databases.grey_levels(0.0, 1.0))


def test_what_is_made_from_raw_files_is_what_the_summary_states(tmp_path, tiny, tiny_raw):
    state(tmp_path, "sixteen", databases.derive("sixteen", tiny))
    made = databases.load(tiny_raw, tmp_path, "sixteen")
    assert made.train_images.shape == (200, 16, 16)
    assert databases.read_facts(tmp_path, "sixteen") == (made.sha256(), 200)


def test_another_hash_than_the_summary_states_is_refused(tmp_path, tiny, tiny_raw):
    state(tmp_path, "regular", databases.derive("sixteen", tiny))
    with pytest.raises(ReplicationError, match=r"`regular`.* hash"):
        databases.load(tiny_raw, tmp_path, "regular")


def test_a_summary_of_another_version_is_refused(tmp_path, tiny, tiny_raw, monkeypatch):
    state(tmp_path, "regular", tiny)
    monkeypatch.setattr(databases, "VERSION", databases.VERSION + 1)
    with pytest.raises(ReplicationError, match=r"summary\.json .*version 2"):
        databases.load(tiny_raw, tmp_path, "regular")


def test_database_left_out_of_the_summary_is_named(tmp_path, tiny, tiny_raw):
    state(tmp_path, "regular", tiny)
    with pytest.raises(ReplicationError, match="`sixteen`"):
        databases.load(tiny_raw, tmp_path, "sixteen")


def test_stage_run_before_prepare_is_told_so(tmp_path, tiny_raw):
    with pytest.raises(ReplicationError, match=r"summary\.json is missing: run `python -m repl"):
        databases.load(tiny_raw, tmp_path, "regular")
