"""The networks by the names that params.yaml uses: a module here that defines ``network(paper)``.

One that is added makes no replicate of another stale: what a replicate's key takes in is the module
of its own network.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from replication.errors import ReplicationError
from replication.networks.perceptrons import perceptron
from replication.networks.specification import Network
from replication.paper import Paper
from replication.sources import loaded

PERCEPTRON = re.compile(r"perceptron((?:-[1-9][0-9]*)+)")
FIELDS = {"regular": 28, "deslanted": 20, "sixteen": 16, "cropped": 20, "sixteen-boxed": 16}
# Searched for in the text: a module that cannot be imported is an error only where it is wanted.
_DESCRIBES = re.compile(r"^def network\(", re.MULTILINE)


def names() -> list[str]:
    """The networks that have a module of their own, which defines ``network(paper)``."""
    here = Path(__file__)
    return sorted(
        path.stem.replace("_", "-")
        for path in here.parent.glob("*.py")
        if path != here and _DESCRIBES.search(path.read_text(encoding="utf-8"))
    )


def module(name: str) -> str:
    """The module that describes the network called ``name``; all perceptrons share one."""
    stem = "perceptrons" if PERCEPTRON.fullmatch(name) else name.replace("-", "_")
    return f"replication.networks.{stem}"


def network(name: str, database: str, paper: Paper) -> Network:
    """The network called ``name``; a perceptron's field is as large as the database's images.

    Perceptrons are called by their hidden layers: ``perceptron-300-100``. Raises ReplicationError
    for an unknown name.
    """
    hidden = PERCEPTRON.fullmatch(name)
    if hidden:
        return perceptron(tuple(map(int, hidden[1].split("-")[1:])), FIELDS[database])
    if name not in names():
        raise ReplicationError(
            f"params.yaml names the network '{name}', but there are {', '.join(names())} and "
            "perceptron-<units>[-<units>]: correct it, or let "
            f"{module(name).replace('.', '/')}.py define network(paper)"
        )
    return cast(Network, loaded(module(name), "network").network(paper))
