"""audit: every setting of the paper beside the one in force, to results/audit.csv."""

import sys
import textwrap
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

import click

from replication.comparison import paper
from replication.comparison.audit.setting import AUDIT
from replication.comparison.audit.table import Audit, audit, differences
from replication.core.settings import Settings, load
from replication.core.systems.jobs import prepare_experiments
from replication.errors import ReplicationError
from replication.files import table_bytes, write_table
from replication.folders import PLACES, Folders, folder_options, path_option

DEPARTS = 1


def exit_status(audited: Audit, *, strict: bool) -> int:
    """Return the exit status of the command."""
    departs = any(setting.status == "departs" for setting in audited.settings)
    return DEPARTS if audited.conflicts or (strict and departs) else 0


def summary(audited: Audit, judged: str) -> str:
    """Return the settings that differ from the paper, then the number of settings by status."""
    lines = [
        f"{setting.id:<44} {textwrap.shorten(setting.in_force, 40, placeholder=' ...'):<42}"
        f"{setting.remark}"
        for setting in audited.settings
        if setting.status in ("departs", "contradiction")
    ]
    counted = Counter(setting.status for setting in audited.settings)
    tally = ", ".join(f"{counted[name]} {name}" for name in get_args(paper.Status))
    return "\n".join([*lines, f"{tally}; judged: {judged}"])


def run(folders: Folders, settings: Settings, out: Path | None, *, runs: bool = True) -> Audit:
    """Audit the settings, with ``runs`` also what the runs show; write the table to ``out``."""
    ready = prepare_experiments(settings.experiments, settings, folders)
    audited = audit(paper.load(folders.paper), settings, ready, folders.params.name, runs=runs)
    if out is not None:
        write_table(out, AUDIT.frame(audited.settings))
    return audited


@click.command()
@folder_options("params")
@path_option("--runs", f"{PLACES['runs']} for params.yaml", "Judge the runs in this folder too.")
@path_option("--out", f"{PLACES['out']}/{AUDIT.name} for params.yaml", "The table to write.")
@click.option("--strict", is_flag=True, help="End with status 1 when anything departs.")
@click.option("--diff", nargs=2, type=click.Path(path_type=Path), metavar="FILE FILE",
              help="Only list the differences between two files of settings.")  # fmt: skip
def command(
    folders: Folders, runs: Path | None, out: Path | None, strict: bool,
    diff: tuple[Path, Path] | None,
) -> int:  # fmt: skip
    """Compare every setting of the paper with the setting in force.

    Another file of settings than params.yaml is judged alone, unless --runs names its runs. Ends
    with status 1 when a run contradicts the settings or the other replicates, and with 2 for
    settings that training would refuse, as for any mistake.
    """
    if diff is not None:
        published = paper.load(folders.paper)
        print("\n".join(differences(published, *map(load, diff))) or "no setting differs")
        return 0
    if folders.params == Folders.below(folders.root).params:
        runs, out = runs or folders.runs, out or folders.out / AUDIT.name
    judged = folders if runs is None else replace(folders, runs=runs)
    audited = run(judged, load(folders.params), None, runs=runs is not None)
    if out is not None:
        table = AUDIT.frame(audited.settings)
        try:
            write_table(out, table)
        except ReplicationError as error:  # as in a folder that can only be read
            print(table_bytes(table).decode())
            print(f"replication: {error}; the table stands above instead", file=sys.stderr)
    print(summary(audited, f"{folders.params}, {'alone' if runs is None else f'and {runs}'}"))
    return exit_status(audited, strict=strict)
