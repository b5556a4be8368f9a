"""How much of what is no digit each network rejects."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison import paper
from replication.core.mnist import databases
from replication.core.mnist.databases import centre_in_field
from replication.core.settings import Noncharacters, Settings
from replication.folders import Folders
from replication.studies.invariance.changes import Bytes, in_one_field
from replication.studies.noncharacters import BETWEEN, REJECTED, SHUFFLED
from replication.studies.trained import DATABASE, no_weights, trained_networks

FOLDERS = ("runs",)


def between(images: Bytes, settings: Noncharacters, side: int) -> Bytes:
    """(n, side, side): the right half of each digit and the left half of the next."""
    pairs = zip(images, np.roll(images, -1, axis=0), strict=True)
    first = settings.pitch // 2
    fields = [in_one_field(np.stack(pair), settings.pitch, side) for pair in pairs]
    return np.stack([wide[:, first : first + side] for wide in fields])


def shuffled(images: Bytes, settings: Noncharacters, side: int) -> Bytes:
    """(n, side, side): the ink of each digit, its pixels in a random order of their own."""
    draw = np.random.default_rng(settings.seed)
    flat = draw.permuted(images.reshape(len(images), -1), axis=1)
    return centre_in_field(flat.reshape(images.shape), side)


MADE: dict[str, Callable[[Bytes, Noncharacters, int], Bytes]] = {
    BETWEEN: between,
    SHUFFLED: shuffled,
}


def rejected_percent(
    digits: NDArray[np.floating], others: NDArray[np.floating], share: float
) -> float:
    """How many of ``others`` are rejected, in percent, where ``share`` percent of ``digits`` are.

    Both are penalties (n, classes); what is rejected is an image whose least penalty is too large.
    """
    threshold = np.percentile(digits.min(axis=1), 100.0 - share)
    return float(100.0 * np.mean(others.min(axis=1) > threshold))


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Show images of no digit to LeNet-5 with RBF units and with plain ones, and count rejections.

    From the committed weights; the threshold is where params.yaml's share of digits is rejected.
    """
    published, study = paper.load(folders.paper), settings.noncharacters
    images = databases.load(folders.raw, folders.prepared, DATABASE).test_images
    rows: list[tuple[object, ...]] = []
    for outputs, name in study.experiments.items():
        networks = trained_networks(
            folders.runs, name, study.replicates, published, "noncharacters.experiments"
        )
        if not networks:
            raise no_weights(folders.runs, name)
        for number, network in enumerate(networks):
            side = network.reference.network.field
            digits = network.penalties(centre_in_field(images, side))
            for kind, make in MADE.items():
                others = network.penalties(make(images[: study.patterns], study, side))
                share = rejected_percent(digits, others, study.rejected_percent)
                rows.append((outputs, name, number, kind, share))
    table = REJECTED.frame(rows)
    REJECTED.write(folders.out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """What is rejected of each kind of image, by output units."""
    mean = table.pivot_table(index="kind", columns="outputs", values="rejected_percent").round(1)
    return f"Percent rejected, mean over the replicates\n\n{mean}"
