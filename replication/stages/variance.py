"""variance: replicates in which one random stream varies and the others are the same for all."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from replication import settings
from replication.display import Display
from replication.files import write_table
from replication.learning.jobs import LocalRunner
from replication.runs import Run
from replication.stages.experiments import add_folders, experiments
from replication.systems.replicates import Job, presentations, train

CURVES = "variance_curves.csv"


def main(argv: Sequence[str] | None = None) -> None:
    """Train what params.yaml lists under `variance`; `compare` makes the table from it."""
    parser = argparse.ArgumentParser(prog="replication variance", description=main.__doc__)
    add_folders(parser)
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.set_defaults(runs=Path(".checkpoints/variance"))
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    made = experiments(chosen.variance, chosen, given)
    jobs = [Job(one, number) for one in made for number in range(one.recipe.replicates)]
    with Display("variance", presentations(made[0])) as display:
        train(jobs, LocalRunner(chosen.train.workers, display.tick), display.monitor)
    tables = []
    for job in jobs:
        history = Run(job.experiment.folder(job.number)).history.copy()
        history.insert(0, "experiment", job.experiment.name)
        history.insert(1, "replicate", job.number)
        tables.append(history)
    write_table(given.out / CURVES, pd.concat(tables, ignore_index=True))
    print(f"{given.out / CURVES} written: {len(jobs)} replicates")
