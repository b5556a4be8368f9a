"""Every file that crosses a stage border: read and written in one place, always whole.

A file is written to a temporary name in the same folder and renamed, so that an interrupted run or
a full disk never leaves half a file under the final name.
"""

from __future__ import annotations

import io
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as tensors

from replication.errors import ReplicationError

TRAIN = "python -m replication train"
EVALUATE = "python -m replication evaluate"
CLASSES = 10
HISTORY_COLUMNS = (
    "pass",
    "learning_rate",
    "training_presentations",
    "training_misses",
    "test_misses",
    "mean_criterion",
)
RECORD_KEYS = frozenset(
    {
        "experiment",
        "replicate",
        "key",
        "settings",
        "streams",
        "data",
        "presentations",
        "parameters",
        "packages",
    }
)
COST_KEYS = frozenset({"operations_thousands", "memory_thousands"})
# One time stamp for every archive member, the earliest that zip knows: equal content, equal bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Answers:
    """What a finished replicate leaves behind for each test pattern.

    Attributes:
        classes: uint8 (n,), the class given, 0 to 9.
        margins: float32 (n,), the difference between the two best scores: not negative, larger is
            surer; comparable only within one network.

    Raises ValueError when shapes, types or ranges are others.
    """

    classes: NDArray[np.uint8]
    margins: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse what no classifier can have answered."""
        if self.classes.dtype != np.uint8 or self.margins.dtype != np.float32:
            raise ValueError("classes must be uint8 and margins float32")
        if self.classes.ndim != 1 or self.classes.shape != self.margins.shape:
            raise ValueError(f"{self.classes.shape} classes with {self.margins.shape} margins")
        if self.classes.size and int(self.classes.max()) >= CLASSES:
            raise ValueError(f"a class of {int(self.classes.max())}; classes are 0 to 9")
        if not (np.isfinite(self.margins) & (self.margins >= 0)).all():
            raise ValueError("a margin that is negative or not finite")


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically, creating its folder.

    Raises ReplicationError when the disk is full or the folder cannot be written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp's private mode would otherwise end up on files meant for everyone.
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise ReplicationError(
            f"{path} could not be written ({error.strerror}); nothing was left half-written: "
            "free some space or mend the folder's permissions, then run the command again"
        ) from error


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text with LF line ends atomically."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys and an indent of two: equal content is equal bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path, made_by: str) -> Any:
    """Read a JSON file; ``made_by`` is the command that makes it, named when it is missing.

    Raises ReplicationError for a missing or malformed file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: run `{made_by}` first") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ReplicationError(
            f"{path} is not valid JSON ({error}): delete it and run `{made_by}`"
        ) from error


def _damaged(path: Path, problem: object, made_by: str) -> ReplicationError:
    return ReplicationError(f"{path} is damaged ({problem}): delete it and run `{made_by}`")


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An ``.npz`` archive of ``arrays``, uncompressed; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue())
    return buffer.getvalue()


def write_answers(path: Path, answers: Answers) -> None:
    """Write ``answers.npz``; equal answers give equal bytes."""
    write_bytes(path, packed({"classes": answers.classes, "margins": answers.margins}))


def read_answers(path: Path, made_by: str = TRAIN) -> Answers:
    """Read ``answers.npz``.

    Raises ReplicationError when it is missing, or damaged: other arrays, shapes, types or ranges.
    """
    try:
        # From memory: np.load forgets to close the file when it is no archive.
        content = io.BytesIO(path.read_bytes())
        with np.load(content, allow_pickle=False) as archive:
            if set(archive.files) != {"classes", "margins"}:
                raise ValueError(f"it holds {', '.join(archive.files) or 'nothing'}")
            return Answers(archive["classes"], archive["margins"])
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: run `{made_by}` first") from error
    except (ValueError, KeyError, EOFError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise _damaged(path, error, made_by) from error


def read_weights(path: Path, parameters: int, made_by: str = TRAIN) -> NDArray[np.float32]:
    """Read the one tensor ``parameters`` of ``weights.safetensors``, float32 (parameters,).

    Raises ReplicationError when it is missing or damaged: no such tensor, others beside it, another
    shape or type, or a value that is not finite.
    """
    try:
        found = tensors.load(path.read_bytes())
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: run `{made_by}` first") from error
    except (SafetensorError, KeyError, OSError) as error:
        raise _damaged(path, error, made_by) from error
    if set(found) != {"parameters"}:
        problem = f"it holds {', '.join(sorted(found)) or 'nothing'} instead of parameters"
        raise _damaged(path, problem, made_by)
    values = found["parameters"]
    if values.dtype != np.float32:
        raise _damaged(path, f"its parameters are {values.dtype}, not float32", made_by)
    if values.shape != (parameters,):
        problem = f"its parameters have the shape {values.shape} instead of ({parameters},)"
        raise _damaged(path, problem, made_by)
    if not np.isfinite(values).all():
        raise _damaged(path, "a parameter that is not finite", made_by)
    return values


def read_cost(path: Path, made_by: str = TRAIN) -> dict[str, float]:
    """Read ``cost.json``: thousands of multiply-adds and of variables that one answer takes.

    Raises ReplicationError when it is missing or damaged.
    """
    cost = read_json(path, made_by)
    if not isinstance(cost, dict) or set(cost) != COST_KEYS:
        raise _damaged(path, f"it holds other keys than {', '.join(sorted(COST_KEYS))}", made_by)
    if not all(isinstance(value, int | float) and value > 0 for value in cost.values()):
        raise _damaged(path, "a cost that is not a positive number", made_by)
    return cost


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV table: UTF-8, LF, six significant digits, empty for a missing number."""
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
    write_text(path, text)


def read_table(path: Path, columns: tuple[str, ...], made_by: str) -> pd.DataFrame:
    """Read a CSV table that has at least ``columns``; ``made_by`` is the command that makes it.

    Raises ReplicationError when it is missing, no table, empty or lacks a column.
    """
    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: run `{made_by}` first") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise _damaged(path, error, made_by) from error
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise _damaged(path, f"no column {', '.join(absent)}", made_by)
    if table.empty:
        raise _damaged(path, "no rows", made_by)
    return table


def _history_problem(history: pd.DataFrame) -> str | None:
    """What makes a history impossible, or None."""
    absent = [name for name in HISTORY_COLUMNS if name not in history.columns]
    if absent:
        return f"no column {', '.join(absent)}"
    if not all(pd.api.types.is_numeric_dtype(dtype) for dtype in history.dtypes):
        return "a cell that is not a number"
    if not np.isfinite(history.to_numpy(dtype=np.float64)).all():
        return "a cell that is empty or not finite"
    if history["pass"].tolist() != list(range(1, len(history) + 1)) or history.empty:
        return "the passes are not 1, 2, 3 ..."
    for name in ("training_presentations", "training_misses", "test_misses"):
        if not pd.api.types.is_integer_dtype(history[name].dtype):
            return f"{name} are not whole numbers"
    if not history["training_misses"].between(0, history["training_presentations"]).all():
        return "more training misses than presentations, or fewer than none"
    if (history["test_misses"] < 0).any() or (history["learning_rate"] <= 0).any():
        return "a negative number of test misses or a learning rate that is not positive"
    return None


def write_history(path: Path, history: pd.DataFrame) -> None:
    """Write ``history.csv``, one row a pass; ValueError for a history that cannot be."""
    problem = _history_problem(history)
    if problem is not None:
        raise ValueError(problem)
    write_table(path, history)


def read_history(path: Path, made_by: str = TRAIN) -> pd.DataFrame:
    """Read ``history.csv``: `HISTORY_COLUMNS`, then ``step_<layer>_min`` and ``_max`` by layer.

    ``pass`` counts 1, 2, 3 ...; misses are counts, ``test_misses`` after the pass and
    ``training_misses`` during it, of ``training_presentations``. Raises ReplicationError for a
    missing or damaged file.
    """
    history = read_table(path, HISTORY_COLUMNS, made_by)
    problem = _history_problem(history)
    if problem is not None:
        raise _damaged(path, problem, made_by)
    return history


def read_record(path: Path, made_by: str = TRAIN) -> dict[str, Any]:
    """Read ``record.json``: what was in force in a run; raises ReplicationError if incomplete."""
    record = read_json(path, made_by)
    if not isinstance(record, dict) or not record.keys() >= RECORD_KEYS:
        absent = sorted(RECORD_KEYS - set(record if isinstance(record, dict) else ()))
        raise _damaged(path, f"no {', '.join(absent)}", made_by)
    return record


def _metrics_problem(name: str, entry: Any) -> str | None:
    """What makes one experiment's entry of the metrics impossible, or None."""
    if not isinstance(entry, dict):
        return f"{name} is no table"
    count = entry.get("replicates")
    if not isinstance(count, int) or count < 1:
        return f"{name} has no replicates"
    trained = any(key.startswith("training_") for key in entry)
    for key in ("test_misses", "training_misses") if trained else ("test_misses",):
        values = entry.get(key)
        if not isinstance(values, list) or len(values) != count:
            return f"{name}.{key} does not hold {count} counts"
        if not all(isinstance(value, int) and value >= 0 for value in values):
            return f"{name}.{key} are not counts"
    percentages = ["test_error_percent", "rejection_percent"]
    for key in [*percentages, "training_error_percent"] if trained else percentages:
        values = entry[key].get("values") if isinstance(entry.get(key), dict) else None
        if not isinstance(values, list) or len(values) != count:
            return f"{name}.{key} does not hold {count} values"
        if not all(isinstance(value, (int, float)) for value in values):
            return f"{name}.{key} are not numbers"
        if not all(math.isfinite(value) and 0 <= value <= 100 for value in values):
            return f"{name}.{key} are not percentages"
    return None


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json``; ValueError for an entry that cannot be."""
    for name, entry in metrics.items():
        problem = _metrics_problem(name, entry)
        if problem is not None:
            raise ValueError(problem)
    write_json(path, dict(metrics))


def read_metrics(path: Path, made_by: str = EVALUATE) -> dict[str, Any]:
    """Read ``metrics.json``, by experiment; raises ReplicationError if missing or damaged."""
    metrics = read_json(path, made_by)
    if not isinstance(metrics, dict):
        raise _damaged(path, "no table of experiments", made_by)
    for name, entry in metrics.items():
        problem = _metrics_problem(name, entry)
        if problem is not None:
            raise _damaged(path, problem, made_by)
    return metrics
