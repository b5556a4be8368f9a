"""Nearest neighbours, and the study of their readings, against plain loops."""

import numpy as np
import pytest
from fitting import Watched, classifier, task_of
from small import refused, small_document, small_project, write_params

from replication.core.systems.classifiers.nearest_neighbours import (
    System,
    count_votes,
    find_nearest,
)
from replication.pipeline.cli import main
from replication.studies.neighbours import ERRORS, find_closest
from replication.studies.neighbours import run as neighbours


@pytest.mark.parametrize("count", [1, 5, 100, 700])
def test_the_nearest_are_those_that_sorting_finds_and_of_equal_distances_the_first(
    count, monkeypatch
):
    """Whatever the processor's partition chooses among equal ones at the last place."""
    monkeypatch.setattr("replication.core.systems.classifiers.nearest_neighbours._CHUNK", 7)
    draw = np.random.default_rng(3)
    images, prototypes = (draw.integers(0, 3, (n, 3)).astype(np.float32) for n in (40, 700))
    exact = ((images[:, np.newaxis] - prototypes) ** 2).sum(axis=2)
    numbers, distances = find_nearest(images, prototypes, count)
    expected = np.argsort(exact, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(distances, np.take_along_axis(exact, expected, axis=1))


def test_a_neighbour_at_twice_the_distance_has_half_the_vote_and_one_at_none_all():
    labels = np.array([[3, 5, 5]], np.uint8)
    found = count_votes(labels, np.array([[1.0, 4.0, 16.0]], np.float32))
    expected = np.zeros((1, 10))
    expected[0, 3], expected[0, 5] = -1.0, -0.75
    np.testing.assert_allclose(found, expected, atol=1e-5)
    prototype = count_votes(labels, np.array([[0.0, 4.0, 4.0]], np.float32))
    assert prototype.argmin() == 3
    assert np.isfinite(prototype).all()


def test_majority_counts_and_prefers_the_nearest_of_equals():
    labels = np.array([[7, 2, 2], [7, 2, 4], [2, 7, 7]], np.uint8)
    found = neighbours.count_majority(labels, np.zeros((3, 3), np.float32))
    assert found.argmin(axis=1).tolist() == [2, 7, 7]
    np.testing.assert_array_equal(np.round(-found[0, [2, 7]]), [2, 1])
    two_against_two = np.array([[9, 1, 1, 9], [1, 9, 9, 1]], np.uint8)
    found = neighbours.count_majority(two_against_two, np.zeros((2, 4), np.float32))
    assert found.argmin(axis=1).tolist() == [9, 1]


def test_the_system_keeps_all_training_patterns(tiny, tmp_path):
    recipe = classifier("nearest-neighbours", {"neighbours": 1})
    fitted = System("mine", recipe).fit(task_of(tiny, tmp_path), Watched())
    flat = tiny.train_images.reshape(200, -1).astype(float)
    for image, answer in zip(tiny.test_images, fitted.answers.classes, strict=True):
        number = ((flat - image.reshape(-1)) ** 2).sum(axis=1).argmin()
        assert answer == tiny.train_labels[number]
    assert fitted.cost == (200 * 784 / 1e3, 200 * 784 / 1e3)


def test_boxed_moves_the_ink_and_changes_none_of_it(tiny):
    for centred in (True, False):
        moved = neighbours.place_by_extent(tiny.test_images, 20, centred)
        assert moved.shape == (100, 20, 20)
        for image, field in zip(tiny.test_images, moved, strict=True):
            rows, columns = np.nonzero(image)
            ink = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            top, left = ((20 - side) // 2 if centred else 0 for side in ink.shape)
            expected = np.zeros((20, 20), np.uint8)
            expected[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
            np.testing.assert_array_equal(field, expected)
    empty = np.zeros((1, 6, 6), np.uint8)
    assert not neighbours.place_by_extent(empty, 4, True).any()
    with refused("4x4"):
        neighbours.place_by_extent(empty + 1, 4, True)


def test_a_row_of_the_table_is_the_error_of_that_reading(tiny):
    table = neighbours.tabulate_errors(
        {"mine": tiny, "cropped": neighbours.crop_database(tiny)["cropped"]}
    )
    assert tuple(table.columns) == ERRORS.columns
    # 200 // 60 = 3 prototypes are too few for 5 and 9 neighbours.
    assert len(table) == 2 * (5 * 4 + 2) * 2
    by = table.set_index(list(ERRORS.columns[:-1]))["test_error_percent"]
    for name, part in (("mine", slice(None)), ("cropped", slice(4, 24))):
        flat = tiny.train_images[:100, part, part].reshape(100, -1).astype(float)
        wrong = 0
        for image, label in zip(tiny.test_images[:, part, part], tiny.test_labels, strict=True):
            far = ((flat - image.reshape(-1)) ** 2).sum(axis=1)
            nearest_three = np.argsort(far, kind="stable")[:3]
            counts = np.bincount(tiny.train_labels[nearest_three], minlength=10)
            most = max(nearest_three, key=lambda n: counts[tiny.train_labels[n]])
            wrong += tiny.train_labels[most] != label
        assert by[name, 3, 100, "majority"] == pytest.approx(wrong)
    one = table.query("neighbours == 1").drop(columns="neighbours")
    errors = one.pivot(index=["database", "training_patterns"], columns="vote")
    votes_apart = errors.droplevel(0, axis=1)
    assert (votes_apart["majority"] == votes_apart["weighted"]).all()


@pytest.mark.parametrize(("prepared", "expected"), [
    (None, ["regular", "deslanted", "sixteen", "cropped", "box-centred", "box-corner"]),
    (["deslanted"], ["deslanted"]),
])  # fmt: skip
def test_the_study_writes_its_table_and_says_what_is_nearest(
    tiny, tmp_path, capsys, prepared, expected
):
    folder, document = small_project(tmp_path, tiny), small_document()
    document["prepare"]["databases"] = prepared or document["prepare"]["databases"]
    write_params(folder / "params.yaml", document)
    capsys.readouterr()
    main(["neighbours", "--root", str(folder)])
    table = ERRORS.read(folder / "results")
    assert list(dict.fromkeys(table["database"])) == expected
    lines = capsys.readouterr().out.splitlines()
    published = [name for name in expected if name in ("regular", "deslanted")]
    assert [line.split(":")[0] for line in lines] == published


def test_the_nearest_reading_is_named_beside_the_published_error(paper):
    rows = [
        ("regular", 3, 60, "majority", 3.0),
        ("box-corner", 1, 60, "weighted", 4.5),
        ("deslanted", 3, 60, "weighted", 5.0),
    ]
    table = ERRORS.frame(rows)
    regular, deslanted = neighbours.summary(find_closest(table, paper)).splitlines()
    assert "4.50 % (box-corner, 60 patterns, k 1, weighted); all from 3.00 to 4.50 %" in regular
    assert "5.00 % (deslanted, 60 patterns, k 3, weighted)" in deslanted
