"""report: the files of results/ to results/report/index.html, and the numbers in the texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replication import studies
from replication.errors import ReplicationError
from replication.folders import PAGE, Folders, folder_options
from replication.reading import Damage, quote, read_yaml

if TYPE_CHECKING:
    from replication.comparison.figures.inputs import Block, Inputs, Part

TEXTS = ("README.md", "paper_notes.md")
CITATION = "CITATION.cff"


def study_parts() -> list[Part]:
    """Return the studies' parts of the page."""
    return [part for module in studies.load_modules("figure") for part in module.PARTS]


def study_blocks() -> list[Block]:
    """Return the studies' blocks of README.md and paper_notes.md."""
    modules = studies.load_modules("figure")
    return [block for module in modules for block in getattr(module, "BLOCKS", ())]


def read_inputs(folders: Folders) -> Inputs:
    """Read everything that the page and the article show, with the verdicts of compare.

    The runs are read from the folder of results. Raises ReplicationError as the readers do.
    """
    from replication.comparison.evaluation.metrics import METRICS, read_metrics
    from replication.comparison.figures import inputs
    from replication.core.settings import load
    from replication.pipeline.compare import all_checks, read_evidence, read_runs

    folders, settings = replace(folders, runs=folders.results / "runs"), load(folders.params)
    metrics = read_metrics(folders.results / METRICS)
    runs = read_runs(folders.runs, metrics)
    evidence = read_evidence(folders, settings, metrics, runs, partial=True)
    return inputs.read(evidence, all_checks(), settings.invariance, runs, folders.results)


def read_address(citation: Path) -> str:
    """Return the address in ``repository-code`` of a CITATION.cff, empty where it has none.

    Raises ReplicationError when the file is not YAML, and for what is no https address.
    """
    if not citation.exists():
        return ""
    try:
        content = read_yaml(citation)
    except Damage as error:
        raise ReplicationError(f"{citation} is no citation file ({error}): correct it") from error
    address = content.get("repository-code", "") if isinstance(content, dict) else None
    if not re.fullmatch(r"(https://[^\s\"'<>`]+)?", str(address)):
        raise ReplicationError(
            f"{citation}: repository-code is {quote(address)}, which is no https address: correct "
            "it, or leave it out"
        )
    return str(address)


def run(folders: Folders, texts: Iterable[Path] = ()) -> dict[Path, bool]:
    """Write the page, and bring the marked blocks of ``texts`` up to date.

    The page's links lead into the repository that CITATION.cff names, if it names one. Returns by
    text whether anything in it changed.
    """
    from replication.files import write_text
    from replication.report import demonstration
    from replication.report.page import render
    from replication.report.texts import blocks, rewrite

    inputs = read_inputs(folders)
    content = demonstration.content(
        inputs.paper, inputs.choices, inputs.study, inputs.images, inputs.labels, inputs.runs,
        carried=2,
    )  # fmt: skip
    network = "" if content is None else demonstration.fragment(content, level=3)
    address = read_address(folders.root / CITATION)
    write_text(folders.out / PAGE, render(inputs, study_parts(), address, network))
    contents = blocks(inputs, study_blocks())
    return {path: rewrite(path, contents) for path in texts}


@click.command()
@folder_options("params", "out")
@click.option(
    "--text", "texts", multiple=True, show_default=" and ".join(TEXTS),
    type=click.Path(exists=True, dir_okay=False, path_type=Path),  # before the page is drawn
    help="A text whose blocks between <!-- NAME:begin --> and <!-- NAME:end --> are rewritten; "
    "may be given several times.",
)  # fmt: skip
@click.option("--page-only", is_flag=True, help="Write the page and leave the texts alone.")
def command(folders: Folders, texts: tuple[Path, ...], page_only: bool) -> None:
    """Make the page from the files of results/, and bring the numbers in the texts up to date."""
    usual = [folders.root / name for name in TEXTS]
    changed = run(folders, () if page_only else texts or usual)
    print(f"{folders.out / PAGE} written")
    for path, is_new in changed.items():
        print(f"{path} {'brought up to date' if is_new else 'is up to date'}")
