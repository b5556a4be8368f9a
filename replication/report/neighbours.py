"""What the choices that the paper leaves open change in K-NN's error (Figure 9, p. 12)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from replication.report.drawing import Source, Table, table
from replication.report.inputs import Inputs, records
from replication.report.systems import PUBLISHED

_SYSTEM, _DESLANTED = "knn-euclidean", "deslanted"


@dataclass(frozen=True)
class Neighbours:
    """For each printed error the choice that comes nearest to it, then all that were tried."""

    nearest: Table
    every: Table
    sources: tuple[Source, ...]


def neighbours(inputs: Inputs) -> Neighbours | None:
    """None without neighbours.csv."""
    if inputs.neighbours is None:
        return None
    return Neighbours(
        _nearest(inputs, inputs.neighbours),
        _every(inputs.neighbours),
        (
            Source("../neighbours.csv", "test_error_percent by the other columns"),
            Source(PUBLISHED, f"test_error_percent where system = {_SYSTEM}"),
        ),
    )


def _nearest(inputs: Inputs, tried: pd.DataFrame) -> Table:
    """Deslanted images are held against the deslanted row, all others against the regular one."""
    columns = ("Figure 9", "1998, %", "nearest, %", "images", "patterns", "k", "vote")
    rows = []
    for printed in records(inputs.paper.systems[inputs.paper.systems["system"] == _SYSTEM]):
        deslanted = tried["database"] == _DESLANTED
        own = tried[deslanted if printed["database"] == _DESLANTED else ~deslanted]
        past, errors = float(printed["test_error_percent"]), own["test_error_percent"]
        for best in records(own.loc[(errors - past).abs().sort_values(kind="stable").index[:1]]):
            rows.append(
                (printed["database"], past, float(best["test_error_percent"]), best["database"],
                 best["training_patterns"], best["neighbours"], best["vote"])
            )  # fmt: skip
    return table(columns, rows)


def _every(tried: pd.DataFrame) -> Table:
    """A row for images, k and vote; a column for each number of training patterns."""
    sizes = sorted(int(size) for size in tried["training_patterns"].unique())
    rows = []
    for names, own in tried.groupby(["database", "neighbours", "vote"], sort=False):
        by_size = dict(zip(own["training_patterns"], own["test_error_percent"], strict=True))
        cells = (None if size not in by_size else float(by_size[size]) for size in sizes)
        rows.append((*(str(name) for name in names), *cells))
    return table(("images", "k", "vote", *(f"{size} patterns, %" for size in sizes)), rows)
