"""What the choices that the paper leaves open change in K-NN's error (Figure 9, p. 12)."""

from dataclasses import dataclass

import pandas as pd

from replication.comparison.figures.drawing import PUBLISHED, Source, Table, table
from replication.comparison.figures.inputs import Inputs, Part, records
from replication.studies.neighbours import COMMAND, ERRORS, SYSTEM
from replication.studies.neighbours.closest import closest

# Databases that have a name of their own in the study.
_IMAGES = {"sixteen": "16x16", "cropped": "cropped to 20x20", "box-centred": "box of ink, centred",
           "box-corner": "box of ink, in a corner"}  # fmt: skip


@dataclass(frozen=True)
class Neighbours:
    """For each printed error the choice that comes nearest to it, then all that were tried."""

    nearest: Table
    every: Table
    sources: tuple[Source, ...]


def neighbours(inputs: Inputs) -> Neighbours | None:
    """None without neighbours.csv."""
    tried = inputs.table(ERRORS)
    if tried is None:
        return None
    return Neighbours(
        _nearest(inputs, tried),
        _every(tried),
        (
            Source("../neighbours.csv", "test_error_percent by the other columns"),
            Source(PUBLISHED, f"test_error_percent where system = {SYSTEM}"),
        ),
    )


def _nearest(inputs: Inputs, tried: pd.DataFrame) -> Table:
    columns = ("Figure 9", "1998, %", "nearest, %", "images", "patterns", "k", "vote")
    keys = ["row", "published", "test_error_percent", "database", "training_patterns",
            "neighbours", "vote"]  # fmt: skip
    nearest = [row | {"database": _images(row["database"])}
               for row in records(closest(tried, inputs.paper))]  # fmt: skip
    return table(columns, [tuple(row[key] for key in keys) for row in nearest])


def _images(database: object) -> str:
    return _IMAGES.get(str(database), str(database))


def _every(tried: pd.DataFrame) -> Table:
    """A row for images, k and vote; a column for each number of training patterns."""
    sizes = sorted(int(size) for size in tried["training_patterns"].unique())
    rows = []
    for (images, *names), alike in tried.groupby(["database", "neighbours", "vote"], sort=False):
        by_size = dict(zip(alike["training_patterns"], alike["test_error_percent"], strict=True))
        cells = (None if size not in by_size else float(by_size[size]) for size in sizes)
        rows.append((_images(images), *(str(name) for name in names), *cells))
    return table(("images", "k", "vote", *(f"{size} patterns, %" for size in sizes)), rows)


PARTS = (Part("neighbours", neighbours, "What K-NN's own choices change", COMMAND),)
