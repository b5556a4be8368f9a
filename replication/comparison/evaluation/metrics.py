"""``results/metrics.json``: errors, rejection and costs of every experiment's runs.

Misses are counted from the answers, and have to equal those of the history's final pass.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pydantic import (
    BaseModel,
    Field,
    StrictInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from replication.comparison.evaluation.errors import (
    Classes,
    count_misses,
    rejected_share,
    to_percent,
)
from replication.core.runs import ANSWERS, COST_KEYS, HISTORY, Run, of_experiment
from replication.core.settings import AnyRecipe, Modern, Recipe
from replication.errors import ReplicationError
from replication.files import damaged, read_json, write_json

METRICS = "metrics.json"
EVALUATE = "python -m replication evaluate"


def in_passes(recipe: AnyRecipe) -> bool:
    """Return whether the system is trained in passes, so that its runs have a history."""
    return isinstance(recipe, Recipe | Modern)


def evaluate(
    runs: Path, experiments: Mapping[str, AnyRecipe], labels: Classes, target: float
) -> dict[str, Any]:
    """Return the metrics by experiment.

    Args:
        runs: the folder of all runs.
        experiments: to evaluate, by name.
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
        "test_error_percent": _summary([to_percent(count, len(labels)) for count in test]),
        "rejection_percent": _summary(
            [rejected_share(r.answers.classes, r.answers.margins, labels, target) for r in runs]
        ),
        **{key: _summary([run.cost[key] for run in runs]) for key in sorted(COST_KEYS)},
        **(_training([run.history for run in runs]) if trained_in_passes else {}),
    }


def _training(histories: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return the errors made on the fly in the final pass."""
    columns = ["training_misses", "training_presentations"]
    final = [[int(count) for count in history[columns].iloc[-1]] for history in histories]
    return {
        "training_presentations": final[0][1],
        "training_misses": [count for count, _ in final],
        "training_error_percent": _summary([to_percent(*counts) for counts in final]),
    }


def _misses(run: Run, labels: Classes, trained_in_passes: bool) -> int:
    if len(run.answers.classes) != len(labels):
        raise ReplicationError(
            f"{run.folder} has answers for {len(run.answers.classes)} patterns but the test set "
            f"has {len(labels)}: run `{run.made_by}`"
        )
    counted = count_misses(run.answers.classes, labels)
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


Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Counts = list[Annotated[StrictInt, Field(ge=0)]]


class _Percentages(BaseModel):
    mean: Percent
    values: list[Percent]


class _Entry(BaseModel):
    """The checked part of an experiment's metrics; systems in passes have training errors."""

    replicates: Annotated[StrictInt, Field(ge=1)]
    test_misses: Counts
    test_error_percent: _Percentages
    rejection_percent: _Percentages
    training_presentations: StrictInt | None = None
    training_misses: Counts | None = None
    training_error_percent: _Percentages | None = None

    @model_validator(mode="after")
    def _holds_one_of_each_replicate(self) -> Self:
        lengths = {
            "test_misses": len(self.test_misses),
            "test_error_percent": len(self.test_error_percent.values),
            "rejection_percent": len(self.rejection_percent.values),
        }
        if any(name.startswith("training_") for name in self.model_fields_set):
            training = self.training_error_percent
            lengths["training_misses"] = len(self.training_misses or ())
            lengths["training_error_percent"] = len(training.values if training else ())
        for name, length in lengths.items():
            if length != self.replicates:
                raise ValueError(f"{length} {name} for {self.replicates} replicates")
        return self


_METRICS = TypeAdapter(dict[str, _Entry])


def _problem(metrics: object) -> str | None:
    """Return the first impossible value of the metrics and its place, or None."""
    try:
        _METRICS.validate_python(metrics)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'all'}: {first['msg']}"
    return None


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json``; raise ValueError for metrics that cannot be."""
    if problem := _problem(metrics):
        raise ValueError(problem)
    write_json(path, dict(metrics))


def read_metrics(path: Path, made_by: str = EVALUATE) -> dict[str, Any]:
    """Read ``metrics.json``, by experiment; raise ReplicationError if missing or damaged."""
    metrics: dict[str, Any] = read_json(path, made_by)
    if problem := _problem(metrics):
        raise damaged(path, problem, made_by)
    return metrics
