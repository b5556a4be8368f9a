"""studies: train whatever the studies train, one after another."""

from importlib import import_module

import click

from replication.core.settings import load
from replication.extras.costs import measure
from replication.folders import Folders

# Those that stand on the replicates of `replicate --all` come after it; readings takes longest.
TRAINING = ("variance", "beginnings", "collapse", "boosting", "causes", "readings")


@click.command()
def command() -> None:
    """Run every study that trains; what code, settings and data have trained before is kept."""
    folders = Folders.below()
    settings = load(folders.params)
    with measure(folders, "studies"):
        for study in TRAINING:
            module = import_module(f"replication.studies.{study}.run")
            print(f"{study}\n{module.summary(module.run(folders, settings))}", flush=True)
