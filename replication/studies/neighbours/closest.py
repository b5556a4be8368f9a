"""The choice of K-NN that comes nearest to each published error (Figure 9, p. 12)."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from replication.paper import Paper
from replication.studies.neighbours import DESLANTED, SYSTEM


class Closest(NamedTuple):
    """A row of Figure 9 and the row of the study nearest to it; errors in percent.

    least, greatest: the errors of all that was tried for this row of the figure.
    """

    database: str
    published: float
    error: float
    images: str
    patterns: int
    neighbours: int
    vote: str
    least: float
    greatest: float


def closest(tried: pd.DataFrame, paper: Paper) -> list[Closest]:
    """Deslanted images are held against the deslanted row, all others against the regular one."""
    nearest = []
    rows = paper.systems[paper.systems["system"] == SYSTEM]
    for database, past in zip(rows["database"], rows["test_error_percent"], strict=True):
        deslanted = tried["database"] == DESLANTED
        fitting = tried[deslanted if database == DESLANTED else ~deslanted]
        if fitting.empty:
            continue
        errors = fitting["test_error_percent"]
        best = fitting.loc[(errors - past).abs().sort_values(kind="stable").index[0]]
        nearest.append(
            Closest(
                str(database),
                float(past),
                float(best["test_error_percent"]),
                str(best["database"]),
                int(best["training_patterns"]),
                int(best["neighbours"]),
                str(best["vote"]),
                float(errors.min()),
                float(errors.max()),
            )
        )
    return nearest
