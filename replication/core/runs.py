"""What a replicate leaves behind: the folder ``results/runs/<experiment>/<replicate>/``.

The one place that knows the names and the formats of the files in it. Whatever reads one raises
ReplicationError when it is missing or damaged: other keys, columns, shapes, types or ranges.
"""

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError
from safetensors import numpy as tensors

from replication import files
from replication.errors import ReplicationError
from replication.files import damaged, json_bytes, name_problem, pack_arrays, read_json
from replication.reading import parse_json, quote

TRAIN = "python -m replication train"
ANSWERS, HISTORY, WEIGHTS = "answers.npz", "history.csv", "weights.safetensors"
COST, RECORD, TIMING = "cost.json", "record.json", "timing.json"
SEALED = (ANSWERS, COST, HISTORY, WEIGHTS)  # by the record, which has their sums
CLASSES = 10
COUNTS = ("training_presentations", "training_misses", "test_misses")
HISTORY_COLUMNS = ("pass", "learning_rate", *COUNTS, "mean_criterion")
# In history.csv, the SHA-256 of the weights after each pass: float32, little-endian, in the order
# of the table of layers (`replication.core.learning.identity.sha256`).
HASHES = "weights_sha256"
RECORD_KEYS: dict[str, type] = {  # each with the type of its value
    **dict.fromkeys(("experiment", "key"), str),
    **dict.fromkeys(("replicate", "presentations", "parameters"), int),
    **dict.fromkeys(("settings", "streams", "versions", "data", "packages"), dict),
}
_MORE_KEYS = {"evidence": dict, "files": dict, "processor": str, "blas": list}
# In the record, the SHA-256 of each other file of the run; of timing.json there is none.
FILES = "files"
_SHA256 = "[0-9a-f]{64}"
COST_KEYS = frozenset({"operations_thousands", "memory_thousands"})


@dataclass(frozen=True)
class Answers:
    """The answers of a finished replicate to the test patterns; ValueError for others."""

    classes: NDArray[np.uint8]  # uint8 (n,), the class given, 0 to 9
    # float32 (n,), the difference between the two best scores: not negative, larger is surer;
    # comparable only within one network
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


def answers_bytes(answers: Answers) -> bytes:
    """Return ``answers.npz``; equal answers give equal bytes."""
    return pack_arrays({"classes": answers.classes, "margins": answers.margins})


def read_answers(path: Path, made_by: str = TRAIN) -> Answers:
    """Read ``answers.npz``."""
    with name_problem(path, made_by):
        # From memory: np.load forgets to close the file when it is no archive.
        archive = dict(np.load(io.BytesIO(path.read_bytes()), allow_pickle=False))
        if set(archive) != {"classes", "margins"}:
            raise ValueError(f"it holds {', '.join(archive) or 'nothing'}")
        return Answers(**archive)


def read_weights(path: Path, parameters: int, made_by: str = TRAIN) -> NDArray[np.float32]:
    """Read the tensor ``parameters`` of ``weights.safetensors``: finite float32 (parameters,)."""
    with name_problem(path, made_by):
        stored = tensors.load(path.read_bytes())
    held = ", ".join(f"{name} {tensor.dtype} {tensor.shape}" for name, tensor in stored.items())
    expected = f"parameters float32 ({parameters},)"
    if held != expected:
        raise damaged(path, f"it holds {held or 'nothing'} instead of {expected}", made_by)
    values = stored["parameters"]
    if not np.isfinite(values).all():
        raise damaged(path, "a parameter that is not finite", made_by)
    return values


def weights_bytes(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return ``weights.safetensors`` with the tensors ``weights``; nothing for none.

    The arrays may lie in memory in any order: of one that is not contiguous safetensors 0.8.0
    itself would write other values.
    """
    whole = {name: np.ascontiguousarray(values) for name, values in weights.items()}
    return tensors.save(whole) if whole else b""


def read_cost(path: Path, made_by: str = TRAIN) -> dict[str, float]:
    """Read ``cost.json``: thousands of multiply-adds and of variables that one answer takes."""
    cost = read_json(path, made_by)
    if not isinstance(cost, dict) or set(cost) != COST_KEYS:
        raise damaged(path, f"it holds other keys than {', '.join(sorted(COST_KEYS))}", made_by)
    if not all(isinstance(value, int | float) and value > 0 for value in cost.values()):
        raise damaged(path, "a cost that is not a positive number", made_by)
    return cost


def _history_problem(history: pd.DataFrame) -> str | None:
    """Return what makes a history impossible, or None."""
    absent = [name for name in (*HISTORY_COLUMNS, HASHES) if name not in history.columns]
    if absent:
        return f"no column {', '.join(absent)}"
    numbers = history.drop(columns=HASHES)
    if not all(pd.api.types.is_numeric_dtype(dtype) for dtype in numbers.dtypes):
        return "a cell that is not a number"
    presentations, training, test = (history[name] for name in COUNTS)
    conditions = {
        "a cell that is empty or not finite": np.isfinite(numbers.to_numpy(np.float64)).all(),
        "the passes are not 1, 2, 3 ...": [*history["pass"]] == [*range(1, len(history) + 1)],
        "no passes": len(history),
        **{f"{name} are not whole numbers": history[name].dtype.kind in "iu" for name in COUNTS},
        "more training misses than presentations, or fewer than none": (
            training.between(0, presentations).all()
        ),
        f"a cell of {HASHES} that is no SHA-256": (
            history[HASHES].astype(str).str.fullmatch(_SHA256).all()
        ),
        "a negative number of test misses": (test >= 0).all(),
        "a learning rate that is not positive": (history["learning_rate"] > 0).all(),
    }
    return next((problem for problem, holds in conditions.items() if not holds), None)


def history_bytes(history: pd.DataFrame) -> bytes:
    """Return ``history.csv``, a row for each pass; ValueError for a history that cannot be."""
    problem = _history_problem(history)
    if problem is not None:
        raise ValueError(problem)
    return files.table_bytes(history)


def read_history(path: Path, made_by: str = TRAIN) -> pd.DataFrame:
    """Read ``history.csv``: `HISTORY_COLUMNS`, then ``step_<layer>_min`` and ``_max`` by layer.

    The last column is `HASHES`. ``pass`` counts 1, 2, 3 ...; misses are
    counts, ``test_misses`` after the pass and ``training_misses`` during it, of
    ``training_presentations``.
    """
    history = files.read_table(path, HISTORY_COLUMNS, made_by)
    problem = _history_problem(history)
    if problem is not None:
        raise damaged(path, problem, made_by)
    return history


def read_record(path: Path, made_by: str = TRAIN) -> dict[str, Any]:
    """Read ``record.json``: what was in force in a run."""
    record = read_json(path, made_by)
    if not isinstance(record, dict) or not record.keys() >= RECORD_KEYS.keys():
        absent = sorted(RECORD_KEYS.keys() - set(record if isinstance(record, dict) else ()))
        raise damaged(path, f"no {', '.join(absent)}", made_by)
    for name, kind in (RECORD_KEYS | _MORE_KEYS).items():
        if name in record and type(record[name]) is not kind:
            raise damaged(path, f"{name} is {quote(record[name])}", made_by)
    for name, total in record.get(FILES, {}).items():
        if not isinstance(total, str) or not re.fullmatch(_SHA256, total):
            raise damaged(path, f"the sum of {name} is {quote(total)}", made_by)
    return record


_Seconds = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    seconds: _Seconds


class _Timing(BaseModel):
    """The parts of timing.json that are read: no seal is on it."""

    seconds: _Seconds = 0.0
    shared: list[_Part] = []
    host: dict[str, str] = {}


@dataclass(frozen=True)
class Run:
    """The folder of one replicate; every part is read and checked once, when it is first used."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return where a file of the run lies; ``name`` is a constant here, such as `ANSWERS`."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Return whether a file of the run is there."""
        return self.path(name).exists()

    @property
    def made_by(self) -> str:
        """The command that makes the run, again where it is not whole."""
        return f"{TRAIN} {self.folder.parent.name}"

    @cached_property
    def answers(self) -> Answers:
        """The answers to the test patterns."""
        return read_answers(self._sound(ANSWERS), self.made_by)

    @cached_property
    def history(self) -> pd.DataFrame:
        """A row for each pass; only a system that is trained in passes has a history."""
        return read_history(self._sound(HISTORY), self.made_by)

    @cached_property
    def cost(self) -> dict[str, float]:
        """The multiply-adds and variables of an answer, in thousands."""
        return read_cost(self._sound(COST), self.made_by)

    @cached_property
    def record(self) -> dict[str, Any]:
        """The settings, data and code in force when the replicate was trained."""
        return read_record(self.path(RECORD), self.made_by)

    @cached_property
    def timing(self) -> dict[str, Any]:
        """The time and the machine that training took; no result depends on them."""
        path = self.path(TIMING)
        content: dict[str, Any] = read_json(path, self.made_by)
        try:
            _Timing.model_validate(content)
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"])) or "all of it"
            raise damaged(path, f"{place} is not what it should be", self.made_by) from error
        return content

    @property
    def seconds(self) -> float:
        """The seconds of the training where the run was made; 0 where no clock says it."""
        return float(self.timing.get("seconds", 0.0)) if self.has(TIMING) else 0.0

    @property
    def seconds_alone(self) -> float:
        """The seconds alone: with the parts that other replicates had done."""
        parts = self.timing.get("shared", []) if self.has(TIMING) else []
        return self.seconds + sum(float(part["seconds"]) for part in parts)

    def weights(self, parameters: int) -> NDArray[np.float32]:
        """Read the weights of the run of a single network that has this number of parameters."""
        return read_weights(self._sound(WEIGHTS), parameters, self.made_by)

    def write(
        self,
        answers: Answers, history: pd.DataFrame, weights: bytes, cost: Mapping[str, float],
        timing: Mapping[str, Any], record: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Write all of it; an empty history or no ``weights`` (safetensors) leave no file.

        The record gets the sums of the other files.
        """
        parts = {ANSWERS: answers_bytes(answers), COST: json_bytes(dict(cost))}
        if weights:
            parts[WEIGHTS] = weights
        if not history.empty:
            parts[HISTORY] = history_bytes(history)
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
        parts[RECORD] = json_bytes({**record, FILES: sums})
        parts[TIMING] = json_bytes(dict(timing))
        self.take(parts)

    def files(self) -> dict[str, bytes]:
        """Read every file of the run by name, for another machine to `take`."""
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}

    def take(self, parts: Mapping[str, bytes]) -> None:
        """Become the run with the files ``parts``, whole; the same one that is there stays."""
        key = parse_json(parts[RECORD])["key"]

        def is_there() -> bool:
            run = Run(self.folder)
            return run.is_whole() and bool(run.record["key"] == key)

        files.write_folder(self.folder, parts, is_there)

    def is_whole(self) -> bool:
        """Return whether the record has the sum of every file of the run, and they have those."""
        try:
            there = {name for name in SEALED if self.has(name)}
            return there | {ANSWERS, COST} <= set(self._sums) and all(
                self._has_its_sum(name) for name in self._sums
            )
        except ReplicationError:
            return False

    @cached_property
    def _sums(self) -> dict[str, str]:
        """SHA-256 by file, as the record has them; none without a record."""
        sums: dict[str, str] = self.record.get(FILES, {}) if self.has(RECORD) else {}
        return sums

    def _has_its_sum(self, name: str) -> bool:
        try:
            content = self.path(name).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == self._sums.get(name)

    def _sound(self, name: str) -> Path:
        """Return where a file lies; ReplicationError if it is not what the record sums."""
        path = self.path(name)
        if self.has(RECORD) and path.exists() and not self._has_its_sum(name):
            raise damaged(path, f"its sum is not the one in {RECORD} beside it", self.made_by)
        return path


def experiment_runs(runs: Path, experiment: str, replicates: int) -> list[Run]:
    """Return the runs of the replicates 0, 1, 2 ..., whether or not they are there."""
    return [Run(runs / experiment / str(number)) for number in range(replicates)]
