"""What the article is set from: its template, the files that it reads, and what no file has."""

import posixpath
from importlib import resources
from math import fsum
from pathlib import Path
from typing import Any

from replication.comparison.figures.drawing import Figure
from replication.comparison.figures.inputs import Inputs
from replication.comparison.verdicts.benchmark import EARLIER
from replication.core.runs import RECORD, Run
from replication.errors import ReplicationError
from replication.files import json_bytes
from replication.folders import Folders
from replication.report import charts
from replication.report.narrative import name_topic
from replication.report.tables import ROLES, entries
from replication.studies.sizes.figure import draw_training_sizes

TEMPLATE = ("article.typ", "lookups.typ", "numbers.typ", "style.typ", "tables.typ")
PAPER = ("claims.yaml", "figure8_misclassified.csv", "figures9_to_12_systems.csv")
RESULTS = ("audit.csv", "bench.json", "metrics.json", "readings.csv", "studies/causes.csv",
           "verdicts.csv")  # fmt: skip


def content(folders: Folders, inputs: Inputs) -> dict[str, bytes]:
    """Return the files from which Typst sets the article, by path from its root, charts aside.

    Raises ReplicationError for a file that is missing.
    """
    own = resources.files(__package__)
    paths = {
        "params.yaml": folders.params,
        **{f"data/paper/{name}": folders.paper / name for name in PAPER},
        **{f"results/{name}": folders.results / name for name in RESULTS},
    }
    files = {name: own.joinpath(name).read_bytes() for name in TEMPLATE}
    files |= {name: _read(path) for name, path in paths.items()}
    return files | {"derived.json": json_bytes(derive(inputs))}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ReplicationError(
            f"{path} is missing, and the article reads it: bring the committed one back with "
            f"`git checkout {path.as_posix()}`"
        ) from error


def figures(inputs: Inputs) -> dict[str, Figure]:
    """Return the charts by name, without those whose files are missing."""
    drawn = (charts.headline(inputs), *charts.learning_curves(inputs)[:1],
             draw_training_sizes(inputs))  # fmt: skip
    return {figure.name: figure for figure in drawn if figure is not None}


def derive(inputs: Inputs) -> dict[str, Any]:
    """Return what the article needs and no file has.

    What each verdict is about, sums over the runs of each experiment, the captions of the charts
    (and the numbers drawn, so that the digest covers them), what the roles mean, and the commit of
    the kernels that times are compared with.
    """
    return {
        "subjects": {
            entry.source.subject.claim: {
                "subject": entry.subject,
                "part": entry.part,
                "topic": name_topic(entry),
                "statement": entry.statement,
                "as-stated": entry.published == "as stated",
                "number": entry.source.subject.number,
                "unit": entry.source.subject.unit,
                "ours": entry.ours,
            }
            for entry in entries(inputs)
        },
        "runs": {
            experiment: {
                "replicates": len(runs),
                # Not sum, which rounds otherwise from Python 3.12 on.
                "seconds": fsum(run.seconds for run in runs),
                "processors": list(dict.fromkeys(map(_processor, filter(_has_record, runs)))),
            }
            for experiment, runs in inputs.runs.items()
        },
        "charts": {
            name: {
                "caption": figure.caption,
                "sources": list(dict.fromkeys(
                    posixpath.normpath(posixpath.join("results/report", source.href))
                    for source in figure.sources)),
                "rows": figure.table.rows,
            }
            for name, figure in figures(inputs).items()
        },
        "roles": ROLES,
        "kernels-compared": EARLIER,
    }  # fmt: skip


def _has_record(run: Run) -> bool:
    return run.has(RECORD)


def _processor(run: Run) -> str:
    return str(run.record.get("processor") or "not recorded")
