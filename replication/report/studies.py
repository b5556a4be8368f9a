"""The figures of the studies: readings, sources of variance, distortions (Figure 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from scipy import stats

from replication.comparison.distortion_readings import readings as distortion_readings
from replication.comparison.distortion_readings import trusted
from replication.report.charts import DATA, SERIES, percentages
from replication.report.drawing import (
    ACCENT,
    GRID,
    INK,
    MUTED,
    TEST,
    Figure,
    Source,
    draw,
    table,
)
from replication.report.inputs import Inputs, records

CENTRE = "centre"
_BEST = 3  # readings whose curves are drawn beside ours
_LAWS = {"uniform": ("low", "high"), "normal": ("mean", "sd")}


def short(reading: str) -> str:
    """``criterion.j=20.0 order=fresh`` as ``j 20, order fresh``."""
    if reading == CENTRE:
        return "centre of the study"
    parts = []
    for change in reading.split():
        key, _, value = change.partition("=")
        name = key.rpartition(".")[2] if not key.endswith("name") else "criterion"
        name = {"reading": "sub-sampling", "power": "fan-in power"}.get(name, name)
        parts.append(f"{name} {value.removesuffix('.0').replace('_', ' ')}")
    return ", ".join(parts)


def adopted(found: pd.DataFrame) -> str:
    """The reading that params.yaml's `base` follows; empty when the study has not tried it."""
    marked = found[found["adopted"].astype(bool)] if "adopted" in found else found[:0]
    return str(marked["reading"].iloc[0]) if len(marked) else ""


def unique_readings(found: pd.DataFrame) -> pd.DataFrame:
    """A row a reading, best first; those that diverged, without numbers, last."""
    return found.drop_duplicates("reading").sort_values(
        ["distance", "reading"], kind="stable", ignore_index=True
    )


def readings_ranking(inputs: Inputs) -> Figure | None:
    """Every reading by its distance from all that is published; None without the study."""
    if inputs.readings is None:
        return None
    ranked = unique_readings(inputs.readings)
    drawn = ranked[ranked["distance"].notna()]
    ours = adopted(ranked)

    def paint(canvas: Canvas) -> None:
        left, right = canvas.subplots(1, 2, sharey=True)
        for place, row in enumerate(records(drawn)):
            colour = ACCENT if row["reading"] == ours else TEST
            left.plot(row["distance"], -place, "o", color=colour, markersize=5)
            right.plot([row["rms_low"], row["rms_high"]], [-place] * 2, color=colour, linewidth=1)
            right.plot(row["rms"], -place, "o", color=colour, markersize=5)
        names = [short(name) for name in drawn["reading"]]
        left.set_yticks(-np.arange(len(drawn)), names)
        for axes, title in ((left, "all evidence"), (right, "curves: points")):
            axes.set_xscale("log")
            axes.grid(axis="y", linewidth=0.5)
            axes.tick_params(axis="y", length=0)
            axes.set_xlabel(title)
            axes.minorticks_off()
            axes.xaxis.set_major_formatter("{x:g}")
        _ticks(left, drawn["distance"])
        _ticks(right, drawn["rms"])

    columns = ("reading", "runs", "distance", "curves, points", "low", "high",
               "training error", "test error")  # fmt: skip
    keys = ("replicates", "distance", "rms", "rms_low", "rms_high", "training_error", "test_error")
    rows = [(short(row["reading"]), *(row[key] for key in keys)) for row in records(ranked)]
    best = drawn["reading"].iloc[0] if len(drawn) else ""
    places = {name: place for place, name in enumerate(drawn["reading"], start=1)}
    said = f" Ours, {short(ours)}, is number {places[ours]}." if ours in places else ""
    return Figure(
        "readings",
        "Readings, ranked",
        draw(
            "readings",
            f"{len(drawn)} readings ranked by their distance from the published figures. Nearest: "
            f"{short(str(best))}.{said}",
            60 + 17 * len(drawn),
            paint,
        ),
        "Each row is one way to settle what the text leaves open; ours has the other colour. Left: "
        "distance from all evidence together (curves, final errors, step sizes, each in units of "
        "its scale in params.yaml). "
        "Right: root mean square distance from Figure 5 in percentage points, with the interval "
        f"for other seeds. {len(ranked) - len(drawn)} readings diverged and have no place.",
        table(columns, rows),
        (Source("../readings.csv", "distance, rms, rms_low, rms_high by reading"),),
    )


def _ticks(axes: Axes, values: pd.Series[float]) -> None:
    # A logarithmic axis shorter than a decade would be left with one tick or none.
    low, high = float(values.min()), float(values.max())
    steps = [factor * 10.0**power for power in range(-3, 4) for factor in (1, 2, 5)]
    inside = [step for step in steps if low / 1.5 <= step <= high * 1.5]
    axes.set_xticks(inside)


def readings_curves(inputs: Inputs) -> Figure | None:
    """The nearest readings and ours, less Figure 5, pass by pass."""
    if inputs.readings is None or inputs.readings_curves is None:
        return None
    ranked = unique_readings(inputs.readings)
    names = [str(name) for name in ranked["reading"][ranked["distance"].notna()]]
    ours = adopted(ranked)
    chosen = list(dict.fromkeys([*names[:_BEST], *(n for n in names if n == ours)]))
    if not chosen:
        return None
    gaps = {name: _gaps(inputs, name) for name in chosen}

    def paint(canvas: Canvas) -> None:
        panels = canvas.subplots(1, 2, sharey=True)
        for axes, series in zip(panels, SERIES, strict=True):
            axes.axhline(0.0, color=INK, linewidth=0.8)
            for name, gap in gaps.items():
                style = "-" if name == ours else ("--", "-.", ":")[chosen.index(name) % 3]
                colour = ACCENT if name == ours else TEST
                passes = np.arange(1, len(gap[series]) + 1)
                axes.plot(passes, gap[series], style, color=colour, label=short(name))
            axes.set(title=f"{series} error", xlabel="pass", xticks=(1, 10, 20))
        panels[0].set_ylabel("ours less 1998, points")
        handles, labels = panels[0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside lower center", ncols=1)

    rows = [
        (number + 1, short(name), *(float(gap[series][number]) for series in SERIES))
        for name, gap in gaps.items()
        for number in range(len(gap["test"]))
    ]
    return Figure(
        "readings-curves",
        "The nearest readings against Figure 5",
        draw(
            "readings-curves",
            "Difference of the training and test error from Figure 5 by pass, in percentage "
            f"points, for {', '.join(short(name) for name in chosen)}.",
            330,
            paint,
        ),
        "Mean over the replicates of a reading, less the curve of 1998: nought is agreement.",
        table(("pass", "reading", "training, points", "test, points"), rows),
        (
            Source("../readings_curves.csv", "training_misses, test_misses by reading and pass"),
            Source(f"{DATA}/figure5_learning_curves.csv", "both columns"),
        ),
    )


def _gaps(inputs: Inputs, reading: str) -> Mapping[str, NDArray[np.float64]]:
    assert inputs.readings_curves is not None
    own = inputs.readings_curves[inputs.readings_curves["reading"] == reading]
    histories = [history for _, history in own.groupby("replicate", sort=True)]
    past = inputs.paper.learning_curves
    found = {}
    for series in SERIES:
        ours = percentages(histories, series, len(inputs.labels)).mean(axis=0)
        then = past[f"{series}_error_percent"].to_numpy(dtype=np.float64)
        passes = min(len(ours), len(then))
        found[series] = ours[:passes] - then[:passes]
    return found


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
    values = {(one.quantity, one.reading): one.values for one in distortion_readings(sound)}

    def paint(canvas: Canvas) -> None:
        panels = canvas.subplots(-(-len(laws) // 3), 3, sharey=True, squeeze=False).flat
        for axes, law in zip(panels, laws, strict=False):
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
