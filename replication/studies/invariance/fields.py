"""A network shown a field wider than its own: it becomes a row of outputs (Section II-B, p. 8).

All of LeNet-5 below the outputs is convolution and sub-sampling, so a wider field only makes wider
maps, and each output is what the network would say of the square of its own size below it. This is
the space displacement network that Section III-E calls well suited to shapes of unknown position.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from replication.core.mnist.databases import Levels
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Kind, Network
from replication.studies.invariance import FIELDS
from replication.studies.invariance.changes import Bytes


def step(network: Network) -> int:
    """How many pixels apart the squares of neighbouring outputs are: 4 for LeNet-5."""
    pixels = 1
    for layer in network.layers:
        if layer.kind is Kind.SUBSAMPLING:
            pixels *= layer.kernel
    return pixels


def outputs(
    reference: Reference, parameters: NDArray[np.float32], table: Levels, wide: Bytes
) -> NDArray[np.float32]:
    """Penalties (classes, positions) of the network on a field (field, width), from the left.

    The output at position k sees the columns from k times `step` on, as many as the network's
    field has. ``parameters`` are float32 (network.parameters,), ``table`` (256,) gives the input
    for each grey level. Raises ValueError when the field is of another height or narrower than the
    network's own.
    """
    side = reference.network.field
    if wide.shape[0] != side or wide.shape[1] < side:
        raise ValueError(f"a field of {wide.shape}; it must be {side} high and no narrower")
    with torch.no_grad():
        inputs = torch.from_numpy(table[wide][np.newaxis, np.newaxis])
        penalties = reference.penalties(torch.from_numpy(parameters), inputs)[0, :, 0]
    return np.asarray(penalties.numpy(), dtype=np.float32)


def rows(experiment: str, pictures: Mapping[int, NDArray[np.float32]], pixels: int) -> pd.DataFrame:
    """The outputs of numbered pictures as in `FIELDS`.

    ``experiment`` is the one whose network gave them; ``position`` is the first column of the
    field that an output sees, ``pixels`` apart.
    """
    cells = [
        (experiment, number, pixels * place, digit, float(penalty))
        for number, penalties in pictures.items()
        for place, column in enumerate(penalties.T)
        for digit, penalty in enumerate(column)
    ]
    return FIELDS.frame(cells)
