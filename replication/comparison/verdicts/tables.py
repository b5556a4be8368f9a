"""The tables that compare writes beside the verdicts, for ``dvc plots`` and the digits of Figure 8.

Also the errors of 1998 beside those of two runs, which `make replicate-all` ends with.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from replication.comparison.paper import Paper
from replication.comparison.verdicts.claim_checks import COMPARE
from replication.comparison.verdicts.curves import SERIES, percentages
from replication.comparison.verdicts.evidence import Evidence, Unmeasured, experiment_for
from replication.comparison.verdicts.overlap import answers_1998
from replication.core.settings import Compare
from replication.files import Table

# The names of experiments on the paper's own network begin with it.
OWN = "lenet5"
_ERRORS = ("training_error_percent", "test_error_percent")
CURVES = Table("learning_curves.csv", COMPARE, ("pass", *_ERRORS))
SIZES = Table(
    "training_set_size.csv",
    COMPARE,
    ("training_patterns", "experiment", *_ERRORS),
    words=("experiment",),
)
MISCLASSIFIED = Table("misclassified.csv", COMPARE, ("test_index", "label", "answer_1998"))


def learning_curves(evidence: Evidence) -> pd.DataFrame:
    """Return our Figure 5, the mean errors in percent after each pass; no rows without runs."""
    try:
        histories = evidence.history(evidence.choices.experiments.undistorted)
    except Unmeasured:
        return CURVES.frame(())
    means = {
        f"{series}_error_percent": percentages(histories, series, len(evidence.labels)).mean(axis=0)
        for series in SERIES
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
    labels, past = evidence.labels, answers_1998(evidence).classes
    roles, in_figure8 = evidence.choices.experiments, past != labels
    answer = pd.Series(past, dtype="Int64").where(in_figure8)
    table = pd.DataFrame({"test_index": np.arange(len(labels)), "label": labels})
    table["answer_1998"] = answer
    for name in (roles.undistorted, roles.distorted):
        classes = np.array([answers.classes for answers in evidence.answers.get(name, ())])
        table[[f"missed_{name}", f"agree_{name}"]] = np.nan
        if classes.size:
            table[f"missed_{name}"] = (classes != labels).mean(axis=0)
            table[f"agree_{name}"] = np.where(in_figure8, (classes == past).mean(axis=0), np.nan)
    shares = table.filter(regex="^missed_").dropna(axis="columns")
    always = shares.eq(1.0).all(axis="columns") & ~in_figure8 & (not shares.columns.empty)
    chosen: pd.DataFrame = pd.concat([table[in_figure8], table[always]], ignore_index=True)
    return chosen


def published_errors(paper: Paper, choices: Compare) -> dict[tuple[str, str], float]:
    """Return errors in percent by (experiment, ``test`` or ``training``), from claims and figures.

    The figures are 6 and 9.
    """
    errors: dict[tuple[str, str], float] = {}
    for row in paper.training_set_size.to_dict("records"):
        names = choices.training_sizes.get(row["training_patterns"], ())
        for name in () if row["distorted_training"] else names:
            errors |= {(name, series): float(row[f"{series}_error_percent"]) for series in SERIES}
    for row in paper.systems.to_dict("records"):
        system = f"{row['system']}/{row['database']}"
        if system in choices.systems:
            errors[choices.systems[system], "test"] = float(row["test_error_percent"])
    for claim in paper.claims.values():
        if claim.series and claim.value is not None:
            errors[experiment_for(claim, choices), claim.series] = float(claim.number)
    return errors


def compare_with_1998(
    paper: Paper,
    choices: Compare,
    names: Sequence[str],
    before: Mapping[str, Any],
    now: Mapping[str, Any],
) -> pd.DataFrame:
    """Return errors in percent of 1998, the committed and this run; means, replicates in brackets.

    ``before`` and ``now`` are metrics by experiment.
    """
    published = published_errors(paper, choices)
    rows = []
    for name, series in product(names, ("test", "training")):
        key = f"{series}_error_percent"
        if key in now[name]:
            number = published.get((name, series))
            printed = "-" if number is None else f"{number:g}"
            rows.append((name, series, printed, _mean(before, name, key), _mean(now, name, key)))
    return pd.DataFrame(rows, columns=["experiment", "error", "1998", "committed", "this run"])


def _mean(metrics: Mapping[str, Any], experiment: str, key: str) -> str:
    entry = metrics.get(experiment)
    if entry is None or key not in entry:
        return "-"
    return f"{entry[key]['mean']:.2f} ({entry['replicates']})"
