"""K nearest neighbours under the readings that Section III-C.2, p. 12, leaves open.

The paper says that the training images of 20x20 pixels are kept, and k only for the deslanted ones.
What "20x20" means for the regular database, k, the vote and the number of prototypes are varied.
"""

from dataclasses import dataclass

import pandas as pd

from replication.comparison.figures.drawing import PUBLISHED, Source, Table, table
from replication.comparison.figures.inputs import Inputs, Part
from replication.comparison.paper import Paper
from replication.files import Table as File

SYSTEM, DESLANTED = "knn-euclidean", "deslanted"
ERRORS = File(
    "neighbours.csv",
    "python -m replication neighbours",
    ("database", "neighbours", "training_patterns", "vote", "test_error_percent"),
    words=("database", "vote"),
)
# Databases that have a name of their own in the study.
_IMAGES = {"sixteen": "16x16", "cropped": "cropped to 20x20", "box-centred": "box of ink, centred",
           "box-corner": "box of ink, in a corner"}  # fmt: skip


def find_closest(tried: pd.DataFrame, paper: Paper) -> pd.DataFrame:
    """Return for each row of Figure 9 (p. 12) the row of ``tried`` nearest to it.

    Deslanted images are compared with the deslanted row, all others with the regular one. Besides
    the columns of ``tried`` there are the figure's ``row`` and its error, ``published``, and the
    ``least`` and ``greatest`` error that was tried for it. Errors are percentages.
    """
    nearest = []
    rows = paper.systems[paper.systems["system"] == SYSTEM]
    for row, published in zip(rows["database"], rows["test_error_percent"], strict=True):
        deslanted = tried["database"] == DESLANTED
        fitting = tried[deslanted if row == DESLANTED else ~deslanted]
        if fitting.empty:
            continue
        errors = fitting["test_error_percent"]
        best = fitting.loc[(errors - published).abs().sort_values(kind="stable").index[0]]
        ends = {"least": errors.min(), "greatest": errors.max()}
        nearest.append({"row": row, "published": published, **best, **ends})
    return pd.DataFrame(nearest)


@dataclass(frozen=True)
class Neighbours:
    """The choice nearest to each printed error, and all that were tried."""

    nearest: Table
    every: Table
    sources: tuple[Source, ...]


def tabulate_neighbours(inputs: Inputs) -> Neighbours | None:
    """Return both tables; None without neighbours.csv."""
    tried = inputs.table(ERRORS)
    if tried is None:
        return None
    tried = tried.astype({"neighbours": str}).replace({"database": _IMAGES})
    nearest = find_closest(tried, inputs.paper)
    columns = ("Figure 9", "1998, %", "nearest, %", "images", "patterns", "k", "vote")
    keys = ["row", "published", "test_error_percent", "database", "training_patterns",
            "neighbours", "vote"]  # fmt: skip
    by_size = tried.pivot_table(
        index=["database", "neighbours", "vote"], columns="training_patterns",
        values="test_error_percent", sort=False,
    ).sort_index(axis=1)  # fmt: skip
    sizes = [f"{size} patterns, %" for size in by_size.columns]
    return Neighbours(
        table(columns, _list_rows(nearest[keys].astype({"neighbours": int}))),
        table(("images", "k", "vote", *sizes), _list_rows(by_size.reset_index())),
        (
            Source("../neighbours.csv", "test_error_percent by the other columns"),
            Source(PUBLISHED, f"test_error_percent where system = {SYSTEM}"),
        ),
    )


def _list_rows(content: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(content.itertuples(index=False, name=None))


PARTS = (Part("neighbours", tabulate_neighbours, "What K-NN's own choices change", ERRORS.made_by),)
