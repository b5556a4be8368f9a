"""The distortions of Figure 7 (p. 11) and the distributions fitted to them, drawn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from scipy import stats

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Block, Inputs, Part, records
from replication.studies.distortions import COMMAND, FITS
from replication.studies.distortions.quantities import list_readings, select_trusted

_LAWS = {"uniform": ("low", "high"), "normal": ("mean", "sd")}


def draw_distortions(inputs: Inputs) -> drawing.Figure | None:
    """Draw Figure 7's distortions and the distributions fitted to them; None without the fit."""
    fits = inputs.table(FITS)
    if fits is None:
        return None
    laws = [
        row for row in records(fits[fits["chosen"].astype(bool)])
        if row["distribution"] in _LAWS
    ]  # fmt: skip
    if not laws:
        return None
    trusted = select_trusted(inputs.paper.distortions)
    values = {(each.quantity, each.reading): each.values for each in list_readings(trusted)}

    def paint(canvas: Canvas) -> None:
        drawn = drawing.panels(canvas, len(laws), 3 if len(laws) > 4 else 2, 145, sharey=True)
        for law, axes in zip(laws, drawn, strict=True):
            _paint_law(axes, str(law["quantity"]), values[law["quantity"], law["reading"]], law)

    columns = ("quantity", "reading", "distribution", "low", "high", "mean", "sd", "p", "chosen")
    rows = [
        tuple("yes" if cell is True else "" if cell is False else cell
              for cell in (row[key] for key in columns))
        for row in records(fits)
    ]  # fmt: skip
    words = "; ".join(_describe_law(law) for law in laws)
    return drawing.Figure(
        "distortions",
        "The distortions of Figure 7, as numbers",
        drawing.draw(
            "distortions", f"Fitted distributions over those observed. {words}.", 330, paint
        ),
        "Steps: share of the patterns of Figure 7 below a value; line: the distribution chosen for "
        "our own distorted patterns. What each quantity is stands in the table.",
        drawing.table(columns, rows),
        (
            drawing.Source("../distortions.csv", "rows with chosen = True"),
            drawing.Source(f"{drawing.DATA}/figure7_distortions.csv", "all patterns"),
        ),
    )


def _paint_law(
    axes: Axes, quantity: str, values: NDArray[np.float64], law: Mapping[str, Any]
) -> None:
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    shares = np.arange(1, len(ordered) + 1) / len(ordered)
    margin = 0.08 * float(np.ptp(ordered))
    grid = np.linspace(ordered[0] - margin, ordered[-1] + margin, 60)
    if law["distribution"] == "uniform":
        curve = stats.uniform.cdf(grid, law["low"], law["high"] - law["low"])
    else:
        curve = stats.norm.cdf(grid, law["mean"], law["sd"])
    axes.plot(grid, curve, color=drawing.ACCENT, linewidth=1.6)
    axes.step(ordered, shares, where="post", color=drawing.INK, linewidth=0.9)
    axes.set(title=quantity.replace("_", " "), ylim=(0, 1.02), yticks=(0, 0.5, 1))
    axes.locator_params(axis="x", nbins=3)
    axes.grid(axis="y", linewidth=0.5, color=drawing.GRID)
    axes.title.set_color(drawing.MUTED)


def _describe_law(law: Mapping[str, Any]) -> str:
    first, second = (law[name] for name in _LAWS[str(law["distribution"])])
    word = "to" if law["distribution"] == "uniform" else "sd"
    name = f"{law['quantity']} ({law['reading']})"
    return f"{name}: {law['distribution']}, {first:.3g} {word} {second:.3g}"


def write_block(inputs: Inputs) -> str:
    """Return the distributions that were chosen for Figure 7's distortions."""
    fits = inputs.table(FITS)
    if fits is None:
        return f"Not there yet: `{COMMAND}` makes it."
    columns = ("quantity", "read as", "distribution", "parameters", "p")
    rows = [
        (
            *(str(row[key]) for key in ("quantity", "reading", "distribution")),
            _format_parameters(row),
            "" if row["p"] != row["p"] else f"{row['p']:.2f}",
        )
        for row in records(fits[fits["chosen"].astype(bool)])
    ]
    return drawing.markdown(drawing.Table(columns, tuple(rows), frozenset({4})))


def _format_parameters(row: Mapping[str, float]) -> str:
    if row["low"] == row["low"]:
        return f"{row['low']:.3g} to {row['high']:.3g}"
    return f"{row['mean']:.3g}, sd {row['sd']:.2g}"


PARTS = (Part("distortions", draw_distortions, "The fit of Figure 7's distortions", COMMAND),)
BLOCKS = (Block("distortions", write_block),)
