"""What a committed network says of your own digits."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication import paper
from replication.errors import ReplicationError
from replication.evaluation.recomputed import Trained, base_settings
from replication.evaluation.rejection import target_percent, threshold
from replication.folders import PLACES, Folders
from replication.folders import WEIGHTS as FOLDERS_WEIGHTS
from replication.mnist import databases, drawn
from replication.runs import ANSWERS, RECORD, WEIGHTS, Run, read_weights
from replication.settings import load
from replication.systems.contract import answers_of

# Systems whose weights are one network's, which answers by itself.
ANSWERS_ALONE = ("network", "noisy")


def described(name: str, penalties: NDArray[np.float32], limit: float | None, target: float) -> str:
    """What is printed of one image: ``penalties`` are (1, classes), ``limit`` as of `threshold`."""
    answer = answers_of(penalties)
    margin = float(answer.margins[0])
    line = f"{name}: {int(answer.classes[0])}, margin {margin:.2f}"
    if limit is not None:
        verdict = "rejected" if margin <= limit else "accepted"
        line += f", {verdict} at {target:g} % error (rejected up to {max(limit, 0.0):.2f})"
    each = "  ".join(f"{number}: {value:.2f}" for number, value in enumerate(penalties[0]))
    return f"{line}\n  penalties  {each}"


def _trained(weights: Path, folders: Folders, published: paper.Paper) -> Trained:
    """The network of the weights, by the record beside them, or else by the base recipe."""
    if weights.is_dir():
        raise ReplicationError(f"{weights} is a folder: name the file {WEIGHTS} in it")
    run = Run(weights.parent)
    if run.has(RECORD):
        trained = Trained(run.record["settings"], published, run.path(RECORD))
    else:
        trained = Trained(base_settings(load(folders.params)), published, folders.params)
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


def _parameters(run: Run, weights: Path, parameters: int) -> NDArray[np.float32]:
    if weights.name == WEIGHTS:
        return run.weights(parameters)
    try:
        return read_weights(weights, parameters)
    except ReplicationError as error:  # whose remedy is for a file of ours
        why = "is no file of" if weights.exists() else "is missing: name a file with"
        raise ReplicationError(
            f"{weights} {why} {parameters} weights, such as {PLACES['runs']}/{FOLDERS_WEIGHTS}"
        ) from error


def _limit(weights: Path, folders: Folders, target: float) -> float | None:
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


def classified(
    folders: Folders, weights: Path, images: Sequence[Path]
) -> Iterator[str | ReplicationError]:
    """What is printed of each image, or why it cannot be read; then what could not be said.

    Raises ReplicationError when the weights cannot be used.
    """
    published = paper.load(folders.paper)
    trained = _trained(weights, folders, published)
    run = Run(weights.parent)
    parameters = _parameters(run, weights, trained.network.parameters)
    target = target_percent(published)
    limit = _limit(weights, folders, target)
    for path in images:
        try:
            ink = drawn.inked(path)
        except ReplicationError as error:
            yield error
            continue
        penalties = trained.penalties(parameters, drawn.pattern(ink)[np.newaxis])
        yield described(str(path), penalties, limit, target)
        if drawn.several(ink):
            yield f"  it looks like several digits, and was answered as one: cut {path} apart"
    if limit is None:
        yield f"no answers.npz beside {weights}, so no margin for rejection is known"
