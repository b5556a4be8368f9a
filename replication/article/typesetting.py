"""The article set by Typst: the template, the content as JSON, and the page's charts as SVG.

Equal content gives equal bytes: fonts are those that Typst and matplotlib bring along, and the
document has no date. Its metadata has the `digest` of what it states, by which a test knows it.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst

from replication.files import json_bytes
from replication.report.drawing import Figure

TEMPLATE = ("article.typ", "style.typ")
# Two of which share the width of a page.
SIDE_BY_SIDE = ("figure5", "figure6")
_COLOUR = re.compile(r"--(\w+): (#[0-9a-f]{6});")


def template(name: str) -> str:
    """The text of one of the `TEMPLATE`."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of what an article states: its content and the words of its template."""
    parts = [json_bytes(content), *(template(name).encode() for name in TEMPLATE)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def picture(figure: Figure) -> str:
    """A drawing of a figure as an SVG that stands alone, in the page's light colours."""
    css = resources.files("replication.report").joinpath("page.css").read_text(encoding="utf-8")
    colours: dict[str, str] = {}
    for name, colour in _COLOUR.findall(css):
        colours.setdefault(name, colour)
    wide, narrow, *_ = str(figure.svg).split("</svg>")
    svg = (narrow if figure.name in SIDE_BY_SIDE else wide).strip() + "</svg>"
    svg = re.sub(r"var\(--(\w+)\)", lambda match: colours[match[1]], svg)
    start = '<svg xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans" '
    return svg.replace("<svg ", start, 1)


def pdf(content: Mapping[str, Any], figures: Mapping[str, Figure]) -> bytes:
    """The article as PDF."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in TEMPLATE:
            (folder / part).write_text(template(part), encoding="utf-8")
        stated = {**content, "sum": digest(content)}
        (folder / "content.json").write_bytes(json_bytes(stated))
        for key, figure in figures.items():
            (folder / f"{key}.svg").write_text(picture(figure), encoding="utf-8")
        document = typst.compile(
            folder / "article.typ",
            root=folder,
            font_paths=[Path(mpl.get_data_path()) / "fonts" / "ttf"],
            ignore_system_fonts=True,
            timestamp=0,
        )
    assert isinstance(document, bytes)
    return document
