"""train: the replicates of one experiment, from the prepared database to results/runs."""

from __future__ import annotations

import click

from replication.folders import Folders, folder_options
from replication.settings import Settings, load


def run(folders: Folders, settings: Settings, experiment: str) -> tuple[int, int]:
    """Train the replicates that are not there yet: how many were trained, and how many stayed.

    Raises ReplicationError when params.yaml has no such experiment.
    """
    # Imported when a training begins: a help text need not wait for the compiler.
    from replication.experiments import experiments
    from replication.systems.replicates import Job, train

    recipe = settings.experiment(experiment)
    (ready,) = experiments({experiment: recipe}, settings, folders)
    jobs = [Job(ready, number) for number in range(recipe.replicates)]
    trained = train(experiment, jobs, settings.train.workers).jobs
    return len(trained), len(jobs) - len(trained)


@click.command()
@click.argument("experiment")
@folder_options("params", "paper", "raw", "prepared", "runs", "checkpoints")
def command(folders: Folders, experiment: str) -> None:
    """Train those replicates of EXPERIMENT that are not there yet.

    EXPERIMENT is a name under `experiments` in params.yaml.
    """
    trained, kept = run(folders, load(folders.params), experiment)
    print(f"{experiment}: {trained} replicates trained, {kept} were there already")
