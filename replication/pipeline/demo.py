"""demo: the committed LeNet-5s as a page to draw on."""

from pathlib import Path

import click

from replication.comparison import paper
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.core.mnist import databases
from replication.core.runs import TRAIN, experiment_runs
from replication.core.settings import Settings, load
from replication.errors import ReplicationError
from replication.files import write_text
from replication.folders import DEMONSTRATION, Folders, folder_options
from replication.report import demonstration


def run(folders: Folders, settings: Settings) -> Path:
    """Write the page and return its file; ReplicationError when no LeNet-5 has weights."""
    metrics = read_metrics(folders.results / METRICS)
    runs = {
        name: experiment_runs(folders.runs, name, entry["replicates"])
        for name, entry in metrics.items()
    }
    images = databases.read_images(folders.raw / databases.TEST_IMAGES)
    labels = databases.read_labels(folders.raw / databases.TEST_LABELS)
    published = paper.load(folders.paper)
    content = demonstration.content(
        published, settings.compare, settings.invariance, images, labels, runs
    )
    if content is None:
        name = settings.compare.experiments.undistorted
        raise ReplicationError(f"{folders.runs} holds no weights of {name}: run `{TRAIN} {name}`")
    page = folders.out / DEMONSTRATION
    write_text(page, demonstration.page(content))
    return page


@click.command()
@folder_options("params", "runs", "out")
def command(folders: Folders) -> None:
    """Make a page to draw on: LeNet-5 live, with the weights of the committed replicates.

    One file that works without a network: every map, the ten penalties, and whether the answer
    would be rejected at the margin that leaves Figure 10's error among the accepted test patterns.
    """
    print(f"{run(folders, load(folders.params))} written")
