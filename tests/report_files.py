"""A project for tests of the page: committed runs and verdicts, fabricated tables of studies."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import study_files
from small import REPOSITORY

from replication.comparison.figures.inputs import Inputs
from replication.folders import Folders
from replication.pipeline import report

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
        *(["results/runs"] if runs else []),
    ):
        (folder / name).symlink_to(REPOSITORY / name)
    for path in (REPOSITORY / "results").iterdir():
        if path.is_file() and (tables or path.name in NEEDED):
            shutil.copyfile(path, results / path.name)
    if tables:
        study_files.write(results)
    return folder


def load(folder: Path) -> Inputs:
    """What the page of a project is made from."""
    return report.read_inputs(Folders.below(folder))


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
