"""fetch: missing or damaged raw files, downloaded again and checked."""

from __future__ import annotations

import click

from replication.folders import Folders, folder_options


@click.command()
@folder_options("raw")
def command(folders: Folders) -> None:
    """Download what is missing or damaged in data/raw from torchvision's mirrors."""
    from replication.mnist.fetch import fetch  # torchvision takes its time

    replaced = fetch(folders.raw)
    print("\n".join(f"{name} fetched" for name in replaced) or "all raw files are there and whole")
