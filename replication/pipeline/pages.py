"""demo, report, article and provenance: everything that shows the files of results/."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from replication import studies
from replication.comparison import paper
from replication.comparison.evaluation.metrics import METRICS, read_metrics
from replication.comparison.figures import inputs
from replication.comparison.figures.inputs import Block, Inputs, Part
from replication.core.mnist import databases
from replication.core.runs import TRAIN
from replication.core.settings import Settings, load
from replication.errors import ReplicationError
from replication.files import write_bytes, write_text
from replication.folders import ARTICLE, DEMONSTRATION, PAGE, Folders
from replication.pipeline.compare import all_checks, read_evidence, read_runs
from replication.pipeline.options import refuse_contradictions, settings_options
from replication.reading import Damage, quote, read_yaml
from replication.report import demonstration, page, tables, texts

TEXTS = ("README.md", "paper_notes.md")
CITATION = "CITATION.cff"


def write_demonstration(folders: Folders, settings: Settings) -> Path:
    """Write the page to draw on and return its file; ReplicationError without any weights."""
    runs = read_runs(folders.runs, read_metrics(folders.results / METRICS))
    images = databases.read_images(folders.raw / databases.TEST_IMAGES)
    labels = databases.read_labels(folders.raw / databases.TEST_LABELS)
    published = paper.load(folders.paper)
    content = demonstration.content(
        published, settings.compare, settings.invariance, images, labels, runs
    )
    if content is None:
        name = settings.compare.experiments.undistorted
        raise ReplicationError(f"{folders.runs} holds no weights of {name}: run `{TRAIN} {name}`")
    write_text(folders.out / DEMONSTRATION, demonstration.page(content))
    return folders.out / DEMONSTRATION


@click.command()
@settings_options("runs", "out")
def demo(folders: Folders) -> None:
    """Make a page to draw on: LeNet-5 live, with the weights of the committed replicates.

    One file that works without a network: every map, the ten penalties, and whether the answer
    would be rejected at the margin that leaves Figure 10's error among the accepted test patterns.
    """
    print(f"{write_demonstration(folders, load(folders.params))} written")


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


def write_report(folders: Folders, marked: Iterable[Path] = ()) -> dict[Path, bool]:
    """Write page and pictures, and bring the blocks of the texts ``marked`` up to date.

    The page's links lead into the repository that CITATION.cff names, if it names one. Returns by
    text whether anything in it changed.
    """
    from replication.report import pictures  # imports torch

    read = read_inputs(folders)
    drawn = demonstration.content(
        read.paper, read.choices, read.study, read.images, read.labels, read.runs, carried=2
    )
    network = "" if drawn is None else demonstration.fragment(drawn, level=3)
    address = read_address(folders.root / CITATION)
    parts = study_parts()
    html = page.render(page.content(read, parts), parts, address, network)
    write_text(folders.out / PAGE, html)
    for name, picture in pictures.draw_pictures(read).items():
        write_text(folders.out / name, picture)
    blocks = tables.blocks(read, study_blocks())
    return {path: texts.rewrite(path, blocks) for path in marked}


@click.command()
@settings_options("out")
@click.option(
    "--text", "marked", multiple=True, show_default=" and ".join(TEXTS),
    type=click.Path(exists=True, dir_okay=False, path_type=Path),  # before the page is drawn
    help="A text whose blocks between <!-- NAME:begin --> and <!-- NAME:end --> are rewritten; "
    "may be given several times.",
)  # fmt: skip
@click.option("--page-only", is_flag=True, help="Write the page and leave the texts alone.")
def report(folders: Folders, marked: tuple[Path, ...], page_only: bool) -> None:
    """Make the page from the files of results/, and bring the numbers in the texts up to date."""
    refuse_contradictions(click.get_current_context(), {"--page-only": ("--text",)})
    usual = [folders.root / name for name in TEXTS]
    changed = write_report(folders, () if page_only else marked or usual)
    print(f"{folders.out / PAGE} written")
    for path, is_new in changed.items():
        print(f"{path} {'brought up to date' if is_new else 'is up to date'}")


def write_article(folders: Folders) -> Path:
    """Write the article and return its file; raise as `read_inputs` and `content` do."""
    from replication.extras.article import content, figures, pdf

    read = read_inputs(folders)
    write_bytes(folders.out / ARTICLE, pdf(content(folders, read), figures(read)))
    return folders.out / ARTICLE


@click.command()
@settings_options("out")
def article(folders: Folders) -> None:
    """Set the article by Typst; every number in it comes from the files of results/ and data/."""
    print(f"{write_article(folders)} written")


@click.command()
def provenance() -> None:
    """Write the command, commit, data, processor, packages and time of every result."""
    from replication.extras import provenance

    print(provenance.write(Folders.below()))
