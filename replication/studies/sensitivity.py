"""What each setting of LeNet-5 matters: each changed alone, around the value in force.

The values and the number of replicates stand in params.yaml, committed before any was trained. The
test errors describe; nothing is chosen by them.
"""

from collections.abc import Iterator

import pandas as pd

from replication.core.settings import Settings
from replication.core.systems.jobs import Job
from replication.files import Table
from replication.folders import Folders
from replication.studies import variants
from replication.studies.variants import (
    OUTCOME,
    Plan,
    Value,
    Variant,
    split_levels,
    train_variants,
)

SENSITIVITY = Table(
    "sensitivity.csv",
    "python -m replication sensitivity",
    ("setting", "value", *OUTCOME),
    words=("setting", "value", "key"),
)
LEVELS = "inputs.levels"


def list_variants(settings: Settings) -> Iterator[Variant]:
    """Yield every setting of params.yaml with each of its values.

    `LEVELS` are background and foreground, given as ``-0.1 to 1.175``.
    """
    study = settings.sensitivity
    for setting, values in study.settings.items():
        for value in values:
            changes: dict[str, Value] = {setting: value}
            if setting == LEVELS:
                changes = split_levels(value)
            yield Variant({"setting": setting, "value": value}, changes, study.replicates)


def make_plan(settings: Settings) -> Plan:
    """Return the trainings of the study."""
    study = settings.sensitivity
    return Plan(list_variants(settings), study.experiment, study.seed, SENSITIVITY)


def list_missing(folders: Folders, settings: Settings) -> list[Job]:
    """Return the replicates that are still to be trained."""
    return variants.list_missing(make_plan(settings), settings, folders)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train LeNet-5 with each setting at other values; what was trained before is kept."""
    return train_variants(make_plan(settings), settings, folders)


def summary(table: pd.DataFrame) -> str:
    """Return the mean test error of each setting and value."""
    means = table.groupby(["setting", "value"], sort=False)["test_error_percent"].mean()
    return means.to_string(float_format="%.3f")
