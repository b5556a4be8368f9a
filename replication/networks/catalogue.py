"""The networks by the names that params.yaml uses."""

from __future__ import annotations

import re

from replication.errors import ReplicationError
from replication.networks.lenet1 import lenet1
from replication.networks.lenet4 import lenet4
from replication.networks.lenet5 import lenet5
from replication.networks.perceptrons import perceptron
from replication.networks.specification import Network
from replication.paper import Paper

PERCEPTRON = re.compile(r"perceptron((?:-[1-9][0-9]*)+)")
FIELDS = {"regular": 28, "deslanted": 20, "sixteen": 16, "cropped": 20, "sixteen-boxed": 16}


def network(name: str, database: str, paper: Paper) -> Network:
    """The network called ``name``; a perceptron's field is as large as the database's images.

    Perceptrons are called by their hidden layers: ``perceptron-300-100``. Raises ReplicationError
    for an unknown name.
    """
    if name == "lenet5":
        return lenet5(paper)
    if name == "lenet4":
        return lenet4()
    if name == "lenet1":
        return lenet1()
    hidden = PERCEPTRON.fullmatch(name)
    if hidden is None:
        raise ReplicationError(
            f"params.yaml names the network '{name}', but there are lenet1, lenet4, lenet5 and "
            "perceptron-<units>[-<units>]: correct it"
        )
    return perceptron(tuple(map(int, hidden[1].split("-")[1:])), FIELDS[database])
