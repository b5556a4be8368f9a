"""The figures of the studies of variance and of the distortions (Figure 7, p. 11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from scipy import stats

from replication.comparison.distortion_readings import readings, trusted
from replication.report.charts import DATA
from replication.report.drawing import ACCENT, GRID, INK, MUTED, TEST, Figure, Source, draw, table
from replication.report.inputs import Inputs, records

_LAWS = {"uniform": ("low", "high"), "normal": ("mean", "sd")}


def variance(inputs: Inputs) -> Figure | None:
    """How much of the spread each source of randomness makes; None without the study."""
    if inputs.variance is None:
        return None
    rows = records(inputs.variance)

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, row in enumerate(rows):
            axes.plot(
                [row["test_sd_low"], row["test_sd_high"]], [-place] * 2, color=TEST, linewidth=1.5
            )
            axes.plot(row["test_sd"], -place, "o", color=TEST, markersize=6)
        axes.set_yticks([-place for place in range(len(rows))], [str(r["source"]) for r in rows])
        axes.set(xlabel="standard deviation of the test error, points", xlim=(0, None))
        axes.set_ylim(0.5 - len(rows), 0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", linewidth=0.5)

    said = "; ".join(f"{row['source']}: {row['test_sd']:.3g}" for row in rows)
    keys = ("source", "replicates", "test_mean", "test_sd", "test_sd_low", "test_sd_high",
            "training_mean", "training_sd", "share_of_variance")  # fmt: skip
    columns = ("varied", "runs", "test, mean", "test, sd", "low", "high", "training, mean",
               "training, sd", "share of variance")  # fmt: skip
    return Figure(
        "variance",
        "What makes replicates differ",
        draw(
            "variance",
            "Standard deviation of the test error in points when one source of randomness is "
            f"varied. {said}.",
            70 + 34 * len(rows),
            paint,
        ),
        "Standard deviation over replicates when only this source varies, with its interval.",
        table(columns, [tuple(row[key] for key in keys) for row in rows]),
        (Source("../variance.csv", "test_sd, test_sd_low, test_sd_high by source"),),
    )


def distortions(inputs: Inputs) -> Figure | None:
    """Figure 7's distortions and the distributions fitted to them; None without the fit."""
    if inputs.distortions is None:
        return None
    fits = inputs.distortions
    laws = [
        row for row in records(fits[fits["chosen"].astype(bool)])
        if row["distribution"] in _LAWS
    ]  # fmt: skip
    if not laws:
        return None
    sound = trusted(inputs.paper.distortions)
    values = {(one.quantity, one.reading): one.values for one in readings(sound)}

    def paint(canvas: Canvas) -> None:
        panels = canvas.subplots(-(-len(laws) // 3), 3, sharey=True, squeeze=False).flat
        for law, axes in zip(laws, panels, strict=False):
            _paint_law(axes, str(law["quantity"]), values[law["quantity"], law["reading"]], law)
        for axes in list(panels):
            axes.set_axis_off()

    columns = ("quantity", "reading", "distribution", "low", "high", "mean", "sd", "p", "chosen")
    rows = [
        tuple("yes" if cell is True else "" if cell is False else cell
              for cell in (row[key] for key in columns))
        for row in records(fits)
    ]  # fmt: skip
    said = "; ".join(_said(law) for law in laws)
    return Figure(
        "distortions",
        "The distortions of Figure 7, as numbers",
        draw("distortions", f"Fitted distributions over those observed. {said}.", 330, paint),
        "Steps: share of the patterns of Figure 7 below a value; line: the distribution chosen for "
        "our own distorted patterns. What each quantity is stands in the table.",
        table(columns, rows),
        (
            Source("../distortions.csv", "rows with chosen = True"),
            Source(f"{DATA}/figure7_distortions.csv", "all patterns"),
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
    axes.plot(grid, curve, color=ACCENT, linewidth=1.6)
    axes.step(ordered, shares, where="post", color=INK, linewidth=0.9)
    axes.set(title=quantity.replace("_", " "), ylim=(0, 1.02), yticks=(0, 0.5, 1))
    axes.locator_params(axis="x", nbins=3)
    axes.grid(axis="y", linewidth=0.5, color=GRID)
    axes.title.set_color(MUTED)


def _said(law: Mapping[str, Any]) -> str:
    first, second = (law[name] for name in _LAWS[str(law["distribution"])])
    word = "to" if law["distribution"] == "uniform" else "sd"
    name = f"{law['quantity']} ({law['reading']})"
    return f"{name}: {law['distribution']}, {first:.3g} {word} {second:.3g}"
