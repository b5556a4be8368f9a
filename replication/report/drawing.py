"""From matplotlib to SVG that lives inside the page: the page's colours and font, equal bytes.

Charts are drawn with stand-in colours, one a role; in the SVG each becomes a CSS variable of the
page, so that the same figure serves light, dark and print.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import seaborn as sns
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

# Stand-ins that nothing else draws with; each role is a CSS variable in page.css.
INK, MUTED, GRID = "#010101", "#010102", "#010103"
TEST, TRAINING, DISTORTED, ACCENT = "#010104", "#010105", "#010106", "#010107"
PAPER = "#010108"
_ROLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "line",
    TEST: "test",
    TRAINING: "training",
    DISTORTED: "distorted",
    ACCENT: "accent",
    PAPER: "paper",
}
_POINTS_PER_INCH = 72
WIDTH = 500.0


@dataclass(frozen=True)
class Table:
    """Rows of text under columns; ``numeric`` columns are set to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Source:
    """Where numbers come from: a link relative to the page, and what to look for there."""

    href: str
    key: str

    @property
    def name(self) -> str:
        """The file's name as shown."""
        return self.href.replace("../../", "").replace("../", "")


@dataclass(frozen=True)
class Figure:
    """A chart with all that the page owes its reader: words for it, its numbers, their files."""

    name: str
    title: str
    svg: Markup
    caption: str
    table: Table
    sources: tuple[Source, ...]


def draw(name: str, alt: str, height: float, paint: Callable[[Canvas], None]) -> Markup:
    """An inline SVG, `WIDTH` wide and ``height`` high in its own units (text is 11 high).

    ``name`` keeps its ids apart from those of other figures, ``alt`` says in words what is seen.
    """
    with mpl.rc_context(_style(name)):
        canvas = Canvas(
            figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH), layout="constrained"
        )
        paint(canvas)
        for axes in canvas.axes:
            sns.despine(ax=axes)
        stream = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return _inline(name, alt, stream.getvalue().decode("utf-8"))


def _style(name: str) -> Any:
    style: dict[str, Any] = dict(sns.axes_style("ticks"))
    style |= {
        # Shipped with matplotlib, so the layout is the same everywhere; the page shows its own.
        "font.family": "DejaVu Sans",
        "font.size": 11.0,
        "axes.titlesize": 11.0,
        "axes.titlelocation": "left",
        "axes.linewidth": 0.8,
        "xtick.major.width": 0.8,
        "ytick.major.width": 0.8,
        "xtick.labelsize": 10.0,
        "ytick.labelsize": 10.0,
        "legend.fontsize": 10.0,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": name,
    }
    for key in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color"):
        style[key] = MUTED
    style["axes.edgecolor"] = GRID
    style["grid.color"] = GRID
    return style


def _inline(name: str, alt: str, svg: str) -> Markup:
    svg = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="([^"]+)"', svg)
    assert box is not None
    body = svg[svg.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # Its rule is for every element of whatever it stands in: page.css has it for charts only.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href", "href")
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", body)
    body = re.sub(r'(?<= )(d|x|y|x1|x2|y1|y2)="([^"]*)"', _rounded, body)
    referred = set(re.findall(r"(?:href=\"#|url\(#)([\w.-]+)", body))
    body = re.sub(
        r' id="([^"]*)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in referred else "",
        body,
    )
    body = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{name}-", body)
    for colour, role in _ROLES.items():
        body = body.replace(colour, f"var(--{role})")
    body = re.sub(r">\s+<", ">\n<", body)
    label = escape(alt)
    start = f'<svg class="chart" viewBox="{box[1]}" role="img" aria-label="{label}">'
    return Markup(start + body.strip())


def _rounded(found: re.Match[str]) -> str:
    """Two decimals are a hundredth of a pixel; more only make the page heavy."""
    numbers = re.sub(
        r"-?\d+\.\d{3,}", lambda one: f"{float(one[0]):.2f}".rstrip("0").rstrip("."), found[2]
    )
    return f'{found[1]}="{" ".join(numbers.split())}"'


def label_at(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Write beside a point, to its right, instead of in a legend."""
    axes.annotate(
        text,
        (x, y),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        annotation_clip=False,
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A `Table` of anything; columns whose cells are all numbers or empty are numeric."""
    text = tuple(tuple(_cell(cell) for cell in row) for row in rows)
    numeric = frozenset(
        place
        for place in range(len(columns))
        if all(isinstance(row[place], int | float | None) for row in rows)
    )
    return Table(tuple(columns), text, numeric)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return str(value)
