"""What the page is made from: the verdicts, the files of results/, and the test images.

``metrics.json`` has to be there; whatever else is missing leaves its part of the page with a
sentence that says which command makes it. A damaged file is an error, never a gap.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.audit.setting import AUDIT, Setting, read_settings
from replication.files import Table, read_json
from replication.paper import Paper
from replication.runs import ANSWERS, HISTORY, Answers, Run
from replication.settings import Compare, Invariance
from replication.verdicts import benchmark
from replication.verdicts.benchmark import BENCH, Benchmark
from replication.verdicts.claim_checks import Verdict, run_checks
from replication.verdicts.evidence import Checks, Evidence, Wording
from replication.verdicts.tables import MISCLASSIFIED

# What may look like numbers and is shown as it stands.
_WORDS = ("page", "paper", "ours")
# As Figure 9 labels its rows.
_LABELS = {
    "linear": "Linear", "pairwise-linear": "Pairwise linear", "knn-euclidean": "K-NN Euclidean",
    "pca40-quadratic": "40 PCA + quadratic", "rbf1000-linear": "1000 RBF + linear",
    "tangent-distance": "Tangent distance", "svm-poly4": "SVM poly 4",
    "rs-svm-poly5": "RS-SVM poly 5", "v-svm-poly9": "V-SVM poly 9", "mlp-300": "28x28-300-10",
    "mlp-1000": "28x28-1000-10", "mlp-300-100": "28x28-300-100-10",
    "mlp-500-150": "28x28-500-150-10", "lenet1": "LeNet-1", "lenet4": "LeNet-4",
    "lenet4-local": "LeNet-4, local", "lenet4-knn": "LeNet-4, K-NN",
    "lenet4-boosted": "Boosted LeNet-4", "lenet5": "LeNet-5",
}  # fmt: skip
_DATABASES = {"regular": "", "distorted": "[dist]", "deslanted": "[deslant]", "16x16": "[16x16]",
              "deslanted-20x20": "[deslant]"}  # fmt: skip
_T = TypeVar("_T")


@dataclass(frozen=True)
class Inputs:
    """Everything the page shows.

    Attributes:
        paper: data/paper.
        choices: section ``compare`` of params.yaml: which experiment stands for what.
        study: section ``invariance``: how the patterns of its files were changed.
        metrics: results/metrics.json.
        verdicts: in the order of verdicts.csv, worded by ``wording``.
        wording: names systems and experiments as Figure 9 does.
        images, labels: uint8 (n, 28, 28) and (n,), the test patterns.
        runs: by experiment of the metrics, in the order of its replicates.
        misclassified, bench: the files of these names, or None.
        audit: the settings of results/audit.csv, or None.
        results: the folder of them all, in which the studies' tables lie as well.
    """

    paper: Paper
    choices: Compare
    study: Invariance
    metrics: Mapping[str, Any]
    verdicts: Sequence[Verdict]
    wording: Wording
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    runs: Mapping[str, Sequence[Run]]
    misclassified: pd.DataFrame | None
    audit: tuple[Setting, ...] | None
    bench: Benchmark | None
    results: Path

    def table(self, study: Table) -> pd.DataFrame | None:
        """Return what a study has written, or None; raise ReplicationError for a damaged file."""
        return study.read(self.results) if study.exists(self.results) else None

    def histories(self, experiment: str) -> list[pd.DataFrame]:
        """Return those of the replicates that are there."""
        return [run.history for run in self.runs.get(experiment, ()) if run.has(HISTORY)]

    def answers(self, experiment: str) -> list[Answers]:
        """Return those of the replicates that are there and answer these test patterns."""
        answers = [run.answers for run in self.runs.get(experiment, ()) if run.has(ANSWERS)]
        return [each for each in answers if len(each.classes) == len(self.labels)]

    def values(self, experiment: str, metric: str) -> list[float]:
        """Return a metric such as ``test_error_percent`` of each replicate.

        Empty for an experiment that has not been run or has no such metric.
        """
        entry = self.metrics.get(experiment, {}).get(metric)
        return [float(value) for value in entry["values"]] if entry else []

    def verdict(self, claim: str) -> Verdict | None:
        """Return the verdict on a claim, or on the entry ``<claim>:<entry>``, or None."""
        return next((verdict for verdict in self.verdicts if verdict.subject.claim == claim), None)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by column name."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def read(
    evidence: Evidence,
    checks: Checks,
    study: Invariance,
    runs: Mapping[str, Sequence[Run]],
    results: Path,
) -> Inputs:
    """Decide the checks in the page's wording, and read what else the page shows.

    Raises ReplicationError as the readers do.
    """

    names = system_names(evidence.paper, evidence.choices, evidence.metrics)
    wording = Wording(names, spelt_out=True)
    return Inputs(
        paper=evidence.paper,
        choices=evidence.choices,
        study=study,
        metrics=evidence.metrics,
        verdicts=run_checks(replace(evidence, wording=wording), checks),
        wording=wording,
        images=evidence.images,
        labels=evidence.labels,
        runs=runs,
        misclassified=MISCLASSIFIED.read(results) if MISCLASSIFIED.exists(results) else None,
        audit=read_settings(results) if AUDIT.exists(results) else None,
        bench=_optional(results / BENCH.name, _bench),
        results=results,
    )


def name_system(system: str) -> str:
    """Return ``knn-euclidean/deslanted`` as Figure 9 has it: ``K-NN Euclidean [deslant]``."""
    name, _, database = system.partition("/")
    return f"{_LABELS.get(name, name)} {_DATABASES.get(database, database)}".strip()


def system_names(paper: Paper, choices: Compare, experiments: Iterable[str]) -> dict[str, str]:
    """Return the names of Figure 9 by ``system/database`` and by experiment.

    An experiment of no row of it has the name of the one whose variant it is, with what varies.
    """
    names = {
        system: name_system(system)
        for system in paper.systems["system"].str.cat(paper.systems["database"], "/")
    }
    own = {experiment: name_system(system) for system, experiment in choices.systems.items()}
    for name in experiments:
        bases = (each for each in own if f"{name}-".startswith(f"{each}-"))
        if base := max(bases, key=len, default=""):
            variant = name[len(base) + 1 :]
            names[name] = f"{own[base]} [{variant}]" if variant else own[base]
    return names


def text_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with columns that hold words as text, empty where nothing stands."""
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


def _bench(path: Path) -> Benchmark:
    return benchmark.read(read_json(path, BENCH.made_by))
