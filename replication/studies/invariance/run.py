"""The networks' answers to changed patterns and to fields wider than their own."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch

from replication.comparison import paper
from replication.comparison.paper import Paper
from replication.core.mnist import databases
from replication.core.mnist.databases import Database
from replication.core.settings import Invariance, Settings
from replication.files import Table
from replication.folders import Folders
from replication.studies.invariance import COUNTS, EXAMPLES, FIELDS, changes, fields
from replication.studies.trained import DATABASE, TrainedNetwork, no_weights, trained_networks

FOLDERS = ("runs",)


def networks(
    runs: Path, published: Paper, choices: Invariance
) -> dict[tuple[str, int], TrainedNetwork]:
    """The networks that are there, by experiment and number: of each from the first on.

    Raises ReplicationError when there is none.
    """
    trained = {
        (name, number): network
        for name in choices.experiments
        for number, network in enumerate(
            trained_networks(runs, name, choices.replicates, published, "invariance.experiments")
        )
    }
    if not trained:
        raise no_weights(runs, *choices.experiments)
    return trained


def study(
    trained: Mapping[tuple[str, int], TrainedNetwork], database: Database, choices: Invariance
) -> dict[Table, pd.DataFrame]:
    """The three tables of the study."""
    first = {name: network for (name, number), network in trained.items() if number == 0}
    experiment, one = next(iter(first.items()))
    side = one.reference.network.field
    images, labels = database.test_images, database.test_labels
    wide = {
        number: fields.outputs(
            one.reference, one.weights, one.table,
            changes.in_one_field(images[list(shown)], choices.pitch, side),
        )
        for number, shown in enumerate(choices.fields)
    }  # fmt: skip
    return {
        COUNTS: changes.study(
            {key: network.penalties for key, network in trained.items()},
            images[: choices.patterns], labels[: choices.patterns], choices, side,
        ),
        EXAMPLES: changes.examples(
            {name: network.penalties for name, network in first.items()},
            images[: choices.examples], choices, side,
        ),
        FIELDS: fields.rows(experiment, wide, fields.step(one.reference.network)),
    }  # fmt: skip


def run(folders: Folders, settings: Settings) -> dict[Table, pd.DataFrame]:
    """Change digits until the networks miss them, from the committed weights.

    Scale, shift, rotation and noise, and several digits in one wide field (Section III-E). An
    experiment whose weights are not there has no rows.
    """
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    trained = networks(folders.runs, paper.load(folders.paper), settings.invariance)
    database = databases.load(folders.raw, folders.prepared, DATABASE)
    tables = study(trained, database, settings.invariance)
    for output, table in tables.items():
        output.write(folders.out, table)
    return tables


def summary(tables: Mapping[Table, pd.DataFrame]) -> str:
    """A line an experiment and kind: the error in percent at each amount, over the replicates."""
    groups = tables[COUNTS].groupby(["experiment", "kind", "amount"], sort=False)[
        ["misses", "patterns"]
    ]
    total = groups.sum().reset_index()
    lines = []
    for (name, kind), rows in total.groupby(["experiment", "kind"], sort=False):
        said = ", ".join(
            f"{amount:g}: {100 * missed / patterns:.1f}"
            for amount, missed, patterns in zip(
                rows["amount"], rows["misses"], rows["patterns"], strict=True
            )
        )
        lines.append(f"{name}, {kind}: percent missed at {said}")
    return "\n".join(lines)
