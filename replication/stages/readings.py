"""readings: train every reading of what the paper leaves open, and rank them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from replication import paper, settings
from replication.comparison.readings import Reading, all_readings, rank
from replication.display import Display
from replication.files import read_table, write_table
from replication.learning.jobs import LocalRunner
from replication.runs import Run
from replication.settings import Recipe, Settings
from replication.stages.experiments import add_folders, experiments
from replication.systems.replicates import Job, presentations, train_or_diverge

CURVES = "readings_curves.csv"
COMMAND = "python -m replication readings"


def recipes(chosen: Settings) -> dict[str, tuple[Reading, Recipe]]:
    """Every reading with its recipe, by the name of its folder."""
    found = {}
    for reading in all_readings(chosen.readings):
        changes = {**reading.values, "replicates": chosen.readings.replicates}
        recipe = settings.changed(chosen.base, changes)
        found[reading.name.replace(" ", "_")] = (reading, recipe)
    return found


def curves(chosen: Settings, given: argparse.Namespace) -> pd.DataFrame:
    """Train what is not there yet; every pass of every replicate that did not diverge."""
    wanted = recipes(chosen)
    made = experiments({name: recipe for name, (_, recipe) in wanted.items()}, chosen, given)
    jobs = [Job(one, number) for one in made for number in range(chosen.readings.replicates)]
    with Display("readings", presentations(made[0])) as display:
        runner = LocalRunner(chosen.train.workers, display.tick)
        diverged = train_or_diverge(jobs, runner, display.monitor)
    tables = []
    for job in jobs:
        if job.name in diverged:
            continue
        history = Run(job.experiment.folder(job.number)).history.copy()
        history.insert(0, "reading", wanted[job.experiment.name][0].name)
        history.insert(1, "replicate", job.number)
        tables.append(history)
    return pd.concat(tables, ignore_index=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Train the readings that params.yaml lists, three replicates or more each, and rank them."""
    parser = argparse.ArgumentParser(prog="replication readings", description=main.__doc__)
    add_folders(parser)
    parser.add_argument("--out", type=Path, default=Path("results"))
    parser.add_argument(
        "--rank-only", action="store_true", help=f"train nothing: rank what {CURVES} holds"
    )
    parser.set_defaults(runs=Path(".checkpoints/readings"))
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    if not given.rank_only:
        write_table(given.out / CURVES, curves(chosen, given))
    trained = read_table(given.out / CURVES, ("reading", "replicate", "pass"), COMMAND)
    table = rank(trained, chosen, paper.load(given.paper))
    write_table(given.out / "readings.csv", table)
    print(
        table.drop(columns=["centre", "factor", "level"]).drop_duplicates().to_string(index=False)
    )
