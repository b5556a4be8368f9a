"""LeNet-1: Section III-C.7, p. 13."""

from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network, Stack, full_table

# The paper gives no table. This one, four maps that read one map and eight that read two, gives
# 2,578 parameters and 98,442 connections with trainable coefficients, the counts published for
# LeNet-1 elsewhere.
THIRD_LAYER: tuple[tuple[int, ...], ...] = (
    (0,), (0, 1), (0, 1), (1,), (0, 1), (0, 1),
    (2,), (2, 3), (2, 3), (3,), (2, 3), (2, 3),
)  # fmt: skip


def network(_: Printed) -> Network:
    """Build 4@24x24, 4@12x12, 12@8x8, 12@4x4 and ten outputs; a 16x16 image in a field of 28."""
    return (
        Stack("lenet1", field=28)
        .convolution("C1", full_table(4, 1))
        .subsampling("S2")
        .convolution("C3", THIRD_LAYER)
        .subsampling("S4")
        .full("output", 10)
        .network()
    )
