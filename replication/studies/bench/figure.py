"""results/bench.json on the page, one row per figure."""

from collections.abc import Mapping
from typing import Any

from replication.comparison.figures.drawing import Table
from replication.comparison.figures.inputs import Inputs, Part
from replication.comparison.verdicts.benchmark import BENCH


def tabulate_bench(inputs: Inputs) -> Table | None:
    """Return every figure, repeated ones with least and greatest; None before it is timed."""
    if inputs.bench is None:
        return None
    columns = ("figure", "median or value", "least", "greatest", "repeats")
    rows = tuple(_rows(inputs.bench.document(), ""))
    return Table(columns, rows, frozenset(range(1, len(columns))))


def _rows(content: Any, name: str) -> list[tuple[str, ...]]:
    if not isinstance(content, Mapping):
        return [(name, _format(content), "", "", "")]
    if content.keys() >= {"median", "min", "max"}:
        ends = (_format(content.get(key)) for key in ("median", "min", "max", "repeats"))
        return [(name, *ends)]
    nested = {f"{name}.{key}" if name else str(key): value for key, value in content.items()}
    return [row for key, value in nested.items() for row in _rows(value, key)]


def _format(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3e}"
    return "" if value is None else str(value)


PARTS = (Part("bench", tabulate_bench, "How fast each part is", BENCH.made_by),)
