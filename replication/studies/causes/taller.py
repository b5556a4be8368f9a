"""Digits changed in a field taller than the network's own, over which the network is slid.

Section III-E, p. 16, has recognition for vertical shifts of half a character's height; in the
network's own field so large a shift loses ink. In a taller field none is lost: the network gives a
column of outputs, one every four lines, and the class of the least penalty of all is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from replication.comparison.evaluation.errors import count_misses
from replication.comparison.paper import Paper
from replication.core.mnist import databases
from replication.core.settings import Settings
from replication.folders import Folders
from replication.studies.causes import CONCLUSIONS, TALLER
from replication.studies.invariance import COUNTS, changes
from replication.studies.invariance.verdict import curve, extent
from replication.studies.trained import TrainedNetwork, no_weights, trained_networks

HYPOTHESIS = "taller-field"
KINDS = ("scale", "shift", "rotation")
_CHUNK = 250


def classes(network: TrainedNetwork, images: changes.Bytes) -> NDArray[np.uint8]:
    """The class of the least penalty over all positions, for uint8 (n, height, width)."""
    weights, answers = torch.from_numpy(network.weights), []
    with torch.no_grad():
        for start in range(0, len(images), _CHUNK):
            inputs = network.table[images[start : start + _CHUNK]][:, np.newaxis]
            penalties = network.reference.penalties(weights, torch.from_numpy(inputs))
            answers.append(penalties.flatten(2).amin(dim=2).argmin(dim=1).numpy())
    return np.concatenate(answers).astype(np.uint8)


def counted(folders: Folders, settings: Settings, published: Paper) -> pd.DataFrame:
    """The table `TALLER`; raises ReplicationError where there are no weights."""
    torch.set_num_threads(1)
    taller, choices = settings.causes.taller, settings.invariance
    networks = trained_networks(
        folders.runs, taller.experiment, taller.replicates, published, "causes.taller.experiment"
    )
    if not networks:
        raise no_weights(folders.runs, taller.experiment)
    data = databases.read_raw(folders.raw)
    images, labels = data.test_images[: taller.patterns], data.test_labels[: taller.patterns]
    side = networks[0].reference.network.field
    left = (taller.field - side) // 2

    def rows() -> Iterator[tuple[object, ...]]:
        for kind in KINDS:
            for amount in changes.amounts(choices, kind):
                whole = changes.changed(
                    images, range(len(images)), kind, amount, choices, taller.field
                )
                shown = whole[:, :, left : left + side]
                for number, network in enumerate(networks):
                    wrong = count_misses(classes(network, shown), labels)
                    yield taller.experiment, number, kind, amount, wrong, len(labels)

    return TALLER.frame(rows())


def concluded(
    table: pd.DataFrame, settings: Settings, published: Paper, results: Path
) -> pd.DataFrame:
    """Rows of `CONCLUSIONS`: how far recognition is accurate, in the own and the taller field."""
    accurate = settings.compare.accurate_percent
    taller, rows = settings.causes.taller, []
    usual = COUNTS.read(results) if COUNTS.exists(results) else table.head(0)
    usual = usual[usual["experiment"] == taller.experiment]
    for kind in KINDS:
        printed = float(published.claims[f"invariance.{kind}"].number)
        margin = settings.compare.roughly * printed
        ours = extent(curve(table, kind), kind, accurate)
        before = None if usual.empty else extent(curve(usual, kind), kind, accurate)
        rows.append(
            (HYPOTHESIS, f"invariance.{kind}", "range", printed, before, ours, margin,
             table["replicate"].nunique(), None, None, None, f"field {taller.field}",
             "independent", "explains" if abs(ours - printed) <= margin else "does not explain")
        )  # fmt: skip
    return CONCLUSIONS.frame(rows)
