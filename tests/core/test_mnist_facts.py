"""docs/mnist.md: every number of its table, counted."""

import json
import re

import numpy as np
import pytest
from small import REPOSITORY

from replication.core.mnist import databases, versions

COUNTS = json.loads((REPOSITORY / "data" / "writers" / "counts.json").read_text())
TEXT = (REPOSITORY / "docs" / "mnist.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| ([\d.]+) \| ([\d.]+) \|$", TEXT, re.MULTILINE)


def count_by_source(part):
    return {
        f"{start}{source}": COUNTS[part][source][unit]
        for source in ("SD-1", "SD-3")
        for start, unit in (("from ", "patterns"), ("writers of ", "writers"))
    }


def measure(images):
    """Return the facts of a set of images by the words of the table."""
    ink = images > 0
    sides = np.array([ink.any(axis=axis).sum(axis=1) for axis in (1, 2)])  # lines with ink
    reach = [np.where(lines.any(1), 28 - lines.argmax(1) - lines[:, ::-1].argmax(1), 0)
             for lines in (ink.any(axis=1), ink.any(axis=2))]  # fmt: skip
    assert (np.array(reach) >= sides).all()
    middle = np.zeros((28, 28), dtype=bool)
    middle[4:24, 4:24] = True
    total, moment_x, moment_y = versions.measure_moments(images)
    away = np.array([moment / total - 13.5 for moment in (moment_x, moment_y)])
    levels = images.astype(np.int64)
    return {
        "patterns": len(images),
        "images with ink on the border of the 28x28 field":
            (ink[:, [0, -1]].any((1, 2)) | ink[:, :, [0, -1]].any((1, 2))).sum(),
        "images with ink outside the middle 20x20": ink[:, ~middle].any(1).sum(),
        "ink outside the middle 20x20, in percent":
            100 * levels[:, ~middle].sum() / levels.sum(),
        "images whose ink is 20 pixels long in its longer direction":
            (np.max(reach, axis=0) == 20).sum(),
        "images whose ink is 20 pixels long in both directions":
            (np.min(reach, axis=0) == 20).sum(),
        "greatest distance of the centre of mass from the field's centre in a direction, in pixels":
            np.abs(away).max(),
        "mean distance of the two centres, in pixels": np.hypot(*away).mean(),
        "images that another of the same set equals":
            len(images) - len({image.tobytes() for image in images}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def raw():
    return databases.read_raw(REPOSITORY / "data" / "raw")


def test_every_number_of_the_table_is_counted(raw):
    turns = "first patterns that are from SD-1 and SD-3 in turns"
    counted = [
        measure(raw.train_images) | count_by_source("training")
        | {turns: COUNTS["alternating_in_training"]},
        measure(raw.test_images) | count_by_source("test") | {turns: 0},
    ]  # fmt: skip
    assert {name for name, *_ in ROWS} == set(counted[0])
    for name, *printed in ROWS:
        for text, part in zip(printed, counted, strict=True):
            decimals = len(text.partition(".")[2])
            assert f"{part[name]:.{decimals}f}" == text, name


def test_no_test_image_equals_a_training_image(raw):
    known = {image.tobytes() for image in raw.train_images}
    assert not any(image.tobytes() in known for image in raw.test_images)


def test_what_is_said_of_the_halves_and_of_the_last_patterns():
    assert set(COUNTS["first_5000_of_test"]) == {"SD-1"}
    assert COUNTS["test"]["SD-1"]["patterns"] == 5001
    last = COUNTS["last_10000_of_training"]
    assert 0.40 <= last["SD-1"]["patterns"] / 10_000 <= 0.41
    assert last["SD-1"]["writers"] == COUNTS["training"]["SD-1"]["writers"]
    assert COUNTS["writers_in_training_and_test"] == 0
    assert 60_000 - COUNTS["alternating_in_training"] == 1900
