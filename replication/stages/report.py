"""Stage report: the files of results/ -> results/report/index.html, and the README's numbers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from replication.artifacts import write_text
from replication.report import readme
from replication.report.inputs import read
from replication.report.page import render


def main(argv: Sequence[str] | None = None) -> None:
    """Command line of the stage: writes the page, and the marked blocks of the texts named."""
    parser = argparse.ArgumentParser(prog="python -m replication report", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--paper", type=Path, default=Path("data/paper"))
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--out", type=Path, default=Path("results/report/index.html"))
    parser.add_argument(
        "--readme",
        type=Path,
        nargs="+",
        default=[],
        metavar="TEXT",
        help="Markdown files whose blocks between <!-- NAME:begin --> and end are to be rewritten",
    )
    arguments = parser.parse_args(argv)
    found = read(arguments.params, arguments.paper, arguments.raw, arguments.results)
    write_text(arguments.out, render(found))
    print(f"{arguments.out} written")
    for path in arguments.readme:
        changed = readme.rewrite(path, found)
        print(f"{path} {'brought up to date' if changed else 'is up to date'}")
