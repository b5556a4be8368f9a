"""All of data/paper as one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication.paper import choices, claims, tables
from replication.paper.choices import Choice
from replication.paper.claims import Claim, Contradiction
from replication.paper.codes import FIRST_CHARACTER, Codes, read_codes


@dataclass(frozen=True)
class Paper:
    """The 1998 paper as data.

    claims: by id, in the order of claims.yaml.
    contradictions: by id, where the paper contradicts itself.
    choices: by id, in the order of settings.yaml, how each setting of the authors is judged.
    codes: int8 (95, 84), -1 or +1, the RBF codes of ASCII 32 to 126 (Figure 3, page 8).
    connection_table: for each C3 map the S2 maps it reads (Table I, page 8).
    learning_curves, training_set_size, distortions, misclassified, systems: Figures 5, 6, 7, 8 and
    9 to 12, with the columns of their files; percentages are percentages.
    """

    claims: Mapping[str, Claim]
    contradictions: Mapping[str, Contradiction]
    choices: Mapping[str, Choice]
    codes: Codes
    connection_table: tuple[tuple[int, ...], ...]
    learning_curves: pd.DataFrame
    training_set_size: pd.DataFrame
    distortions: pd.DataFrame
    misclassified: pd.DataFrame
    systems: pd.DataFrame

    @property
    def digit_codes(self) -> Codes:
        """Return the codes of the ten digits in their order: int8 (10, 84), -1 or +1."""
        first = ord("0") - FIRST_CHARACTER
        return self.codes[first : first + 10]


def load(folder: Path) -> Paper:
    """Read ``data/paper``; raises ReplicationError naming the file and the line or entry."""
    stated, contradictions = claims.read(folder / "claims.yaml")
    return Paper(
        claims=stated,
        contradictions=contradictions,
        choices=choices.read(folder / choices.FILE, stated),
        codes=read_codes(folder / "figure3_rbf_codes.txt"),
        connection_table=tables.read_connections(folder),
        learning_curves=tables.read_table(folder, tables.CurvePoint),
        training_set_size=tables.read_table(folder, tables.SizePoint),
        distortions=tables.read_table(folder, tables.Distortion),
        misclassified=tables.read_table(folder, tables.Misclassified),
        systems=tables.read_table(folder, tables.System),
    )
