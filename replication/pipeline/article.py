"""article: the files of results/ and data/paper to results/article/article.pdf."""

from __future__ import annotations

from pathlib import Path

import click

from replication.folders import Folders, folder_options, path_option

OUT = "results/article/article.pdf"


def run(folders: Folders, out: Path) -> None:
    """Write the article; raises ReplicationError as `report.inputs.read` does."""
    from replication import settings
    from replication.article.content import content, figures
    from replication.article.typesetting import pdf
    from replication.files import write_bytes
    from replication.pipeline.report import read_inputs

    inputs = read_inputs(folders)
    stated = content(inputs, settings.load(folders.params))
    write_bytes(out, pdf(stated, figures(inputs)))


@click.command()
@folder_options("params", "paper", "raw", "prepared", "results")
@path_option("--out", OUT, "The article that is written.")
def command(folders: Folders, out: Path) -> None:
    """Set the article by Typst; every number in it comes from the files of results/ and data/."""
    run(folders, out)
    print(f"{out} written")
