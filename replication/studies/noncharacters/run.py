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
from replication.studies.invariance.changes import Bytes, join_images
from replication.studies.noncharacters import BETWEEN, REJECTED, SHUFFLED
from replication.studies.trained import DATABASE, load_networks

FOLDERS = ("runs",)


def cut_between(images: Bytes, settings: Noncharacters, side: int) -> Bytes:
    """Return the right half of each digit and the left half of the next, (n, side, side)."""
    pairs = zip(images, np.roll(images, -1, axis=0), strict=True)
    first = settings.pitch // 2
    fields = [join_images(np.stack(pair), settings.pitch, side) for pair in pairs]
    return np.stack([wide[:, first : first + side] for wide in fields])


def shuffle_pixels(images: Bytes, settings: Noncharacters, side: int) -> Bytes:
    """Return each digit with its pixels in a random order, (n, side, side)."""
    draw = np.random.default_rng(settings.seed)
    flat = draw.permuted(images.reshape(len(images), -1), axis=1)
    return centre_in_field(flat.reshape(images.shape), side)


MAKERS: dict[str, Callable[[Bytes, Noncharacters, int], Bytes]] = {
    BETWEEN: cut_between,
    SHUFFLED: shuffle_pixels,
}


def reject_percent(
    digits: NDArray[np.floating], others: NDArray[np.floating], share: float
) -> float:
    """Return the percentage of ``others`` rejected where ``share`` percent of ``digits`` are.

    Both are penalties (n, classes); an image is rejected whose least penalty is too large.
    """
    threshold = np.percentile(digits.min(axis=1), 100.0 - share)
    return float(100.0 * np.mean(others.min(axis=1) > threshold))


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Show images of no digit to LeNet-5 with RBF units and with plain ones, and count rejections.

    Uses the committed weights; the threshold is where params.yaml's share of digits is rejected.
    """
    published, study = paper.load(folders.paper), settings.noncharacters
    images = databases.load(folders.raw, folders.prepared, DATABASE).test_images
    rows: list[tuple[object, ...]] = []
    for outputs, name in study.experiments.items():
        networks = load_networks(
            folders.runs, [name], study.replicates, published, "noncharacters.experiments"
        )
        for (_, number), network in networks.items():
            side = network.reference.network.field
            digits = network.penalties(centre_in_field(images, side))
            for kind, make in MAKERS.items():
                others = network.penalties(make(images[: study.patterns], study, side))
                share = reject_percent(digits, others, study.rejected_percent)
                rows.append((outputs, name, number, kind, share))
    table = REJECTED.frame(rows)
    REJECTED.write(folders.out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """Return the percentage rejected of each kind of image, by output units."""
    mean = table.pivot_table(index="kind", columns="outputs", values="rejected_percent").round(1)
    return f"Percent rejected, mean over the replicates\n\n{mean}"
