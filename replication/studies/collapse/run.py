"""Small networks with trainable codes, trained under equations 8 and 9."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from replication import paper
from replication.folders import Folders, folder_options, path_option
from replication.mnist import databases
from replication.mnist.databases import Database
from replication.networks import catalogue
from replication.paper import Paper
from replication.settings import Settings, changed, load
from replication.studies.collapse import OUTCOMES
from replication.studies.collapse.training import train

CRITERIA = ("mle", "map")
# Six digits: the last bits of a sum are the processor's.
_DIGITS = 6


def collapse(settings: Settings, published: Paper, database: Database) -> dict[str, Any]:
    """By criterion, each of `collapse.Outcome`'s numbers as a list, one a replicate.

    ``settings`` in the result are the section ``collapse`` of params.yaml.
    """
    base, choices = settings.base, settings.collapse
    network = catalogue.network(base.network, base.database, published)
    table = databases.grey_levels(settings.prepare.background, settings.prepare.foreground)
    images = databases.fields(database.train_images[: choices.patterns], network.field, table)
    inputs = torch.from_numpy(images[:, np.newaxis])
    labels = torch.from_numpy(database.train_labels[: choices.patterns].astype(np.int64))
    result: dict[str, Any] = {"settings": choices.model_dump(mode="json")}
    for name in CRITERIA:
        recipe = changed(base, {"criterion.name": name})
        outcomes = [
            train(network, recipe, choices, inputs, labels, number)
            for number in range(choices.replicates)
        ]
        result[name] = {
            key: [float(f"{value:.{_DIGITS}g}") for value in values]
            for key, values in zip(outcomes[0]._fields, zip(*outcomes, strict=True), strict=True)
        }
    return result


def summary(outcomes: dict[str, Any]) -> str:
    """A line a criterion."""
    lines = []
    for name in CRITERIA:
        spreads = ", ".join(f"{value:.3g}" for value in outcomes[name]["code_spread"])
        errors = ", ".join(f"{value:.3g}" for value in outcomes[name]["training_error_percent"])
        lines.append(
            f"{name}: least distance between codes {spreads} of that before; {errors} % missed"
        )
    return "\n".join(lines)


def run(folders: Folders, settings: Settings, out: Path) -> dict[str, Any]:
    """Train all of them, and write and return what they end with."""
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    database = databases.load(folders.raw, folders.prepared, settings.base.database)
    outcomes = collapse(settings, paper.load(folders.paper), database)
    OUTCOMES.write(out, outcomes)
    return outcomes


@click.command()
@folder_options("params", "paper", "raw", "prepared")
@path_option("--out", "results", "The folder of the file that is written.")
def command(folders: Folders, out: Path) -> None:
    """Train small networks with trainable codes under equations 8 and 9 (Section II-C)."""
    print(summary(run(folders, load(folders.params), out)))
