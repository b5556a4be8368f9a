"""From matplotlib to SVG inside the page: the page's colours and font, the same bytes always.

Charts are drawn with stand-in colours, one for each role; in the SVG each becomes a CSS variable of
the page, so that the same figure serves light, dark and print.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

# Stand-ins that nothing else draws with; each role is a CSS variable in page.css.
INK, MUTED, GRID = "#010101", "#010102", "#010103"
TEST, TRAINING, DISTORTED, ACCENT = "#010104", "#010105", "#010106", "#010107"
PAPER, REPRODUCED, DIFFERS, INCONCLUSIVE = "#010108", "#010109", "#01010a", "#01010b"
_ROLES = {
    INK: "ink", MUTED: "muted", GRID: "line", TEST: "test", TRAINING: "training",
    DISTORTED: "distorted", ACCENT: "accent", PAPER: "paper", REPRODUCED: "reproduced",
    DIFFERS: "differs", INCONCLUSIVE: "inconclusive",
}  # fmt: skip
# Marker, colour and filling of each verdict, as page.css has them.
VERDICT_MARKS: Mapping[str, tuple[str, str, str]] = {
    "reproduced": ("o", REPRODUCED, "full"),
    "compatible": ("o", REPRODUCED, "none"),
    "differs": ("s", DIFFERS, "full"),
    "inconclusive": ("o", INCONCLUSIVE, "left"),
    "": ("o", MUTED, "full"),
}
SERIES = {"training": TRAINING, "test": TEST}
DATA = "../../data/paper"
PUBLISHED = f"{DATA}/figures9_to_12_systems.csv"
_POINTS_PER_INCH = 72
WIDE, NARROW = 500.0, 340.0  # units of the SVG: a column of the page, and a phone
_MARKS = "marks:"


@dataclass(frozen=True)
class Source:
    """The source of numbers: a link relative to the page, and the key to look for there."""

    href: str
    key: str

    @property
    def name(self) -> str:
        """Return the file's name as shown."""
        return self.href.replace("../../", "").replace("../", "")


@dataclass(frozen=True)
class Table:
    """Rows of text under columns; ``numeric`` columns are set to the right.

    sources: of the cells, by column. verdict: the column of verdicts, empty for none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    sources: Mapping[str, Source] = field(default_factory=dict)
    verdict: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart with its caption, its numbers as a table, and their files."""

    name: str
    title: str
    svg: Markup
    caption: str
    table: Table
    sources: tuple[Source, ...]


def draw(name: str, alt: str, height: float, paint: Callable[[Canvas], None]) -> Markup:
    """Return an inline SVG twice, `WIDE` and `NARROW`; the page shows the one that fits.

    ``name`` keeps its ids apart from those of other figures, ``alt`` describes it in words,
    ``height`` is in units of the SVG, in which text is 12 high; `panels` may set another.
    """
    return Markup("\n").join(
        _render(f"{name}-{size}", size, alt, (width, height), paint)
        for size, width in (("wide", WIDE), ("narrow", NARROW))
    )


def _render(
    name: str, size: str, alt: str, extent: tuple[float, float], paint: Callable[[Canvas], None]
) -> Markup:
    inches = (extent[0] / _POINTS_PER_INCH, extent[1] / _POINTS_PER_INCH)
    with mpl.rc_context(_style(name)):
        canvas = Canvas(figsize=inches, layout="constrained")
        paint(canvas)
        # The inside of the axes does not change the layout, and takes long to measure.
        for axes in canvas.axes:
            for artist in (*axes.lines, *axes.collections, *axes.patches, *axes.images):
                artist.set_in_layout(False)
        stream = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return _inline(name, size, alt, stream.getvalue().decode("utf-8"))


def is_narrow(canvas: Canvas) -> bool:
    """Return whether it is the drawing for a phone."""
    return float(canvas.get_figwidth()) * _POINTS_PER_INCH <= NARROW


def panels(canvas: Canvas, count: int, columns: int, height: float, **options: Any) -> list[Axes]:
    """Return ``count`` panels of this height, ``columns`` side by side, fewer on a phone."""
    across = min(count, (columns + 1) // 2 if is_narrow(canvas) else columns)
    down = -(-count // across)
    canvas.set_figheight((40 + height * down) / _POINTS_PER_INCH)
    grid = list(canvas.subplots(down, across, squeeze=False, **options).flat)
    for axes in grid[count:]:
        axes.set_axis_off()
    return grid[:count]


def marks(experiment: str, replicate: int | None = None) -> str:
    """Return the ``gid`` of a drawn replicate, or of all replicates, a point for each."""
    return _MARKS + experiment + ("" if replicate is None else f" {replicate}")


def _style(name: str) -> Any:
    return {
        # Shipped with matplotlib, so the layout is the same everywhere; the page shows its own.
        "font.family": "DejaVu Sans",
        **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), 12.0),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), 11.5),
        **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.8),
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), MUTED),
        **dict.fromkeys(("axes.edgecolor", "grid.color"), GRID),
        **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": name,
    }


def _inline(name: str, size: str, alt: str, svg: str) -> Markup:
    svg = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="([^"]+)"', svg)
    assert box is not None
    body = svg[svg.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # Its rule would apply to the whole page: page.css has it for charts only.
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href", "href")
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", body)
    body = re.sub(r'(?<= )(d|x|y|x1|x2|y1|y2)="([^"]*)"', _round_coordinates, body)
    body = body.replace(f' id="{_MARKS}', ' data-marks="')
    referred = set(re.findall(r"(?:href=\"#|url\(#)([\w.-]+)", body))
    body = re.sub(
        r' id="([^"]*)"',
        lambda match: f' id="{name}-{match[1]}"' if match[1] in referred else "",
        body,
    )
    body = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{name}-", body)
    for colour, role in _ROLES.items():
        body = body.replace(colour, f"var(--{role})")
    body = re.sub(r">\s+<", ">\n<", body)
    start = f'<svg class="chart {size}" viewBox="{box[1]}" role="img" aria-label="{escape(alt)}">'
    return Markup(start + body.strip())


def _round_coordinates(match: re.Match[str]) -> str:
    # A tenth of a unit is a tenth of a pixel; more digits only make the page heavy.
    numbers = re.sub(
        r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), match[2]
    )
    return f'{match[1]}="{" ".join(numbers.split())}"'


def label_at(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Write to the right of a point, instead of in a legend."""
    place: dict[str, Any] = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, (x, y), color=colour, annotation_clip=False, **place)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    sources: Mapping[str, Source] | None = None,
    verdict: str = "",
) -> Table:
    """Return a `Table` of any cells; columns of numbers and empty cells alone are numeric."""
    text = tuple(tuple(_cell(cell) for cell in row) for row in rows)
    numeric = frozenset(
        place
        for place in range(len(columns))
        if all(isinstance(row[place], int | float | None) for row in rows)
    )
    return Table(tuple(columns), text, numeric, sources or {}, verdict)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return str(value)


def markdown(content: Table) -> str:
    """Return a table as GitHub renders it, for README.md and paper_notes.md."""
    rule = ["--:" if place in content.numeric else "---" for place in range(len(content.columns))]
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (content.columns, *content.rows)]
    lines.insert(1, rule)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
