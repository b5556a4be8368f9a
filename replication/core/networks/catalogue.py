"""The networks by the names that params.yaml uses: modules that define ``network(paper)``."""

import re
from typing import cast

from replication.core import plugins
from replication.core.networks.perceptrons import perceptron
from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network

PERCEPTRON = re.compile(r"perceptron((?:-[1-9][0-9]*)+)")
FIELDS = {"regular": 28, "deslanted": 20, "sixteen": 16, "cropped": 20, "sixteen-boxed": 16}
PACKAGE = "replication.core.networks"


def names() -> list[str]:
    """Return the networks that have a module of their own, which defines ``network(paper)``."""
    return plugins.names(PACKAGE, "network")


def network(name: str, database: str, paper: Printed) -> Network:
    """Build the network called ``name``; a perceptron's field is the size of the images.

    Perceptrons are called by their hidden layers: ``perceptron-300-100``. Raises ReplicationError
    for an unknown name.
    """
    hidden = PERCEPTRON.fullmatch(name)
    if hidden:
        return perceptron(tuple(map(int, hidden[1].split("-")[1:])), FIELDS[database])
    return cast(Network, plugins.load(PACKAGE, name, "network").network(paper))
