"""What a replicate leaves behind: equal bytes for equal content, damage is named."""

import errno
import hashlib
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.core.runs import (
    RECORD_KEYS,
    Answers,
    Run,
    answers_bytes,
    history_bytes,
    read_answers,
    read_history,
    read_record,
)
from replication.errors import ReplicationError
from replication.files import write_bytes, write_json


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


def test_answers_come_back_as_written(tmp_path):
    path = tmp_path / "answers.npz"
    write_bytes(path, answers_bytes(answers()))
    read = read_answers(path)
    np.testing.assert_array_equal(read.classes, answers().classes)
    np.testing.assert_array_equal(read.margins, answers().margins)


def test_equal_answers_are_equal_bytes(tmp_path):
    write_bytes(tmp_path / "a.npz", answers_bytes(answers()))
    write_bytes(tmp_path / "b.npz", answers_bytes(answers()))
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
        read_answers(tmp_path / "answers.npz")


def test_array_in_place_of_answers_is_named(tmp_path):
    with (tmp_path / "answers.npz").open("wb") as stream:
        np.save(stream, answers().classes)
    with pytest.raises(ReplicationError, match=r"answers\.npz"):
        read_answers(tmp_path / "answers.npz")


@pytest.mark.parametrize("keep", [0, 10, 100, -30])
def test_truncated_answers_are_named(tmp_path, keep):
    path = tmp_path / "answers.npz"
    write_bytes(path, answers_bytes(answers()))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ReplicationError, match=r"answers\.npz is damaged"):
        read_answers(path)


def test_flipped_bit_in_answers_is_noticed(tmp_path):
    path = tmp_path / "answers.npz"
    write_bytes(path, answers_bytes(answers()))
    content = bytearray(path.read_bytes())
    content[content.index(b"classes.npy") + 150] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReplicationError, match=r"answers\.npz"):
        read_answers(path)


def test_answers_with_other_arrays_are_named(tmp_path):
    path = tmp_path / "answers.npz"
    np.savez(path, classes=answers().classes, scores=answers().margins)
    with pytest.raises(ReplicationError, match=r"answers\.npz .*scores"):
        read_answers(path)


def test_pickled_answers_are_refused(tmp_path):
    path = tmp_path / "answers.npz"
    np.savez(path, classes=np.array([{}], dtype=object), margins=answers().margins)
    with pytest.raises(ReplicationError, match=r"answers\.npz"):
        read_answers(path)


def test_history_comes_back_as_written(tmp_path):
    path = tmp_path / "history.csv"
    write_bytes(path, history_bytes(history()))
    pd.testing.assert_frame_equal(read_history(path), history())
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
        read_history(path)


def test_impossible_history_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="passes are not"):
        write_bytes(tmp_path / "history.csv", history_bytes(history().iloc[1:]))
    assert not list(tmp_path.iterdir())


def test_history_without_a_column_is_named(tmp_path):
    path = tmp_path / "history.csv"
    history().drop(columns="test_misses").to_csv(path, index=False)
    with pytest.raises(ReplicationError, match=r"history\.csv .*test_misses"):
        read_history(path)


def test_incomplete_record_is_named(tmp_path):
    path = tmp_path / "record.json"
    record = {name: kind() for name, kind in RECORD_KEYS.items()}
    write_json(path, record)
    assert read_record(path) == record
    del record["streams"]
    write_json(path, record)
    with pytest.raises(ReplicationError, match=r"record\.json .*streams"):
        read_record(path)


def parts(replicate_key: str, seconds: float) -> dict[str, bytes]:
    """The files of a run with so many seconds."""
    sealed = {
        "answers.npz": answers_bytes(answers()),
        "cost.json": b'{"memory_thousands": 1, "operations_thousands": 1}\n',
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sealed.items()}
    record = {name: kind() for name, kind in RECORD_KEYS.items()}
    record |= {"key": replicate_key, "files": sums}
    return {
        **sealed,
        "record.json": json.dumps(record).encode(),
        "timing.json": json.dumps({"seconds": seconds}).encode(),
    }


def take(folder, key, times):
    for number in range(times):
        Run(folder).take(parts(key, number))


def test_processes_that_write_one_replicate_leave_a_whole_one(tmp_path):
    """Each writes the same replicate; before them lay one of other settings."""
    context = multiprocessing.get_context("fork")
    for number in range(10):
        folder = tmp_path / str(number) / "0"
        Run(folder).take(parts("before", 9))
        writers = [context.Process(target=take, args=(folder, "now", 5)) for _ in range(4)]
        for one in writers:
            one.start()
        for one in writers:
            one.join()
            assert one.exitcode == 0
        run = Run(folder)
        assert run.is_whole()
        assert run.record["key"] == "now"
        assert {path.name for path in folder.parent.iterdir()} == {"0"}
        assert {path.name for path in folder.iterdir()} == set(parts("now", 0))


def test_a_replicate_that_is_there_whole_is_taken_and_another_is_replaced(tmp_path):
    folder = tmp_path / "0"
    take(folder, "one", 2)
    assert Run(folder).seconds == 0
    (folder / "answers.npz").write_bytes(b"")
    take(folder, "one", 2)
    assert Run(folder).is_whole()
    take(folder, "two", 1)
    assert Run(folder).record["key"] == "two"


def test_a_folder_that_cannot_be_renamed_is_replaced(tmp_path, monkeypatch):
    """As one of a lower layer of a container's file system."""
    folder, rename = tmp_path / "0", Path.rename
    take(folder, "one", 1)

    def across(path, target):
        if path == folder:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", across)
    take(folder, "two", 1)
    assert Run(folder).record["key"] == "two"


def test_a_link_leads_to_the_folder_that_is_written(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "0").symlink_to(tmp_path / "elsewhere")
    take(tmp_path / "0", "one", 1)
    assert (tmp_path / "0").is_symlink()
    assert Run(tmp_path / "elsewhere").is_whole()


def test_what_cannot_be_written_leaves_the_run_that_was_there(tmp_path, monkeypatch):
    folder = tmp_path / "0"
    take(folder, "one", 1)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ReplicationError, match="No space left on device"):
        take(folder, "two", 1)
    assert Run(folder).record["key"] == "one"
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("left_out", ["answers.npz", "cost.json", "history.csv", "files"])
def test_a_record_that_seals_less_than_lies_there_is_not_whole(tmp_path, left_out):
    folder = tmp_path / "0"
    take(folder, "one", 1)
    if left_out == "history.csv":
        (folder / left_out).write_bytes(history_bytes(history()))
    record = json.loads((folder / "record.json").read_bytes())
    record["files"].pop(left_out, None)
    if left_out == "files":
        del record["files"]
    write_json(folder / "record.json", record)
    run = Run(folder)
    assert not run.is_whole()
    with pytest.raises(ReplicationError, match="sum"):
        _ = run.history if left_out == "history.csv" else (run.answers, run.cost)
