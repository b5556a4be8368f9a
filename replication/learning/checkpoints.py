"""What a training leaves behind after each pass, to go on from after an interruption."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.errors import ReplicationError
from replication.files import packed, write_bytes

_STATE = "optimiser."


@dataclass
class Progress:
    """A training after some whole passes.

    Attributes:
        parameters: those of the network.
        history: a row for each pass.
        state: what the optimiser remembers, by name.
        penalties: (n, classes) of the test patterns after the last pass; no part of a checkpoint.
    """

    parameters: NDArray[np.float32]
    history: list[dict[str, float]]
    state: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    penalties: NDArray[np.floating] = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def passes(self) -> int:
        """How many passes are done."""
        return len(self.history)

    def table(self) -> pd.DataFrame:
        """The history with counts as whole numbers."""
        counts = ["pass", "training_presentations", "training_misses", "test_misses"]
        return pd.DataFrame(self.history).astype(dict.fromkeys(counts, "int64"))


def write(path: Path, progress: Progress) -> None:
    """Write a checkpoint, whole or not at all."""
    columns = list(progress.history[0]) if progress.history else []
    rows = np.array([[row[name] for name in columns] for row in progress.history], np.float64)
    state = {_STATE + name: values for name, values in progress.state.items()}
    arrays = {"parameters": progress.parameters, "columns": np.array(columns, np.str_)}
    write_bytes(path, packed({**arrays, "history": rows, **state}))


def read(path: Path, parameters: int) -> Progress | None:
    """Read a checkpoint with ``parameters`` parameters; None when there is none.

    Raises ReplicationError for a damaged one.
    """
    try:
        # np.load would leave a damaged file open if it opened it itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            columns = archive["columns"].tolist()
            history = [dict(zip(columns, row, strict=True)) for row in archive["history"].tolist()]
            names = [name for name in archive.files if name.startswith(_STATE)]
            state = {name.removeprefix(_STATE): archive[name] for name in names}
            progress = Progress(archive["parameters"], history, state)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ReplicationError(
            f"the checkpoint {path} is damaged ({error}): delete it, and that replicate is "
            "trained from its first pass"
        ) from error
    if progress.parameters.shape != (parameters,) or progress.parameters.dtype != np.float32:
        raise ReplicationError(
            f"the checkpoint {path} holds {progress.parameters.size} parameters instead of "
            f"{parameters}: delete it, and that replicate is trained from its first pass"
        )
    return progress
