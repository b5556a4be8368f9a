"""Files that cross a stage border: whole, equal bytes for equal content, damage is named."""

import json

import numpy as np
import pandas as pd
import pytest

from replication import artifacts
from replication.artifacts import Answers
from replication.errors import ReplicationError


def answers(n=20):
    generator = np.random.default_rng(1)
    return Answers(
        generator.integers(0, 10, n).astype(np.uint8), generator.random(n).astype(np.float32)
    )


def history(passes=3):
    return pd.DataFrame(
        {
            "pass": range(1, passes + 1),
            "learning_rate": 5e-4,
            "training_presentations": 60000,
            "training_misses": [2900, 1800, 1100][:passes],
            "test_misses": [265, 224, 148][:passes],
            "mean_criterion": [1.5, 0.75, 0.5][:passes],
            "step_C1_min": 7.25e-5,
            "step_C1_max": 0.016,
        }
    )


def metrics():
    values = {"mean": 1.0, "sd": None, "values": [1.0]}
    return {
        "lenet5": {
            "replicates": 1,
            "test_patterns": 10000,
            "training_presentations": 60000,
            "test_misses": [100],
            "training_misses": [600],
            "test_error_percent": values,
            "training_error_percent": values,
            "rejection_percent": values,
        }
    }


def test_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    artifacts.write_text(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ReplicationError, match="No space left on device"):
        artifacts.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_answers_come_back_as_written(tmp_path):
    path = tmp_path / "answers.npz"
    artifacts.write_answers(path, answers())
    read = artifacts.read_answers(path)
    np.testing.assert_array_equal(read.classes, answers().classes)
    np.testing.assert_array_equal(read.margins, answers().margins)


def test_equal_answers_are_equal_bytes(tmp_path):
    artifacts.write_answers(tmp_path / "a.npz", answers())
    artifacts.write_answers(tmp_path / "b.npz", answers())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    ("classes", "margins", "message"),
    [
        (np.zeros(3, np.int64), np.zeros(3, np.float32), "uint8"),
        (np.zeros(3, np.uint8), np.zeros(3, np.float64), "float32"),
        (np.zeros(3, np.uint8), np.zeros(2, np.float32), "margins"),
        (np.full(3, 10, np.uint8), np.zeros(3, np.float32), "a class of 10"),
        (np.zeros(3, np.uint8), np.full(3, -1, np.float32), "negative or not finite"),
        (np.zeros(3, np.uint8), np.full(3, np.nan, np.float32), "negative or not finite"),
    ],
)
def test_impossible_answers_are_refused(classes, margins, message):
    with pytest.raises(ValueError, match=message):
        Answers(classes, margins)


def test_missing_answers_name_the_command(tmp_path):
    with pytest.raises(ReplicationError, match=r"answers\.npz is missing.*replication train"):
        artifacts.read_answers(tmp_path / "answers.npz")


def test_array_in_place_of_answers_is_named(tmp_path):
    with (tmp_path / "answers.npz").open("wb") as stream:
        np.save(stream, answers().classes)
    with pytest.raises(ReplicationError, match="is damaged"):
        artifacts.read_answers(tmp_path / "answers.npz")


@pytest.mark.parametrize("keep", [0, 10, 100, -30])
def test_truncated_answers_are_named(tmp_path, keep):
    path = tmp_path / "answers.npz"
    artifacts.write_answers(path, answers())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ReplicationError, match=r"answers\.npz is damaged"):
        artifacts.read_answers(path)


def test_flipped_bit_in_answers_is_noticed(tmp_path):
    path = tmp_path / "answers.npz"
    artifacts.write_answers(path, answers())
    content = bytearray(path.read_bytes())
    content[content.index(b"classes.npy") + 150] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReplicationError, match="is damaged"):
        artifacts.read_answers(path)


def test_answers_with_other_arrays_are_named(tmp_path):
    path = tmp_path / "answers.npz"
    np.savez(path, classes=answers().classes, scores=answers().margins)
    with pytest.raises(ReplicationError, match="it holds classes, scores"):
        artifacts.read_answers(path)


def test_pickled_answers_are_refused(tmp_path):
    path = tmp_path / "answers.npz"
    np.savez(path, classes=np.array([{}], dtype=object), margins=answers().margins)
    with pytest.raises(ReplicationError, match="is damaged"):
        artifacts.read_answers(path)


def test_history_comes_back_as_written(tmp_path):
    path = tmp_path / "history.csv"
    artifacts.write_history(path, history())
    pd.testing.assert_frame_equal(artifacts.read_history(path), history())
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("pass", 2, "the passes are not 1, 2, 3"),
        ("training_misses", 60001, "more training misses than presentations"),
        ("training_misses", -1, "more training misses than presentations, or fewer than none"),
        ("test_misses", -1, "negative number of test misses"),
        ("test_misses", 1.5, "test_misses are not whole numbers"),
        ("learning_rate", 0, "a learning rate that is not positive"),
        ("mean_criterion", "", "empty or not finite"),
        ("mean_criterion", "much", "not a number"),
        ("step_C1_max", "inf", "empty or not finite"),
    ],
)
def test_impossible_history_is_named(tmp_path, column, value, problem):
    path = tmp_path / "history.csv"
    table = history().astype(object)
    table.loc[0, column] = value
    table.to_csv(path, index=False)
    with pytest.raises(ReplicationError, match=rf"history\.csv is damaged \(.*{problem}"):
        artifacts.read_history(path)


def test_impossible_history_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="passes are not"):
        artifacts.write_history(tmp_path / "history.csv", history().iloc[1:])
    assert not list(tmp_path.iterdir())


def test_history_without_a_column_is_named(tmp_path):
    path = tmp_path / "history.csv"
    history().drop(columns="test_misses").to_csv(path, index=False)
    with pytest.raises(ReplicationError, match="no column test_misses"):
        artifacts.read_history(path)


@pytest.mark.parametrize(
    ("content", "problem"), [("", "No columns"), ("pass\n", "no rows"), ('a,b\n1,"', "EOF")]
)
def test_damaged_table_is_named(tmp_path, content, problem):
    path = tmp_path / "table.csv"
    path.write_text(content)
    column = content[:4].strip() or "pass"
    columns = (column,) if column == "pass" else ("a",)
    with pytest.raises(ReplicationError, match=rf"table\.csv is damaged .*{problem}"):
        artifacts.read_table(path, columns, "python -m replication readings")


def test_missing_table_names_the_command(tmp_path):
    with pytest.raises(ReplicationError, match="run `python -m replication readings` first"):
        artifacts.read_table(tmp_path / "t.csv", ("a",), "python -m replication readings")


def test_table_holds_six_digits_and_empty_cells(tmp_path):
    path = tmp_path / "table.csv"
    artifacts.write_table(path, pd.DataFrame({"a": [1 / 3, float("nan")], "b": [1, 2]}))
    assert path.read_bytes() == b"a,b\n0.333333,1\n,2\n"


def test_metrics_come_back_as_written(tmp_path):
    path = tmp_path / "metrics.json"
    artifacts.write_metrics(path, metrics())
    assert artifacts.read_metrics(path) == metrics()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("replicates", 0, "lenet5 has no replicates"),
        ("replicates", 2, "does not hold 2"),
        ("test_misses", [1.5], "are not counts"),
        ("test_misses", None, "does not hold 1 counts"),
        ("test_error_percent", {"values": [101.0]}, "are not percentages"),
        ("rejection_percent", {"values": ["1"]}, "are not numbers"),
        ("training_error_percent", {}, "does not hold 1 values"),
    ],
)
def test_impossible_metrics_are_named(tmp_path, key, value, problem):
    path = tmp_path / "metrics.json"
    changed = metrics()
    changed["lenet5"][key] = value
    with pytest.raises(ValueError, match=problem):
        artifacts.write_metrics(path, changed)
    path.write_text(json.dumps(changed))
    with pytest.raises(ReplicationError, match=rf"metrics\.json is damaged .*{problem}"):
        artifacts.read_metrics(path)


def test_metrics_that_are_no_table_are_named(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("[]")
    with pytest.raises(ReplicationError, match=r"metrics\.json is damaged \(no table"):
        artifacts.read_metrics(path)


def test_incomplete_record_is_named(tmp_path):
    path = tmp_path / "record.json"
    record = dict.fromkeys(artifacts.RECORD_KEYS, 0)
    artifacts.write_json(path, record)
    assert artifacts.read_record(path) == record
    del record["streams"]
    artifacts.write_json(path, record)
    with pytest.raises(ReplicationError, match=r"record\.json is damaged \(no streams\)"):
        artifacts.read_record(path)


def test_malformed_json_is_named(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("{")
    with pytest.raises(ReplicationError, match=r"record\.json is not valid JSON"):
        artifacts.read_record(path)
