"""The errors of the boosted networks, by how many patterns reach the second and third network."""

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import load_file

from replication.comparison import paper
from replication.comparison.evaluation.errors import count_misses, to_percent
from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.comparison.verdicts.systems import BOOSTED
from replication.core.mnist import databases
from replication.core.runs import RECORD, WEIGHTS, experiment_runs
from replication.core.settings import Settings
from replication.core.systems.contract import answers_from_penalties
from replication.folders import Folders
from replication.studies.boosting import COSTS
from replication.studies.trained import no_weights

FOLDERS = ("runs",)
NETWORKS = ("first", "second", "third")
# Of all patterns, in percent; 37.5 make 1.75 networks a pattern.
CALLED = np.arange(0, 100.1, 2.5)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Find the boosted error for every share of patterns that the later networks are called for.

    Uses the committed weights.
    """
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    published = paper.load(folders.paper)
    name = settings.compare.systems.get(BOOSTED, "")
    database = databases.load(folders.raw, folders.prepared, "regular")
    images, labels = database.test_images, database.test_labels
    rows = []
    replicates = settings.experiments[name].replicates if name in settings.experiments else 0
    for number, replicate in enumerate(experiment_runs(folders.runs, name, replicates)):
        if not replicate.has(WEIGHTS):
            continue
        source = replicate.path(RECORD)
        trained = RecordedNetwork(replicate.record["settings"], published, source)
        weights = load_file(replicate.path(WEIGHTS))
        alone, *others = (trained.penalties(weights[part], images) for part in NETWORKS)
        together = alone + sum(others)
        doubt = np.argsort(answers_from_penalties(alone).margins, kind="stable")
        for called in CALLED:
            classes = alone.argmin(axis=1).astype(np.uint8)
            passed_on = doubt[: round(len(doubt) * called / 100)]
            classes[passed_on] = together[passed_on].argmin(axis=1)
            nets = 1 + (len(NETWORKS) - 1) * called / 100
            error = to_percent(count_misses(classes, labels), len(labels))
            rows.append((number, called, nets, error))
    if not rows:
        raise no_weights(folders.runs, name)
    table = COSTS.frame(rows)
    COSTS.write(folders.out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """Return for each share the number of networks per pattern, and the mean error."""
    mean = table.groupby("nets")["test_error_percent"].mean()
    return "\n".join(f"{nets:.2f} nets: {error:.3f} %" for nets, error in mean.items())
