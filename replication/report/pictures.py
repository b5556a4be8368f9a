"""The two pictures of README.md: Figure 9 with ours, and a digit on its way through LeNet-5.

Each is an SVG file of its own with the colours of the page, light or dark as its reader's system.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.comparison.figures.drawing import ACCENT, INK, MUTED, draw
from replication.comparison.figures.inputs import Inputs
from replication.core.mnist import databases
from replication.core.runs import RECORD, WEIGHTS
from replication.report.systems import ERROR, draw_systems
from replication.report.texts import read_text, say

FIGURE_9, NETWORK = "report/figure9.svg", "report/network.svg"  # below the folder of results
_SHOWN = 0  # the test pattern
_ROWS = {"C1": 2, "S2": 1.4, "C3": 2.2, "S4": 2.2}  # their heights
_LINES = {"C1": 1, "S2": 1, "C3": 2, "S4": 2}  # of maps
_STEPS = 16  # a value is rounded to so many parts of 1, lest its last bits show
_HEIGHT = 670  # units of the SVG
_CODE = (12, 7)  # lines and columns of the bitmap that F6 draws


def draw_pictures(inputs: Inputs) -> dict[str, str]:
    """Return the SVG of each file; without the network where no replicate has weights."""
    drawn = {FIGURE_9: draw_systems(inputs, ERROR).svg, NETWORK: draw_network(inputs)}
    return {name: _stand_alone(svg) for name, svg in drawn.items() if svg}


def _stand_alone(svg: Markup) -> str:
    """Return the wide one of a page's two drawings as a file, with what it needs of page.css."""
    wide = str(svg).partition("</svg>")[0]  # a str: Markup would escape what is put into it
    wide = wide.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    colours = read_text(__package__, "page.css").partition(':root[data-theme="dark"]')[0]
    own = "svg { background: var(--paper); font-family: system-ui, sans-serif; }"
    return wide.replace(">", f">\n<style>\n{colours}{own}\n</style>\n", 1) + "</svg>\n"


def draw_network(inputs: Inputs) -> Markup:
    """Draw a test digit, what every layer of a committed LeNet-5 makes of it, and the answer."""
    runs = inputs.runs.get(inputs.choices.experiments.undistorted, ())
    run = next((run for run in runs if run.has(WEIGHTS)), None)
    if run is None:
        return Markup()
    recorded = RecordedNetwork(run.record["settings"], inputs.paper, run.path(RECORD))
    network, image = recorded.network, inputs.images[[_SHOWN]]
    weights = run.weights(network.parameters)
    field = databases.make_inputs(image, network.field, recorded.table)
    with torch.no_grad():
        layers = recorded.reference.maps(torch.from_numpy(weights), torch.from_numpy(field[None]))
    maps = {name: values[0].numpy() for name, values in layers.items()}
    penalties = recorded.penalties(weights, image)[0]
    answer = int(penalties.argmin())
    alt = say("network_in_words", label=int(inputs.labels[_SHOWN]), answer=answer)
    paint = partial(_paint_network, field[0], maps, network.codes[answer], penalties)
    return draw("network", alt, _HEIGHT, paint)


def _paint_network(
    field: NDArray[np.float32], maps: dict[str, NDArray[np.float32]],
    code: NDArray[np.floating], penalties: NDArray[np.float32], canvas: Canvas,
) -> None:  # fmt: skip
    tall = [4, *_ROWS.values(), 3]
    rows: Any = canvas.subfigures(len(tall), 1, height_ratios=tall)
    first, drawn, wanted = rows[0].subplots(1, 3)
    _show(first, field, "input")
    _show(drawn, maps["F6"].reshape(_CODE), "F6 draws")
    _show(wanted, code.reshape(_CODE), f"the code of {penalties.argmin()}")
    for row, (name, lines) in zip(rows[1:-1], _LINES.items(), strict=True):
        _show(row.subplots(), _side_by_side(maps[name], lines), f"{name}: {len(maps[name])} maps")
    axes = rows[-1].subplots()
    colours = [ACCENT if value == penalties.min() else MUTED for value in penalties]
    axes.bar_label(axes.bar(range(len(penalties)), penalties, color=colours), fmt="{:.1f}")
    axes.set_xticks(range(len(penalties)))
    axes.set_yticks([])
    axes.set_title(f"penalty of each answer: {penalties.argmin()} has the least", color=INK, pad=14)


def _show(axes: Axes, values: NDArray[Any], title: str) -> None:
    """Draw values as an image, from negative in red over white to positive in blue."""
    rounded = np.round(values * _STEPS) / _STEPS
    axes.imshow(rounded, cmap="RdBu", vmin=-1.75, vmax=1.75, interpolation="none")
    axes.set_title(title)
    axes.set_axis_off()


def _side_by_side(maps: NDArray[np.float32], lines: int) -> NDArray[np.float32]:
    """Return maps, (n, side, side), as one image of ``lines`` lines with gaps of NaN."""
    gap = 1 if maps.shape[1] < 12 else 2
    apart = np.pad(maps, ((0, 0), (0, gap), (0, gap)), constant_values=np.nan)
    stacked: Sequence[NDArray[np.float32]] = [np.hstack(list(line))
                                              for line in np.split(apart, lines)]  # fmt: skip
    return np.vstack(stacked)
