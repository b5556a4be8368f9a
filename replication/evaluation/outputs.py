"""Is an output that was made again the committed one: byte by byte, or in its numbers?

Numerically equal means: the same text, the same whole numbers, and every other number within
`TOLERANCE` of the greatest magnitude in its array, column or entry. An answer may go the other way
only where the two best scores are that close.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as tensors

from replication.errors import ReplicationError
from replication.files import read_json
from replication.runs import RECORD, Answers, read_answers

Outcome = Literal["byte-equal", "numerically equal", "different", "missing"]
TOLERANCE = 1e-5
FAILURES: tuple[Outcome, ...] = ("different", "missing")


class Check(NamedTuple):
    """What is said of one output; ``detail`` gives within what, or what differs."""

    output: str
    outcome: Outcome
    detail: str = ""


class Gap(NamedTuple):
    """How far numbers are apart: ``largest`` as they are, ``relative`` to their magnitude."""

    largest: float
    relative: float

    def close(self) -> bool:
        """Whether that counts as numerically equal; never with something not finite."""
        return self.relative <= TOLERANCE

    def text(self) -> str:
        """Within what."""
        return f"within {self.largest:.2g} ({self.relative:.2g} of the greatest magnitude)"


def gap(first: NDArray[Any], second: NDArray[Any]) -> Gap:
    """The gap between two arrays of one shape; infinite where one has a hole and the other not."""
    one, two = (np.asarray(values, dtype=np.float64) for values in (first, second))
    finite = np.isfinite(one)
    if not np.array_equal(finite, np.isfinite(two)):
        return Gap(np.inf, np.inf)
    if not finite.any():
        return Gap(0.0, 0.0)
    largest = float(np.abs(one[finite] - two[finite]).max())
    magnitude = float(np.abs(one[finite]).max())
    return Gap(largest, largest / magnitude if magnitude else largest)


def compare_answers(output: str, committed: Answers, again: Answers) -> Check:
    """Hold answers against those given again to the same patterns."""
    if committed.classes.shape != again.classes.shape:
        sizes = f"{len(committed.classes)} answers where there are {len(again.classes)}"
        return Check(output, "different", sizes)
    apart = gap(committed.margins, again.margins)
    changed = committed.classes != again.classes
    largest = float(committed.margins.max(initial=0.0))
    ties = np.maximum(committed.margins, again.margins) <= TOLERANCE * largest
    if (changed & ~ties).any():
        count = int((changed & ~ties).sum())
        return Check(output, "different", f"{count} of {changed.size} classes differ")
    same = f"{int(changed.sum())} ties decided otherwise" if changed.any() else "classes equal"
    if not apart.close():
        return Check(output, "different", f"{same}, but margins only {apart.text()}")
    return Check(output, "numerically equal", f"{same}, margins {apart.text()}")


def compare_files(output: str, committed: Path, again: Path) -> Check:
    """Hold the file ``committed`` against the same one made again; ``output`` is how it is shown.

    A file that cannot be read is different, for the reason that reading gives.
    """
    if not committed.exists():
        return Check(output, "missing", "made again, but not among the committed outputs")
    if not again.exists():
        return Check(output, "missing", "committed, but not made again")
    if committed.read_bytes() == again.read_bytes():
        return Check(output, "byte-equal")
    try:
        return _numerically(output, committed, again)
    except (ReplicationError, SafetensorError, ValueError) as error:
        return Check(output, "different", " ".join(str(error).split()))


def _numerically(output: str, committed: Path, again: Path) -> Check:
    if committed.suffix == ".npz":
        return compare_answers(output, read_answers(committed), read_answers(again))
    if committed.suffix == ".safetensors":
        return _arrays(output, tensors.load_file(committed), tensors.load_file(again))
    if committed.suffix == ".csv":
        return _arrays(output, _columns(committed), _columns(again))
    if committed.suffix == ".json":
        documents = [
            _leaves(read_json(path, "git checkout results")) for path in (committed, again)
        ]
        if committed.name == RECORD:
            # It names the processor, which changes no result.
            documents = [{k: v for k, v in one.items() if k != "processor"} for one in documents]
        return _arrays(output, *documents)
    return Check(output, "different", "other bytes")


def _columns(path: Path) -> dict[str, NDArray[Any]]:
    table = pd.read_csv(path)
    return {str(name): table[name].to_numpy() for name in table.columns}


def _leaves(document: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Every value of a JSON document by its place, as an array of one."""
    if isinstance(document, dict | list) and document:
        items = document.items() if isinstance(document, dict) else enumerate(document)
        return {
            place: leaf
            for key, value in items
            for place, leaf in _leaves(value, f"{prefix}.{key}" if prefix else str(key)).items()
        }
    return {prefix: np.array([document if isinstance(document, int | float) else str(document)])}


def _arrays(
    output: str, committed: Mapping[str, NDArray[Any]], again: Mapping[str, NDArray[Any]]
) -> Check:
    if list(committed) != list(again):
        odd = sorted(set(committed) ^ set(again))
        return Check(output, "different", f"not in both: {', '.join(odd) or 'the same order'}")
    worst, differing = Gap(0.0, 0.0), []
    for name, one in committed.items():
        two = again[name]
        if one.shape != two.shape:
            return Check(output, "different", f"{name} has the shape {one.shape}, not {two.shape}")
        if one.dtype.kind != "f" or two.dtype.kind != "f":
            # pandas takes two empty cells for equal, numpy does not.
            if not pd.Series(one).equals(pd.Series(two)):
                differing.append(name)
            continue
        apart = gap(one, two)
        worst = max(worst, apart, key=lambda each: each.relative)
        if not apart.close():
            differing.append(f"{name} {apart.text()}")
    if differing:
        shown = "; ".join(differing[:3])
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        return Check(output, "different", f"{shown}{more}")
    return Check(output, "numerically equal", worst.text())
