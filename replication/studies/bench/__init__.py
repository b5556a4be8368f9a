"""How fast training is, compared with what, and how far from the peak of the machine.

Everything that is compared is timed in turns on one core, so that what slows the machine for a
while slows all of it; a ratio is formed within each turn. Times are CPU seconds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replication.comparison.figures.drawing import Table
from replication.comparison.figures.inputs import Inputs, Part
from replication.comparison.verdicts.benchmark import BENCH

NETWORKS = ("lenet5", "lenet4", "lenet1", "perceptron-300", "perceptron-1000",
            "perceptron-300-100", "perceptron-500-150")  # fmt: skip
# LeNet-5 with distortions: the drawing of a pattern and its training.
DISTORTED = "distorted"
Series = NDArray[np.float64]  # one value per turn


def round_to_6(value: float) -> float:
    """Return ``value`` with six significant digits."""
    return float(f"{value:.6g}")


def summarise(values: Series) -> dict[str, float]:
    """Return median, least and greatest of the repeats, and their number."""
    ends = {"median": np.median(values), "min": np.min(values), "max": np.max(values)}
    return {name: round_to_6(float(end)) for name, end in ends.items()} | {"repeats": len(values)}


def tabulate_bench(inputs: Inputs) -> Table | None:
    """Return every figure, repeated ones with least and greatest; None before it is timed."""
    if inputs.bench is None:
        return None
    columns = ("figure", "median or value", "least", "greatest", "repeats")
    rows = tuple(_list_rows(inputs.bench.document(), ""))
    return Table(columns, rows, frozenset(range(1, len(columns))))


def _list_rows(content: Any, name: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(content, Mapping):
        yield name, _format(content), "", "", ""
    elif content.keys() >= {"median", "min", "max"}:
        yield name, *(_format(content.get(key)) for key in ("median", "min", "max", "repeats"))
    else:
        for key, value in content.items():
            yield from _list_rows(value, f"{name}.{key}" if name else str(key))


def _format(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3e}"
    return "" if value is None else str(value)


PARTS = (Part("bench", tabulate_bench, "How fast each part is", BENCH.made_by),)
