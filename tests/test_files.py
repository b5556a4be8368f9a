"""Files are written whole, and what is damaged or missing is named."""

import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.files import read_json, read_table, write_table, write_text


def test_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_text(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ReplicationError, match="No space left on device"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "problem"), [("", "No columns"), ("pass\n", "no rows"), ('a,b\n1,"', "EOF")]
)
def test_damaged_table_is_named(tmp_path, content, problem):
    path = tmp_path / "table.csv"
    path.write_text(content)
    column = content[:4].strip() or "pass"
    columns = (column,) if column == "pass" else ("a",)
    with pytest.raises(ReplicationError, match=rf"table\.csv is damaged .*{problem}"):
        read_table(path, columns, "python -m replication readings")


def test_missing_table_names_the_command(tmp_path):
    with pytest.raises(ReplicationError, match="run `python -m replication readings` first"):
        read_table(tmp_path / "t.csv", ("a",), "python -m replication readings")


def test_table_holds_six_digits_and_empty_cells(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, pd.DataFrame({"a": [1 / 3, float("nan")], "b": [1, 2]}))
    assert path.read_bytes() == b"a,b\n0.333333,1\n,2\n"


def test_malformed_json_is_named(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("{")
    with pytest.raises(ReplicationError, match=r"record\.json is damaged"):
        read_json(path, "python -m replication train")
