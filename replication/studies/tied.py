"""The headline's uncertainty of the reading: test errors of the other readings that fit as well.

The protocol cannot tell them from the adopted reading (results/readings.csv), and shows no network
a test pattern. These do, after the decision; nothing is chosen by them.
"""

from collections.abc import Iterator

import pandas as pd

from replication.core.settings import Settings
from replication.core.systems.jobs import Job
from replication.files import Table
from replication.folders import Folders
from replication.studies import variants
from replication.studies.readings import RANKING, STEPS
from replication.studies.readings.protocol import list_candidates
from replication.studies.variants import OUTCOME, Plan, Variant, train_variants

TIED = Table(
    "tied.csv",
    "python -m replication tied",
    ("stage", "reading", *OUTCOME),
    words=("stage", "reading", "key"),
)


def list_variants(folders: Folders, settings: Settings) -> Iterator[Variant]:
    """Yield the readings that are tied with the adopted one, and the controls."""
    study, ranking = settings.readings, RANKING.read(folders.results)
    candidates = list_candidates(study, STEPS.read(folders.results))
    values = {reading.name: reading.values for reading in candidates}
    tied = ranking[(ranking["stage"] == "final") & ranking["tied"] & ~ranking["adopted"]]
    for name in tied["reading"]:
        labels = {"stage": "tied", "reading": name}
        yield Variant(labels, values[name], settings.tied.replicates)
    for name, changes in study.controls.items():
        labels = {"stage": "control", "reading": name}
        yield Variant(labels, changes, settings.tied.controls)


def make_plan(folders: Folders, settings: Settings) -> Plan:
    """Return the trainings of the study."""
    name, seed = settings.compare.experiments.undistorted, settings.base.seed
    return Plan(list_variants(folders, settings), name, int(seed), TIED)


def list_missing(folders: Folders, settings: Settings) -> list[Job]:
    """Return the replicates that are still to be trained."""
    return variants.list_missing(make_plan(folders, settings), settings, folders)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train the tied readings and the controls, and count their test errors."""
    return train_variants(make_plan(folders, settings), settings, folders)


def summary(table: pd.DataFrame) -> str:
    """Return mean and range of the test errors of each reading."""
    errors = table.groupby(["stage", "reading"], sort=False)["test_error_percent"]
    return errors.agg(["mean", "min", "max", "count"]).to_string(float_format="%.3f")
