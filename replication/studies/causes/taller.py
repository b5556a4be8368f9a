"""Digits changed in a field taller than the network's own, over which the network slides.

Section III-E, p. 16, has recognition for vertical shifts of half a character's height; in the
network's own field so large a shift loses ink. In a taller field none is lost: the network gives a
column of outputs, one every four lines, and the class of the least penalty of all is the answer.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from replication.comparison.paper import Paper
from replication.core.mnist import databases
from replication.core.settings import Settings
from replication.folders import Folders
from replication.studies import invariance
from replication.studies.causes import CONCLUSIONS
from replication.studies.invariance.changes import Bytes
from replication.studies.invariance.run import count_missed
from replication.studies.trained import TrainedNetwork, load_networks

HYPOTHESIS = "taller-field"
KINDS = ("scale", "shift", "rotation")
_BATCH = 250


def compute_penalties(network: TrainedNetwork, images: Bytes) -> NDArray[np.floating]:
    """Return the least penalties over all positions, (n, classes), for uint8 (n, height, width).

    Of a field that is wider than the network's own, only the middle is seen.
    """
    side = network.reference.network.field
    left, least = (images.shape[2] - side) // 2, []
    with torch.no_grad():
        for part in np.split(images, range(_BATCH, len(images), _BATCH)):
            inputs = torch.from_numpy(network.table[part[:, np.newaxis, :, left : left + side]])
            penalties = network.reference.penalties(torch.from_numpy(network.weights), inputs)
            least.append(penalties.flatten(2).amin(dim=2).numpy())
    return np.concatenate(least)


def tabulate_missed(folders: Folders, settings: Settings, published: Paper) -> pd.DataFrame:
    """Return the table `TALLER`; raise ReplicationError where there are no weights."""
    torch.set_num_threads(1)
    taller = settings.causes.taller
    networks = load_networks(
        folders.runs, [taller.experiment], taller.replicates, published, "causes.taller.experiment"
    )
    data = databases.read_raw(folders.raw)
    table = count_missed(
        {key: partial(compute_penalties, network) for key, network in networks.items()},
        data.test_images[: taller.patterns], data.test_labels[: taller.patterns],
        settings.invariance, taller.field, KINDS,
    )  # fmt: skip
    # All networks at one change stand together.
    return table.iloc[np.arange(len(table)).reshape(len(networks), -1).T.ravel()]


def conclude(
    table: pd.DataFrame, settings: Settings, published: Paper, results: Path
) -> pd.DataFrame:
    """Return rows of `CONCLUSIONS`: how far recognition is accurate, in both fields."""
    accurate, taller = settings.compare.accurate_percent, settings.causes.taller
    counts, rows = invariance.COUNTS, []
    usual = counts.read(results) if counts.exists(results) else table.head(0)
    usual = usual[usual["experiment"] == taller.experiment]

    def extent(missed: pd.DataFrame, kind: str) -> float:
        return invariance.compute_extent(invariance.compute_curve(missed, kind), kind, accurate)

    for kind in KINDS:
        printed = float(published.claims[f"invariance.{kind}"].number)
        margin = settings.compare.roughly * printed
        ours, before = extent(table, kind), None if usual.empty else extent(usual, kind)
        rows.append(
            (HYPOTHESIS, f"invariance.{kind}", "range", printed, before, ours, margin,
             table["replicate"].nunique(), None, None, None, f"field {taller.field}",
             "independent", "explains" if abs(ours - printed) <= margin else "does not explain")
        )  # fmt: skip
    return CONCLUSIONS.frame(rows)
