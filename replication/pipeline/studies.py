"""studies: run all studies that train, one after another."""

from importlib import import_module

import click

from replication.core.settings import load
from replication.extras.costs import measure
from replication.folders import Folders

# To be run after `replicate --all`, whose replicates some of them need; tied needs readings.
TRAINING = (
    "beginnings",
    "collapse",
    "boosting",
    "causes",
    "variance",
    "readings",
    "plain",
    "tied",
    "sensitivity",
    "multiverse",
)


@click.command()
def command() -> None:
    """Run every study that trains; keep what the same code, settings and data have trained."""
    folders = Folders.below()
    settings = load(folders.params)
    with measure(folders, "studies"):
        for study in TRAINING:
            module = import_module(f"replication.studies.{study}.run")
            print(f"{study}\n{module.summary(module.run(folders, settings))}", flush=True)
