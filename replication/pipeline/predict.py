"""predict: classify your own digits with committed weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from replication.folders import Folders, folder_options, path_option

WEIGHTS = "results/runs/lenet5/0/weights.safetensors"


def run(folders: Folders, weights: Path, images: Sequence[Path]) -> Iterator[str]:
    """Two lines an image, then what could not be said; each image is read before any answer."""
    from replication.pipeline.digits import classified  # torch takes its time

    return classified(folders, weights, images)


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@path_option("--weights", WEIGHTS, "The weights of the network that answers.")
@folder_options("params", "paper", "raw", "prepared")
def command(folders: Folders, images: tuple[Path, ...], weights: Path) -> None:
    """Classify your own digits, one to each of IMAGES, with committed weights.

    An image may be of any size, in colour or grey, dark on bright or bright on dark. Printed are
    the class, the ten penalties (the least wins), the margin to the second best, and whether the
    answer would be rejected at the threshold that leaves Figure 10's error among the accepted test
    patterns.
    """
    for line in run(folders, weights, images):
        print(line)
