"""report: the files of results/ to results/report/index.html, and the numbers in the texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replication import studies
from replication.errors import Damage, ReplicationError, quoted, read_yaml
from replication.folders import PAGE, Folders, folder_options

if TYPE_CHECKING:
    from replication.report.inputs import Inputs
    from replication.report.parts import Block, Part

TEXTS = ("README.md", "paper_notes.md")
CITATION = "CITATION.cff"


def study_parts() -> list[Part]:
    """What the studies show on the page."""
    return [part for module in studies.modules("figure") for part in module.PARTS]


def study_blocks() -> list[Block]:
    """What the studies show in README.md and paper_notes.md."""
    blocks = (getattr(module, "BLOCKS", ()) for module in studies.modules("figure"))
    return [block for several in blocks for block in several]


def read_inputs(folders: Folders) -> Inputs:
    """Read what the page and the article show, with the verdicts that compare gives.

    The runs are those in the folder of results. Raises ReplicationError as the readers do.
    """
    from replication.evaluation.metrics import METRICS, read_metrics
    from replication.pipeline.compare import all_checks, read_evidence, read_runs
    from replication.report import inputs
    from replication.settings import load

    folders, settings = replace(folders, runs=folders.results / "runs"), load(folders.params)
    metrics = read_metrics(folders.results / METRICS)
    runs = read_runs(folders.runs, metrics)
    evidence = read_evidence(folders, settings, metrics, runs, partial=True)
    return inputs.read(evidence, all_checks(), settings.invariance, runs, folders.results)


def repository(citation: Path) -> str:
    """The address in ``repository-code`` of a CITATION.cff, empty where it has none.

    Raises ReplicationError when the file is no YAML, and for what is no https address.
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
            f"{citation}: repository-code is {quoted(address)}, which is no https address: correct "
            "it, or leave it out"
        )
    return str(address)


def run(folders: Folders, texts: Iterable[Path] = ()) -> dict[Path, bool]:
    """Write the page, and bring the marked blocks of ``texts`` up to date.

    The page's links lead into the repository that CITATION.cff names, if it names one. Returns by
    text whether anything in it changed.
    """
    from replication import demonstration
    from replication.files import write_text
    from replication.report.page import render
    from replication.report.texts import blocks, rewrite

    inputs = read_inputs(folders)
    drawn = demonstration.content(
        inputs.paper,
        inputs.choices,
        inputs.study,
        inputs.images,
        inputs.labels,
        inputs.runs,
        carried=2,
    )
    network = "" if drawn is None else demonstration.fragment(drawn, level=3)
    address = repository(folders.root / CITATION)
    write_text(folders.out / PAGE, render(inputs, study_parts(), address, network))
    made = blocks(inputs, study_blocks())
    return {path: rewrite(path, made) for path in texts}


@click.command()
@folder_options("params", "out")
@click.option(
    "--text",
    "texts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),  # before the page is drawn
    multiple=True,
    show_default=" and ".join(TEXTS),
    help="A text whose blocks between <!-- NAME:begin --> and <!-- NAME:end --> are rewritten; "
    "may be given several times.",
)
@click.option("--page-only", is_flag=True, help="Write the page and leave the texts alone.")
def command(folders: Folders, texts: tuple[Path, ...], page_only: bool) -> None:
    """Make the page from the files of results/, and bring the numbers in the texts up to date."""
    usual = [folders.root / name for name in TEXTS]
    changed = run(folders, () if page_only else texts or usual)
    print(f"{folders.out / PAGE} written")
    for path, is_new in changed.items():
        print(f"{path} {'brought up to date' if is_new else 'is up to date'}")
