"""All of data/paper as one object, and a model for the rows of each table, checked when read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BeforeValidator, Field

from replication.comparison.paper import choices, claims
from replication.comparison.paper.choices import Choice
from replication.comparison.paper.claims import Claim, Contradiction
from replication.core.networks.printed import Printed, Row, read_printed, read_rows

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


@dataclass(frozen=True)
class Paper(Printed):
    """The 1998 paper as data.

    claims: by id, in the order of claims.yaml.
    contradictions: by id, where the paper contradicts itself.
    choices: by id, in the order of settings.yaml, how each setting of the authors is judged.
    learning_curves, training_set_size, distortions, misclassified, systems: Figures 5, 6, 7, 8 and
    9 to 12, with the columns of their files; percentages are percentages.
    """

    claims: Mapping[str, Claim]
    contradictions: Mapping[str, Contradiction]
    choices: Mapping[str, Choice]
    learning_curves: pd.DataFrame
    training_set_size: pd.DataFrame
    distortions: pd.DataFrame
    misclassified: pd.DataFrame
    systems: pd.DataFrame


def load(folder: Path) -> Paper:
    """Read ``data/paper``; raise ReplicationError naming the file and the line or entry."""
    statements, contradictions = claims.read(folder / "claims.yaml")
    return Paper(
        **vars(read_printed(folder)),
        claims=statements,
        contradictions=contradictions,
        choices=choices.read(folder / choices.FILE, statements),
        learning_curves=read_table(folder, CurvePoint),
        training_set_size=read_table(folder, SizePoint),
        distortions=read_table(folder, Distortion),
        misclassified=read_table(folder, Misclassified),
        systems=read_table(folder, System),
    )


def read_table(folder: Path, model: type[Row]) -> pd.DataFrame:
    """Read the model's file in data/paper; raise ReplicationError naming file and line."""
    return pd.DataFrame([row.model_dump(by_alias=True) for row in read_rows(folder, model)])
