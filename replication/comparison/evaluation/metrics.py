"""``results/metrics.json``: errors, rejection and costs of every experiment's runs.

Misses are counted from the answers, and have to equal those of the history's final pass.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, StrictInt, TypeAdapter, ValidationError, model_validator

from replication.comparison.evaluation.errors import (
    Classes,
    count_misses,
    rejected_share,
    to_percent,
)
from replication.core.runs import ANSWERS, COST_KEYS, HISTORY, RECORD, Run, experiment_runs
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

    Raises ReplicationError when a run is missing or damaged, when its answers do not belong to
    these labels or to its own history, and when a replicate lies there that is left out.
    """
    metrics = {}
    for name, recipe in experiments.items():
        *replicates, more = experiment_runs(runs, name, recipe.replicates + 1)
        if more.has(RECORD):
            raise ReplicationError(
                f"{more.folder} is a replicate that the settings leave out (replicates of {name}: "
                f"{recipe.replicates}), so the mean would not be of all: state as many as there "
                f"are, or move it out of {runs}"
            )
        histories = [run.history for run in replicates] if in_passes(recipe) else []
        misses = [_count(run, labels) for run in replicates]
        for run, history, count in zip(replicates, histories, misses, strict=False):
            _refuse_mixture(run, history, count)
        rejected = [
            rejected_share(run.answers.classes, run.answers.margins, labels, target)
            for run in replicates
        ]
        metrics[name] = {
            "replicates": len(replicates),
            "test_patterns": len(labels),
            "test_misses": misses,
            "test_error_percent": _summary([to_percent(count, len(labels)) for count in misses]),
            "rejection_percent": _summary(rejected),
            **{key: _summary([run.cost[key] for run in replicates]) for key in sorted(COST_KEYS)},
            **(_training(histories) if histories else {}),
            "deterministic": recipe.seed is None,
        }
    return metrics


def _training(histories: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return the errors made on the fly in the final pass."""
    columns = ["training_misses", "training_presentations"]
    final = [[int(count) for count in history[columns].iloc[-1]] for history in histories]
    return {
        "training_presentations": final[0][1],
        "training_misses": [count for count, _ in final],
        "training_error_percent": _summary([to_percent(*counts) for counts in final]),
    }


def _count(run: Run, labels: Classes) -> int:
    classes = run.answers.classes
    if len(classes) != len(labels):
        raise ReplicationError(
            f"{run.folder} has answers for {len(classes)} patterns but the test set "
            f"has {len(labels)}: run `{run.made_by}`"
        )
    return count_misses(classes, labels)


def _refuse_mixture(run: Run, history: pd.DataFrame, misses: int) -> None:
    recorded = int(history["test_misses"].iloc[-1])
    if misses != recorded:
        raise ReplicationError(
            f"{run.folder} is a mixture: {ANSWERS} has {misses} misses and {HISTORY} "
            f"{recorded} after its final pass: run `{run.made_by}`"
        )


def _summary(values: Sequence[float]) -> dict[str, Any]:
    # Rounded far below one miss, so that the last bit of a mean never changes a committed file.
    mean, *rounded = (round(value, 9) for value in (float(np.mean(values)), *values))
    sd = round(float(np.std(values, ddof=1)), 9) if len(values) > 1 else None
    return {"mean": mean, "sd": sd, "values": rounded}


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
        numbers: dict[str, list[Any] | None] = {
            "test_misses": self.test_misses,
            "test_error_percent": self.test_error_percent.values,
            "rejection_percent": self.rejection_percent.values,
        }
        if any(name.startswith("training_") for name in self.model_fields_set):
            training = self.training_error_percent
            numbers["training_misses"] = self.training_misses
            numbers["training_error_percent"] = training.values if training else None
        for name, values in numbers.items():
            if len(values or ()) != self.replicates:
                raise ValueError(f"{len(values or ())} {name} for {self.replicates} replicates")
        return self


_METRICS = TypeAdapter(dict[str, _Entry])


def _find_problem(metrics: object) -> str | None:
    try:
        _METRICS.validate_python(metrics)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'all'}: {first['msg']}"
    return None


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json``; raise ValueError for metrics that cannot be."""
    if problem := _find_problem(metrics):
        raise ValueError(problem)
    write_json(path, dict(metrics))


def read_metrics(path: Path, made_by: str = EVALUATE) -> dict[str, Any]:
    """Read ``metrics.json``, by experiment; raise ReplicationError if missing or damaged."""
    metrics: dict[str, Any] = read_json(path, made_by)
    if problem := _find_problem(metrics):
        raise damaged(path, problem, made_by)
    return metrics
