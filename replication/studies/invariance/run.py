"""The networks' answers to changed patterns and to fields wider than their own.

Shown a wider field, a network becomes a row of outputs (Section II-B, p. 8). All of LeNet-5 below
the outputs is convolution and sub-sampling, so a wider field only makes wider maps, and each output
is the network's answer to the square of its own size below it. This is the space displacement
network that Section III-E calls well suited to shapes of unknown position.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from replication.comparison import paper
from replication.comparison.evaluation.errors import count_misses
from replication.core.mnist import databases
from replication.core.mnist.databases import Levels
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Kind, Network
from replication.core.settings import Invariance, Settings
from replication.files import Table
from replication.folders import Folders
from replication.studies.invariance import COUNTS, EXAMPLES, FIELDS
from replication.studies.invariance.changes import KINDS, Bytes, change, join_images, list_changes
from replication.studies.trained import DATABASE, load_networks

FOLDERS = ("runs",)
# Penalties (n, classes), the least is the class given, of uint8 (n, field, field).
Answers = Callable[[Bytes], NDArray[np.floating]]


def count_missed(
    networks: Mapping[tuple[str, int], Answers], images: Bytes, labels: Bytes,
    choices: Invariance, field: int, kinds: Sequence[str] = KINDS,
) -> pd.DataFrame:  # fmt: skip
    """Count the patterns that each network misses, one row per network, kind and amount.

    ``networks`` are by experiment and replicate, ``images`` the first test patterns, uint8
    (n, height, width), ``labels`` (n,). Rows are in the order of the networks, the kinds and the
    amounts; negative amounts are upwards or counter-clockwise.
    """
    by_network: dict[tuple[str, int], list[tuple[object, ...]]] = {key: [] for key in networks}
    for kind, amount in list_changes(choices, kinds):
        changed = change(images, range(len(images)), kind, amount, choices, field)
        for key, network in networks.items():
            classes = network(changed).argmin(axis=1).astype(np.uint8)
            by_network[key].append((*key, kind, amount, count_misses(classes, labels), len(labels)))
    return COUNTS.frame(row for rows in by_network.values() for row in rows)


def answer_examples(
    networks: Mapping[str, Answers], images: Bytes, choices: Invariance, field: int
) -> pd.DataFrame:
    """Return the answers of one network of each experiment to a few patterns, as in `EXAMPLES`.

    ``penalty`` is the penalty of the answer: the lower, the more certain.
    """
    rows = []
    for name, network in networks.items():
        for kind, amount in list_changes(choices, KINDS):
            changed = change(images, range(len(images)), kind, amount, choices, field)
            for number, penalties in enumerate(network(changed)):
                best = int(penalties.argmin())
                rows.append((name, kind, amount, number, best, float(penalties[best])))
    return EXAMPLES.frame(rows)


def get_step(network: Network) -> int:
    """Return the distance in pixels of the squares of neighbouring outputs: 4 for LeNet-5."""
    kernels = [layer.kernel for layer in network.layers if layer.kind is Kind.SUBSAMPLING]
    return math.prod(kernels)


def compute_outputs(
    reference: Reference, parameters: NDArray[np.float32], table: Levels, wide: Bytes
) -> NDArray[np.float32]:
    """Return penalties (classes, positions) of the network on a field (field, width).

    The output at position k sees the columns from k times `get_step` on, as many as the network's
    field has. ``parameters`` are float32 (network.parameters,), ``table`` (256,) gives the input
    for each grey level.
    """
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


def run(folders: Folders, settings: Settings) -> dict[Table, pd.DataFrame]:
    """Change digits until the networks miss them, from the committed weights.

    Scale, shift, rotation and noise, and several digits in one wide field (Section III-E). An
    experiment without weights has no rows.
    """
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    published, choices = paper.load(folders.paper), settings.invariance
    networks = load_networks(
        folders.runs, choices.experiments, choices.replicates, published, "invariance.experiments"
    )
    first = {name: network for (name, number), network in networks.items() if number == 0}
    experiment, network = next(iter(first.items()))
    reference, side = network.reference, network.reference.network.field
    database = databases.load(folders.raw, folders.prepared, DATABASE)
    images, labels = database.test_images, database.test_labels
    outputs = {}
    for number, chosen in enumerate(choices.fields):
        wide = join_images(images[list(chosen)], choices.pitch, side)
        outputs[number] = compute_outputs(reference, network.weights, network.table, wide)
    tables = {
        COUNTS: count_missed(
            {key: each.penalties for key, each in networks.items()},
            images[: choices.patterns], labels[: choices.patterns], choices, side,
        ),
        EXAMPLES: answer_examples(
            {name: each.penalties for name, each in first.items()},
            images[: choices.examples], choices, side,
        ),
        FIELDS: tabulate_outputs(experiment, outputs, get_step(reference.network)),
    }  # fmt: skip
    for output, table in tables.items():
        output.write(folders.out, table)
    return tables


def summary(tables: Mapping[Table, pd.DataFrame]) -> str:
    """Return for each experiment and kind the error in percent at each amount, over replicates."""
    groups = tables[COUNTS].groupby(["experiment", "kind", "amount"], sort=False)
    total = groups[["misses", "patterns"]].sum().reset_index()
    percent = 100 * total["misses"] / total["patterns"]
    total["text"] = [f"{amount:g}: {missed:.1f}"
                     for amount, missed in zip(total["amount"], percent, strict=True)]  # fmt: skip
    return "\n".join(
        f"{name}, {kind}: percent missed at {', '.join(texts)}"
        for (name, kind), texts in total.groupby(["experiment", "kind"], sort=False)["text"]
    )
