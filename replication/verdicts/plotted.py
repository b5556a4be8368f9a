"""What ``dvc metrics`` and ``dvc plots`` show: the headline, and our Figures 5 and 6."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from replication.files import Document, Table
from replication.verdicts.curves import percentages
from replication.verdicts.evidence import Evidence, Unmeasured
from replication.verdicts.judges import Verdict, tally

COMPARE = "python -m replication compare"
HEADLINE = Document("headline.json", COMPARE)
_ERRORS = ("training_error_percent", "test_error_percent")
CURVES = Table("learning_curves.csv", COMPARE, ("pass", *_ERRORS))
SIZES = Table("training_set_size.csv", COMPARE, ("training_patterns", "experiment", *_ERRORS))
CLAIMS = ("lenet5.test-error", "lenet5.training-error", "lenet5.distorted-test-error")


def headline(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Means over the replicates in percent by claim, and how many verdicts of each kind."""
    means = {
        one.subject.claim: round(one.finding.mean, 6)
        for one in verdicts
        if one.subject.claim in CLAIMS and one.finding.mean is not None
    }
    return {"percent": means, "verdicts": tally(verdicts)}


def learning_curves(evidence: Evidence) -> pd.DataFrame:
    """Figure 5, ours: the mean errors in percent after each pass; no rows before there are runs."""
    try:
        histories = evidence.history(evidence.choices.experiments.undistorted)
    except Unmeasured:
        return CURVES.frame(())
    means = {
        f"{series}_error_percent": percentages(histories, series, len(evidence.labels)).mean(axis=0)
        for series in ("training", "test")
    }
    return pd.DataFrame({"pass": np.arange(1, len(histories[0]) + 1), **means})


def training_sizes(evidence: Evidence) -> pd.DataFrame:
    """Figure 6, ours: the mean errors in percent of every experiment that stands for a size."""
    rows = [
        (size, name, *(float(evidence.metrics[name][error]["mean"]) for error in _ERRORS))
        for size, names in evidence.choices.training_sizes.items()
        for name in names
        if name in evidence.metrics
    ]
    return SIZES.frame(rows)
