"""Files read and written in one place: always whole, and damage is named.

A file is written to a temporary name in the same folder and renamed, so that an interrupted run or
a full disk never leaves half a file under the final name.
"""

import errno
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.errors import ReplicationError
from replication.reading import Damage, name_damage, parse_json, shorten

# One time stamp for every archive member, the earliest that zip knows: equal content, equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically, creating its folder.

    Raises ReplicationError when the disk is full or the folder cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp's private mode would otherwise end up on files meant for everyone.
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def write_folder(
    folder: Path, parts: Mapping[str, bytes], stays: Callable[[], bool] = lambda: False
) -> None:
    """Make ``folder`` hold the files ``parts`` and nothing else; it appears whole or not at all.

    Each process writes under a name of its own. A folder of which ``stays`` is true, because
    another process was faster, is left as it is. Raises ReplicationError as `write_bytes` does.
    """
    folder = folder.resolve()  # a link leads to the folder that is written
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        temporary.chmod(0o755)
        for name, content in parts.items():
            write_bytes(temporary / name, content)
        while not _take_place(temporary, folder) and not stays():
            _remove(folder, temporary.with_name(f"{temporary.name}.before"))
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _take_place(temporary: Path, folder: Path) -> bool:
    """Rename ``temporary`` to ``folder``; False where a folder with files in it is there."""
    try:
        temporary.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _remove(folder: Path, aside: Path) -> None:
    """Remove a folder that other processes may remove as well, and never half of it."""
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:  # of a lower layer of a container's file system
            raise
        aside = folder
    shutil.rmtree(aside, ignore_errors=True)


def _not_written(path: Path, error: OSError) -> ReplicationError:
    return ReplicationError(
        f"{path} could not be written ({error.strerror}); nothing was left half-written: "
        "free some space or mend the folder's permissions, then run the command again"
    )


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text with LF line ends atomically."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON as `json_bytes` gives it."""
    write_bytes(path, json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """Return JSON with sorted keys and an indent of two: equal content is equal bytes."""
    return (json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def read_json(path: Path, made_by: str) -> Any:
    """Read a JSON file; raises as `name_problem` says."""
    with name_problem(path, made_by, "it is not valid JSON: "):
        return parse_json(path.read_bytes())


@contextmanager
def name_problem(path: Path, made_by: str, prefix: str = "") -> Iterator[None]:
    """Raise ReplicationError, naming ``made_by``, for a file that is missing or cannot be read.

    ``made_by`` is the command that makes it; ``prefix`` stands before what is wrong with it.
    """
    try:
        with name_damage():
            yield
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: run `{made_by}` first") from error
    except Damage as error:
        raise damaged(path, f"{prefix}{error}", made_by) from error


def damaged(path: Path, problem: object, made_by: str) -> ReplicationError:
    """Return the error that names a damaged file, its problem and the command that makes it."""
    return ReplicationError(
        f"{path} is damaged ({shorten(problem)}): run `{made_by}` to make it again, or bring "
        f"the committed one back with `git checkout {path.as_posix()}`"
    )


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an ``.npz`` archive of ``arrays``, uncompressed; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue())
    return buffer.getvalue()


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV table as `table_bytes` gives it."""
    write_bytes(path, table_bytes(table))


def table_bytes(table: pd.DataFrame) -> bytes:
    """Return a CSV table: UTF-8, LF, six significant digits, empty for a missing number."""
    return table.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode()


def read_table(path: Path, columns: tuple[str, ...], made_by: str) -> pd.DataFrame:
    """Read a CSV table that has at least ``columns``; raises as `name_problem` says.

    Also when it is empty or lacks a column.
    """
    with name_problem(path, made_by):
        table = pd.read_csv(path)
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise damaged(path, f"no column {', '.join(absent)}", made_by)
    if table.empty:
        raise damaged(path, "no rows", made_by)
    return table


@dataclass(frozen=True)
class Output:
    """A file in the folder of results that the command ``made_by`` makes and others read."""

    name: str
    made_by: str

    def exists(self, results: Path) -> bool:
        """Return whether it has been made."""
        return (results / self.name).exists()


@dataclass(frozen=True)
class Table(Output):
    """A CSV table with at least ``columns``, of which all but ``words`` hold numbers or nothing."""

    columns: tuple[str, ...]
    words: tuple[str, ...] = ()

    def frame(self, rows: Iterable[Sequence[object] | Mapping[str, object]]) -> pd.DataFrame:
        """Return the table of ``rows``, each with all columns' values, in order or by name."""
        return pd.DataFrame(list(rows), columns=list(self.columns))

    def read(self, results: Path) -> pd.DataFrame:
        """Read it; raises ReplicationError as `read_table`, and for a word in place of a number."""
        path = results / self.name
        table = read_table(path, self.columns, self.made_by)
        for name in self.columns:
            if name not in self.words and not pd.api.types.is_numeric_dtype(table[name].dtype):
                raise damaged(path, f"a cell of {name} that is no number", self.made_by)
        return table

    def write(self, results: Path, table: pd.DataFrame) -> None:
        """Write it as `write_table` does; ValueError when a column is missing."""
        absent = [name for name in self.columns if name not in table.columns]
        if absent:
            raise ValueError(f"{self.name} without the column {', '.join(absent)}")
        write_table(results / self.name, table)


@dataclass(frozen=True)
class Document(Output):
    """A JSON document that is a mapping."""

    def read(self, results: Path) -> dict[str, Any]:
        """Read it; raises ReplicationError as `read_json` does, and when it is no mapping."""
        content = read_json(results / self.name, self.made_by)
        if not isinstance(content, dict):
            raise damaged(results / self.name, "no table", self.made_by)
        return content

    def write(self, results: Path, content: Mapping[str, Any]) -> None:
        """Write it as `write_json` does."""
        write_json(results / self.name, dict(content))
