"""Draw the held-out writers, from the label files of QMNIST.

    python data/writers/draw.py qmnist-train-labels.tsv.gz qmnist-test-labels.tsv.gz

writes held_out.csv, test.csv and counts.json beside this file. The README beside it says what they
are, and where the label files are to be had.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 1998
HELD_OUT = 5000  # patterns of each series, at least: writers are held out whole
SD1 = 4  # the series of NIST that Special Database 1 is; all others are of SD-3


def read(path: Path, patterns: int) -> pd.DataFrame:
    """Return writer and source of the first ``patterns`` patterns, which are MNIST's."""
    table = pd.read_csv(path, sep="\t", header=None, nrows=patterns)
    source = np.where(table[1] == SD1, "SD-1", "SD-3")
    return pd.DataFrame({"writer": table[2], "source": source})


def draw(training: pd.DataFrame) -> list[int]:
    """Return the indices of the patterns of writers drawn at random, as many as make 5,000."""
    generator, indices = np.random.default_rng(SEED), []
    for _, part in training.groupby("source"):
        counts = part["writer"].value_counts(sort=False).sort_index()
        order = generator.permutation(counts.index.to_numpy())
        last = int(np.searchsorted(counts[order].cumsum().to_numpy(), HELD_OUT))
        indices += part.index[part["writer"].isin(order[: last + 1])].tolist()
    return sorted(indices)


def count(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return patterns and writers by source."""
    return {
        str(source): {"patterns": len(part), "writers": part["writer"].nunique()}
        for source, part in table.groupby("source")
    }


def count_alternating(table: pd.DataFrame) -> int:
    """Return how many of the first patterns are from SD-1 and SD-3 in turns."""
    same = np.flatnonzero((table["source"] == table["source"].shift()).to_numpy())
    return int(same[0]) if len(same) else len(table)


def main(train: Path, test: Path) -> None:
    """Write the three files."""
    here = Path(__file__).parent
    training, tested = read(train, 60_000), read(test, 10_000)
    chosen = draw(training)
    pd.DataFrame({"training_index": chosen}).to_csv(here / "held_out.csv", index=False)
    numbers = pd.factorize(tested["writer"])[0]
    pd.DataFrame({"writer": numbers}).to_csv(here / "test.csv", index=False)
    both = set(training["writer"]) & set(tested["writer"])
    content = {
        "seed": SEED,
        "sources": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                    for path in (train, test)},
        "training": count(training),
        "test": count(tested),
        "first_5000_of_test": count(tested[:5000]),
        "last_10000_of_training": count(training[-10_000:]),
        "alternating_in_training": count_alternating(training),
        "writers_in_training_and_test": len(both),
        "held_out": count(training.loc[chosen]),
    }  # fmt: skip
    (here / "counts.json").write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
