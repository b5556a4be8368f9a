"""Stage audit: every setting of the paper beside the ones in force -> results/audit.csv.

Exit status: 0, 1 when a run contradicts the params or the other replicates, or with --strict when
anything departs from the paper; 2 for a gap between claims, keys and rules, as for any mistake.
"""

from __future__ import annotations

import argparse
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from replication import paper, settings
from replication.artifacts import read_record, write_table
from replication.audit import Audit, audit
from replication.audit_runs import Record
from replication.settings import Settings

DEPARTS = 1


def read_records(runs: Path, chosen: Settings) -> dict[str, dict[int, Record]]:
    """The records that are there, by experiment and replicate, of those that are asked for."""
    found: dict[str, dict[int, Record]] = {}
    for name, recipe in chosen.experiments.items():
        paths = {n: runs / name / str(n) / "record.json" for n in range(recipe.replicates)}
        found[name] = {n: read_record(path) for n, path in paths.items() if path.exists()}
    return found


def exit_status(found: Audit, *, strict: bool) -> int:
    """What the command ends with."""
    return DEPARTS if found.conflicts or (strict and found.departs()) else 0


def summary(found: Audit) -> str:
    """What departs from the paper, then how many settings stand how."""
    lines = [
        f"{row.claim:<44}{textwrap.shorten(row.ours, 40, placeholder=' ...'):<42}{row.reason}"
        for row in found.rows
        if row.status == "departs"
    ]
    counted = Counter(row.status for row in found.rows)
    tally = ", ".join(f"{counted[name]} {name}" for name in ("faithful", "unstated", "departs"))
    runs = f"{len(found.conflicts)} contradictions between runs and params"
    return "\n".join([*lines, f"{tally}; {runs}"])


def main(argv: Sequence[str] | None = None) -> int:
    """Command line of the stage; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m replication audit", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--runs", type=Path, default=Path("results/runs"))
    parser.add_argument("--out", type=Path, default=Path("results/audit.csv"))
    parser.add_argument("--strict", action="store_true", help="exit 1 when anything departs")
    given = parser.parse_args(argv)
    chosen = settings.load(given.params)
    records = read_records(given.runs, chosen)
    found = audit(paper.load(given.paper), chosen, records, given.params.name)
    write_table(given.out, found.table())
    print(summary(found))
    return exit_status(found, strict=given.strict)
