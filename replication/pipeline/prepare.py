"""prepare: data/raw to data/prepared/summary.json, what the databases are like."""

from typing import Any

import click

from replication.comparison.evaluation.database_summary import summarise_databases
from replication.core.mnist import databases
from replication.core.settings import Settings, load
from replication.files import write_json
from replication.folders import Folders, folder_options


def run(folders: Folders, settings: Settings) -> dict[str, Any]:
    """Write the summary of the databases, and return it."""
    described = summarise_databases(folders.raw, settings.prepare)
    write_json(folders.prepared / databases.SUMMARY, described)
    return described


@click.command()
@folder_options("params")
def command(folders: Folders) -> None:
    """Check raw MNIST and make the three databases of Section III-A from it."""
    for name, said in run(folders, load(folders.params))["databases"].items():
        print(
            f"{name}: {said['training_patterns']} training and {said['test_patterns']} test "
            f"patterns of {said['height']}x{said['width']}; inputs of mean {said['mean']:.4f} and "
            f"variance {said['variance']:.4f}"
        )
