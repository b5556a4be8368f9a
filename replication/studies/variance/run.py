"""Replicates in which one random stream varies and the others are the same for all."""

from dataclasses import replace

import pandas as pd

from replication.core.runs import HASHES
from replication.core.settings import Settings
from replication.core.systems.jobs import Job, prepare_experiments
from replication.core.systems.replicates import is_finished, train
from replication.folders import Folders
from replication.studies.variance import CURVES

LEAVES_RUNS = True


def list_jobs(folders: Folders, settings: Settings) -> list[Job]:
    """Return all replicates of the study."""
    apart = replace(folders, runs=folders.checkpoints / "variance")
    ready = prepare_experiments(settings.variance, settings, apart)
    return [Job(each, number) for each in ready for number in range(each.recipe.replicates)]


def list_missing(folders: Folders, settings: Settings) -> list[Job]:
    """Return the replicates that are still to be trained."""
    return [job for job in list_jobs(folders, settings) if not is_finished(*job)]


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train what params.yaml lists under variance; compare then makes the table of the spread."""
    jobs = list_jobs(folders, settings)
    train("variance", jobs, settings.train)
    histories = {(job.experiment.name, job.number): job.experiment.run(job.number).history
                 for job in jobs}  # fmt: skip
    table = pd.concat(histories, names=["experiment", "replicate"]).reset_index([0, 1])
    table = table.drop(columns=HASHES).reset_index(drop=True)
    CURVES.write(folders.out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """Return the number of passes written."""
    return f"{CURVES.name} written: {len(table)} passes"
