"""The networks' answers to changed patterns and to fields wider than their own.

Shown a wider field, a network becomes a row of outputs (Section II-B, p. 8). All of LeNet-5 below
the outputs is convolution and sub-sampling, so a wider field only makes wider maps, and each output
is the network's answer to the square of its own size below it. This is the space displacement
network that Section III-E calls well suited to shapes of unknown position.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from replication.comparison import paper
from replication.comparison.paper import Paper
from replication.core.mnist import databases
from replication.core.mnist.databases import Database, Levels
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Kind, Network
from replication.core.settings import Invariance, Settings
from replication.files import Table
from replication.folders import Folders
from replication.studies.invariance import COUNTS, EXAMPLES, FIELDS, changes
from replication.studies.trained import DATABASE, TrainedNetwork, load_networks, no_weights

FOLDERS = ("runs",)


def get_step(network: Network) -> int:
    """Return the distance in pixels of the squares of neighbouring outputs: 4 for LeNet-5."""
    kernels = [layer.kernel for layer in network.layers if layer.kind is Kind.SUBSAMPLING]
    return math.prod(kernels)


def compute_outputs(
    reference: Reference, parameters: NDArray[np.float32], table: Levels, wide: changes.Bytes
) -> NDArray[np.float32]:
    """Return penalties (classes, positions) of the network on a field (field, width).

    The output at position k sees the columns from k times `get_step` on, as many as the network's
    field has. ``parameters`` are float32 (network.parameters,), ``table`` (256,) gives the input
    for each grey level. Raises ValueError when the field is of another height or narrower than the
    network's own.
    """
    side = reference.network.field
    if wide.shape[0] != side or wide.shape[1] < side:
        raise ValueError(f"a field of {wide.shape}; it must be {side} high and no narrower")
    with torch.no_grad():
        inputs = torch.from_numpy(table[wide][np.newaxis, np.newaxis])
        penalties = reference.penalties(torch.from_numpy(parameters), inputs)[0, :, 0]
    return np.asarray(penalties.numpy(), dtype=np.float32)


def tabulate_outputs(
    experiment: str, pictures: Mapping[int, NDArray[np.float32]], step: int
) -> pd.DataFrame:
    """Return the outputs of numbered pictures as in `FIELDS`.

    ``experiment`` is the network's; ``position`` is the first column of the field that an output
    sees, a multiple of ``step`` pixels.
    """
    return FIELDS.frame(
        (experiment, number, step * place, digit, float(penalty))
        for number, penalties in pictures.items()
        for place, column in enumerate(penalties.T)
        for digit, penalty in enumerate(column)
    )


def read_networks(
    runs: Path, published: Paper, choices: Invariance
) -> dict[tuple[str, int], TrainedNetwork]:
    """Read the networks that are there, by experiment and number, each experiment from its first.

    Raises ReplicationError when there is none.
    """
    networks = {
        (name, number): network
        for name in choices.experiments
        for number, network in enumerate(
            load_networks(runs, name, choices.replicates, published, "invariance.experiments")
        )
    }
    if not networks:
        raise no_weights(runs, *choices.experiments)
    return networks


def compute_tables(
    networks: Mapping[tuple[str, int], TrainedNetwork], database: Database, choices: Invariance
) -> dict[Table, pd.DataFrame]:
    """Return the three tables of the study."""
    first = {name: network for (name, number), network in networks.items() if number == 0}
    experiment, network = next(iter(first.items()))
    reference, side = network.reference, network.reference.network.field
    images, labels = database.test_images, database.test_labels
    outputs = {}
    for number, chosen in enumerate(choices.fields):
        wide = changes.join_images(images[list(chosen)], choices.pitch, side)
        outputs[number] = compute_outputs(reference, network.weights, network.table, wide)
    return {
        COUNTS: changes.count_missed(
            {key: each.penalties for key, each in networks.items()},
            images[: choices.patterns], labels[: choices.patterns], choices, side,
        ),
        EXAMPLES: changes.answer_examples(
            {name: each.penalties for name, each in first.items()},
            images[: choices.examples], choices, side,
        ),
        FIELDS: tabulate_outputs(experiment, outputs, get_step(reference.network)),
    }  # fmt: skip


def run(folders: Folders, settings: Settings) -> dict[Table, pd.DataFrame]:
    """Change digits until the networks miss them, from the committed weights.

    Scale, shift, rotation and noise, and several digits in one wide field (Section III-E). An
    experiment without weights has no rows.
    """
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    networks = read_networks(folders.runs, paper.load(folders.paper), settings.invariance)
    database = databases.load(folders.raw, folders.prepared, DATABASE)
    tables = compute_tables(networks, database, settings.invariance)
    for output, table in tables.items():
        output.write(folders.out, table)
    return tables


def summary(tables: Mapping[Table, pd.DataFrame]) -> str:
    """Return for each experiment and kind the error in percent at each amount, over replicates."""
    groups = tables[COUNTS].groupby(["experiment", "kind", "amount"], sort=False)
    total = groups[["misses", "patterns"]].sum().reset_index()
    lines = []
    for (name, kind), rows in total.groupby(["experiment", "kind"], sort=False):
        percent = 100 * rows["misses"] / rows["patterns"]
        points = zip(rows["amount"], percent, strict=True)
        errors = ", ".join(f"{amount:g}: {missed:.1f}" for amount, missed in points)
        lines.append(f"{name}, {kind}: percent missed at {errors}")
    return "\n".join(lines)
