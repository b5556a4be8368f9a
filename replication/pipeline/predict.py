"""predict: classify your own digits with committed weights."""

import sys
from pathlib import Path

import click

from replication.errors import ReplicationError
from replication.folders import PLACES, WEIGHTS, Folders, folder_options, path_option

UNREADABLE = 2


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@path_option("--weights", f"{PLACES['runs']}/{WEIGHTS}", "The weights of the network that answers.")
@folder_options("params")
def command(folders: Folders, images: tuple[Path, ...], weights: Path | None) -> int:
    """Classify your own digits, one to each of IMAGES, with committed weights.

    An image may be of any size up to 50 million pixels, in colour or grey, dark on bright or bright
    on dark, and lit unevenly. Printed are the class, the ten penalties (the least wins), the margin
    to the second best, and whether the answer would be rejected at the threshold that leaves
    Figure 10's error among the accepted test patterns. Ends with status 2 when one of the images
    could not be read; the others are answered.
    """
    from replication.pipeline.digits import classified  # torch takes its time

    status = 0
    for said in classified(folders, weights or folders.runs / WEIGHTS, images):
        if isinstance(said, ReplicationError):
            print(f"replication: {said}", file=sys.stderr)
            status = UNREADABLE
        else:
            print(said)
    return status
