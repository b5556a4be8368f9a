"""The article set by Typst: its template, the files that it reads, and the page's charts as SVG.

Equal content gives equal bytes: fonts are those that Typst and matplotlib bring along, authors and
date those of CITATION.cff. Its metadata has the `digest` of its files, by which a test knows it.
Typst holds it to PDF/UA-1, so that pictures and equations have words for who does not see them.
"""

import hashlib
import posixpath
import re
import tempfile
from collections.abc import Mapping, Sequence
from html import unescape
from importlib import resources
from math import fsum
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst

from replication.comparison.figures.drawing import Figure, Source
from replication.comparison.figures.inputs import Inputs
from replication.core.runs import RECORD, Run
from replication.errors import ReplicationError
from replication.files import json_bytes, write_bytes
from replication.folders import Folders
from replication.report import charts, narrative, systems, tables
from replication.report.texts import read_text
from replication.studies.sizes import draw_training_sizes

TEMPLATE = (
    "article.typ", "lookups.typ", "numbers.typ", "references.bib", "style.typ", "tables.typ",
)  # fmt: skip
PAPER = ("claims.yaml", "figure8_misclassified.csv", "figures9_to_12_systems.csv")
RESULTS = ("audit.csv", "metrics.json", "readings.csv", "verdicts.csv")
# These two share the width of a page.
SIDE_BY_SIDE = ("figure5", "figure6")
_COLOUR = re.compile(r"--(\w+): (#[0-9a-f]{6});")
_ALT = re.compile(r'aria-label="([^"]*)"')
_PATTERN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28">'
    '<image width="28" height="28" href="{}"/></svg>'
)


def content(folders: Folders, inputs: Inputs) -> dict[str, bytes]:
    """Return the files from which Typst sets the article, by path from its root, charts aside.

    Raises ReplicationError for a file that is missing.
    """
    own = resources.files(__package__)
    paths = {
        "CITATION.cff": folders.root / "CITATION.cff",
        "params.yaml": folders.params,
        **{f"data/paper/{name}": folders.paper / name for name in PAPER},
        **{f"results/{name}": folders.results / name for name in RESULTS},
    }
    files = {name: own.joinpath(name).read_bytes() for name in TEMPLATE}
    files |= {name: _read(path) for name, path in paths.items()}
    return files | {"derived.json": json_bytes(derive(inputs))}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ReplicationError(
            f"{path} is missing, and the article reads it: bring the committed one back with "
            f"`git checkout {path.as_posix()}`"
        ) from error


def figures(inputs: Inputs) -> dict[str, Figure]:
    """Return the charts by name; a chart without its files is left out."""
    curves, figure9 = charts.learning_curves(inputs)[:1], systems.systems(inputs)[0]
    candidates = (charts.headline(inputs), *curves, draw_training_sizes(inputs), figure9)
    return {figure.name: figure for figure in candidates if figure is not None}


def derive(inputs: Inputs) -> dict[str, Any]:
    """Return what the article needs and no file has.

    Sentences of the page; the subject of each verdict; the number, time and processors of the runs
    of each experiment; the captions of the charts, their words for who does not see them, and the
    numbers drawn, so that the digest covers them; the digits of Figure 8; and the meanings of the
    roles.
    """
    trials = narrative.read_trials(inputs)
    differing = narrative.drop_agreeing(trials, inputs.verdicts)
    _, *answer = narrative.answer(inputs, differing)
    return {
        "answer": [sentence for _, sentence in answer],
        "topics": [
            {"title": topic.title, "sentence": topic.sentence}
            for topic in narrative.topics(inputs.verdicts, ())
        ],
        "hypotheses": [
            (t.about, t.idea, t.evidence, t.decided if t in differing else "nothing to explain")
            for t in trials
        ],
        "roles": tables.ROLES,
        "subjects": {
            verdict.subject.claim: {
                "subject": verdict.title,
                "part": verdict.part,
                "statement": verdict.subject.statement,
                "as-stated": verdict.subject.published == verdict.subject.statement,
                "ours": verdict.finding.ours,
            }
            for verdict in inputs.verdicts
        },
        "runs": {experiment: _sum_up(runs) for experiment, runs in inputs.runs.items()},
        "charts": {
            name: {
                "caption": figure.caption,
                "alt": unescape(_ALT.findall(figure.svg)[0]),
                "sources": _files(figure.sources),
                "rows": figure.table.rows,
            }
            for name, figure in figures(inputs).items()
        },
        "gallery": _gallery(inputs),
    }


def _files(sources: Sequence[Source]) -> list[str]:
    hrefs = dict.fromkeys(source.href for source in sources)
    return [posixpath.normpath(posixpath.join("results/report", href)) for href in hrefs]


def _gallery(inputs: Inputs) -> dict[str, Any] | None:
    """Return the digits of Figure 8 with their pictures; None before `compare` has found them."""
    gallery = charts.gallery(inputs)
    if gallery is None:
        return None
    digits = [digit for digit in gallery.digits if digit.past is not None]
    return {
        "replicates": max(digit.replicates for digit in digits),
        "sources": _files(gallery.sources),
        "digits": [
            {
                "label": digit.label,
                "past": digit.past,
                "missed": digit.missed,
                "alt": f"test digit {digit.index}, a {digit.label}",
                "svg": _PATTERN.format(digit.image),
            }
            for digit in digits
        ],
    }


def _sum_up(runs: Sequence[Run]) -> dict[str, Any]:
    recorded = [
        str(run.record.get("processor") or "not recorded") for run in runs if run.has(RECORD)
    ]
    return {
        "replicates": len(runs),
        "seconds": fsum(run.seconds for run in runs),  # sum rounds otherwise from Python 3.12 on
        "processors": list(dict.fromkeys(recorded)),
    }


def digest(content: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of the files from which an article is set, names and bytes."""
    parts = [name.encode() + b"\0" + content[name] for name in sorted(content)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def picture(figure: Figure) -> str:
    """Return a drawing of a figure as an SVG that stands alone, in the page's light colours."""
    # The first of each name is the light one.
    colours = dict(reversed(_COLOUR.findall(read_text("replication.report", "page.css"))))
    wide, narrow, *_ = str(figure.svg).split("</svg>")
    svg = (narrow if figure.name in SIDE_BY_SIDE else wide).strip() + "</svg>"
    svg = re.sub(r"var\(--(\w+)\)", lambda match: colours[match[1]], svg)
    start = '<svg xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans" '
    return svg.replace("<svg ", start, 1)


def pdf(content: Mapping[str, bytes], figures: Mapping[str, Figure]) -> bytes:
    """Return the article as PDF, set in a folder of its own: Typst reads nothing outside of it.

    Raises ReplicationError where the files lack what the article states.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, data in content.items():
            write_bytes(folder / path, data)
        for key, figure in figures.items():
            write_bytes(folder / f"{key}.svg", picture(figure).encode())
        try:
            document = typst.compile(
                folder / "article.typ",
                root=folder,
                font_paths=[Path(mpl.get_data_path()) / "fonts" / "ttf"],
                ignore_system_fonts=True,
                sys_inputs={"digest": digest(content)},
                timestamp=0,
                pdf_standards="ua-1",
            )
        except typst.TypstError as error:
            raise ReplicationError(
                f"the article needs something that these files do not have ({error.message}): "
                "compare them with the committed ones by `git diff results data params.yaml`"
            ) from error
    assert isinstance(document, bytes)
    return document
