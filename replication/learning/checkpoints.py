"""What a training leaves behind after each pass, to go on from after an interruption."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.artifacts import packed, write_bytes
from replication.errors import ReplicationError


@dataclass
class Progress:
    """A training after some whole passes: the parameters, and a row of history for each pass."""

    parameters: NDArray[np.float32]
    history: list[dict[str, float]]

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
    arrays = {"parameters": progress.parameters, "columns": np.array(columns, np.str_)}
    write_bytes(path, packed({**arrays, "history": rows}))


def read(path: Path, parameters: int) -> Progress | None:
    """Read a checkpoint with ``parameters`` parameters; None when there is none.

    Raises ReplicationError for a damaged one.
    """
    try:
        # np.load would leave a damaged file open if it opened it itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            columns = archive["columns"].tolist()
            history = [dict(zip(columns, row, strict=True)) for row in archive["history"].tolist()]
            progress = Progress(archive["parameters"], history)
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
