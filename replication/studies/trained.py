"""Trained networks, for the studies that show them other images than the test patterns."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.comparison.paper import Paper
from replication.core.learning.engine import Engine
from replication.core.mnist.databases import Levels
from replication.core.networks.reference import Reference
from replication.core.runs import RECORD, WEIGHTS, Run, experiment_runs
from replication.errors import ReplicationError

DATABASE = "regular"


class TrainedNetwork(NamedTuple):
    """A trained network: compiled for many patterns, in torch for fields of any size."""

    engine: Engine
    reference: Reference
    table: Levels
    weights: NDArray[np.float32]

    def penalties(self, images: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Return (n, classes) for uint8 (n, field, field)."""
        return self.engine.penalties(self.weights, images)


def load_networks(
    runs: Path, experiments: Sequence[str], replicates: int, published: Paper, key: str
) -> dict[tuple[str, int], TrainedNetwork]:
    """Load replicates by experiment and number, of each from the first until one has no weights.

    ``key`` is where params.yaml names the experiments. Raises ReplicationError when there is no
    network, naming ``key`` for one of another database than `DATABASE`, and as the readers of a run
    do.
    """
    networks = {}
    for name in experiments:
        for number, run in enumerate(experiment_runs(runs, name, replicates)):
            if not run.has(WEIGHTS):
                break
            networks[name, number] = _read(run, published, key)
    if not networks:
        raise no_weights(runs, *experiments)
    return networks


def no_weights(runs: Path, *experiments: str) -> ReplicationError:
    """Return the error for a folder ``runs`` without weights of any of ``experiments``."""
    return ReplicationError(
        f"{runs} holds no weights of {' or '.join(experiments)}: run "
        f"`python -m replication train {experiments[0]}` first"
    )


def _read(run: Run, published: Paper, key: str) -> TrainedNetwork:
    source = run.path(RECORD)
    trained = RecordedNetwork(run.record["settings"], published, source)
    if trained.database != DATABASE:
        raise ReplicationError(
            f"{source} is of a network for the {trained.database} database, but the study shows "
            f"patterns of the {DATABASE} one: name another experiment in {key} of params.yaml"
        )
    weights = run.weights(trained.network.parameters)
    engine = Engine(trained.network, trained.rules, trained.table)
    return TrainedNetwork(engine, trained.reference, trained.table, weights)
