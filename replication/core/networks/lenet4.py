"""LeNet-4: Section III-C.8, p. 13.

The text gives the maps, about 260,000 connections and about 17,000 parameters, but no table. A full
connection of 120 units to the sixteen 5x5 maps would be 48,120 parameters alone, so the units read
only some maps. With C3 the size of Table I (60 pairs, 1,516 parameters) what is left for C5 is
14,120 parameters: 4 2/3 maps a unit. The tables below, windows of neighbouring maps that wrap
around, are the most regular ones of these sizes: 16,998 parameters and 258,306 connections.
"""

from replication.core.networks.printed import Printed
from replication.core.networks.specification import Network, Stack, full_table


def windows(sizes: tuple[int, ...], maps: int) -> tuple[tuple[int, ...], ...]:
    """Return for each unit ``sizes[unit]`` neighbouring maps, the first by the unit's number."""
    return tuple(
        tuple(sorted((unit + step) % maps for step in range(size)))
        for unit, size in enumerate(sizes)
    )


def network(_: Printed) -> Network:
    """Build 4@28x28, 8@14x14 in pairs, 16@10x10, 16@5x5, 120 units and ten outputs."""
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
