"""Compare a regenerated output with the committed one: by its bytes, then by its numbers.

Numerically equal means: the same text, the same whole numbers, and every other number within a
tolerance of the greatest magnitude in its array, column or entry. An answer may be another class
only where the two best scores are that close.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as tensors

from replication.core import runs
from replication.core.runs import Answers, Run, read_answers
from replication.errors import ReplicationError
from replication.files import read_json

Outcome = Literal["byte-equal", "numerically equal", "different", "missing"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)  # from the best
FAILURES: tuple[Outcome, ...] = ("different", "missing")
# The torch reference answers within 2e-6 of the kernels.
TOLERANCE = 1e-5
# Libraries of linear algebra (BLAS) differ by their kernels: K-NN's margins by 2e-5, a support
# vector machine's, which is solved to a tolerance of its own, by 1.6e-4.
BLAS_TOLERANCE = 5e-4
# The keys of a run's record that describe the machine, and the sums of files compared here.
_OF_THE_MACHINE = ("processor", "packages", "blas", runs.FILES)


class Check(NamedTuple):
    """The outcome for one output; ``detail`` gives within what, or what differs."""

    output: str
    outcome: Outcome
    detail: str = ""


def gap(committed: NDArray[Any], again: NDArray[Any]) -> tuple[float, str]:
    """Return the distance of two arrays as a share of the greatest magnitude, and in words.

    It is infinite or nan, and so within no tolerance, where only one of them is not finite.
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (committed, again))
    finite = np.isfinite(first)
    if not np.array_equal(first[~finite], second[~finite], equal_nan=True):
        return np.inf, "not even in what is finite"
    largest = float(np.abs(first[finite] - second[finite]).max(initial=0.0))
    relative = largest / (float(np.abs(first[finite]).max(initial=0.0)) or 1.0)
    return relative, f"within {largest:.2g} ({relative:.2g} of the greatest magnitude)"


def compare_answers(
    output: str, committed: Answers, again: Answers, tolerance: float = TOLERANCE
) -> Check:
    """Compare answers with regenerated answers to the same patterns."""
    if committed.classes.shape != again.classes.shape:
        sizes = f"{len(committed.classes)} answers where there are {len(again.classes)}"
        return Check(output, "different", sizes)
    changed = committed.classes != again.classes
    largest = float(committed.margins.max(initial=0.0))
    sure = np.maximum(committed.margins, again.margins) > tolerance * largest
    if wrong := int((changed & sure).sum()):
        return Check(output, "different", f"{wrong} of {changed.size} classes differ")
    same = f"{int(changed.sum())} ties decided otherwise" if changed.any() else "classes equal"
    relative, text = gap(committed.margins, again.margins)
    if not relative <= tolerance:
        return Check(output, "different", f"{same}, but margins only {text}")
    return Check(output, "numerically equal", f"{same}, margins {text}")


def compare_files(
    output: str,
    committed: Path,
    again: Path,
    without: Sequence[str] = (),
    tolerance: float = TOLERANCE,
) -> Check:
    """Compare a file with the regenerated one; ``output`` is the name that is printed.

    ``without`` names columns, tensors or groups of keys to leave out. A file that cannot be read is
    different; the detail is the reason that reading gives.
    """
    if not committed.exists():
        return Check(output, "missing", "made again, but not among the committed outputs")
    if not again.exists():
        return Check(output, "missing", "committed, but not made again")
    if committed.read_bytes() == again.read_bytes():
        return Check(output, "byte-equal")
    try:
        if committed.suffix == ".npz":
            return compare_answers(output, read_answers(committed), read_answers(again), tolerance)
        first, second = (_values(path, without) for path in (committed, again))
    except (ReplicationError, SafetensorError, ValueError) as error:
        return Check(output, "different", " ".join(str(error).split()))
    return _compare_values(output, first, second, tolerance)


def compare_runs(committed: Run, again: Run) -> Iterator[Check]:
    """Compare a replicate with the same replicate trained again, file by file, without clocks.

    Where its arithmetic goes through BLAS, the tolerance is wider and hashes of what it learned are
    left out as well: their last bits depend on the processor.
    """
    record = again.record if again.has(runs.RECORD) else {}
    blas = ", ".join(record.get("blas", ()))
    hashes = [f"evidence.{name}" for name in record.get("evidence", {}) if name.endswith("sha256")]
    without = (*_OF_THE_MACHINE, runs.HASHES, *hashes) if blas else _OF_THE_MACHINE
    tolerance = BLAS_TOLERANCE if blas else TOLERANCE
    for name in (runs.ANSWERS, runs.COST, runs.HISTORY, runs.RECORD, runs.WEIGHTS):
        if committed.has(name) or again.has(name):
            paths = committed.path(name), again.path(name)
            check = compare_files(str(paths[0]), *paths, without, tolerance)
            if blas and name == runs.ANSWERS and check.detail:
                check = check._replace(detail=f"{check.detail}; through BLAS, here {blas}")
            yield check


def compare_passes(committed: Run, again: Run) -> Check:
    """Compare the first passes of a committed history with all of the one made ``again``."""
    output, table = str(committed.path(runs.HISTORY)), again.history
    if not committed.has(runs.HISTORY):
        return Check(output, "missing")
    try:
        before = committed.history.head(len(table))
        evidence, made = committed.record["evidence"], again.record["evidence"]
    except ReplicationError as error:
        return Check(output, "different", str(error))
    if before.shape != table.shape:
        return Check(output, "different", f"{len(before)} passes, {len(table)} when trained again")
    differences = before.compare(table)
    if len(differences):
        first = differences.iloc[0].dropna().index.get_level_values(0).unique()
        number = before["pass"][differences.index[0]]
        return Check(output, "different", f"from pass {number} on: {', '.join(first[:5])}")
    edited = [k for k in made if k != "weights_sha256" and evidence.get(k) != made[k]]
    if edited:
        return Check(
            str(committed.path(runs.RECORD)), "different", f"evidence: {', '.join(edited)}"
        )
    return Check(output, "byte-equal", f"the first {len(table)} passes, hashes of weights included")


def _values(path: Path, without: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return a file's content as arrays by name; ValueError for a format without numbers."""
    if path.suffix == ".safetensors":
        values = tensors.load(path.read_bytes())
    elif path.suffix == ".csv":
        values = {str(name): column.to_numpy() for name, column in pd.read_csv(path).items()}
    elif path.suffix == ".json":
        values = _leaves(read_json(path, "git checkout results dvc.lock"))
    else:
        raise ValueError("other bytes")
    for group in without:
        values = {n: array for n, array in values.items() if not f"{n}.".startswith(f"{group}.")}
    return values


def _leaves(value: Any, place: str = "") -> dict[str, NDArray[Any]]:
    """Return every value of a JSON document by its place, as an array of one."""
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(parts, dict) or not parts:
        return {place: np.array([value if isinstance(value, int | float) else str(value)])}
    return {
        name: leaf
        for key, part in parts.items()
        for name, leaf in _leaves(part, f"{place}.{key}" if place else str(key)).items()
    }


def _compare_values(
    output: str,
    committed: Mapping[str, NDArray[Any]],
    again: Mapping[str, NDArray[Any]],
    tolerance: float,
) -> Check:
    if list(committed) != list(again):
        only = sorted(set(committed) ^ set(again))
        return Check(output, "different", f"not in both: {', '.join(only) or 'the same order'}")
    widest, differing = gap(np.zeros(1), np.zeros(1)), []
    for name, first in committed.items():
        second = again[name]
        if first.shape != second.shape:
            differing.append(f"{name} has the shape {first.shape}, not {second.shape}")
        elif first.dtype.kind == second.dtype.kind == "f":
            apart = gap(first, second)
            widest = max(widest, apart)
            if not apart[0] <= tolerance:
                differing.append(f"{name} {apart[1]}")
        # pandas takes two empty cells for equal, numpy does not.
        elif not pd.Series(first).equals(pd.Series(second)):
            differing.append(name)
    if differing:
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        return Check(output, "different", f"{'; '.join(differing[:3])}{more}")
    return Check(output, "numerically equal", widest[1])
