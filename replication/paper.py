"""What the paper publishes, typed: the files of ``data/paper``, checked as they are read.

Every published value used by the code comes from here, none is a literal elsewhere.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from replication import claims
from replication.claims import Claim, Contradiction
from replication.errors import ReplicationError

Codes = npt.NDArray[np.int8]
Parser = Callable[[str], object]

FIRST_CHARACTER, LAST_CHARACTER = 32, 126
_ROWS, _COLUMNS = 12, 7


@dataclass(frozen=True)
class Paper:
    """The 1998 paper as data.

    claims: by id, in the order of claims.yaml.
    contradictions: by id, where the paper contradicts itself.
    codes: int8 (95, 84), -1 or +1, the RBF codes of ASCII 32 to 126 (Figure 3, page 8).
    connection_table: for each C3 map the S2 maps it reads (Table I, page 8).
    learning_curves, training_set_size, distortions, misclassified, systems: Figures 5, 6, 7, 8 and
    9 to 12, with the columns of their files; percentages are percentages.
    """

    claims: Mapping[str, Claim]
    contradictions: Mapping[str, Contradiction]
    codes: Codes
    connection_table: tuple[tuple[int, ...], ...]
    learning_curves: pd.DataFrame
    training_set_size: pd.DataFrame
    distortions: pd.DataFrame
    misclassified: pd.DataFrame
    systems: pd.DataFrame

    @property
    def digit_codes(self) -> Codes:
        """The codes of the ten digits in their order: int8 (10, 84), -1 or +1."""
        first = ord("0") - FIRST_CHARACTER
        return self.codes[first : first + 10]


def load(folder: Path) -> Paper:
    """Read ``data/paper``; raises ReplicationError naming the file and the line or entry."""
    stated, contradictions = claims.read(folder / "claims.yaml")
    return Paper(
        claims=stated,
        contradictions=contradictions,
        codes=_read_codes(folder / "figure3_rbf_codes.txt"),
        connection_table=_read_connection_table(folder / "table1_c3_connections.csv"),
        learning_curves=_read_table(folder / "figure5_learning_curves.csv", _CURVES),
        training_set_size=_read_table(folder / "figure6_training_set_size.csv", _SIZES),
        distortions=_read_table(folder / "figure7_distortions.csv", _DISTORTIONS),
        misclassified=_read_table(folder / "figure8_misclassified.csv", _MISCLASSIFIED),
        systems=_read_table(folder / "figures9_to_12_systems.csv", _SYSTEMS),
    )


def _optional(text: str) -> float:
    return float(text) if text else float("nan")


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("is neither yes nor no")
    return text == "yes"


def _word(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in text.split())
    if not numbers or min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise ValueError("is not a list of different map numbers")
    return numbers


_CURVES: Mapping[str, Parser] = {
    "pass": int,
    "training_error_percent": float,
    "test_error_percent": float,
}
_SIZES: Mapping[str, Parser] = {
    "training_patterns": int,
    "training_error_percent": _optional,
    "test_error_percent": float,
    "distorted_training": _yes_or_no,
}
_DISTORTIONS: Mapping[str, Parser] = {
    "row": int,
    "column": int,
    "training_index": int,
    "match_correlation": float,
    "scale_x": float,
    "scale_y": float,
    "shear": float,
    "shift_x_pixels": float,
    "shift_y_pixels": float,
}
_MISCLASSIFIED: Mapping[str, Parser] = {"test_index": int, "label": int, "predicted": int}
_SYSTEMS: Mapping[str, Parser] = {
    "system": _word,
    "database": _word,
    "test_error_percent": float,
    "reject_percent_for_0.5_percent_error": _optional,
    "operations_thousands": _optional,
    "memory_thousands": _optional,
    "stated_free_parameters": _optional,
}
_CONNECTIONS: Mapping[str, Parser] = {"c3_map": int, "s2_maps": _numbers}


def _read_table(path: Path, columns: Mapping[str, Parser]) -> pd.DataFrame:
    lines = list(csv.reader(claims.read_text(path).splitlines()))
    header = lines[0] if lines else []
    if header != list(columns):
        missing = [name for name in columns if name not in header]
        what = f"lacks the column {missing[0]}" if missing else "has other columns than expected"
        raise ReplicationError(f"{path}, line 1, {what}: {claims.RESTORE}")
    rows = [_parsed(path, number, columns, line) for number, line in enumerate(lines[1:], start=2)]
    if not rows:
        raise ReplicationError(f"{path} has no rows: {claims.RESTORE}")
    return pd.DataFrame(rows, columns=list(columns))


def _parsed(
    path: Path, number: int, columns: Mapping[str, Parser], line: list[str]
) -> dict[str, Any]:
    if len(line) != len(columns):
        raise ReplicationError(
            f"{path}, line {number}, has {len(line)} values for {len(columns)} columns: "
            f"{claims.RESTORE}"
        )
    row: dict[str, Any] = {}
    for (name, parser), text in zip(columns.items(), line, strict=True):
        try:
            row[name] = parser(text)
        except ValueError as error:
            raise ReplicationError(
                f"{path}, line {number}, has no valid {name} in `{text}`: {claims.RESTORE}"
            ) from error
    return row


def _read_connection_table(path: Path) -> tuple[tuple[int, ...], ...]:
    table = _read_table(path, _CONNECTIONS)
    for place, number in enumerate(table["c3_map"]):
        if number != place:
            raise ReplicationError(
                f"{path}, line {place + 2}, is for C3 map {number} where {place} is next: "
                f"{claims.RESTORE}"
            )
    return tuple(table["s2_maps"])


def _read_codes(path: Path) -> Codes:
    codes: list[list[int]] = []
    lines = claims.read_text(path).splitlines()
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
    return ReplicationError(f"{path}, line {number}, {what}: {claims.RESTORE}")
