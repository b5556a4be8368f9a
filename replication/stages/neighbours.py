"""neighbours: K nearest neighbours under other readings -> results/neighbours.csv.

Section III-C.2, p. 12: which field, which k, which vote and how many prototypes the published error
rates may have been found with.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from replication import paper, settings
from replication.comparison import neighbours
from replication.files import write_table
from replication.mnist import databases
from replication.mnist.databases import Database
from replication.paper import Paper

SYSTEM = "knn-euclidean"


def nearest_to_published(table: pd.DataFrame, published: Paper) -> list[str]:
    """A line for each published error of the system, with the row of ``table`` closest to it.

    Deslanted is compared with deslanted, and the regular database with all that is not.
    """
    lines = []
    rows = published.systems[published.systems["system"] == SYSTEM]
    for database, error in zip(rows["database"], rows["test_error_percent"], strict=True):
        deslanted = table["database"] == "deslanted"
        found = table[deslanted if database == "deslanted" else ~deslanted]
        if found.empty:
            continue
        best = found.loc[(found["test_error_percent"] - error).abs().idxmin()]
        lines.append(
            f"{database}: published {error} %, nearest "
            f"{best['test_error_percent']:.2f} % ({best['database']}, "
            f"{best['training_patterns']} patterns, k {best['neighbours']}, {best['vote']}); "
            f"all from {found['test_error_percent'].min():.2f} to "
            f"{found['test_error_percent'].max():.2f} %"
        )
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the study: reads the prepared databases, writes results/neighbours.csv."""
    parser = argparse.ArgumentParser(prog="python -m replication neighbours", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--prepared", type=Path, default=Path("data/prepared"))
    parser.add_argument("--out", type=Path, default=Path("results/neighbours.csv"))
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    published = paper.load(given.paper)
    # Sums that are split among threads depend on their number.
    threadpool_limits(1)
    versions: dict[str, Database] = {
        name: databases.ensure(given.prepared, given.raw, name) for name in chosen.prepare.databases
    }
    if "regular" in versions:
        versions |= neighbours.cuts(versions["regular"])
    table = neighbours.table(versions)
    write_table(given.out, table)
    for line in nearest_to_published(table, published):
        print(line)
