"""What the networks take from the paper: Table I and the RBF codes of Figure 3, p. 8.

Both are files of data/paper; how any file there is read and refused stands here too.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from replication.errors import ReplicationError
from replication.reading import Damage, name_damage

Codes = npt.NDArray[np.int8]

# A checkout would also undo the corrections and claims that somebody added to the file.
RESTORE = "correct it; `git diff data/paper` shows what was changed"
FIRST_CHARACTER, LAST_CHARACTER = 32, 126
_CODES = "figure3_rbf_codes.txt"
_CODE = re.compile(r"code (\d+) .*\n((?:[#.]{7}\n){12})(?=\n|$)")


class Row(BaseModel):
    """A line of a CSV file; the columns are the fields, by their aliases where they have one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    FILE: ClassVar[str]


def _maps(text: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in text.split())
    if not numbers or min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise ValueError("not a list of different map numbers")
    return numbers


class Connections(Row):
    """Table I, p. 8: the S2 maps that one C3 map reads."""

    FILE = "table1_c3_connections.csv"
    c3_map: int
    s2_maps: Annotated[tuple[int, ...], BeforeValidator(_maps)]


@dataclass(frozen=True)
class Printed:
    """The parts of the networks that the paper prints."""

    connection_table: tuple[tuple[int, ...], ...]  # for each C3 map the S2 maps it reads (Table I)
    codes: Codes  # int8 (95, 84), -1 or +1, the RBF codes of ASCII 32 to 126 (Figure 3)

    @property
    def digit_codes(self) -> Codes:
        """Return the codes of the ten digits in their order: int8 (10, 84), -1 or +1."""
        first = ord("0") - FIRST_CHARACTER
        return self.codes[first : first + 10]


def read_printed(folder: Path) -> Printed:
    """Read the two files of data/paper; raise ReplicationError naming the file and the place."""
    return Printed(_read_connections(folder), _read_codes(folder / _CODES))


def read_text(path: Path) -> str:
    """Read a UTF-8 text of data/paper; raise ReplicationError when it is missing or not text."""
    try:
        with name_damage():
            return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReplicationError(
            f"{path} is missing: bring it back with `git checkout {path.as_posix()}`"
        ) from error
    except Damage as error:
        raise ReplicationError(f"{path} cannot be read ({error}): {RESTORE}") from error


AnyRow = TypeVar("AnyRow", bound=Row)


def read_rows(folder: Path, model: type[AnyRow]) -> list[AnyRow]:
    """Read the rows of the model's file; raise ReplicationError naming the file and the line."""
    path, rows = folder / model.FILE, []
    try:
        with name_damage():
            lines = list(csv.DictReader(read_text(path).splitlines()))
    except Damage as error:
        raise ReplicationError(f"{path} is no table ({error}): {RESTORE}") from error
    for line, cells in enumerate(lines, start=2):
        try:
            rows.append(model.model_validate(cells))
        except ValidationError as error:
            first = error.errors()[0]
            column = ".".join(map(str, first["loc"])) or "the row"
            raise ReplicationError(
                f"{path}, line {line}, {column}: {first['msg'].lower()}: {RESTORE}"
            ) from error
    if not rows:
        raise ReplicationError(f"{path} has no rows: {RESTORE}")
    return rows


def _read_connections(folder: Path) -> tuple[tuple[int, ...], ...]:
    rows = read_rows(folder, Connections)
    if [row.c3_map for row in rows] != list(range(len(rows))):
        raise ReplicationError(
            f"{folder / Connections.FILE} does not have the C3 maps in their order: {RESTORE}"
        )
    return tuple(row.s2_maps for row in rows)


def _read_codes(path: Path) -> Codes:
    """Return the codes in the order of their characters; 12 rows of 7 marks each."""
    codes = _CODE.findall(f"{read_text(path)}\n")
    numbers = [int(number) for number, _ in codes]
    expected = range(FIRST_CHARACTER, LAST_CHARACTER + 1)
    if numbers != list(expected):
        pairs = zip(expected, [*numbers, None], strict=False)
        place = next((n for n, number in pairs if n != number), LAST_CHARACTER + 1)
        raise ReplicationError(
            f"{path} does not have code {place} next, as 12 rows of 7 `#` and `.`: {RESTORE}"
        )
    bitmaps = [bitmap.replace("\n", "") for _, bitmap in codes]
    return np.array([[1 if mark == "#" else -1 for mark in bitmap] for bitmap in bitmaps], np.int8)
