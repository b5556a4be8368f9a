"""The RBF codes of Figure 3, p. 8: bitmaps of 12 rows of 7, one for each printable character."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from replication.errors import ReplicationError
from replication.paper.claims import RESTORE, read_text

Codes = npt.NDArray[np.int8]

FIRST_CHARACTER, LAST_CHARACTER = 32, 126
_ROWS, _COLUMNS = 12, 7


def read_codes(path: Path) -> Codes:
    """Read the codes in the order of their characters: int8 (95, 84), -1 or +1."""
    codes: list[list[int]] = []
    lines = read_text(path).splitlines()
    expected = FIRST_CHARACTER
    for number, line in enumerate(lines, start=1):
        # A row of the bitmap may begin with '#', as a comment does; a comment goes on with a space.
        if not line or line.startswith("# "):
            continue
        if line.startswith("code "):
            if line.split(" ")[1] != str(expected):
                raise _bad_code(path, number, f"starts `{line}` where code {expected} is next")
            _check_complete(path, number, codes)
            codes.append([])
            expected += 1
        elif not codes or len(line) != _COLUMNS or set(line) - {"#", "."}:
            raise _bad_code(path, number, f"is not a row of {_COLUMNS} `#` and `.`")
        else:
            codes[-1].extend(1 if mark == "#" else -1 for mark in line)
    _check_complete(path, len(lines), codes)
    if expected != LAST_CHARACTER + 1:
        raise _bad_code(path, len(lines), f"is the last, with code {expected} still to come")
    return np.array(codes, dtype=np.int8)


def _check_complete(path: Path, number: int, codes: list[list[int]]) -> None:
    if codes and len(codes[-1]) != _ROWS * _COLUMNS:
        raise _bad_code(
            path,
            number,
            f"ends code {FIRST_CHARACTER + len(codes) - 1} after {len(codes[-1])} components "
            f"instead of {_ROWS * _COLUMNS}",
        )


def _bad_code(path: Path, number: int, what: str) -> ReplicationError:
    return ReplicationError(f"{path}, line {number}, {what}: {RESTORE}")
