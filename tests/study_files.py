"""Fabricated files of the studies: what the page shows of them, and none of it measured."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from fabricated import LABELS, SETTINGS

from replication.studies.distortions import FITS
from replication.studies.invariance import COUNTS, EXAMPLES, FIELDS, changes
from replication.studies.neighbours import ERRORS
from replication.studies.readings import CURVES, RANKING
from replication.studies.variance import SPREAD

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


def write(results: Path) -> None:
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
