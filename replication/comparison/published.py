"""The published errors by our experiments' names, and beside what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from replication.paper import Paper
from replication.settings import Compare

# With what the names begin of the experiments on the paper's own network.
OWN = "lenet5"


def published_errors(paper: Paper, rules: Compare) -> dict[tuple[str, str], float]:
    """Errors in percent by (experiment, ``test`` or ``training``): the claims, Figures 6 and 9."""
    found: dict[tuple[str, str], float] = {}
    sizes = paper.training_set_size
    for size, experiments in rules.training_sizes.items():
        rows = sizes[(sizes["training_patterns"] == size) & ~sizes["distorted_training"]]
        for experiment in experiments:
            for name in ("test", "training"):
                for value in rows[f"{name}_error_percent"].tolist():
                    found[experiment, name] = float(value)
    claims = {
        (rules.experiments.undistorted, "test"): "lenet5.test-error",
        (rules.experiments.undistorted, "training"): "lenet5.training-error",
        (rules.experiments.distorted, "test"): "lenet5.distorted-test-error",
    }
    for row in paper.systems.to_dict("records"):
        name = f"{row['system']}/{row['database']}"
        if name in rules.systems:
            found[rules.systems[name], "test"] = float(row["test_error_percent"])
    for key, name in claims.items():
        value = paper.claims[name].value
        if not isinstance(value, int | float):
            raise TypeError(f"{name} is not a number")
        found[key] = float(value)
    return found


def _mean(metrics: Mapping[str, Any], experiment: str, key: str) -> str:
    entry = metrics.get(experiment)
    if entry is None or key not in entry:
        return "-"
    return f"{entry[key]['mean']:.2f} ({entry['replicates']})"


def side_by_side(
    paper: Paper,
    rules: Compare,
    experiments: Sequence[str],
    before: Mapping[str, Any],
    now: Mapping[str, Any],
) -> pd.DataFrame:
    """1998, committed and this run: errors in percent, the mean over the replicates in brackets."""
    rows = []
    for experiment in experiments:
        for key, name in (("test_error_percent", "test"), ("training_error_percent", "training")):
            if key not in now[experiment]:
                continue
            number = published_errors(paper, rules).get((experiment, name))
            rows.append(
                {
                    "experiment": experiment,
                    "error": name,
                    "1998": "-" if number is None else f"{number:g}",
                    "committed": _mean(before, experiment, key),
                    "this run": _mean(now, experiment, key),
                }
            )
    return pd.DataFrame(rows)
