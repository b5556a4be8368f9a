"""Random readings of what the paper leaves open: which share comes near the published error?

The open choices and their values stand in params.yaml, committed before any was trained. Each
reading takes one value of each, independently and with equal probability, and is trained once.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.core.settings import Settings
from replication.core.systems.jobs import Job
from replication.files import Table
from replication.folders import Folders
from replication.studies import variants
from replication.studies.variants import OUTCOME, Plan, Variant, train_variants

MULTIVERSE = Table(
    "multiverse.csv",
    "python -m replication multiverse",
    ("reading", "changes", *OUTCOME),
    words=("changes", "key"),
)


def draw_readings(settings: Settings) -> Iterator[Variant]:
    """Yield the random readings; the same for the same section of params.yaml."""
    study = settings.multiverse
    for number in range(study.readings):
        generator = np.random.default_rng([study.seed, number])
        changes = {key: values[generator.integers(len(values))]
                   for key, values in study.settings.items()}  # fmt: skip
        text = "; ".join(f"{key}={value}" for key, value in changes.items())
        yield Variant({"reading": number, "changes": text}, changes, 1)


def make_plan(settings: Settings) -> Plan:
    """Return the trainings of the study."""
    study = settings.multiverse
    return Plan(draw_readings(settings), study.experiment, study.seed, MULTIVERSE)


def list_missing(folders: Folders, settings: Settings) -> list[Job]:
    """Return the replicates that are still to be trained."""
    return variants.list_missing(make_plan(settings), settings, folders)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train random readings of the paper; what was trained before is kept."""
    return train_variants(make_plan(settings), settings, folders)


def summary(table: pd.DataFrame) -> str:
    """Return quartiles of the test errors, and how many diverged."""
    errors = table["test_error_percent"]
    quartiles = ", ".join(f"{value:.2f}" for value in errors.quantile([0.25, 0.5, 0.75]))
    return f"{len(table)} readings: quartiles {quartiles} %; {errors.isna().sum()} diverged"
