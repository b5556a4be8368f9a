"""fetch: missing or damaged raw files, downloaded again and checked."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from replication.mnist.fetch import fetch


def main(argv: Sequence[str] | None = None) -> None:
    """Download what is missing or damaged in data/raw from torchvision's mirrors."""
    parser = argparse.ArgumentParser(prog="replication fetch", description=main.__doc__)
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    given = parser.parse_args(argv)
    replaced = fetch(given.raw)
    print("\n".join(f"{name} fetched" for name in replaced) or "all raw files are there and whole")
