"""predict: classify your own digits with committed weights.

Each image may be of any size, in colour or grey, dark on bright or bright on dark. Printed are the
class, the ten penalties (the least wins), the margin to the second best, and whether the answer
would be rejected at the threshold that leaves Figure 10's error among the accepted test patterns.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication import artifacts, paper, settings
from replication.artifacts import Answers
from replication.errors import ReplicationError
from replication.evaluation.recomputed import Trained, base_settings
from replication.evaluation.rejection import rejected_share, target_percent
from replication.mnist import databases, drawn
from replication.systems.contract import answers_of

# Systems whose weights are one network's, which answers by itself.
ANSWERS_ALONE = ("network", "noisy")
WEIGHTS = Path("results/runs/lenet5/0/weights.safetensors")


def threshold(answers: Answers, labels: NDArray[np.uint8], target: float) -> float:
    """The margin up to which answers are rejected for ``target`` percent error on the rest.

    Negative when none has to be: no margin is.
    """
    share = rejected_share(answers.classes, answers.margins, labels, target)
    rejected = round(share * len(labels) / 100)
    return float(np.sort(answers.margins)[rejected - 1]) if rejected else -1.0


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


def _trained(given: argparse.Namespace, published: paper.Paper) -> Trained:
    """The network of the weights, by the record beside them, or else by the base recipe."""
    record = given.weights.parent / "record.json"
    if record.exists():
        trained = Trained(artifacts.read_record(record)["settings"], published, record)
    else:
        chosen = settings.load(given.params)
        trained = Trained(base_settings(chosen), published, given.params)
    if trained.system not in ANSWERS_ALONE:
        raise ReplicationError(
            f"{given.weights} is of the system {trained.system}, which does not answer by one "
            "network's output layer: name weights of another experiment"
        )
    if trained.database != "regular":
        raise ReplicationError(
            f"{given.weights} is of a network for the {trained.database} database, but own digits "
            "are made like the regular one: name weights of another experiment"
        )
    return trained


def _limit(given: argparse.Namespace, target: float) -> float | None:
    answers = given.weights.parent / "answers.npz"
    if not answers.exists():
        return None
    labels = databases.ensure(given.prepared, given.raw, "regular").test_labels
    found = artifacts.read_answers(answers)
    if found.classes.shape != labels.shape:
        raise ReplicationError(
            f"{answers} has answers for {len(found.classes)} patterns but the test set has "
            f"{len(labels)}: restore it from the repository"
        )
    return threshold(found, labels, target)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line: prints two lines an image."""
    parser = argparse.ArgumentParser(prog="python -m replication predict", description=__doc__)
    parser.add_argument("images", type=Path, nargs="+", metavar="image.png")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    given = parser.parse_args(argv)
    published = paper.load(given.paper)
    trained = _trained(given, published)
    weights = artifacts.read_weights(given.weights, trained.network.parameters)
    target = target_percent(published)
    patterns = {path: drawn.read(path) for path in given.images}
    limit = _limit(given, target)
    for path, pattern in patterns.items():
        penalties = trained.penalties(weights, pattern[np.newaxis])
        print(described(str(path), penalties, limit, target))
    if limit is None:
        print(f"no answers.npz beside {given.weights}, so no margin for rejection is known")
