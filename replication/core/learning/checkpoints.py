"""What a training leaves behind after each pass, to go on from after an interruption."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.core.learning.identity import ENGINE, MARKS, mark_name
from replication.core.runs import COUNTS, HASHES, HISTORY_COLUMNS
from replication.errors import ReplicationError
from replication.files import pack_arrays, write_bytes
from replication.reading import Damage, name_damage

_STATE = "optimiser."
OURS = f"engine {ENGINE}"


@dataclass
class Progress:
    """A training after some whole passes."""

    parameters: NDArray[np.float32]  # those of the network
    history: list[dict[str, float]] = field(default_factory=list)  # a row for each pass
    # what the optimiser remembers, by name
    state: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    # `identity.sha256` of the weights, by the number of presentations before; among them those
    # after each pass
    hashes: dict[int, str] = field(default_factory=dict)
    # (n, classes) of the test patterns after the last pass; no part of a checkpoint
    penalties: NDArray[np.floating] = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def passes(self) -> int:
        """The number of passes that are done."""
        return len(self.history)

    def table(self) -> pd.DataFrame:
        """Return the history, counts as whole numbers, with the hash of the weights of each pass.

        Raises KeyError for a pass without a hash.
        """
        counts = ["pass", *COUNTS]
        table = pd.DataFrame(self.history).astype(dict.fromkeys(counts, "int64"))
        ends = table["training_presentations"].cumsum()
        return table.assign(**{HASHES: [self.hashes[number] for number in ends]})

    def marks(self) -> dict[str, str]:
        """Return the evidence of how the training began: a hash for each mark it has reached."""
        return {mark_name(mark): self.hashes[mark] for mark in MARKS if mark in self.hashes}


def write(path: Path, progress: Progress, maker: str = OURS) -> None:
    """Write a checkpoint, whole or not at all; ``maker`` trains with it, such as ``engine 1``."""
    columns = list(progress.history[0]) if progress.history else []
    rows = np.array([[row[name] for name in columns] for row in progress.history], np.float64)
    state = {_STATE + name: values for name, values in progress.state.items()}
    arrays = {
        "maker": np.array(maker),
        "parameters": progress.parameters,
        "columns": np.array(columns, np.str_),
        "history": rows,
        "presentations": np.array(list(progress.hashes), np.int64),
        "hashes": np.array(list(progress.hashes.values()), np.str_),
    }
    write_bytes(path, pack_arrays({**arrays, **state}))


def _is_finite(values: NDArray[Any]) -> bool:
    return values.dtype == np.float64 and bool(np.isfinite(values).all())


def read(path: Path, parameters: int, maker: str = OURS) -> Progress | None:
    """Read a checkpoint with ``parameters`` parameters by ``maker``; None when there is none.

    Raises ReplicationError for one that is damaged or by another maker.
    """
    try:
        # From memory: np.load forgets to close the file when it is no archive.
        with name_damage(), np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            columns = archive["columns"].tolist()
            history = [dict(zip(columns, row, strict=True)) for row in archive["history"].tolist()]
            names = [name for name in archive.files if name.startswith(_STATE)]
            state = {name.removeprefix(_STATE): archive[name] for name in names}
            numbers, hashes = archive["presentations"].tolist(), archive["hashes"].tolist()
            by = str(archive["maker"])
            progress = Progress(
                archive["parameters"], history, state, dict(zip(numbers, hashes, strict=True))
            )
            if history and not set(HISTORY_COLUMNS) <= set(columns):
                raise Damage("its history lacks a column")
            if not all(map(_is_finite, (archive["history"], *state.values()))):
                raise Damage("a number that is not finite")
            if history:
                progress.table()  # which needs the hash of every pass
    except FileNotFoundError:
        return None
    except Damage as error:
        raise _unusable(path, f"is damaged ({error})") from error
    if by != maker:
        raise _unusable(path, f"is by {by}, and this is {maker}, which would go on otherwise")
    if progress.parameters.shape != (parameters,) or progress.parameters.dtype != np.float32:
        size = progress.parameters.size
        raise _unusable(path, f"holds {size} parameters instead of {parameters}")
    return progress


def _unusable(path: Path, problem: str) -> ReplicationError:
    return ReplicationError(
        f"the checkpoint {path} {problem}: delete it, and that replicate is trained from its first "
        "pass"
    )
