"""Digits changed in a field taller than the network's own, over which the network slides.

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
from replication.studies.invariance import COUNTS
from replication.studies.invariance.changes import Bytes, change, list_amounts
from replication.studies.invariance.verdict import compute_curve, compute_extent
from replication.studies.trained import TrainedNetwork, load_networks, no_weights

HYPOTHESIS = "taller-field"
KINDS = ("scale", "shift", "rotation")
_BATCH = 250


def classify(network: TrainedNetwork, images: Bytes) -> NDArray[np.uint8]:
    """Return the class of the least penalty over all positions, for uint8 (n, height, width)."""
    weights, answers = torch.from_numpy(network.weights), []
    with torch.no_grad():
        for start in range(0, len(images), _BATCH):
            inputs = network.table[images[start : start + _BATCH]][:, np.newaxis]
            penalties = network.reference.penalties(weights, torch.from_numpy(inputs))
            answers.append(penalties.flatten(2).amin(dim=2).argmin(dim=1).numpy())
    return np.concatenate(answers).astype(np.uint8)


def count_missed(folders: Folders, settings: Settings, published: Paper) -> pd.DataFrame:
    """Return the table `TALLER`; raise ReplicationError where there are no weights."""
    torch.set_num_threads(1)
    taller, choices = settings.causes.taller, settings.invariance
    networks = load_networks(
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
            for amount in list_amounts(choices, kind):
                whole = change(images, range(len(images)), kind, amount, choices, taller.field)
                fields = whole[:, :, left : left + side]
                for number, network in enumerate(networks):
                    wrong = count_misses(classify(network, fields), labels)
                    yield taller.experiment, number, kind, amount, wrong, len(labels)

    return TALLER.frame(rows())


def conclude(
    table: pd.DataFrame, settings: Settings, published: Paper, results: Path
) -> pd.DataFrame:
    """Return rows of `CONCLUSIONS`: how far recognition is accurate, in both fields."""
    accurate = settings.compare.accurate_percent
    taller, rows = settings.causes.taller, []
    usual = COUNTS.read(results) if COUNTS.exists(results) else table.head(0)
    usual = usual[usual["experiment"] == taller.experiment]
    for kind in KINDS:
        printed = float(published.claims[f"invariance.{kind}"].number)
        margin = settings.compare.roughly * printed
        ours = compute_extent(compute_curve(table, kind), kind, accurate)
        before = None
        if not usual.empty:
            before = compute_extent(compute_curve(usual, kind), kind, accurate)
        rows.append(
            (HYPOTHESIS, f"invariance.{kind}", "range", printed, before, ours, margin,
             table["replicate"].nunique(), None, None, None, f"field {taller.field}",
             "independent", "explains" if abs(ours - printed) <= margin else "does not explain")
        )  # fmt: skip
    return CONCLUSIONS.frame(rows)
