"""LeNet-5: Section II-B, Figure 2 and Table I, pp. 7-8."""

from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network, Stack, full_table


def up_to_f6(name: str, paper: Printed) -> Stack:
    """Build C1 S2 C3 S4 C5 F6 of Figure 2, on which the network ``name`` puts its outputs."""
    return (
        Stack(name, field=32)
        .convolution("C1", full_table(6, 1))
        .subsampling("S2")
        .convolution("C3", paper.connection_table)
        .subsampling("S4")
        .convolution("C5", full_table(120, 16))
        .full("F6", 84)
    )


def network(paper: Printed) -> Network:
    """Build the network of Figure 2: ten RBF units with the 7x12 codes read F6."""
    return up_to_f6("lenet5", paper).rbf("RBF", paper.digit_codes)
