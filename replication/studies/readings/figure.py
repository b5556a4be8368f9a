"""The figures of the readings: which way to settle what the text leaves open fits best."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from replication.report.charts import DATA, SERIES, percentages
from replication.report.drawing import (
    ACCENT,
    INK,
    TEST,
    Figure,
    Source,
    Table,
    draw,
    is_narrow,
    table,
)
from replication.report.inputs import Inputs, records
from replication.report.markdown import markdown
from replication.report.parts import Block, Part
from replication.studies import EARLIER
from replication.studies.readings import COMMAND, CURVES, RANKING

Gaps = Mapping[str, NDArray[np.float64]]
_SHOWN_READINGS = 12  # in the README
_BEST = 3  # readings whose curves are drawn beside ours


def short(reading: str) -> str:
    """``criterion.j=20.0 order=fresh`` as ``j 20, order fresh``; a centre's own name as it is."""
    parts = []
    for change in reading.split():
        if "=" not in change:
            return reading
        key, _, value = change.partition("=")
        name = key.rpartition(".")[2] if not key.endswith("name") else "criterion"
        name = {
            "reading": "sub-sampling",
            "power": "fan-in power",
            "fan_in": "sub-sampling fan-in",
        }.get(name, name)
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


def ranking(inputs: Inputs) -> Figure | None:
    """Every reading by its distance from all that is published; None without the study."""
    found = inputs.table(RANKING)
    if found is None:
        return None
    ranked = unique_readings(found)
    drawn = ranked[ranked["distance"].notna()]
    ours = adopted(ranked)

    columns = ("reading", "runs", "distance", "curves, points", "low", "high",
               "training error", "test error")  # fmt: skip
    keys = ("replicates", "distance", "rms", "rms_low", "rms_high", "training_error", "test_error")
    rows = [(short(row["reading"]), *(row[key] for key in keys)) for row in records(ranked)]
    best = str(drawn["reading"].iloc[0])
    places = {name: place for place, name in enumerate(drawn["reading"], start=1)}
    said = f" Ours, {short(ours)}, is number {places[ours]}." if ours in places else ""
    return Figure(
        "readings",
        "Readings, ranked",
        draw(
            "readings",
            f"{len(drawn)} readings ranked by their distance from the published figures. Nearest: "
            f"{short(best)}.{said}",
            60 + 17 * len(drawn),
            lambda canvas: _paint_ranking(canvas, drawn, ours),
        ),
        "Each row is one way to settle what the text leaves open, named by what differs from the "
        "first centre of the study (params.yaml); ours has the other colour. Left: "
        "distance from all evidence together (curves, final errors, step sizes, each in units of "
        "its scale in params.yaml). "
        "Right: root mean square distance from Figure 5 in percentage points, with the interval "
        f"for other seeds. {len(ranked) - len(drawn)} readings diverged and have no place. "
        + EARLIER,
        table(columns, rows),
        (Source("../readings.csv", "distance, rms, rms_low, rms_high by reading"),),
    )


def _paint_ranking(canvas: Canvas, drawn: pd.DataFrame, ours: str) -> None:
    left, right = canvas.subplots(1, 2, sharey=True)
    for place, row in enumerate(records(drawn)):
        colour = ACCENT if row["reading"] == ours else TEST
        left.plot(row["distance"], -place, "o", color=colour, markersize=5)
        right.plot([row["rms_low"], row["rms_high"]], [-place] * 2, color=colour, linewidth=1)
        right.plot(row["rms"], -place, "o", color=colour, markersize=5)
    # On a phone there is room for the places in the table only.
    names = [str(place + 1) if is_narrow(canvas) else short(name)
             for place, name in enumerate(drawn["reading"])]  # fmt: skip
    left.set_yticks(-np.arange(len(drawn)), names)
    for axes, title in ((left, "all evidence"), (right, "curves: points")):
        axes.set_xscale("log")
        axes.grid(axis="y", linewidth=0.5)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(title)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:g}")
    _scale(left, drawn["distance"], drawn["distance"])
    _scale(right, drawn["rms"], drawn["rms_high"])


def _scale(axes: Axes, values: pd.Series[float], highest: pd.Series[float]) -> None:
    """Limits by the values, since an interval may reach below nought; powers of ten as ticks."""
    low, high = float(values.min()) / 1.5, float(highest.max()) * 1.2
    steps = [10.0**power for power in range(-3, 5)]
    axes.set_xticks([step for step in steps if low <= step <= high])
    axes.set_xlim(low, high)


def curves(inputs: Inputs) -> Figure | None:
    """The nearest readings and ours, less Figure 5, pass by pass."""
    found, passes = inputs.table(RANKING), inputs.table(CURVES)
    if found is None or passes is None:
        return None
    ranked = unique_readings(found)
    names = [str(name) for name in ranked["reading"][ranked["distance"].notna()]]
    ours = adopted(ranked)
    chosen = list(dict.fromkeys([*names[:_BEST], *(n for n in names if n == ours)]))
    if not chosen:
        return None
    gaps = {name: _gaps(inputs, passes, name) for name in chosen}

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
            lambda canvas: _paint_gaps(canvas, gaps, ours),
        ),
        "Mean over the replicates of a reading, less the curve of 1998: nought is agreement. "
        + EARLIER,
        table(("pass", "reading", "training, points", "test, points"), rows),
        (
            Source("../readings_curves.csv", "training_misses, test_misses by reading and pass"),
            Source(f"{DATA}/figure5_learning_curves.csv", "both columns"),
        ),
    )


def _paint_gaps(canvas: Canvas, gaps: Mapping[str, Gaps], ours: str) -> None:
    panels = canvas.subplots(1, 2, sharey=True)
    for axes, series in zip(panels, SERIES, strict=True):
        axes.axhline(0.0, color=INK, linewidth=0.8)
        for place, (name, gap) in enumerate(gaps.items()):
            style = "-" if name == ours else ("--", "-.", ":")[place % 3]
            colour = ACCENT if name == ours else TEST
            passes = np.arange(1, len(gap[series]) + 1)
            axes.plot(passes, gap[series], style, color=colour, label=short(name))
        axes.set(title=f"{series} error", xlabel="pass", xticks=(1, 10, 20))
    panels[0].set_ylabel("ours less 1998, points")
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=1)


def _gaps(inputs: Inputs, passes: pd.DataFrame, reading: str) -> Gaps:
    trained = passes[passes["reading"] == reading]
    histories = [history for _, history in trained.groupby("replicate", sort=True)]
    past = inputs.paper.learning_curves
    found = {}
    for series in SERIES:
        ours = percentages(histories, series, len(inputs.labels)).mean(axis=0)
        then = past[f"{series}_error_percent"].to_numpy(dtype=np.float64)
        common = min(len(ours), len(then))
        found[series] = ours[:common] - then[:common]
    return found


def block(inputs: Inputs) -> str:
    """The nearest readings, ranked, then those that diverged."""
    found = inputs.table(RANKING)
    if found is None:
        return f"Not there yet: `{COMMAND}` makes it."
    ranked = unique_readings(found)
    ours = adopted(ranked)
    fine = ranked[ranked["distance"].notna()]
    columns = ("", "reading", "distance", "curves, points", "training, %", "test, %")
    shown = [
        (place, row)
        for place, row in enumerate(records(fine), start=1)
        if place <= _SHOWN_READINGS or row["reading"] == ours
    ]
    rows = [
        (
            str(place),
            short(row["reading"]) + (" (ours)" if row["reading"] == ours else ""),
            f"{row['distance']:.2f}",
            f"{row['rms']:.3f} ({row['rms_low']:.3f} to {row['rms_high']:.3f})",
            f"{row['training_error']:.2f}",
            f"{row['test_error']:.2f}",
        )
        for place, row in shown
    ]
    lost = [short(name) for name in ranked["reading"][ranked["distance"].isna()]]
    text = f"{len(rows)} of {len(fine)} readings; all are in `results/readings.csv`."
    if lost:
        text += f" Diverged: {'; '.join(lost)}."
    return f"{markdown(Table(columns, tuple(rows), frozenset({0, 2, 4, 5})))}\n\n{text}"


PARTS = (
    Part("readings", ranking, "The study of the readings", COMMAND),
    Part("readings_curves", curves, "The curves of the readings", COMMAND),
)
BLOCKS = (Block("readings", block),)
