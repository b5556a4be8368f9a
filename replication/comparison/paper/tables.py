"""The tables of data/paper: a model for the rows of each, checked when they are read."""

import math
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BeforeValidator, Field

from replication.core.networks.printed import Row, read_rows

OptionalFloat = Annotated[float, BeforeValidator(lambda text: math.nan if text == "" else text)]
Word = Annotated[str, Field(min_length=1)]


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


def read_table(folder: Path, model: type[Row]) -> pd.DataFrame:
    """Return the model's file in data/paper; raise ReplicationError naming file and line."""
    return pd.DataFrame([row.model_dump(by_alias=True) for row in read_rows(folder, model)])
