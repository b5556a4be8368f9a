"""The experiments that answer each claim, and the published errors next to theirs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from replication.comparison.paper import Paper, Statement
from replication.core.settings import Compare

# The names of experiments on the paper's own network begin with it.
OWN = "lenet5"


def experiments_for(statement: Statement, choices: Compare) -> tuple[str, ...]:
    """Return the experiments that answer a claim, in the order in which it names their keys."""
    names: list[str] = []
    for key in statement.answered_by:
        if key == "training_sizes":
            names += [name for several in choices.training_sizes.values() for name in several]
        elif key == "systems":
            names += choices.systems.values()
        else:
            names.append(getattr(choices.experiments, key))
    return tuple(names)


def experiment_for(statement: Statement, choices: Compare) -> str:
    """Return the one experiment that answers a claim; raise ValueError for none or several."""
    (name,) = experiments_for(statement, choices)
    return name


def published_errors(paper: Paper, choices: Compare) -> dict[tuple[str, str], float]:
    """Return errors in percent by (experiment, ``test`` or ``training``), from claims and figures.

    The figures are 6 and 9.
    """
    errors: dict[tuple[str, str], float] = {}
    sizes = paper.training_set_size
    for size, names in choices.training_sizes.items():
        rows = sizes[(sizes["training_patterns"] == size) & ~sizes["distorted_training"]]
        for name in names:
            for series in ("test", "training"):
                for value in rows[f"{series}_error_percent"].tolist():
                    errors[name, series] = float(value)
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
    for name in names:
        for series in ("test", "training"):
            key = f"{series}_error_percent"
            if key not in now[name]:
                continue
            number = published.get((name, series))
            rows.append(
                {
                    "experiment": name,
                    "error": series,
                    "1998": "-" if number is None else f"{number:g}",
                    "committed": _mean(before, name, key),
                    "this run": _mean(now, name, key),
                }
            )
    return pd.DataFrame(rows)


def _mean(metrics: Mapping[str, Any], experiment: str, key: str) -> str:
    entry = metrics.get(experiment)
    if entry is None or key not in entry:
        return "-"
    return f"{entry[key]['mean']:.2f} ({entry['replicates']})"
