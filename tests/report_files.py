"""Fabricated results for the report: every file that it reads, and none of it measured."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import report_systems
import study_files
from fabricated import CHOICES, FULL, LABELS, histories, metric, metrics_of, relatives, spread
from raw_files import write_raw
from small import REPOSITORY

from replication.evaluation import errors
from replication.evaluation.metrics import write_metrics
from replication.files import write_bytes, write_json, write_table
from replication.folders import PLACES, Folders
from replication.mnist.databases import Database
from replication.pipeline import compare
from replication.report import inputs
from replication.report.inputs import Inputs
from replication.runs import RECORD_KEYS, answers_bytes, history_bytes
from replication.verdicts import judges, overlap

OPTIONAL = ("misclassified.csv", "audit.csv", "bench.json", "readings.csv", "variance.csv",
            "distortions.csv", "invariance.csv", "invariance_examples.csv",
            "fields.csv", "neighbours.csv")  # fmt: skip
SIZES = {"lenet5-15000": 1.9, "lenet5-15000-long": 1.7}


def project(folder: Path) -> Path:
    """A folder with data/paper, data/raw, params.yaml and complete results; returns it."""
    shutil.copytree(REPOSITORY / "data" / "paper", folder / "data" / "paper")
    report_systems.params(folder)
    write_raw(folder / "data" / "raw", _database())
    results = folder / "results"
    _write_verdicts(results, _write_runs(results))
    study_files.write(results)
    _write_bench(results)
    _write_audit(results)
    return folder


def load(folder: Path) -> Inputs:
    """What the page of a project is made from."""
    there = folders(folder)
    return inputs.read(there.params, there.paper, there.raw, there.results)


def folders(folder: Path) -> Folders:
    """Where everything lies in a project."""
    places = {name: folder / place.default for name, place in PLACES.items()}
    return Folders(**places)


def _database() -> Database:
    # Each image is one bar whose ink says which image it is.
    images = np.zeros((len(LABELS), 28, 28), dtype=np.uint8)
    images[:, 10:18, 12:16] = (1 + np.arange(len(LABELS)) % 250)[:, None, None]
    return Database(images[:2], LABELS[:2], images, LABELS)


def _write_runs(results: Path) -> dict[str, Any]:
    """Returns the metrics of the systems of Figures 9 to 12, which are written with the others."""
    metrics = {}
    for name, seed in (("lenet5", 6), ("lenet5-distorted", 5)):
        found = relatives(seed=seed)
        for number, (answers, history) in enumerate(zip(found, histories(), strict=True)):
            run = results / "runs" / name / str(number)
            write_bytes(run / "answers.npz", answers_bytes(answers))
            write_bytes(run / "history.csv", history_bytes(history))
            write_json(run / "record.json", _record(name, number))
            host = {"machine": "x86_64", "system": "Linux"}
            write_json(run / "timing.json", {"seconds": 100.5 + number, "host": host})
        metrics[name] = _entry(
            [errors.percent(errors.misses(one.classes, LABELS), len(LABELS)) for one in found]
        )
    for name, mean in SIZES.items():  # evaluated elsewhere: their runs are not here
        metrics[name] = _entry([round(value, 2) for value in spread(mean, 0.05, 5)])
    systems = report_systems.write_runs(results)
    write_metrics(results / "metrics.json", metrics | systems)
    return systems


def _entry(test: list[float]) -> dict[str, object]:
    training = spread(0.36, 0.02, len(test))
    return metrics_of(test, training) | {
        "test_misses": [round(100 * value) for value in test],
        "training_misses": [round(600 * value) for value in training],
    }


def _record(name: str, number: int) -> dict[str, object]:
    nothing: dict[str, object] = {key: {} for key in RECORD_KEYS}
    packages = {"numba": "0.62.1", "numpy": "2.4.6"}
    return nothing | {"experiment": name, "replicate": number, "packages": packages}


def _write_verdicts(results: Path, systems: dict[str, Any]) -> None:
    choices = CHOICES.model_copy(update={"systems": report_systems.EXPERIMENTS})
    lenet5 = {
        name: entry | {"rejection_percent": metric(spread(0.9, 0.05))}
        for name, entry in FULL.metrics.items()
    }
    found = judges.judge_all(
        replace(FULL, choices=choices, metrics=lenet5 | systems), compare.all_judges()
    )
    write_table(results / "verdicts.csv", judges.as_table(found))
    write_table(results / "misclassified.csv", overlap.table(FULL))


def _write_bench(results: Path) -> None:
    timing = {"median": 86.25, "min": 84.0, "max": 99.0, "repeats": 25}
    write_json(
        results / "bench.json",
        {
            "lenet5": {
                "microseconds_per_pattern": timing,
                "times_faster_than_eager": timing,
                "times_faster_than_modern": timing,
                "share_of_peak": timing,
            },
            "machine": {"processor": "a <fast> one"},
        },
    )


def _write_audit(results: Path) -> None:
    columns = ("claim", "page", "paper", "ours", "status", "reason")
    rows = [("sdlm.mu", 10, "0.02", "0.02", "faithful", "as printed"),
            ("loss.map", 9, "", "j = 10", "unstated", "the paper gives no value"),
            ("training.order", 41, "constant", "fresh", "departs", "<b>tried</b>")]  # fmt: skip
    write_table(results / "audit.csv", pd.DataFrame(rows, columns=list(columns)))
