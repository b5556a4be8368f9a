"""bench: how fast, against what, and how far from the machine's peak, to results/bench.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from replication.folders import Folders, folder_options, path_option
from replication.settings import Settings, load


def run(folders: Folders, settings: Settings, out: Path, *, quick: bool = False) -> dict[str, Any]:
    """Time everything and write the figures; ``quick`` takes seconds and is rough."""
    from replication.bench import FULL, QUICK, bench
    from replication.files import write_json

    figures = bench(settings, folders.paper, folders.raw, QUICK if quick else FULL)
    write_json(out, figures)
    return figures


@click.command()
@folder_options("params", "paper", "raw")
@path_option("--out", "results/bench.json", "The figures that are written.")
@click.option("--quick", is_flag=True, help="Take seconds, for rough figures.")
def command(folders: Folders, out: Path, quick: bool) -> None:
    """Time training beside eager autograd, torch as usual and the machine's own peak."""
    from replication.bench import table

    print("Timings mean something only while the machine is otherwise idle.", flush=True)
    print(table(run(folders, load(folders.params), out, quick=quick)))
