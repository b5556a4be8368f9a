"""What the page is made from: the files of results/, data/paper and the test images.

``metrics.json`` and ``verdicts.csv`` have to be there; whatever else is missing leaves its part of
the page with a sentence that says which command makes it. A damaged file is an error, never a gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication import paper, settings
from replication.errors import ReplicationError
from replication.evaluation.metrics import read_metrics
from replication.files import Table, read_json, read_table
from replication.mnist import idx
from replication.paper import Paper
from replication.runs import ANSWERS, HISTORY, Answers, Run, of_experiment
from replication.settings import Compare, Invariance
from replication.verdicts.tables import VERDICTS

COMPARE = VERDICTS.made_by
AUDIT = "python -m replication audit"
BENCH = "python -m replication bench"
_AUDIT = ("claim", "page", "paper", "ours", "status", "reason")
# What may look like numbers and is shown as it stands.
_WORDS = ("page", "published", "replicated", "paper", "ours")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Inputs:
    """Everything the page shows.

    Attributes:
        paper: data/paper.
        choices: section ``compare`` of params.yaml: which experiment stands for what.
        study: section ``invariance``: how the patterns of its files were changed.
        metrics: results/metrics.json. verdicts: results/verdicts.csv, text never NaN.
        images, labels: uint8 (n, 28, 28) and (n,), the test patterns.
        runs: by experiment of the metrics, in the order of its replicates.
        misclassified, audit, bench: the files of these names, or None.
        results: the folder of them all, in which the studies' tables lie as well.
    """

    paper: Paper
    choices: Compare
    study: Invariance
    metrics: Mapping[str, Any]
    verdicts: pd.DataFrame
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    runs: Mapping[str, Sequence[Run]]
    misclassified: pd.DataFrame | None
    audit: pd.DataFrame | None
    bench: Mapping[str, Any] | None
    results: Path

    def table(self, study: Table) -> pd.DataFrame | None:
        """What a study has written, or None; raises ReplicationError when it is damaged."""
        return study.read(self.results) if study.exists(self.results) else None

    def histories(self, experiment: str) -> list[pd.DataFrame]:
        """Those of the replicates that are there."""
        return [run.history for run in self.runs.get(experiment, ()) if run.has(HISTORY)]

    def answers(self, experiment: str) -> list[Answers]:
        """Those of the replicates that are there and answer these test patterns."""
        found = [run.answers for run in self.runs.get(experiment, ()) if run.has(ANSWERS)]
        return [one for one in found if len(one.classes) == len(self.labels)]

    def values(self, experiment: str, metric: str) -> list[float]:
        """A metric such as ``test_error_percent``, one value a replicate.

        Empty for an experiment that has not been run or has no such metric.
        """
        entry = self.metrics.get(experiment, {}).get(metric)
        return [float(value) for value in entry["values"]] if entry else []

    def verdict(self, claim: str) -> Mapping[str, Any] | None:
        """The row of verdicts.csv of this claim, or None."""
        rows = records(self.verdicts[self.verdicts["claim"] == claim])
        return rows[0] if rows else None


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by column name."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def read(params: Path, paper_folder: Path, raw: Path, results: Path) -> Inputs:
    """Read all of it; raises ReplicationError as the readers do."""

    def table(name: str, columns: tuple[str, ...], made_by: str) -> pd.DataFrame | None:
        return _optional(results / name, lambda path: read_table(path, columns, made_by))

    metrics = read_metrics(results / "metrics.json")
    audit = table("audit.csv", _AUDIT, AUDIT)
    chosen = settings.load(params)
    return Inputs(
        paper=paper.load(paper_folder),
        choices=chosen.compare,
        study=chosen.invariance,
        metrics=metrics,
        verdicts=text_columns(VERDICTS.read(results)),
        images=idx.read_images(raw / idx.TEST_IMAGES),
        labels=idx.read_labels(raw / idx.TEST_LABELS),
        runs={
            name: of_experiment(results / "runs", name, entry["replicates"])
            for name, entry in metrics.items()
        },
        misclassified=table("misclassified.csv", ("test_index", "label", "answer_1998"), COMPARE),
        audit=None if audit is None else text_columns(audit),
        bench=_optional(results / "bench.json", _bench),
        results=results,
    )


def text_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with columns that hold words as text, empty where nothing stands."""
    return table.assign(
        **{
            str(name): [_text(value) for value in table[name]]
            for name in table
            if name in _WORDS or not pd.api.types.is_numeric_dtype(table[name])
        }
    )


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.15g}"
    return str(value)


def _optional(path: Path, reader: Callable[[Path], _T]) -> _T | None:
    return reader(path) if path.exists() else None


def _bench(path: Path) -> Mapping[str, Any]:
    content = read_json(path, BENCH)
    if not isinstance(content, dict):
        raise ReplicationError(f"{path} is damaged (no table): delete it and run `{BENCH}`")
    return content
