"""prepare: data/raw to data/prepared/summary.json, a description of the databases."""

from typing import Any

import click

from replication.comparison.evaluation.database_summary import summarise_databases
from replication.core.mnist import databases
from replication.core.settings import Settings, load
from replication.files import write_json
from replication.folders import Folders, folder_options


def run(folders: Folders, settings: Settings) -> dict[str, Any]:
    """Write the summary of the databases, and return it."""
    summary = summarise_databases(folders.raw, settings)
    write_json(folders.prepared / databases.SUMMARY, summary)
    return summary


@click.command()
@folder_options("params")
def command(folders: Folders) -> None:
    """Check raw MNIST and make the three databases of Section III-A from it."""
    for name, facts in run(folders, load(folders.params))["databases"].items():
        print(
            f"{name}: {facts['training_patterns']} training and {facts['test_patterns']} test "
            f"patterns of {facts['height']}x{facts['width']}; inputs of mean {facts['mean']:.4f} "
            f"and variance {facts['variance']:.4f}"
        )
