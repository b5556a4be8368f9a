"""What the choices that the paper leaves open change in K-NN's error (Figure 9, p. 12)."""

from dataclasses import dataclass

import pandas as pd

from replication.comparison.figures.drawing import PUBLISHED, Source, Table, table
from replication.comparison.figures.inputs import Inputs, Part, records
from replication.studies.neighbours import COMMAND, ERRORS, SYSTEM, find_closest

# Databases that have a name of their own in the study.
_IMAGES = {"sixteen": "16x16", "cropped": "cropped to 20x20", "box-centred": "box of ink, centred",
           "box-corner": "box of ink, in a corner"}  # fmt: skip


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
    return Neighbours(
        _tabulate_nearest(inputs, tried),
        _tabulate_all(tried),
        (
            Source("../neighbours.csv", "test_error_percent by the other columns"),
            Source(PUBLISHED, f"test_error_percent where system = {SYSTEM}"),
        ),
    )


def _tabulate_nearest(inputs: Inputs, tried: pd.DataFrame) -> Table:
    columns = ("Figure 9", "1998, %", "nearest, %", "images", "patterns", "k", "vote")
    keys = ["row", "published", "test_error_percent", "database", "training_patterns",
            "neighbours", "vote"]  # fmt: skip
    nearest = find_closest(tried, inputs.paper).replace({"database": _IMAGES})
    return table(columns, [tuple(row[key] for key in keys) for row in records(nearest)])


def _tabulate_all(tried: pd.DataFrame) -> Table:
    """Return a row for images, k and vote; a column for each number of training patterns."""
    sizes = sorted(int(size) for size in tried["training_patterns"].unique())
    rows = []
    for (images, *names), group in tried.groupby(["database", "neighbours", "vote"], sort=False):
        by_size = group.set_index("training_patterns")["test_error_percent"].reindex(sizes)
        rows.append((_IMAGES.get(str(images), str(images)), *map(str, names), *by_size))
    return table(("images", "k", "vote", *(f"{size} patterns, %" for size in sizes)), rows)


PARTS = (Part("neighbours", tabulate_neighbours, "What K-NN's own choices change", COMMAND),)
