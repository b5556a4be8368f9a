import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from raw_files import encoded, write_content

from replication.artifacts import write_json
from replication.errors import ReplicationError
from replication.mnist import databases, idx, versions

IMAGES = arrays.arrays(np.uint8, (2, 28, 28))


def write_prepared(prepared, name, database):
    databases.write(prepared, name, database)
    stated = {"version": databases.VERSION, "databases": {name: {"sha256": database.sha256()}}}
    write_json(prepared / databases.SUMMARY, stated)
    return prepared / f"{name}.npz"


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
    assert versions.slants(slanted_bar(slope))[0] == pytest.approx(slope, abs=0.01)


@pytest.mark.parametrize("slope", [-0.5, 0.3, 0.6])
def test_deslanted_bar_is_upright_where_it_was(slope):
    upright = versions.deslanted(slanted_bar(slope))
    assert upright.shape == (1, 20, 20)
    assert upright.dtype == np.uint8
    assert versions.slants(upright)[0] == pytest.approx(0, abs=0.02)
    ink, ink_x, _ = versions.moments(upright)
    assert ink_x[0] / ink[0] == pytest.approx(9.5, abs=0.05)


def test_upright_image_is_only_cropped_by_deslanting():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 5:23, 12:16] = 200
    image[0, 2, 2:26] = 100
    np.testing.assert_array_equal(versions.deslanted(image), image[:, 4:24, 4:24])


def test_deslanting_leaves_little_slant_in_mnist(tiny):
    before = np.abs(versions.slants(tiny.train_images)).mean()
    after = np.abs(versions.slants(versions.deslanted(tiny.train_images))).mean()
    assert before > 0.15
    assert after < 0.04


@pytest.mark.parametrize("rows", [0, 1])
def test_image_without_height_is_not_sheared(rows):
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10 : 10 + rows, 8:20] = 255
    np.testing.assert_array_equal(versions.deslanted(image), image[:, 4:24, 4:24])


def test_each_of_sixteen_squared_pixels_is_the_mean_over_its_area(tiny):
    images = tiny.test_images[:5]
    # Every input pixel repeated 4 x 4 times: an output pixel then covers 5 x 5 whole ones.
    fine = images[:, 4:24, 4:24].repeat(4, axis=1).repeat(4, axis=2).astype(np.float64)
    means = fine.reshape(5, 16, 5, 16, 5).mean(axis=(2, 4))
    np.testing.assert_array_equal(versions.sixteen(images), np.floor(means + 0.5 + 1e-9))


@given(st.integers(0, 255))
def test_flat_image_stays_flat_when_reduced(level):
    image = np.full((1, 28, 28), level, np.uint8)
    assert (versions.sixteen(image) == level).all()


@given(IMAGES)
def test_an_image_is_treated_alone(images):
    for version in (versions.deslanted, versions.sixteen):
        np.testing.assert_array_equal(version(images)[1:], version(images[1:]))


@pytest.mark.parametrize(("name", "side"), [("regular", 28), ("deslanted", 20), ("sixteen", 16)])
def test_databases_have_the_sides_of_the_paper(tiny, name, side):
    made = databases.derive(name, tiny)
    assert made.train_images.shape == (200, side, side)
    assert made.test_images.shape == (100, side, side)
    np.testing.assert_array_equal(made.train_labels, tiny.train_labels)


def test_unknown_database_is_named(tiny):
    with pytest.raises(ReplicationError, match="no database `slanted`"):
        databases.derive("slanted", tiny)


def test_images_without_their_labels_are_refused(tiny, tiny_raw):
    write_content(tiny_raw / idx.TRAIN_LABELS, encoded(tiny.train_labels[:-1]))
    with pytest.raises(ReplicationError, match="200 images but there are 199 labels"):
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
    placed = databases.fields(np.full((2, 28, 28), 255, np.uint8), 32, table)
    assert placed.shape == (2, 32, 32)
    assert placed.dtype == np.float32
    assert (placed[:, 2:30, 2:30] == 1).all()
    assert placed.sum() == 2 * (28 * 28 - (32 * 32 - 28 * 28))


def test_field_smaller_than_the_images_is_refused(tiny):
    with pytest.raises(ReplicationError, match="field of 24x24 cannot hold images of 28x28"):
        databases.fields(tiny.test_images, 24, databases.grey_levels(0.0, 1.0))


def test_prepared_file_comes_back_as_written(tmp_path, tiny):
    write_prepared(tmp_path, "regular", tiny)
    read = databases.load(tmp_path, "regular")
    np.testing.assert_array_equal(read.train_images, tiny.train_images)
    np.testing.assert_array_equal(read.test_labels, tiny.test_labels)
    assert read.sha256() == tiny.sha256()


def test_equal_databases_give_equal_bytes(tmp_path, tiny):
    databases.write(tmp_path / "a", "regular", tiny)
    databases.write(tmp_path / "b", "regular", tiny)
    first = (tmp_path / "a" / "regular.npz").read_bytes()
    assert first == (tmp_path / "b" / "regular.npz").read_bytes()


def test_prepared_file_of_another_version_is_refused(tmp_path, tiny, monkeypatch):
    write_prepared(tmp_path, "regular", tiny)
    monkeypatch.setattr(databases, "VERSION", databases.VERSION + 1)
    with pytest.raises(ReplicationError, match=r"regular\.npz is of version 1 where .* reads 2"):
        databases.load(tmp_path, "regular")


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_truncated_prepared_file_is_named(tmp_path, tiny, kept):
    path = write_prepared(tmp_path, "regular", tiny)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ReplicationError, match=r"regular\.npz is truncated or damaged"):
        databases.load(tmp_path, "regular")


def test_flipped_bit_in_prepared_file_is_named(tmp_path, tiny):
    path = write_prepared(tmp_path, "regular", tiny)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReplicationError, match=r"regular\.npz is truncated or damaged"):
        databases.load(tmp_path, "regular")


def test_arrays_other_than_the_summary_states_are_refused(tmp_path, tiny):
    write_prepared(tmp_path, "regular", tiny)
    other = databases.derive("sixteen", tiny)
    databases.write(tmp_path, "regular", other)
    with pytest.raises(ReplicationError, match=r"does not hold the arrays that .*summary\.json"):
        databases.load(tmp_path, "regular")


def test_missing_prepared_file_says_which_stage_makes_it(tmp_path):
    with pytest.raises(ReplicationError, match=r"regular\.npz is missing: run `python -m repl"):
        databases.load(tmp_path, "regular")


def test_missing_prepared_file_is_rebuilt_from_raw(tmp_path, tiny, tiny_raw):
    path = write_prepared(tmp_path, "sixteen", databases.derive("sixteen", tiny))
    before = path.read_bytes()
    path.unlink()
    assert databases.ensure(tmp_path, tiny_raw, "sixteen").train_images.shape == (200, 16, 16)
    assert path.read_bytes() == before


def test_rebuilt_file_must_be_what_the_summary_states(tmp_path, tiny, tiny_raw):
    path = write_prepared(tmp_path, "regular", databases.derive("sixteen", tiny))
    path.unlink()
    with pytest.raises(ReplicationError, match=r"rebuilt from .* does not have the hash"):
        databases.ensure(tmp_path, tiny_raw, "regular")
    assert not path.exists()


def test_database_left_out_of_the_summary_is_named(tmp_path, tiny, tiny_raw):
    write_prepared(tmp_path, "regular", tiny)
    with pytest.raises(ReplicationError, match="says nothing of the database `sixteen`"):
        databases.ensure(tmp_path, tiny_raw, "sixteen")


def test_stage_run_before_prepare_is_told_so(tmp_path, tiny_raw):
    with pytest.raises(ReplicationError, match=r"summary\.json is missing: run `python -m repl"):
        databases.ensure(tmp_path, tiny_raw, "regular")
