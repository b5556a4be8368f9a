"""Fabricated runs of the systems of Figures 9 to 12 and of Section III-E; none of it measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from fabricated import LABELS, PAPER, metric
from ruamel.yaml import YAML
from small import REPOSITORY, write_params

from replication.evaluation import errors, rejection
from replication.files import write_bytes
from replication.runs import Answers, answers_bytes

UNMAPPED, NOT_RUN = "rbf1000-linear/regular", "tangent-distance/16x16"
LENET5 = {"lenet5/regular": "lenet5", "lenet5/distorted": "lenet5-distorted"}
ROWS = {f"{row['system']}/{row['database']}": row for row in PAPER.systems.to_dict("records")}
# What stands for each row; the one that is not run has a name in params.yaml all the same.
EXPERIMENTS = {name: LENET5.get(name, name.replace("/", "-")) for name in ROWS if name != UNMAPPED}


def params(folder: Path) -> Path:
    """The repository's params.yaml with an experiment for every row but one."""
    document = YAML(typ="safe", pure=True).load(
        (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    )
    document["compare"]["systems"] = EXPERIMENTS
    return write_params(folder / "params.yaml", document)


def write_runs(results: Path) -> dict[str, Any]:
    """Answers of every system that is not LeNet-5; returns their metrics by experiment."""
    metrics = {}
    for name, experiment in EXPERIMENTS.items():
        if name in LENET5.keys() | {NOT_RUN}:
            continue
        found = _answers(name)
        for number, answers in enumerate(found):
            run = results / "runs" / experiment / str(number)
            write_bytes(run / "answers.npz", answers_bytes(answers))
        metrics[experiment] = _metrics(name, found)
    return metrics


def is_fitted_at_once(name: str) -> bool:
    """Whether a system has one replicate, without passes."""
    return not name.startswith(("mlp", "lenet"))


def _answers(name: str) -> list[Answers]:
    """Replicates around the published error, whose misses are less sure than what is right."""
    generator = np.random.default_rng(len(name))
    found = []
    for number in range(1 if is_fitted_at_once(name) else 3):
        percent = ROWS[name]["test_error_percent"] * (1.05 + 0.04 * number)
        misses = round(100 * percent) + int(generator.integers(0, 5))
        wrong = generator.choice(len(LABELS), misses, replace=False)
        classes, margins = LABELS.copy(), generator.gamma(4.0, 1.0, len(LABELS))
        classes[wrong] = (LABELS[wrong] + 1) % 10
        margins[wrong] = generator.gamma(1.0, 1.0, len(wrong))
        found.append(Answers(classes, margins.astype(np.float32)))
    return found


def _metrics(name: str, found: list[Answers]) -> dict[str, Any]:
    misses = [errors.misses(one.classes, LABELS) for one in found]
    target = rejection.target_percent(PAPER)
    once = is_fitted_at_once(name)
    entry = {
        "replicates": len(found),
        "deterministic": once,
        "test_misses": misses,
        "test_error_percent": metric([errors.percent(n, len(LABELS)) for n in misses]),
        "rejection_percent": metric(
            [rejection.rejected_share(one.classes, one.margins, LABELS, target) for one in found]
        ),
    }
    for cost in ("operations_thousands", "memory_thousands"):
        past = ROWS[name][cost]
        entry[cost] = metric([100.0 if math.isnan(past) else 1.2 * past] * len(found))
    training = {
        "training_misses": [600] * len(found),
        "training_error_percent": metric([1.0] * len(found)),
    }
    return entry if once else entry | training
