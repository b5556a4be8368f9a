"""house: the package as a picture, drawn from its imports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from replication.folders import path_option
from replication.house import picture


def blocks() -> dict[str, Callable[[], str]]:
    """The picture as a block of a text."""
    return {"house": lambda: f"```\n{picture()}\n```"}


@click.command()
@path_option("--text", None, "A text with the mark <!-- house:begin -->, to be brought up to date.")
def command(text: Path | None) -> None:
    """Draw the package: each part, what it holds, and on which others it stands."""
    print(picture())
    if text is not None:
        from replication.report.texts import rewrite

        rewrite(text, blocks())
