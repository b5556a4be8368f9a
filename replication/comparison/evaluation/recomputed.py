"""Answers recomputed from committed weights by the torch reference, independently of the kernels.

Float32, in batches; the settings are those of the replicate's record.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from replication.comparison.paper import Paper
from replication.core.mnist import databases
from replication.core.networks import catalogue
from replication.core.networks.reference import Reference
from replication.core.settings import Rules, Settings
from replication.errors import ReplicationError

BATCH = 500


class RecordedNetwork:
    """A network as its record describes it, ready for weights and images."""

    def __init__(self, recorded: Mapping[str, Any], paper: Paper, source: Path) -> None:
        """Read a record's settings; raise ReplicationError naming ``source`` if incomplete."""
        try:
            self.system, self.database = str(recorded["system"]), str(recorded["database"])
            self.network = catalogue.network(str(recorded["network"]), self.database, paper)
            self.table = databases.grey_levels(recorded["background"], recorded["foreground"])
            self.rules = Rules.stated(recorded)
            self.reference = Reference(self.network, self.rules)
        except (KeyError, TypeError, ValidationError) as error:
            raise ReplicationError(
                f"{source} does not say how its network was trained ({type(error).__name__}: "
                f"{' '.join(str(error).split())}): restore it from the repository"
            ) from error

    def penalties(
        self, weights: NDArray[np.float32], images: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Return (patterns, classes), the least is the answer, for uint8 (patterns, height, width).

        ``weights`` is float32 (network.parameters,).
        """
        parameters = torch.from_numpy(weights)
        parts = []
        with torch.no_grad():
            for start in range(0, len(images), BATCH):
                patterns = databases.make_inputs(
                    images[start : start + BATCH], self.network.field, self.table
                )
                inputs = torch.from_numpy(patterns[:, np.newaxis])
                parts.append(self.reference.penalties(parameters, inputs)[:, :, 0, 0].numpy())
        return np.concatenate(parts)


def base_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings of the base recipe as a record has them, for weights without a record."""
    return {**settings.base.in_force(), **settings.base.inputs.model_dump()}
