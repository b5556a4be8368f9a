"""What the thresholds of own_digits.py do on training digits: `python tests/thresholds.py 40 3000`.

Prints a row of docs/own_images.md for each value: of so many pages of each kind, and of so many
digits as MNIST has them, how many are right, warned of, and wrong and yet accepted. Test digits are
not looked at. Run from the root of the repository; a page takes about half a second.
"""

import sys
from pathlib import Path

import numpy as np
from disturbed import KINDS, disturbed

from replication.comparison import paper
from replication.comparison.evaluation.errors import target_percent, threshold
from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.core.mnist import databases
from replication.core.runs import Run
from replication.core.systems.contract import answers_from_penalties
from replication.extras import own_digits
from replication.folders import WEIGHTS
from replication.reading import Damage

TRIED = {
    "_WIDEST": (1 / 4, 1 / 2), "_OUTLYING": (3.0, 8.0), "_LEAST_CONTRAST": (0.05, 0.2),
    "_STRONG": (0.25, 0.55), "_EDGE": (0.05, 0.2), "_SPECKS": (0.002, 0.08),
    "_NEAR": (0.04, 0.12), "_APART": (0.1, 0.6), "_TALL": (0.3, 0.7), "_HOLLOW": (0.05, 0.2),
    "_SOLID": (0.7, 0.9), "_WIDE": (1.4, 2.2), "_HOLES": (3, 12),
}  # fmt: skip


def read(grey):
    try:
        return own_digits.find_digits(grey / 255)
    except Damage:
        return None


def count(pages, labels, answer):
    """Return how many are right, warned of, and wrong and yet accepted."""
    found = [read(page) for page in pages]
    single = [nth for nth, one in enumerate(found) if one is not None and len(one) == 1]
    classes, accepted = answer(np.array([found[nth][0].pattern for nth in single]))
    wrong = classes != labels[single]
    warned = sum(one is None for one in found)
    several = len(found) - len(single) - warned
    return (~wrong).sum(), warned, (wrong & accepted).sum() + several


def main(pages, plain):
    root = Path()
    published = paper.load(root / "data" / "paper")
    regular = databases.read_raw(root / "data" / "raw")
    run = Run((root / "results" / "runs" / WEIGHTS).parent)
    network = RecordedNetwork(run.record["settings"], published, run.folder)
    weights = run.weights(network.network.parameters)
    limit = threshold(run.answers, regular.test_labels, target_percent(published))
    images, labels = regular.train_images, regular.train_labels

    def answer(patterns):
        answers = answers_from_penalties(network.penalties(weights, patterns))
        return answers.classes, answers.margins > limit

    made = [disturbed(kind, images[seed], seed) for kind in KINDS for seed in range(pages)]
    of_pages = np.tile(labels[:pages], len(KINDS))
    print(f"| threshold | value | of {len(made)} pages | of {plain} as they are |")
    print("|---|---|---|---|")

    def say(name, value):
        cells = [" / ".join(map(str, count(*what, answer))) for what in (
            (made, of_pages), (images[-plain:], labels[-plain:]))]  # fmt: skip
        print(f"| {name} | {value} | {' | '.join(cells)} |", flush=True)

    say("as they are", "")
    for name, values in TRIED.items():
        chosen = getattr(own_digits, name)
        for value in values:
            setattr(own_digits, name, value)
            say(f"`{name}`", f"{value:.3g} for {chosen:.3g}")
        setattr(own_digits, name, chosen)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
