"""Replicates in which one random stream varies and the others are the same for all."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from replication.experiments import experiments
from replication.folders import Folders, folder_options, path_option
from replication.runs import HASHES
from replication.settings import Settings, load
from replication.studies.variance import CURVES
from replication.systems.jobs import Job
from replication.systems.replicates import train


def run(folders: Folders, settings: Settings, out: Path) -> pd.DataFrame:
    """Train what is not there yet, and write and return every pass of every replicate."""
    ready = experiments(settings.variance, settings, folders)
    jobs = [Job(one, number) for one in ready for number in range(one.recipe.replicates)]
    train("variance", jobs, settings.train)
    histories = []
    for job in jobs:
        history = job.experiment.run(job.number).history.drop(columns=HASHES, errors="ignore")
        history.insert(0, "experiment", job.experiment.name)
        history.insert(1, "replicate", job.number)
        histories.append(history)
    table = pd.concat(histories, ignore_index=True)
    CURVES.write(out, table)
    return table


@click.command()
@folder_options("params", "paper", "raw", "prepared", "checkpoints", runs=".checkpoints/variance")
@path_option("--out", "results", "The folder of the table that is written.")
def command(folders: Folders, out: Path) -> None:
    """Train what params.yaml lists under variance; compare makes the table of the spread of it."""
    table = run(folders, load(folders.params), out)
    print(f"{out / CURVES.name} written: {len(table)} passes")
