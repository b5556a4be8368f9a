"""Inputs of the page: the verdicts, the files of results/, and the test images.

Only ``metrics.json`` has to exist; for any other missing file the page names the command that makes
it. A damaged file is an error, never a gap. A study adds a `Part` to the page, a `Block` to the
README, so that neither has to know the study.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison.audit.setting import AUDIT, Setting, read_settings
from replication.comparison.paper import Paper
from replication.comparison.verdicts import benchmark
from replication.comparison.verdicts.benchmark import BENCH, Benchmark
from replication.comparison.verdicts.claim_checks import Verdict, run_checks
from replication.comparison.verdicts.evidence import Checks, Evidence, Wording
from replication.comparison.verdicts.tables import MISCLASSIFIED
from replication.core.runs import ANSWERS, HISTORY, Answers, Run
from replication.core.settings import Compare, Invariance
from replication.files import Table

# As Figure 9 labels its rows.
_LABELS = {
    "linear": "Linear",
    "pairwise-linear": "Pairwise linear",
    "knn-euclidean": "K-NN Euclidean",
    "pca40-quadratic": "40 PCA + quadratic",
    "rbf1000-linear": "1000 RBF + linear",
    "tangent-distance": "Tangent distance",
    "svm-poly4": "SVM poly 4",
    "rs-svm-poly5": "RS-SVM poly 5",
    "v-svm-poly9": "V-SVM poly 9",
    "mlp-300": "28x28-300-10",
    "mlp-1000": "28x28-1000-10",
    "mlp-300-100": "28x28-300-100-10",
    "mlp-500-150": "28x28-500-150-10",
    "lenet1": "LeNet-1",
    "lenet4": "LeNet-4",
    "lenet4-local": "LeNet-4, local",
    "lenet4-knn": "LeNet-4, K-NN",
    "lenet4-boosted": "Boosted LeNet-4",
    "lenet5": "LeNet-5",
}
_DATABASES = {"regular": "", "distorted": "[dist]", "16x16": "[16x16]"}
_DATABASES |= dict.fromkeys(("deslanted", "deslanted-20x20"), "[deslant]")


@dataclass(frozen=True)
class Inputs:
    """Everything that the page shows.

    Attributes:
        paper: data/paper.
        choices: section ``compare`` of params.yaml: the experiments that stand for systems.
        study: section ``invariance``: the changes of the patterns in its files.
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
        """Return a study's table, or None; raise ReplicationError for a damaged file."""
        return study.read(self.results) if study.exists(self.results) else None

    def histories(self, experiment: str) -> list[pd.DataFrame]:
        """Return the histories of the existing replicates."""
        return [run.history for run in self.runs.get(experiment, ()) if run.has(HISTORY)]

    def answers(self, experiment: str) -> list[Answers]:
        """Return the existing replicates' answers to these test patterns."""
        runs = [run for run in self.runs.get(experiment, ()) if run.has(ANSWERS)]
        return [run.answers for run in runs if len(run.answers.classes) == len(self.labels)]

    def values(self, experiment: str, metric: str) -> list[float]:
        """Return a metric such as ``test_error_percent`` of each replicate.

        Empty for an experiment that has not been run or has no such metric.
        """
        entry = self.metrics.get(experiment, {}).get(metric)
        return [float(value) for value in entry["values"]] if entry else []

    def verdict(self, claim: str) -> Verdict | None:
        """Return the verdict on a claim, or on the entry ``<claim>:<entry>``, or None."""
        return next((verdict for verdict in self.verdicts if verdict.subject.claim == claim), None)


@dataclass(frozen=True)
class Part:
    """A part of the page.

    name: in the template. make: returns None where its files are missing. what, command: the
    missing part then, as the beginning of a sentence, and the command that makes it.
    """

    name: str
    make: Callable[[Inputs], Any | None]
    what: str
    command: str


@dataclass(frozen=True)
class Block:
    """A block of README.md or paper_notes.md, between its two markers; ``text`` is Markdown."""

    name: str
    text: Callable[[Inputs], str]


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
    """Run the checks in the page's wording, and read the rest of the page's inputs.

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
        bench=benchmark.read(BENCH.read(results)) if BENCH.exists(results) else None,
        results=results,
    )


def name_system(system: str) -> str:
    """Return the name in Figure 9, ``Linear [deslant]`` for ``linear/deslanted``."""
    name, _, database = system.partition("/")
    return f"{_LABELS.get(name, name)} {_DATABASES.get(database, database)}".strip()


def system_names(paper: Paper, choices: Compare, experiments: Iterable[str]) -> dict[str, str]:
    """Return the names of Figure 9 by ``system/database`` and by experiment.

    A variant of an experiment has the name of that experiment with the variation in brackets.
    """
    names = {
        system: name_system(system)
        for system in paper.systems["system"].str.cat(paper.systems["database"], "/")
    }
    own = {experiment: name_system(system) for system, experiment in choices.systems.items()}
    for name in experiments:
        bases = (experiment for experiment in own if f"{name}-".startswith(f"{experiment}-"))
        if base := max(bases, key=len, default=""):
            variant = name[len(base) + 1 :]
            names[name] = f"{own[base]} [{variant}]" if variant else own[base]
    return names
