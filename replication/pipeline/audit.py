"""audit: every setting of the paper beside the one in force, to results/audit.csv."""

from __future__ import annotations

import textwrap
from collections import Counter
from pathlib import Path

import click

from replication import paper
from replication.audit.records import read
from replication.audit.table import Audit, audit
from replication.files import write_table
from replication.folders import Folders, folder_options, path_option
from replication.settings import Settings, load

DEPARTS = 1


def exit_status(found: Audit, *, strict: bool) -> int:
    """What the command ends with."""
    return DEPARTS if found.conflicts or (strict and found.departs()) else 0


def summary(found: Audit) -> str:
    """What departs from the paper, then how many settings stand how."""
    lines = [
        f"{row.claim:<44} {textwrap.shorten(row.ours, 40, placeholder=' ...'):<42}{row.reason}"
        for row in found.rows
        if row.status == "departs"
    ]
    counted = Counter(row.status for row in found.rows)
    tally = ", ".join(f"{counted[name]} {name}" for name in ("faithful", "unstated", "departs"))
    runs = f"{len(found.conflicts)} contradictions between runs and params"
    return "\n".join([*lines, f"{tally}; {runs}"])


def run(folders: Folders, settings: Settings, out: Path) -> Audit:
    """Audit the settings and the runs that are there, and write the table."""
    records = read(folders.runs, settings)
    found = audit(paper.load(folders.paper), settings, records, folders.params.name)
    write_table(out, found.table())
    return found


@click.command()
@folder_options("params", "paper", "runs")
@path_option("--out", "results/audit.csv", "The table that is written.")
@click.option("--strict", is_flag=True, help="End with status 1 when anything departs.")
def command(folders: Folders, out: Path, strict: bool) -> int:
    """Set every setting of the paper beside the one in force in our runs.

    Ends with status 1 when a run contradicts the settings or the other replicates, and with 2 for
    a gap between claims, keys and rules, as for any mistake.
    """
    found = run(folders, load(folders.params), out)
    print(summary(found))
    return exit_status(found, strict=strict)
