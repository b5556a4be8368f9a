"""Databases made of MNIST: deslanted, reduced, as fields of grey levels; the stage prepare."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from raw_files import encoded, write_content, write_raw
from small import refused, small_document, write_params

from replication.comparison.evaluation import database_summary as described
from replication.core.mnist import databases, versions
from replication.files import write_json
from replication.folders import Folders
from replication.pipeline import stages

SIDES = {"regular": 28, "deslanted": 20, "sixteen": 16, "cropped": 20, "sixteen-boxed": 16}
NAMES = ("regular", "deslanted", "sixteen")


def slanted_bar(slope):
    """A 28x28 image of a bar, three pixels wide, leaning by `slope` pixels a line."""
    y, column = np.mgrid[:28, :28]
    bar = np.clip(2 - np.abs(column - 13.5 - slope * (y - 13.5)), 0, 1)
    return np.rint(255 * bar * ((y >= 6) & (y < 22))).astype(np.uint8)[np.newaxis]


@pytest.mark.parametrize("slope", [-0.5, -0.2, 0.3, 0.6])
def test_a_leaning_bar_has_its_slope_and_deslanted_is_upright_where_it_was(slope):
    bar = slanted_bar(slope)
    assert versions.measure_slants(bar)[0] == pytest.approx(slope, abs=0.01)
    upright = versions.deslant(bar)
    assert (upright.shape, upright.dtype) == ((1, 20, 20), np.uint8)
    assert versions.measure_slants(upright)[0] == pytest.approx(0, abs=0.02)
    ink, ink_x, _ = versions.measure_moments(upright)
    assert ink_x[0] / ink[0] == pytest.approx(9.5, abs=0.05)


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


@given(arrays.arrays(np.uint8, (2, 28, 28)))
def test_an_image_is_treated_alone(images):
    for version in (versions.deslant, versions.reduce_to_sixteen):
        np.testing.assert_array_equal(version(images)[1:], version(images[1:]))


@pytest.mark.parametrize(("name", "side"), SIDES.items())
def test_databases_have_the_sides_of_the_paper(tiny, name, side):
    made = databases.derive(name, tiny)
    assert made.train_images.shape == (200, side, side)
    assert made.test_images.shape == (100, side, side)
    np.testing.assert_array_equal(made.train_labels, tiny.train_labels)


def test_fields_have_the_papers_levels_around_the_image_in_background(paper):
    background, foreground = (
        paper.claims[f"input.{name}"].value for name in ("background", "foreground")
    )
    table = databases.grey_levels(background, foreground)
    assert (table[0], table[255]) == (np.float32(background), np.float32(foreground))
    np.testing.assert_allclose(np.diff(table), (foreground - background) / 255, rtol=1e-4)
    placed = databases.make_inputs(np.full((2, 28, 28), 255, np.uint8), 32, table)
    assert (placed.shape, placed.dtype) == ((2, 32, 32), np.float32)
    assert (placed[:, 2:30, 2:30] == table[255]).all()
    assert (placed == table[0]).sum() == 2 * (32 * 32 - 28 * 28)


def state(prepared, name, database):
    """Write a summary.json that states ``database`` under ``name``."""
    said = {"sha256": database.sha256(), "training_patterns": len(database.train_images)}
    summary = {"version": databases.VERSION, "databases": {name: said}}
    write_json(prepared / databases.SUMMARY, summary)


def test_what_is_made_from_raw_files_is_what_the_summary_states_or_refused(
    tmp_path, tiny, tiny_raw, monkeypatch
):
    def load(name):
        return databases.load(tiny_raw, tmp_path, name)

    with refused("summary.json", "replication prepare"):
        load("regular")
    made = databases.derive("sixteen", tiny)
    state(tmp_path, "sixteen", made)
    assert load("sixteen").sha256() == made.sha256()
    assert databases.read_facts(tmp_path, "sixteen") == (made.sha256(), 200)
    with refused("`regular`"):
        load("regular")
    state(tmp_path, "regular", made)
    with refused("`regular`", "hash"):
        load("regular")
    monkeypatch.setattr(databases, "VERSION", databases.VERSION + 1)
    with refused("summary.json", f"version {databases.VERSION}"):
        load("regular")


def test_a_database_field_or_labels_that_cannot_be_are_named(tiny, tiny_raw, chosen):
    with refused("`slanted`"):
        databases.derive("slanted", tiny)
    with refused("24x24", "28x28"):
        databases.make_inputs(tiny.test_images, 24, databases.grey_levels(0.0, 1.0))
    with refused("28x28"):
        described.summarise(tiny, 24, chosen.base.inputs)
    write_content(tiny_raw / databases.TRAIN_LABELS, encoded(tiny.train_labels[:-1]))
    with refused("200", "199"):
        databases.read_raw(tiny_raw)


def test_summary_of_mnist_has_the_published_counts_and_a_variance_far_from_1(
    regular, chosen, paper
):
    said = described.summarise(regular, chosen.prepare.field, chosen.base.inputs)
    for part, claim in (("training", "data.train"), ("test", "data.test")):
        assert said[f"{part}_patterns"] == paper.claims[claim].value == sum(said[f"{part}_labels"])
    assert said["mean"] == pytest.approx(0.0275, abs=1e-4)
    assert said["variance"] == pytest.approx(0.1231, abs=1e-4)
    centred = described.measure_centring(regular.train_images)  # half a pixel beyond the middle
    assert (centred["mean_x"], centred["mean_y"]) == pytest.approx((0.5, 0.5), abs=0.01)
    assert centred["largest_distance"] < 1.5


@pytest.mark.parametrize("name", NAMES)
def test_mean_and_variance_are_those_of_the_network_inputs(tiny, chosen, name):
    database, field = databases.derive(name, tiny), chosen.prepare.field
    table = databases.grey_levels(*chosen.base.inputs.ends)
    said = described.summarise(database, field, chosen.base.inputs)
    inputs = databases.make_inputs(database.train_images, field, table).astype(np.float64)
    for prefix, values in (("", inputs), ("image_", table[database.train_images].astype(float))):
        assert said[f"{prefix}mean"] == pytest.approx(values.mean(), abs=1e-6)
        assert said[f"{prefix}variance"] == pytest.approx(values.var(), abs=1e-6)


def test_centring_is_the_distance_from_the_middle_of_the_field():
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, 13:15, 13:15] = 9
    images[1, 13 + 4, 13 + 3] = images[1, 14 + 4, 14 + 3] = 50
    said = described.measure_centring(images)
    assert (said["mean_distance"], said["largest_distance"]) == (2.5, 5.0)
    assert (said["mean_x"], said["mean_y"]) == (1.5, 2.0)


def test_prepare_states_what_load_makes_and_without_a_raw_file_writes_nothing(
    tmp_path, tiny, capsys
):
    write_raw(tmp_path / "data/raw", tiny)
    (tmp_path / "data/paper").mkdir()
    document = small_document()
    document["prepare"]["databases"] = list(NAMES)
    write_params(tmp_path / "params.yaml", document)
    folders, arguments = Folders.below(tmp_path), ["--root", str(tmp_path)]
    labels = (folders.raw / databases.TEST_LABELS).rename(tmp_path / "labels")
    with refused(databases.TEST_LABELS):
        stages.prepare.main(arguments, standalone_mode=False)
    assert not folders.prepared.exists()
    labels.rename(folders.raw / databases.TEST_LABELS)
    stages.prepare.main(arguments, standalone_mode=False)
    assert [path.name for path in folders.prepared.iterdir()] == ["summary.json"]
    printed = capsys.readouterr().out
    for name in NAMES:
        loaded = databases.load(folders.raw, folders.prepared, name)
        assert loaded.sha256() == databases.derive(name, tiny).sha256()
        assert f"{name}: 200 training and 100 test patterns" in printed
