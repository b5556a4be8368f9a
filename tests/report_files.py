"""A project for tests of the page: committed runs and verdicts, fabricated tables of studies."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fabricated import LABELS, SETTINGS
from small import REPOSITORY

from replication.comparison.figures.inputs import Inputs
from replication.folders import Folders
from replication.pipeline import pages
from replication.studies.distortions import FITS
from replication.studies.invariance import COUNTS, EXAMPLES, FIELDS, changes
from replication.studies.neighbours import ERRORS
from replication.studies.readings import CURVES, RANKING
from replication.studies.variance import SPREAD

NEEDED = ("metrics.json",)
OPTIONAL = ("misclassified.csv", "audit.csv", "bench.json", "readings.csv", "variance.csv",
            "distortions.csv", "invariance.csv", "invariance_examples.csv",
            "fields.csv", "neighbours.csv")  # fmt: skip


def project(folder: Path, *, runs: bool = True, tables: bool = True) -> Path:
    """A folder with data, params.yaml and results; returns it.

    Without ``runs``, or without the ``tables`` that may be missing, on demand.
    """
    results = folder / "results"
    results.mkdir(parents=True)
    for name in (
        "data",
        "params.yaml",
        "ro-crate-metadata.json",
        "CITATION.cff",
        *(["results/runs"] if runs else []),
    ):
        (folder / name).symlink_to(REPOSITORY / name)
    for path in (REPOSITORY / "results").iterdir():
        if path.is_file() and (tables or path.name in NEEDED):
            shutil.copyfile(path, results / path.name)
    if tables:
        write_studies(results)
    return folder


def load(folder: Path) -> Inputs:
    """What the page of a project is made from."""
    return pages.read_inputs(Folders.below(folder))


def changed(found: Inputs, claim: str, **changes: Any) -> Inputs:
    """The same with other outcomes, roles and so on in the verdicts whose claim begins so."""
    verdicts = []
    for verdict in found.verdicts:
        subject, finding = verdict.subject, verdict.finding
        if subject.claim.startswith(claim):
            own = {name: changes[name] for name in changes if hasattr(subject, name)}
            subject = replace(subject, **own)
            finding = replace(finding, **{name: changes[name] for name in set(changes) - set(own)})
        verdicts.append(replace(verdict, subject=subject, finding=finding))
    return replace(found, verdicts=verdicts)


READINGS = (
    ("final", "nearest", ""),
    ("final", "ours", ""),
    ("variation", "ours, order=fresh", "order=fresh"),
    ("control", "printed", ""),
)
NEIGHBOURS = [
    ("regular", 3, 10000, "majority", 3.5),
    ("regular", 3, 60000, "majority", 3.1),
    ("cropped", 1, 10000, "majority", 5.1),
    ("deslanted", 3, 60000, "weighted", 2.2),
]
SOURCES = [
    ("all", "lenet5", 10, 0.96, 0.05, 0.03, 0.09, 0.36, 0.02, 1.0),
    ("order", "lenet5-order", 10, 0.95, 0.04, 0.03, 0.07, 0.36, 0.01, 0.64),
]
DISTRIBUTIONS = [
    ("scale", "inverse", "uniform", 0.74, 1.4, np.nan, np.nan, 0.7, True),
    ("scale", "inverse", "normal", np.nan, np.nan, 1.06, 0.17, 0.2, False),
    ("shear", "by pixel of the original", "normal", np.nan, np.nan, 0.0, 0.08, 0.5, True),
    ("anchor_y", "pixel", "constant", np.nan, np.nan, 10.3, 0.7, np.nan, True),
]
STUDY = SETTINGS.invariance


def write_studies(results: Path) -> None:
    """The tables of all studies into the folder of results."""
    _write_readings(results)
    tables = {SPREAD: SOURCES, FITS: DISTRIBUTIONS, COUNTS: _counts(), EXAMPLES: _examples(),
              FIELDS: _fields(), ERRORS: NEIGHBOURS}  # fmt: skip
    for output, rows in tables.items():
        output.write(results, output.frame(rows))


def _write_readings(results: Path) -> None:
    rows, curves = [], []
    for place, (stage, name, change) in enumerate(READINGS, start=1):
        lost = name == "printed"
        numbers = ("distance", "rms", "rms_low", "rms_high", "step_low", "step_high",
                   "training_error")  # fmt: skip
        rows.append({
            "stage": stage, "reading": name, "change": change, "replicates": 3,
            "tied": place == 1, "from_text": 3, "from_library": place,
            "adopted": name == "ours",
            **dict.fromkeys(numbers, np.nan if lost else 0.1 * place),
        })  # fmt: skip
        curves += [] if lost else [
            pd.DataFrame({
                "stage": stage, "reading": name, "replicate": number, "key": "",
                "pass": range(1, 21),
                "training_error": 0.1 * place, "step_low": 7e-5, "step_high": 0.016,
            })
            for number in range(3)
        ]  # fmt: skip
    RANKING.write(results, pd.DataFrame(rows))
    CURVES.write(results, pd.concat(curves, ignore_index=True))


def _each() -> Iterator[tuple[str, str, float]]:
    for experiment in ("lenet5", "lenet5-distorted"):
        for kind in changes.KINDS:
            for amount in changes.list_amounts(STUDY, kind):
                yield experiment, kind, amount


def _counts() -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for experiment, kind, amount in _each():
        off = abs(amount - changes.UNCHANGED[kind]) / (60 if kind == "rotation" else 1)
        missed = round(1000 * min(0.9, 0.01 + off**2))
        found += [(experiment, number, kind, amount, missed + number, 1000) for number in range(2)]
    return found


def _examples() -> list[tuple[object, ...]]:
    return [
        (*one, number, int(LABELS[number]) if number else (int(LABELS[0]) + 1) % 10, 2.5)
        for one in _each()
        for number in range(3)
    ]


def _fields() -> list[tuple[object, ...]]:
    return [
        ("lenet5", picture, position, digit, float((digit + position) % 10 + 1))
        for picture, shown in enumerate(STUDY.fields)
        for position in range(0, STUDY.pitch * (len(shown) - 1) + 1, 4)
        for digit in range(10)
    ]
