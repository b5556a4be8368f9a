"""LeNet-5 with ten plain output units: what Section II-B, p. 8, holds its RBF units against."""

from __future__ import annotations

from replication.networks.specification import Network, Stack, full_table
from replication.paper import Paper


def network(paper: Paper) -> Network:
    """LeNet-5 up to F6, then one unit a class that reads all of F6 and is trained to be +1 or -1.

    The paper gives no such network. F6 has 84 units here too, so that the outputs are all that
    differs.
    """
    return (
        Stack("lenet5-plain", field=32)
        .convolution("C1", full_table(6, 1))
        .subsampling("S2")
        .convolution("C3", paper.connection_table)
        .subsampling("S4")
        .convolution("C5", full_table(120, 16))
        .full("F6", 84)
        .full("output", 10)
        .network()
    )
