"""The choice of K-NN that comes nearest to each published error (Figure 9, p. 12)."""

import pandas as pd

from replication.comparison.paper import Paper
from replication.studies.neighbours import DESLANTED, SYSTEM


def closest(tried: pd.DataFrame, paper: Paper) -> pd.DataFrame:
    """For each row of Figure 9 the row of ``tried`` nearest to it.

    Deslanted images are held against the deslanted row, all others against the regular one. The
    columns are those of ``tried``; the figure's ``row`` and its error, ``published``; and ``least``
    and ``greatest``, the errors of all that was tried for it. Errors are percentages.
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
