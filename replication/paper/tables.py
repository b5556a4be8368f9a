"""The tables of data/paper: a model for the rows of each, checked when they are read."""

import csv
import math
from pathlib import Path
from typing import Annotated, ClassVar, TypeVar

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from replication.errors import Damage, ReplicationError, noticed
from replication.paper.claims import RESTORE, read_text

OptionalFloat = Annotated[float, BeforeValidator(lambda text: math.nan if text == "" else text)]
Word = Annotated[str, Field(min_length=1)]


def _maps(text: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in text.split())
    if not numbers or min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise ValueError("not a list of different map numbers")
    return numbers


class Row(BaseModel):
    """A line of a CSV file; the columns are the fields, by their aliases where they have one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    FILE: ClassVar[str]


class CurvePoint(Row):
    """Figure 5, p. 11: the errors in one pass."""

    FILE = "figure5_learning_curves.csv"
    number: int = Field(alias="pass")
    training_error_percent: float
    test_error_percent: float


class SizePoint(Row):
    """Figure 6, p. 11: the errors for one size of the training set."""

    FILE = "figure6_training_set_size.csv"
    training_patterns: int
    training_error_percent: OptionalFloat
    test_error_percent: float
    distorted_training: bool


class Distortion(Row):
    """Figure 7, p. 11: what was done to the pattern drawn in this row and column."""

    FILE = "figure7_distortions.csv"
    row: int
    column: int
    training_index: int
    match_correlation: float
    scale_x: float
    scale_y: float
    shear: float
    shift_x_pixels: float
    shift_y_pixels: float


class Misclassified(Row):
    """Figure 8, p. 11: a test pattern with its label and what 1998 answered."""

    FILE = "figure8_misclassified.csv"
    test_index: int
    label: int
    predicted: int


class System(Row):
    """Figures 9 to 12, pp. 12-15: one system on one version of the database."""

    FILE = "figures9_to_12_systems.csv"
    system: Word
    database: Word
    test_error_percent: float
    rejected: OptionalFloat = Field(alias="reject_percent_for_0.5_percent_error")
    operations_thousands: OptionalFloat
    memory_thousands: OptionalFloat
    stated_free_parameters: OptionalFloat


class Connections(Row):
    """Table I, p. 8: the S2 maps that one C3 map reads."""

    FILE = "table1_c3_connections.csv"
    c3_map: int
    s2_maps: Annotated[tuple[int, ...], BeforeValidator(_maps)]


_Row = TypeVar("_Row", bound=Row)


def _rows(folder: Path, model: type[_Row]) -> list[_Row]:
    """Read the rows of the model's file; raise ReplicationError naming the file and the line."""
    path, rows = folder / model.FILE, []
    try:
        with noticed():
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


def read_table(folder: Path, model: type[Row]) -> pd.DataFrame:
    """Return the model's file in data/paper; raise ReplicationError naming file and line."""
    return pd.DataFrame([row.model_dump(by_alias=True) for row in _rows(folder, model)])


def read_connections(folder: Path) -> tuple[tuple[int, ...], ...]:
    """Return Table I: for each C3 map, in their order, the S2 maps it reads."""
    rows = _rows(folder, Connections)
    if [row.c3_map for row in rows] != list(range(len(rows))):
        raise ReplicationError(
            f"{folder / Connections.FILE} does not have the C3 maps in their order: {RESTORE}"
        )
    return tuple(row.s2_maps for row in rows)
