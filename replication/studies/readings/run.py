"""Every reading of what the paper leaves open, trained and ranked."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from replication import paper
from replication.experiments import experiments
from replication.folders import Folders, folder_options, path_option
from replication.settings import Recipe, Settings, changed, load
from replication.studies.readings import CURVES, RANKING
from replication.studies.readings.ranking import all_readings, rank
from replication.studies.training import passes


def recipes(settings: Settings) -> dict[str, Recipe]:
    """The recipe of every reading, by its name."""
    return {
        reading.name: changed(
            settings.base, {**reading.values, "replicates": settings.readings.replicates}
        )
        for reading in all_readings(settings.readings)
    }


def curves(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train what is not there yet; every pass of every replicate that did not diverge."""
    wanted = recipes(settings)
    names = {name.replace(" ", "_"): name for name in wanted}
    made = experiments({folder: wanted[name] for folder, name in names.items()}, settings, folders)
    table = passes("readings", made, settings.train.workers, may_diverge=True)
    table["experiment"] = table["experiment"].map(names)
    return table.rename(columns={"experiment": "reading"})


def run(folders: Folders, settings: Settings, out: Path, *, rank_only: bool) -> pd.DataFrame:
    """Write the curves, unless they are only to be ranked, and the ranking, which is returned."""
    if not rank_only:
        CURVES.write(out, curves(folders, settings))
    table = rank(CURVES.read(out), settings, paper.load(folders.paper))
    RANKING.write(out, table)
    return table


@click.command()
@folder_options("params", "paper", "raw", "prepared", "checkpoints", runs=".checkpoints/readings")
@path_option("--out", "results", "The folder of the tables that are written.")
@click.option("--rank-only", is_flag=True, help=f"Train nothing: rank what {CURVES.name} holds.")
def command(folders: Folders, out: Path, rank_only: bool) -> None:
    """Train the readings that params.yaml lists, and rank them by their distance from the paper.

    What has been trained before is not trained again.
    """
    table = run(folders, load(folders.params), out, rank_only=rank_only)
    shown = table.drop(columns=["centre", "factor", "level"]).drop_duplicates()
    print(shown.to_string(index=False))
