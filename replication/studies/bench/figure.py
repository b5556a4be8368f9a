"""results/bench.json on the page, a row a figure."""

from collections.abc import Mapping
from typing import Any

from replication.comparison.figures.drawing import Table
from replication.comparison.figures.inputs import Inputs, Part
from replication.studies.bench import COMMAND


def bench(inputs: Inputs) -> Table | None:
    """Every figure; what was repeated with its least and greatest. None before it is timed."""
    if inputs.bench is None:
        return None
    columns = ("figure", "median or value", "least", "greatest", "repeats")
    return Table(
        columns, tuple(_figures(inputs.bench.document(), "")), frozenset(range(1, len(columns)))
    )


def _figures(content: Any, name: str) -> list[tuple[str, str, str, str, str]]:
    if isinstance(content, Mapping) and content.keys() >= {"median", "min", "max"}:
        median, least, most, count = (
            _scalar(content.get(key)) for key in ("median", "min", "max", "repeats")
        )
        return [(name, median, least, most, count)]
    if isinstance(content, Mapping):
        return [row for key, value in content.items()
                for row in _figures(value, f"{name}.{key}" if name else str(key))]  # fmt: skip
    return [(name, _scalar(content), "", "", "")]


def _scalar(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3e}"
    return "" if value is None else str(value)


PARTS = (Part("bench", bench, "How fast each part is", COMMAND),)
