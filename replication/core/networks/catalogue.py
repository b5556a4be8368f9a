"""The networks of the paper as tables of layers, and all by the names that params.yaml uses."""

import re
from collections.abc import Callable, Mapping
from typing import cast

from replication.core import plugins
from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network, Stack, Table, full_table

PERCEPTRON = re.compile(r"perceptron((?:-[1-9][0-9]*)+)")
FIELDS = {"regular": 28, "deslanted": 20, "sixteen": 16, "cropped": 20, "sixteen-boxed": 16}
PACKAGE = "replication.core.networks"


def up_to_c5(name: str, paper: Printed) -> Stack:
    """Build C1 S2 C3 S4 C5 of Figure 2, on which the network ``name`` puts its other layers."""
    return (
        Stack(name, field=32)
        .convolution("C1", full_table(6, 1))
        .subsampling("S2")
        .convolution("C3", paper.connection_table)
        .subsampling("S4")
        .convolution("C5", full_table(120, 16))
    )


def lenet5(paper: Printed) -> Network:
    """Build LeNet-5 with RBF units (Section II-B, Figure 2 and Table I, pp. 7-8)."""
    return up_to_c5("lenet5", paper).full("F6", 84).rbf("RBF", paper.digit_codes)


def lenet5_plain(paper: Printed) -> Network:
    """Build LeNet-5 with a plain output unit for each class, which learns +1 or -1.

    What Section II-B, p. 8, holds its RBF units against. The paper gives no such network; F6 has
    84 units here too, so that the outputs are all that differs.
    """
    return up_to_c5("lenet5-plain", paper).full("F6", 84).full("output", 10).network()


def lenet5_library(paper: Printed) -> Network:
    """Build what the authors' later library calls LeNet-5: ten plain outputs on C5, without F6.

    Not in the paper: see library.network in data/paper/beyond.yaml.
    """
    return up_to_c5("lenet5-library", paper).full("output", 10).network()


def windows(sizes: tuple[int, ...], maps: int) -> Table:
    """Return for each unit ``sizes[unit]`` neighbouring maps, the first by the unit's number."""
    return tuple(
        tuple(sorted((unit + step) % maps for step in range(size)))
        for unit, size in enumerate(sizes)
    )


def lenet4(_: Printed) -> Network:
    """Build LeNet-4 (Section III-C.8, p. 13): C3 of 16 maps, 120 units and ten outputs.

    The text gives the maps, about 260,000 connections and about 17,000 parameters, but no table. A
    full connection of 120 units to the sixteen 5x5 maps would be 48,120 parameters alone, so the
    units read only some maps. With C3 the size of Table I (60 pairs, 1,516 parameters) what is left
    for C5 is 14,120 parameters: 4 2/3 maps a unit. Windows of neighbouring maps that wrap around
    are the most regular tables of these sizes: 16,998 parameters and 258,306 connections.
    """
    return (
        Stack("lenet4", field=32)
        .convolution("C1", full_table(4, 1))
        .subsampling("S2", copies=2)
        .convolution("C3", windows((4, 4, 4, 3) * 4, maps=8))
        .subsampling("S4")
        .convolution("C5", windows((4, 5, 5) * 40, maps=16))
        .full("output", 10)
        .network()
    )


def lenet1(_: Printed) -> Network:
    """Build LeNet-1 (Section III-C.7, p. 13): a 16x16 image in a field of 28.

    The paper gives no table of C3. This one, four maps that read one map and eight that read two,
    gives 2,578 parameters and 98,442 connections with trainable coefficients, the counts published
    for LeNet-1 elsewhere.
    """
    table: Table = (
        (0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1),
        (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3),
    )  # fmt: skip
    return (
        Stack("lenet1", field=28)
        .convolution("C1", full_table(4, 1))
        .subsampling("S2")
        .convolution("C3", table)
        .subsampling("S4")
        .full("output", 10)
        .network()
    )


def perceptron(hidden: tuple[int, ...], field: int) -> Network:
    """Build a perceptron on ``field`` x ``field`` pixels with hidden layers and ten outputs.

    Sections III-C.5 and III-C.6, p. 12.
    """
    stack = Stack("perceptron-" + "-".join(map(str, hidden)), field)
    for number, units in enumerate(hidden, start=1):
        stack.full(f"hidden{number}", units)
    return stack.full("output", 10).network()


OF_THE_PAPER: Mapping[str, Callable[[Printed], Network]] = {
    "lenet1": lenet1, "lenet4": lenet4, "lenet5": lenet5, "lenet5-plain": lenet5_plain,
    "lenet5-library": lenet5_library,
}  # fmt: skip


def names() -> list[str]:
    """Return the names of the networks but for the perceptrons'."""
    return sorted([*OF_THE_PAPER, *plugins.names(PACKAGE, "network")])


def network(name: str, database: str, paper: Printed) -> Network:
    """Build the network called ``name``; a perceptron's field is the size of the images.

    Perceptrons are called by their hidden layers: ``perceptron-300-100``. Any other name is that of
    a network of the paper or of a module of this folder that defines ``network(paper)``. Raises
    ReplicationError for an unknown name.
    """
    hidden = PERCEPTRON.fullmatch(name)
    if hidden:
        return perceptron(tuple(map(int, hidden[1].split("-")[1:])), FIELDS[database])
    if name in OF_THE_PAPER:
        return OF_THE_PAPER[name](paper)
    module = plugins.load(PACKAGE, name, "network", besides=tuple(OF_THE_PAPER))
    return cast(Network, module.network(paper))
