"""data/writers: who is held out, and who wrote the test patterns."""

import json

import pandas as pd
import pytest
from small import REPOSITORY, refused

from replication.core.mnist import writers

FOLDER = REPOSITORY / "data" / "writers"
COUNTS = json.loads((FOLDER / "counts.json").read_text())


def test_as_many_patterns_are_held_out_as_the_counts_say_half_of_each_source():
    held_out = writers.read_held_out(FOLDER, 60_000)
    by_source = {name: each["patterns"] for name, each in COUNTS["held_out"].items()}
    assert len(held_out) == sum(by_source.values())
    assert all(5000 <= count < 5150 for count in by_source.values())  # the last writer whole


def test_the_test_patterns_have_as_many_writers_as_the_counts_say_and_none_of_the_training_set():
    by_pattern = writers.read_test_writers(FOLDER, 10_000)
    assert len(set(by_pattern)) == sum(each["writers"] for each in COUNTS["test"].values()) == 297
    assert COUNTS["writers_in_training_and_test"] == 0
    assert sum(each["patterns"] for each in COUNTS["training"].values()) == 60_000


@pytest.mark.parametrize("numbers", [[3, 2], [2, 2], [-1, 4], [0, 10], [0.5, 1.0]])
def test_a_damaged_list_is_refused_with_the_command_that_restores_it(tmp_path, numbers):
    pd.DataFrame({"training_index": numbers}).to_csv(tmp_path / "held_out.csv", index=False)
    with refused("held_out.csv", "git checkout data/writers"):
        writers.read_held_out(tmp_path, 10)


@pytest.mark.parametrize("numbers", [[0], [0, -1], [0.5, 1.0]])
def test_damaged_writers_of_the_test_patterns_are_refused(tmp_path, numbers):
    pd.DataFrame({"writer": numbers}).to_csv(tmp_path / "test.csv", index=False)
    with refused("test.csv", "git checkout data/writers"):
        writers.read_test_writers(tmp_path, 2)
