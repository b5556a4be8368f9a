"""Files come back as written, equal content is equal bytes, and damage is named."""

import errno
import hashlib
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small import refused

from replication.core import runs
from replication.core.runs import RECORD_KEYS, Answers, Run, answers_bytes, history_bytes
from replication.errors import ReplicationError
from replication.files import (
    read_json,
    read_table,
    write_bytes,
    write_json,
    write_table,
    write_text,
)

READINGS = "python -m replication readings"


@pytest.fixture
def fill_disk(monkeypatch):
    """Call it, and nothing can be written any more."""

    def full(_):
        raise OSError(28, "No space left on device")

    return lambda: monkeypatch.setattr("os.fsync", full)


def test_interrupted_writing_leaves_the_old_file(tmp_path, fill_disk):
    path = tmp_path / "file"
    write_text(path, "old")
    fill_disk()
    with refused(str(path), "No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, "", "a\n", 'a,b\n1,"', "b\n1\n"])
def test_damaged_or_missing_table_is_named_with_the_command_that_makes_it(tmp_path, content):
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_text(content)
    with refused(str(path), READINGS):
        read_table(path, ("a",), READINGS)


def test_table_holds_six_digits_and_empty_cells(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, pd.DataFrame({"a": [1 / 3, float("nan")], "b": [1, 2]}))
    assert path.read_bytes() == b"a,b\n0.333333,1\n,2\n"


def answers(n=20):
    generator = np.random.default_rng(1)
    classes = generator.integers(0, 10, n).astype(np.uint8)
    return Answers(classes, generator.random(n).astype(np.float32))


def history(passes=3):
    return pd.DataFrame({
        "pass": range(1, passes + 1), "learning_rate": 5e-4, "training_presentations": 60000,
        "training_misses": [2900, 1800, 1100][:passes], "test_misses": [265, 224, 148][:passes],
        "mean_criterion": [1.5, 0.75, 0.5][:passes], "step_C1_min": 7.25e-5, "step_C1_max": 0.016,
        "weights_sha256": 64 * "a",
    })  # fmt: skip


def test_answers_come_back_as_written_and_equal_ones_are_equal_bytes(tmp_path):
    path = tmp_path / "answers.npz"
    write_bytes(path, answers_bytes(answers()))
    assert path.read_bytes() == answers_bytes(answers())
    read = runs.read_answers(path)
    np.testing.assert_array_equal(read.classes, answers().classes)
    np.testing.assert_array_equal(read.margins, answers().margins)


@pytest.mark.parametrize(
    ("classes", "margins"),
    [
        (np.zeros(3, np.int64), np.zeros(3, np.float32)),
        (np.zeros(3, np.uint8), np.zeros(3, np.float64)),
        (np.zeros(3, np.uint8), np.zeros(2, np.float32)),
        (np.full(3, 10, np.uint8), np.zeros(3, np.float32)),
        (np.zeros(3, np.uint8), np.full(3, -1, np.float32)),
        (np.zeros(3, np.uint8), np.full(3, np.nan, np.float32)),
    ],
    ids=["classes int64", "margins float64", "one more", "a class of 10", "negative", "nan"],
)
def test_impossible_answers_are_refused(classes, margins):
    with pytest.raises(ValueError, match=r"class|margin"):
        Answers(classes, margins)


def flipped(content):
    place = content.index(b"classes.npy") + 150
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def saved(save, *arrays, **named):
    def content(path):
        with path.open("wb") as stream:
            save(stream, *arrays, **named)
        return path.read_bytes()

    return content


DAMAGES = {
    "missing": None,
    "empty": lambda _: b"",
    "cut off": lambda path: path.read_bytes()[:-30],
    "beginning": lambda path: path.read_bytes()[:100],
    "a bit": lambda path: flipped(path.read_bytes()),
    "an array": saved(np.save, answers().classes),
    "other arrays": saved(np.savez, classes=answers().classes, scores=answers().margins),
    "pickled": saved(
        np.savez, classes=np.array([{}], dtype=object), margins=answers().margins
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_answers_are_named_with_the_command_that_makes_them(tmp_path, damage):
    path = tmp_path / "answers.npz"
    if damage is not None:
        write_bytes(path, answers_bytes(answers()))
        path.write_bytes(damage(path))
    with refused(str(path), "replication train"):
        runs.read_answers(path)


def test_history_comes_back_as_written(tmp_path):
    path = tmp_path / "history.csv"
    write_bytes(path, history_bytes(history()))
    pd.testing.assert_frame_equal(runs.read_history(path), history())
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("pass", 2, "pass"), ("training_misses", 60001, "training misses"),
        ("training_misses", -1, "training misses"), ("test_misses", -1, "test misses"),
        ("test_misses", 1.5, "test_misses"), ("learning_rate", 0, "learning rate"),
        ("mean_criterion", "", "empty"), ("mean_criterion", "much", "not a number"),
        ("step_C1_max", "inf", "finite"), ("test_misses", None, "test_misses"),
    ],
)  # fmt: skip
def test_impossible_history_is_named_and_not_written(tmp_path, column, value, named):
    path = tmp_path / "history.csv"
    table = history().astype(object)
    table.loc[0, column] = value
    table = table.drop(columns=column) if value is None else table
    table.to_csv(path, index=False)
    with refused(str(path), named):
        runs.read_history(path)
    with pytest.raises(ValueError, match="pass"):
        history_bytes(history().iloc[1:])


def test_malformed_and_incomplete_records_are_named(tmp_path):
    path = tmp_path / "record.json"
    record = {name: kind() for name, kind in RECORD_KEYS.items()}
    write_json(path, record)
    assert runs.read_record(path) == record
    del record["streams"]
    write_json(path, record)
    with refused(str(path), "streams"):
        runs.read_record(path)
    path.write_text("{")
    with refused(str(path)):
        read_json(path, "python -m replication train")


def parts(replicate_key: str, seconds: float) -> dict[str, bytes]:
    """The files of a run that took ``seconds``."""
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


def test_what_cannot_be_written_leaves_the_run_that_was_there(tmp_path, fill_disk):
    folder = tmp_path / "0"
    take(folder, "one", 1)
    fill_disk()
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
