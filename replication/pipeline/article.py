"""article: the files of results/ and data/paper to results/article/article.pdf."""

from pathlib import Path

import click

from replication.folders import ARTICLE, Folders, folder_options


def run(folders: Folders) -> Path:
    """Write the article and return its file; raise as `read_inputs` and `content` do."""
    from replication.extras.article.typesetting import content, figures, pdf
    from replication.files import write_bytes
    from replication.pipeline.report import read_inputs

    inputs = read_inputs(folders)
    article = folders.out / ARTICLE
    write_bytes(article, pdf(content(folders, inputs), figures(inputs)))
    return article


@click.command()
@folder_options("params", "out")
def command(folders: Folders) -> None:
    """Set the article by Typst; every number in it comes from the files of results/ and data/."""
    print(f"{run(folders)} written")
