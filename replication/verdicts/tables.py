"""The tables that compare writes: the verdicts, and what ``dvc metrics`` and ``dvc plots`` show."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from replication.files import Document, Table
from replication.verdicts.claim_checks import Verdict, tally
from replication.verdicts.curves import percentages
from replication.verdicts.evidence import Evidence, Unmeasured
from replication.verdicts.overlap import network_of_1998

COMPARE = "python -m replication compare"
_ERRORS = ("training_error_percent", "test_error_percent")
_NUMBERS = ("mean", "sd", "low", "high", "replicates", "shift", "power")
_TESTS = ("one_run", "one_run_holm", "mean", "mean_holm", "equivalence")
VERDICTS = Table(
    "verdicts.csv",
    COMPARE,
    ("claim", "kind", "role", "page", "published", "value", "replicated", *_NUMBERS,
     *(f"p_{name}" for name in _TESTS), "verdict", "reason"),
    words=("claim", "kind", "role", "page", "published", "replicated", "verdict", "reason"),
)  # fmt: skip
HEADLINE = Document("headline.json", COMPARE)
CURVES = Table("learning_curves.csv", COMPARE, ("pass", *_ERRORS))
SIZES = Table(
    "training_set_size.csv",
    COMPARE,
    ("training_patterns", "experiment", *_ERRORS),
    words=("experiment",),
)
MISCLASSIFIED = Table("misclassified.csv", COMPARE, ("test_index", "label", "answer_1998"))
CLAIMS = ("lenet5.test-error", "lenet5.training-error", "lenet5.distorted-test-error")


def tabulate_verdicts(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Return the rows of verdicts.csv; a number that a verdict does not have is NaN."""
    rows = []
    for verdict in verdicts:
        finding = verdict.finding
        row = asdict(verdict.subject) | {name: getattr(finding, name) for name in _NUMBERS}
        row |= {"replicated": finding.ours, "verdict": finding.outcome, "reason": finding.reason}
        rows.append(row | {f"p_{name}": getattr(finding.tests, name, None) for name in _TESTS})
    table = VERDICTS.frame([{name: row[name] for name in VERDICTS.columns} for row in rows])
    numbers = {"value", *_NUMBERS, *(f"p_{name}" for name in _TESTS)} - {"replicates"}
    return table.astype(dict.fromkeys(numbers, "float64"))


def headline(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the means over the replicates in percent by claim, and the tally of the verdicts."""
    means = {
        verdict.subject.claim: round(verdict.finding.mean, 6)
        for verdict in verdicts
        if verdict.subject.claim in CLAIMS and verdict.finding.mean is not None
    }
    return {"percent": means, "verdicts": tally(verdicts)}


def learning_curves(evidence: Evidence) -> pd.DataFrame:
    """Return our Figure 5, the mean errors in percent after each pass; no rows without runs."""
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
    """Return our Figure 6, the mean errors in percent of the experiments that stand for a size."""
    rows = [
        (size, name, *(float(evidence.metrics[name][error]["mean"]) for error in _ERRORS))
        for size, names in evidence.choices.training_sizes.items()
        for name in names
        if name in evidence.metrics
    ]
    return SIZES.frame(rows)


def misclassified(evidence: Evidence) -> pd.DataFrame:
    """Return results/misclassified.csv: the patterns of Figure 8, then those that all of ours miss.

    ``answer_1998`` is empty where 1998 was right: those that every replicate of both experiments
    misses. For each experiment run: ``missed_<experiment>``, the share of replicates, 0 to 1, that
    miss the pattern, and ``agree_<experiment>``, the share that give 1998's wrong answer (empty
    where it gave none). Columns of an experiment that has not been run are empty.
    """
    past, labels = network_of_1998(evidence), evidence.labels
    missed_then = past.classes != labels
    roles = evidence.choices.experiments
    wrong, same = {}, {}
    for experiment in (roles.undistorted, roles.distorted):
        classes = np.array([a.classes for a in evidence.answers.get(experiment, ())])
        if classes.size:
            wrong[experiment] = (classes != labels).mean(axis=0)
            same[experiment] = (classes == past.classes).mean(axis=0)
    always = np.zeros(len(labels), dtype=np.bool_)
    if wrong:
        always = np.all([share == 1.0 for share in wrong.values()], axis=0) & ~missed_then
    index = np.concatenate([np.flatnonzero(missed_then), np.flatnonzero(always)])
    in_figure8 = missed_then[index]
    content: dict[str, object] = {
        "test_index": index,
        "label": labels[index],
        "answer_1998": pd.Series(past.classes[index], dtype="Int64").where(in_figure8),
    }
    for experiment in (roles.undistorted, roles.distorted):
        empty = np.full(len(labels), np.nan)
        agree = same.get(experiment, empty)[index]
        content[f"missed_{experiment}"] = wrong.get(experiment, empty)[index]
        content[f"agree_{experiment}"] = np.where(in_figure8, agree, np.nan)
    return pd.DataFrame(content)
