"""Nearest neighbours, and the study of their readings, against plain loops."""

from types import SimpleNamespace

import numpy as np
import pytest
import study_files
from fitting import classifier, task_of
from small import small_document, small_project, write_params
from watching import Watched

from replication.core.systems.classifiers.nearest_neighbours import (
    System,
    count_votes,
    find_nearest,
)
from replication.errors import ReplicationError
from replication.pipeline.cli import main
from replication.studies.neighbours import ERRORS, figure, find_closest
from replication.studies.neighbours import run as neighbours


def points(count, seed):
    """Points on a coarse grid, so that distances are exact and often equal."""
    return np.random.default_rng(seed).integers(0, 4, (count, 3)).astype(np.float32)


def by_sorting(image, prototypes, count):
    distances = [float(((image - prototype) ** 2).sum()) for prototype in prototypes]
    order = sorted(range(len(prototypes)), key=lambda number: (distances[number], number))
    return order[:count], [distances[number] for number in order[:count]]


def test_nearest_finds_the_distances_that_sorting_finds(monkeypatch):
    monkeypatch.setattr("replication.core.systems.classifiers.nearest_neighbours._CHUNK", 7)
    images, prototypes = points(20, 1), points(50, 2)
    numbers, distances = find_nearest(images, prototypes, 5)
    for image, found, far in zip(images, numbers, distances, strict=True):
        assert far.tolist() == by_sorting(image, prototypes, 5)[1]
        assert ((prototypes[found] - image) ** 2).sum(axis=1).tolist() == far.tolist()
        assert len(set(found.tolist())) == 5


def test_of_different_distances_nearest_names_the_right_prototypes():
    random = np.random.default_rng(3)
    images, prototypes = random.normal(size=(9, 6)), random.normal(size=(40, 6))
    numbers, _ = find_nearest(images.astype(np.float32), prototypes.astype(np.float32), 4)
    for image, found in zip(images, numbers, strict=True):
        assert found.tolist() == by_sorting(image, prototypes, 4)[0]


def test_of_equal_distances_within_the_chosen_the_first_prototype_is_the_nearer():
    prototypes = np.array([[2, 0], [0, 1], [1, 0], [0, 0]], np.float32)
    numbers, distances = find_nearest(np.zeros((1, 2), np.float32), prototypes, 3)
    assert numbers.tolist() == [[3, 1, 2]]
    assert distances.tolist() == [[0, 1, 1]]


def test_a_neighbour_at_twice_the_distance_has_half_the_vote():
    labels = np.array([[3, 5, 5]], np.uint8)
    found = count_votes(labels, np.array([[1.0, 4.0, 16.0]], np.float32))
    expected = np.zeros((1, 10))
    expected[0, 3], expected[0, 5] = -1.0, -0.75
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_where_all_agree_the_nearer_are_the_surer():
    labels = np.array([[3, 3], [3, 3]], np.uint8)
    near, far = count_votes(labels, np.array([[1.0, 2.0], [9.0, 9.5]], np.float32))
    assert near[3] < far[3] < 0


def test_a_pattern_that_is_a_prototype_outvotes_all_others():
    labels = np.array([[3, 5, 5]], np.uint8)
    found = count_votes(labels, np.array([[0.0, 4.0, 4.0]], np.float32))
    assert found.argmin(axis=1).tolist() == [3]
    assert np.isfinite(found).all()


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


def test_boxed_leaves_an_image_without_ink_empty_and_refuses_too_much():
    empty = np.zeros((1, 6, 6), np.uint8)
    assert not neighbours.place_by_extent(empty, 4, True).any()
    with pytest.raises(ReplicationError, match="larger than 4x4"):
        neighbours.place_by_extent(empty + 1, 4, True)


def test_a_row_of_the_table_is_the_error_of_that_reading(tiny):
    table = neighbours.tabulate_errors(
        {"mine": tiny, "cropped": neighbours.crop_database(tiny)["cropped"]}
    )
    assert tuple(table.columns) == ERRORS.columns
    # 200 // 60 = 3 prototypes are too few for 5 and 9 neighbours.
    assert len(table) == 2 * (5 * 4 + 2) * 2
    by = table.set_index(list(ERRORS.columns[:-1]))["test_error_percent"]
    cut = slice(4, 24)
    for name, part in (("mine", slice(None)), ("cropped", cut)):
        flat = tiny.train_images[:100, part, part].reshape(100, -1).astype(float)
        wrong = 0
        for image, label in zip(tiny.test_images[:, part, part], tiny.test_labels, strict=True):
            nearest_three = by_sorting(image.reshape(-1).astype(float), flat, 3)[0]
            counts = np.bincount(tiny.train_labels[nearest_three], minlength=10)
            most = max(nearest_three, key=lambda n: counts[tiny.train_labels[n]])
            wrong += tiny.train_labels[most] != label
        assert by[name, 3, 100, "majority"] == pytest.approx(wrong)


def test_with_one_neighbour_both_votes_agree(tiny):
    one = neighbours.tabulate_errors({"mine": tiny}).query("neighbours == 1")
    errors = one.pivot(index="training_patterns", columns="vote", values="test_error_percent")
    assert len(errors) == 6
    assert (errors["majority"] == errors["weighted"]).all()


def test_the_study_writes_its_table_and_says_what_is_nearest(tiny, tmp_path, capsys):
    folder = small_project(tmp_path, tiny)
    capsys.readouterr()
    main(["neighbours", "--root", str(folder)])
    table = ERRORS.read(folder / "results")
    assert list(dict.fromkeys(table["database"])) == [
        "regular", "deslanted", "sixteen", "cropped", "box-centred", "box-corner",
    ]  # fmt: skip
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["regular", "deslanted"]


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


def test_the_study_reads_only_the_databases_that_are_prepared(tiny, tmp_path, capsys):
    folder = small_project(tmp_path, tiny)
    document = small_document()
    document["prepare"]["databases"] = ["deslanted"]
    write_params(folder / "params.yaml", document)
    capsys.readouterr()
    main(["neighbours", "--root", str(folder)])
    table = ERRORS.read(folder / "results")
    assert set(table["database"]) == {"deslanted"}
    assert capsys.readouterr().out.startswith("deslanted: published")


def test_choice_of_knn_nearest_to_each_printed_error_is_told(paper, tmp_path):
    study_files.write(tmp_path)
    inputs = SimpleNamespace(paper=paper, table=lambda output: output.read(tmp_path))
    found = figure.tabulate_neighbours(inputs)
    assert found.nearest.rows == (
        ("regular", "5", "5.1", "cropped to 20x20", "10000", "1", "majority"),
        ("deslanted", "2.4", "2.2", "deslanted", "60000", "3", "weighted"),
    )
    assert found.every.columns == ("images", "k", "vote", "10000 patterns, %", "60000 patterns, %")
    assert found.every.rows[0] == ("regular", "3", "majority", "3.5", "3.1")


def test_of_equal_distances_the_first_patterns_are_the_nearest_at_the_last_place_too():
    """Whatever the processor's partition chooses among them."""
    draw = np.random.default_rng(3)
    images = draw.integers(0, 2, (40, 3)).astype(np.float32)
    prototypes = draw.integers(0, 2, (700, 3)).astype(np.float32)
    exact = ((images[:, np.newaxis] - prototypes) ** 2).sum(axis=2)
    for count in (1, 5, 100, 700):
        numbers, distances = find_nearest(images, prototypes, count)
        expected = np.argsort(exact, axis=1, kind="stable")[:, :count]
        np.testing.assert_array_equal(numbers, expected)
        np.testing.assert_array_equal(distances, np.take_along_axis(exact, expected, axis=1))
