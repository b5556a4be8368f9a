"""K nearest neighbours under the readings that Section III-C.2, p. 12, leaves open.

The paper says that the training images of 20x20 pixels are kept, and k only for the deslanted ones.
What "20x20" means for the regular database, k, the vote and the number of prototypes are varied.
"""

import pandas as pd

from replication.comparison.paper import Paper
from replication.files import Table

COMMAND = "python -m replication neighbours"
SYSTEM, DESLANTED = "knn-euclidean", "deslanted"
ERRORS = Table(
    "neighbours.csv",
    COMMAND,
    ("database", "neighbours", "training_patterns", "vote", "test_error_percent"),
    words=("database", "vote"),
)


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
