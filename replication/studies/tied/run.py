"""LeNet-5 trained by the readings tied with the adopted one, and by the controls."""

from collections.abc import Iterator

import pandas as pd

from replication.core.settings import Settings
from replication.folders import Folders
from replication.studies.readings import RANKING, STEPS
from replication.studies.readings.protocol import list_candidates, list_controls
from replication.studies.tied import TIED
from replication.studies.variants import Variant, train_variants


def list_variants(folders: Folders, settings: Settings) -> Iterator[Variant]:
    """Yield the readings that are tied with the adopted one, and the controls."""
    study, ranking = settings.readings, RANKING.read(folders.results)
    candidates = {
        reading.name: reading for reading in list_candidates(study, STEPS.read(folders.results))
    }
    tied = ranking[(ranking["stage"] == "final") & ranking["tied"] & ~ranking["adopted"]]
    for name in tied["reading"]:
        yield Variant({"stage": "tied", "reading": name}, candidates[name].values,
                      settings.tied.replicates)  # fmt: skip
    for control in list_controls(study):
        yield Variant({"stage": "control", "reading": control.name}, control.values,
                      settings.tied.controls)  # fmt: skip


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train the tied readings and the controls, and count their test errors."""
    variants = list(list_variants(folders, settings))
    name, seed = settings.compare.experiments.undistorted, settings.base.seed
    return train_variants(variants, name, int(seed), TIED, settings, folders)


def summary(table: pd.DataFrame) -> str:
    """Return mean and range of the test errors of each reading."""
    errors = table.groupby(["stage", "reading"], sort=False)["test_error_percent"]
    return errors.agg(["mean", "min", "max", "count"]).to_string(float_format="%.3f")
