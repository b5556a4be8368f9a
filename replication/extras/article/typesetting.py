"""The article set by Typst: the template, the files that it reads, and the page's charts as SVG.

Equal content gives equal bytes: fonts are those that Typst and matplotlib bring along, and the
document has no date. Its metadata has the `digest` of its files, by which a test knows it.
"""

import hashlib
import re
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import matplotlib as mpl
import typst

from replication.comparison.figures.drawing import Figure
from replication.errors import ReplicationError
from replication.files import write_bytes

# Two of which share the width of a page.
SIDE_BY_SIDE = ("figure5", "figure6")
_COLOUR = re.compile(r"--(\w+): (#[0-9a-f]{6});")


def digest(content: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of the files from which an article is set, names and bytes."""
    parts = [name.encode() + b"\0" + content[name] for name in sorted(content)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def picture(figure: Figure) -> str:
    """Return a drawing of a figure as an SVG that stands alone, in the page's light colours."""
    css = resources.files("replication.report").joinpath("page.css").read_text(encoding="utf-8")
    colours: dict[str, str] = {}
    for name, colour in _COLOUR.findall(css):
        colours.setdefault(name, colour)
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
            )
        except typst.TypstError as error:
            raise ReplicationError(
                f"the article needs something that these files do not have ({error.message}): "
                "compare them with the committed ones by `git diff results data params.yaml`"
            ) from error
    assert isinstance(document, bytes)
    return document
