"""collapse: small networks with trainable codes, equations 8 and 9 -> results/collapse.json.

Section II-C, p. 9: under equation 8 all codes fall together, under equation 9 they do not.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from replication import paper, settings
from replication.files import write_json
from replication.learning.collapse import train
from replication.mnist import databases
from replication.mnist.databases import Database
from replication.networks import catalogue
from replication.paper import Paper
from replication.settings import Settings

CRITERIA = ("mle", "map")
# Six digits: the last bits of a sum are the processor's.
_DIGITS = 6


def collapse(chosen: Settings, published: Paper, database: Database) -> dict[str, Any]:
    """By criterion, each of `collapse.Outcome`'s numbers as a list, one a replicate.

    ``settings`` in the result are the section ``collapse`` of params.yaml.
    """
    base, choices = chosen.base, chosen.collapse
    network = catalogue.network(base.network, base.database, published)
    table = databases.grey_levels(chosen.prepare.background, chosen.prepare.foreground)
    images = databases.fields(database.train_images[: choices.patterns], network.field, table)
    inputs = torch.from_numpy(images[:, np.newaxis])
    labels = torch.from_numpy(database.train_labels[: choices.patterns].astype(np.int64))
    result: dict[str, Any] = {"settings": choices.model_dump(mode="json")}
    for name in CRITERIA:
        recipe = settings.changed(base, {"criterion.name": name})
        outcomes = [
            train(network, recipe, choices, inputs, labels, number)
            for number in range(choices.replicates)
        ]
        result[name] = {
            key: [float(f"{value:.{_DIGITS}g}") for value in values]
            for key, values in zip(outcomes[0]._fields, zip(*outcomes, strict=True), strict=True)
        }
    return result


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the stage: reads the regular database, writes results/collapse.json."""
    parser = argparse.ArgumentParser(prog="python -m replication collapse", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--out", type=Path, default=Path("results/collapse.json"))
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    database = databases.ensure(given.prepared, given.raw, chosen.base.database)
    result = collapse(chosen, paper.load(given.paper), database)
    write_json(given.out, result)
    for name in CRITERIA:
        spreads = ", ".join(f"{value:.3g}" for value in result[name]["code_spread"])
        errors = ", ".join(f"{value:.3g}" for value in result[name]["training_error_percent"])
        print(f"{name}: least distance between codes {spreads} of that before; {errors} % missed")
