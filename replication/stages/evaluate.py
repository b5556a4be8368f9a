"""Stage evaluate: the replicates' answers and histories -> results/metrics.json.

Misses are counted here from the answers, and have to be those that the history's final pass has.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from replication import paper, settings
from replication.artifacts import (
    COST_KEYS,
    Answers,
    read_answers,
    read_cost,
    read_history,
    write_metrics,
)
from replication.errors import ReplicationError
from replication.evaluation.errors import Classes, misses, percent
from replication.evaluation.rejection import rejected_share, target_percent
from replication.mnist import databases
from replication.settings import AnyRecipe, Modern, Recipe


@dataclass(frozen=True)
class Replicate:
    """What one run left behind, and the folder it was read from (for messages).

    history: None for a system that is not trained in passes. cost: of one answer, as in cost.json.
    """

    answers: Answers
    history: pd.DataFrame | None
    cost: Mapping[str, float]
    folder: Path


def read_replicates(runs: Path, experiment: str, recipe: AnyRecipe) -> list[Replicate]:
    """Read the replicates 0, 1, 2 ... of an experiment; ReplicationError if one is missing."""
    folders = [runs / experiment / str(number) for number in range(recipe.replicates)]
    in_passes = isinstance(recipe, Recipe | Modern)
    return [
        Replicate(
            read_answers(folder / "answers.npz"),
            read_history(folder / "history.csv") if in_passes else None,
            read_cost(folder / "cost.json"),
            folder,
        )
        for folder in folders
    ]


def evaluate(
    replicates: Mapping[str, Sequence[Replicate]], labels: Classes, target: float
) -> dict[str, Any]:
    """The metrics by experiment.

    Args:
        replicates: those to evaluate, by experiment.
        labels: uint8 (n,), the test labels.
        target: percent of error on the rest for which patterns are rejected.

    Raises ReplicationError when answers do not belong to these labels or to their own history.
    """
    return {name: _experiment(runs, labels, target) for name, runs in replicates.items()}


def _experiment(runs: Sequence[Replicate], labels: Classes, target: float) -> dict[str, Any]:
    test = [_misses(run, labels) for run in runs]
    return {
        "replicates": len(runs),
        "test_patterns": len(labels),
        "test_misses": test,
        "test_error_percent": _summary([percent(count, len(labels)) for count in test]),
        "rejection_percent": _summary(
            [rejected_share(r.answers.classes, r.answers.margins, labels, target) for r in runs]
        ),
        **{key: _summary([run.cost[key] for run in runs]) for key in sorted(COST_KEYS)},
        **_training([run.history for run in runs if run.history is not None]),
    }


def _training(histories: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """The errors made on the fly in the final pass; nothing for a system without passes."""
    if not histories:
        return {}
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


def _misses(run: Replicate, labels: Classes) -> int:
    if len(run.answers.classes) != len(labels):
        raise ReplicationError(
            f"{run.folder} has answers for {len(run.answers.classes)} patterns but the test set "
            f"has {len(labels)}: delete it and run `python -m replication train`"
        )
    counted = misses(run.answers.classes, labels)
    stated = counted if run.history is None else int(run.history["test_misses"].iloc[-1])
    if counted != stated:
        raise ReplicationError(
            f"{run.folder} is a mixture: answers.npz has {counted} misses and history.csv "
            f"{stated} after its final pass: delete it and run `python -m replication train`"
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


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the stage: reads results/runs, writes results/metrics.json."""
    parser = argparse.ArgumentParser(prog="python -m replication evaluate", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--runs", type=Path, default=Path("results/runs"))
    parser.add_argument("--out", type=Path, default=Path("results/metrics.json"))
    arguments = parser.parse_args(argv)
    chosen = settings.load(arguments.params).experiments
    labels = databases.ensure(arguments.prepared, arguments.raw, "regular").test_labels
    replicates = {
        name: read_replicates(arguments.runs, name, recipe) for name, recipe in chosen.items()
    }
    metrics = evaluate(replicates, labels, target_percent(paper.load(arguments.paper)))
    for name, recipe in chosen.items():
        metrics[name]["deterministic"] = recipe.seed is None
    write_metrics(arguments.out, metrics)
    for name, entry in metrics.items():
        print(
            f"{name}: {entry['replicates']} replicates, "
            f"test error {entry['test_error_percent']['mean']:.3f} %, "
            f"rejection {entry['rejection_percent']['mean']:.2f} %"
        )
