"""All of data/paper as one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication.comparison.paper import choices, claims, tables
from replication.comparison.paper.choices import Choice
from replication.comparison.paper.claims import Claim, Contradiction
from replication.core.networks.printed import Printed, read_printed


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
    """Read ``data/paper``; raises ReplicationError naming the file and the line or entry."""
    stated, contradictions = claims.read(folder / "claims.yaml")
    return Paper(
        **vars(read_printed(folder)),
        claims=stated,
        contradictions=contradictions,
        choices=choices.read(folder / choices.FILE, stated),
        learning_curves=tables.read_table(folder, tables.CurvePoint),
        training_set_size=tables.read_table(folder, tables.SizePoint),
        distortions=tables.read_table(folder, tables.Distortion),
        misclassified=tables.read_table(folder, tables.Misclassified),
        systems=tables.read_table(folder, tables.System),
    )
