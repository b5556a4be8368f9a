"""``results/metrics.json``: what the runs of every experiment come to, in numbers.

Misses are counted from the answers, and have to be those that the history's final pass has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.evaluation.errors import Classes, misses, percent
from replication.evaluation.rejection import rejected_share
from replication.files import damaged, read_json, write_json
from replication.runs import ANSWERS, COST_KEYS, HISTORY, Run, of_experiment
from replication.settings import AnyRecipe, Modern, Recipe

METRICS = "metrics.json"
EVALUATE = "python -m replication evaluate"


def in_passes(recipe: AnyRecipe) -> bool:
    """Whether the system is trained in passes, so that its runs have a history."""
    return isinstance(recipe, Recipe | Modern)


def evaluate(
    runs: Path, experiments: Mapping[str, AnyRecipe], labels: Classes, target: float
) -> dict[str, Any]:
    """The metrics by experiment.

    Args:
        runs: the folder of all runs.
        experiments: those to evaluate, by name.
        labels: uint8 (n,), the test labels.
        target: percent of error on the rest for which patterns are rejected.

    Raises ReplicationError when a run is missing or damaged, or when its answers do not belong to
    these labels or to its own history.
    """
    metrics = {}
    for name, recipe in experiments.items():
        replicates = of_experiment(runs, name, recipe.replicates)
        entry = _experiment(replicates, labels, target, in_passes(recipe))
        metrics[name] = {**entry, "deterministic": recipe.seed is None}
    return metrics


def _experiment(
    runs: Sequence[Run], labels: Classes, target: float, trained_in_passes: bool
) -> dict[str, Any]:
    test = [_misses(run, labels, trained_in_passes) for run in runs]
    return {
        "replicates": len(runs),
        "test_patterns": len(labels),
        "test_misses": test,
        "test_error_percent": _summary([percent(count, len(labels)) for count in test]),
        "rejection_percent": _summary(
            [rejected_share(r.answers.classes, r.answers.margins, labels, target) for r in runs]
        ),
        **{key: _summary([run.cost[key] for run in runs]) for key in sorted(COST_KEYS)},
        **(_training([run.history for run in runs]) if trained_in_passes else {}),
    }


def _training(histories: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """The errors made on the fly in the final pass."""
    final = [history.iloc[-1] for history in histories]
    missed = [int(last["training_misses"]) for last in final]
    presented = [int(last["training_presentations"]) for last in final]
    return {
        "training_presentations": presented[0],
        "training_misses": missed,
        "training_error_percent": _summary(
            [percent(count, of) for count, of in zip(missed, presented, strict=True)]
        ),
    }


def _misses(run: Run, labels: Classes, trained_in_passes: bool) -> int:
    if len(run.answers.classes) != len(labels):
        raise ReplicationError(
            f"{run.folder} has answers for {len(run.answers.classes)} patterns but the test set "
            f"has {len(labels)}: run `{run.made_by}`"
        )
    counted = misses(run.answers.classes, labels)
    stated = int(run.history["test_misses"].iloc[-1]) if trained_in_passes else counted
    if counted != stated:
        raise ReplicationError(
            f"{run.folder} is a mixture: {ANSWERS} has {counted} misses and {HISTORY} "
            f"{stated} after its final pass: run `{run.made_by}`"
        )
    return counted


def _summary(values: Sequence[float]) -> dict[str, Any]:
    # Rounded far below one miss, so that the last bit of a mean never changes a committed file.
    sd = round(float(np.std(values, ddof=1)), 9) if len(values) > 1 else None
    return {
        "mean": round(float(np.mean(values)), 9),
        "sd": sd,
        "values": [round(value, 9) for value in values],
    }


def _metrics_problem(name: str, entry: Any) -> str | None:
    """What makes one experiment's entry of the metrics impossible, or None."""
    if not isinstance(entry, dict):
        return f"{name} is no table"
    count = entry.get("replicates")
    if not isinstance(count, int) or count < 1:
        return f"{name} has no replicates"
    trained = any(key.startswith("training_") for key in entry)
    for key in ("test_misses", "training_misses") if trained else ("test_misses",):
        values = entry.get(key)
        if not isinstance(values, list) or len(values) != count:
            return f"{name}.{key} does not hold {count} counts"
        if not all(isinstance(value, int) and value >= 0 for value in values):
            return f"{name}.{key} are not counts"
    percentages = ["test_error_percent", "rejection_percent"]
    for key in [*percentages, "training_error_percent"] if trained else percentages:
        values = entry[key].get("values") if isinstance(entry.get(key), dict) else None
        if not isinstance(values, list) or len(values) != count:
            return f"{name}.{key} does not hold {count} values"
        if not all(isinstance(value, (int, float)) for value in values):
            return f"{name}.{key} are not numbers"
        if not all(math.isfinite(value) and 0 <= value <= 100 for value in values):
            return f"{name}.{key} are not percentages"
    return None


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json``; ValueError for an entry that cannot be."""
    for name, entry in metrics.items():
        problem = _metrics_problem(name, entry)
        if problem is not None:
            raise ValueError(problem)
    write_json(path, dict(metrics))


def read_metrics(path: Path, made_by: str = EVALUATE) -> dict[str, Any]:
    """Read ``metrics.json``, by experiment; raises ReplicationError if missing or damaged."""
    metrics = read_json(path, made_by)
    if not isinstance(metrics, dict):
        raise damaged(path, "no table of experiments", made_by)
    for name, entry in metrics.items():
        problem = _metrics_problem(name, entry)
        if problem is not None:
            raise damaged(path, problem, made_by)
    return metrics
