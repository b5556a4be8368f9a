"""invariance: how far a test pattern may be changed until it is missed (Section III-E, p. 15).

Nothing is trained: the committed weights of the experiments of ``invariance`` in params.yaml answer
scaled, shifted, rotated and noisy patterns -> results/invariance.csv; a few of these pictures with
the answers -> results/invariance_examples.csv; several digits in one wide field, with the row of
outputs above it -> results/fields.csv. An experiment whose weights are not there has no rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from replication import paper, settings
from replication.errors import ReplicationError
from replication.evaluation import fields, invariance
from replication.evaluation.recomputed import Trained
from replication.files import write_table
from replication.learning.engine import Engine
from replication.mnist import databases
from replication.mnist.databases import Database, Levels
from replication.networks.reference import Reference
from replication.paper import Paper
from replication.runs import RECORD, WEIGHTS, Run, of_experiment
from replication.settings import Criterion, Squashing, Subsampling

DATABASE = "regular"


class Choices(invariance.Choices, Protocol):
    """The section ``invariance`` of params.yaml."""

    @property
    def experiments(self) -> Sequence[str]:
        """Whose networks answer."""

    @property
    def replicates(self) -> int:
        """How many of each, from the first."""

    @property
    def patterns(self) -> int:
        """How many test patterns are changed, from the first."""

    @property
    def examples(self) -> int:
        """Of how many of them the answers are kept, to be drawn."""

    @property
    def pitch(self) -> int:
        """Pixels from one digit of a wide field to the next."""

    @property
    def fields(self) -> Sequence[Sequence[int]]:
        """For each wide field the test patterns in it, from the left."""


class Replicate(NamedTuple):
    """One trained network: compiled for many patterns, in torch for fields of any size."""

    engine: Engine
    reference: Reference
    table: Levels
    weights: NDArray[np.float32]

    def penalties(self, images: invariance.Bytes) -> NDArray[np.floating]:
        """(n, classes) for uint8 (n, field, field)."""
        return self.engine.penalties(self.weights, images)


def read(run: Run, published: Paper) -> Replicate:
    """The network that a replicate left; raises ReplicationError as the readers do."""
    source, stated = run.path(RECORD), run.record["settings"]
    trained = Trained(stated, published, source)
    if trained.database != DATABASE:
        raise ReplicationError(
            f"{source} is of a network for the {trained.database} database, but only patterns of "
            f"the {DATABASE} one are changed: take it out of invariance.experiments in params.yaml"
        )
    rules = (
        Squashing.model_validate(stated["squashing"]),
        Subsampling.model_validate(stated["subsampling"]),
        Criterion.model_validate(stated["criterion"]),
    )
    table = databases.grey_levels(stated["background"], stated["foreground"])
    weights = run.weights(trained.network.parameters)
    return Replicate(
        Engine(trained.network, *rules, table), Reference(trained.network, *rules), table, weights
    )


def replicates(runs: Path, published: Paper, choices: Choices) -> dict[tuple[str, int], Replicate]:
    """The networks that are there, by experiment and number: of each from the first on.

    Raises ReplicationError when there is none.
    """
    found = {}
    for name in choices.experiments:
        for number, run in enumerate(of_experiment(runs, name, choices.replicates)):
            if not run.has(WEIGHTS):
                break
            found[name, number] = read(run, published)
    if not found:
        raise ReplicationError(
            f"{runs} holds weights of none of {', '.join(choices.experiments)}: run "
            f"`python -m replication train {choices.experiments[0]}` first"
        )
    return found


def study(
    networks: Mapping[tuple[str, int], Replicate], database: Database, choices: Choices
) -> dict[str, pd.DataFrame]:
    """The tables by the name of their files."""
    first = {name: network for (name, number), network in networks.items() if number == 0}
    experiment, one = next(iter(first.items()))
    side = one.reference.network.field
    images, labels = database.test_images, database.test_labels
    wide = {
        number: fields.outputs(
            one.reference, one.weights, one.table,
            invariance.side_by_side(images[list(shown)], choices.pitch, side),
        )
        for number, shown in enumerate(choices.fields)
    }  # fmt: skip
    return {
        "invariance.csv": invariance.study(
            {key: network.penalties for key, network in networks.items()},
            images[: choices.patterns], labels[: choices.patterns], choices, side,
        ),
        "invariance_examples.csv": invariance.examples(
            {name: network.penalties for name, network in first.items()},
            images[: choices.examples], choices, side,
        ),
        "fields.csv": fields.rows(experiment, wide, fields.step(one.reference.network)),
    }  # fmt: skip


def summary(table: pd.DataFrame) -> str:
    """A line an experiment and kind: the error in percent at each amount, over the replicates."""
    groups = table.groupby(["experiment", "kind", "amount"], sort=False)[["misses", "patterns"]]
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


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m replication invariance", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--runs", type=Path, default=Path("results/runs"))
    parser.add_argument("--out", type=Path, default=Path("results"))
    given = parser.parse_args(argv)
    choices = settings.load(given.params).invariance
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    networks = replicates(given.runs, paper.load(given.paper), choices)
    database = databases.ensure(given.prepared, given.raw, DATABASE)
    tables = study(networks, database, choices)
    for name, table in tables.items():
        write_table(given.out / name, table)
    print(summary(tables["invariance.csv"]))
