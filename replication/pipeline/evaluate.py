"""evaluate: the replicates' answers and histories to results/metrics.json."""

from collections.abc import Mapping
from typing import Any

import click

from replication.comparison import paper
from replication.comparison.evaluation.errors import target_percent
from replication.comparison.evaluation.metrics import METRICS, evaluate, write_metrics
from replication.core.mnist import databases
from replication.core.settings import Settings, load
from replication.folders import Folders, folder_options


def run(folders: Folders, settings: Settings) -> dict[str, Any]:
    """Evaluate every experiment of params.yaml, and write and return the metrics."""
    labels = databases.load(folders.raw, folders.prepared, "regular").test_labels
    target = target_percent(paper.load(folders.paper))
    metrics = evaluate(folders.runs, settings.experiments, labels, target)
    write_metrics(folders.out / METRICS, metrics)
    return metrics


def summary(metrics: Mapping[str, Any]) -> str:
    """Return one line per experiment."""
    return "\n".join(
        f"{name}: {entry['replicates']} replicates, "
        f"test error {entry['test_error_percent']['mean']:.3f} %, "
        f"rejection {entry['rejection_percent']['mean']:.2f} %"
        for name, entry in metrics.items()
    )


@click.command()
@folder_options("params", "runs", "out")
def command(folders: Folders) -> None:
    """Count the errors in the answers of every replicate, and how many it has to reject."""
    print(summary(run(folders, load(folders.params))))
