"""predict: classify your own digits with committed weights."""

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from replication.comparison import paper
from replication.comparison.evaluation.errors import target_percent, threshold
from replication.comparison.evaluation.recomputed import RecordedNetwork, base_settings
from replication.core.mnist import databases
from replication.core.runs import ANSWERS, RECORD, WEIGHTS, Run, read_weights
from replication.core.settings import load
from replication.core.systems.contract import answers_from_penalties
from replication.errors import ReplicationError
from replication.extras import own_digits
from replication.folders import PLACES, Folders, path_option
from replication.folders import WEIGHTS as USUAL_WEIGHTS
from replication.pipeline.options import settings_options

UNREADABLE = 2
# Systems of a single network, which answers by itself.
ANSWERS_ALONE = ("network", "noisy")


def describe(name: str, penalties: NDArray[np.float32], limit: float | None, target: float) -> str:
    """Return the text for an image: ``penalties`` are (1, classes), ``limit`` as of `threshold`."""
    answer = answers_from_penalties(penalties)
    margin = float(answer.margins[0])
    line = f"{name}: {int(answer.classes[0])}, margin {margin:.2f}"
    if limit is not None:
        verdict = "rejected" if margin <= limit else "accepted"
        line += f", {verdict} at {target:g} % error (rejected up to {max(limit, 0.0):.2f})"
    values = "  ".join(f"{number}: {value:.2f}" for number, value in enumerate(penalties[0]))
    return f"{line}\n  penalties  {values}"


def _load_network(weights: Path, folders: Folders, published: paper.Paper) -> RecordedNetwork:
    """Return the network of the weights by the record beside them, or else by the base recipe."""
    if weights.is_dir():
        raise ReplicationError(f"{weights} is a folder: name the file {WEIGHTS} in it")
    run = Run(weights.parent)
    if run.has(RECORD):
        trained = RecordedNetwork(run.record["settings"], published, run.path(RECORD))
    else:
        trained = RecordedNetwork(base_settings(load(folders.params)), published, folders.params)
    if trained.system not in ANSWERS_ALONE:
        raise ReplicationError(
            f"{weights} is of the system {trained.system}, which does not answer by one "
            "network's output layer: name weights of another experiment"
        )
    if trained.database != "regular":
        raise ReplicationError(
            f"{weights} is of a network for the {trained.database} database, but own digits "
            "are made like the regular one: name weights of another experiment"
        )
    return trained


def _read_parameters(run: Run, weights: Path, parameters: int) -> NDArray[np.float32]:
    if weights.name == WEIGHTS:
        return run.weights(parameters)
    try:
        return read_weights(weights, parameters)
    except ReplicationError as error:  # whose remedy is for a file of ours
        why = "is no file of" if weights.exists() else "is missing: name a file with"
        raise ReplicationError(
            f"{weights} {why} {parameters} weights, such as {PLACES['runs']}/{USUAL_WEIGHTS}"
        ) from error


def _find_threshold(weights: Path, folders: Folders, target: float) -> float | None:
    run = Run(weights.parent)
    if not run.has(ANSWERS):
        return None
    labels = databases.load(folders.raw, folders.prepared, "regular").test_labels
    if run.answers.classes.shape != labels.shape:
        raise ReplicationError(
            f"{run.path(ANSWERS)} has answers for {len(run.answers.classes)} patterns but the "
            f"test set has {len(labels)}: restore it from the repository"
        )
    return threshold(run.answers, labels, target)


def classify(
    folders: Folders, weights: Path, images: Sequence[Path]
) -> Iterator[str | ReplicationError]:
    """Yield the text for each digit of the images, or the error of what cannot be read.

    Raises ReplicationError when the weights cannot be used.
    """
    published = paper.load(folders.paper)
    trained = _load_network(weights, folders, published)
    run = Run(weights.parent)
    parameters = _read_parameters(run, weights, trained.network.parameters)
    target = target_percent(published)
    limit = _find_threshold(weights, folders, target)
    for found in chain.from_iterable(map(own_digits.read_digits, images)):
        if isinstance(found, ReplicationError):
            yield found
        else:
            name, pattern = found
            penalties = trained.penalties(parameters, pattern[np.newaxis])
            yield describe(name, penalties, limit, target)
    if limit is None:
        yield f"no answers.npz beside {weights}, so no margin for rejection is known"


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@path_option(
    "--weights", f"{PLACES['runs']}/{USUAL_WEIGHTS}", "The weights of the network that answers."
)
@settings_options()
def command(folders: Folders, images: tuple[Path, ...], weights: Path | None) -> int:
    """Classify the digits in each of IMAGES, and on each of their pages, with committed weights.

    An image may be of any size up to 50 million pixels, in colour or grey, dark on bright or bright
    on dark, and lit unevenly. Specks, grain, a desk around the sheet and lines that touch no digit
    are left out; digits may stand apart in rows. Printed are the class, the ten penalties (the
    least wins), the margin to the second best, and whether the answer would be rejected at the
    threshold that leaves Figure 10's error among the accepted test patterns. Ends with status 2
    when a page cannot be read, which is said and not answered; the others are answered.
    """
    status = 0
    for answer in classify(folders, weights or folders.runs / USUAL_WEIGHTS, images):
        if isinstance(answer, ReplicationError):
            print(f"replication: {answer}", file=sys.stderr)
            status = UNREADABLE
        else:
            print(answer)
    return status
