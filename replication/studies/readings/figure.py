"""The figures of the readings: which way to settle what the text leaves open fits best."""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Block, Inputs, Part, records
from replication.studies.readings import COMMAND, CURVES, RANKING

_WORDS = {
    "sdlm.curvature_start=exact": "curvature of the criterion itself",
    "sdlm.patterns_drawn=random": "curvatures on random patterns",
    "sdlm.coefficient_curvature=squares_summed": "coefficients: squares summed",
    "subsampling.reading=averaged": "sub-sampling averages",
    "subsampling.fan_in=1": "sub-sampling fan-in 1",
    "criterion.distance=1.0": "whole squared distances",
    "initialisation.power=1.0": "range over the fan-in itself",
    "initialisation.biases=random": "random biases",
    "initialisation.coefficients=random": "random coefficients",
    "order=fresh": "a fresh order each pass",
}
_CONTROLS = {
    "earlier": "our earlier reading",
    "printed": "the text as printed",
    "printed-range-4": "the printed range",
    "printed-range-1": "the printed range, curvature 1",
    "printed-rates-half": "the printed rates, half distances",
    "printed-rates-whole": "the printed rates, whole distances",
}
_STAGES = {"final": "finalist", "control": "control", "variation": "variation"}


def select_completed(ranking: pd.DataFrame) -> pd.DataFrame:
    """Return all readings trained to the end of the recipe, stage by stage, best first."""
    return ranking[ranking["stage"] != "screening"].reset_index(drop=True)


def describe_reading(row: Mapping[str, object]) -> str:
    """Return a reading in few words: a variation by what it changes."""
    change = str(row["change"]) if isinstance(row["change"], str) else ""
    return _WORDS.get(change, change) or str(row["reading"])


def _is_ours(row: Mapping[str, object]) -> bool:
    return bool(row["adopted"]) and row["stage"] == "final"


def draw_ranking(inputs: Inputs) -> drawing.Figure | None:
    """Draw finalists, controls and variations by their distance; None without the study."""
    ranked = inputs.table(RANKING)
    if ranked is None:
        return None
    readings = select_completed(ranked)
    drawn = readings[readings["distance"].notna()]
    lost = [describe_reading(row) for row in records(readings[readings["distance"].isna()])]
    columns = ("reading", "stage", "replicates", "distance", "curve, points", "low", "high",
               "least step", "greatest step", "training error", "tied")  # fmt: skip
    keys = ("replicates", "distance", "rms", "rms_low", "rms_high", "step_low", "step_high",
            "training_error")  # fmt: skip
    rows = [
        (describe_reading(row), _STAGES[row["stage"]], *(row[key] for key in keys),
         "tied" if row["tied"] else "")
        for row in records(readings)
    ]  # fmt: skip
    screened = int((ranked["stage"] == "screening").sum())
    diverged = f" Diverged: {'; '.join(lost)}." if lost else ""
    return drawing.Figure(
        "readings",
        "Readings, ranked",
        drawing.draw(
            "readings",
            f"{len(drawn)} readings by their distance from Figure 5's training curve and the "
            f"published step sizes. Nearest: {describe_reading(records(drawn)[0])}.",
            60 + 17 * len(drawn),
            lambda canvas: _paint(canvas, drawn),
        ),
        f"Each row is one way to settle what the text leaves open: the {len(readings)} that were "
        f"trained to the end, after a short round with {screened}. A reading that is right would "
        "lie at about 1.4, as far as two trainings of one reading do. The nearest cannot be told "
        "apart; of them the one nearest to the paper's own words was taken, in the other colour. "
        "Rings are for comparison only. Equation 9 has a constant j, the curvature starts at the "
        "number given, and the range is that of the initial weights." + diverged,
        drawing.table(columns, rows),
        (drawing.Source("../readings.csv", "distance, rms, steps by reading"),),
    )


def _paint(canvas: Canvas, drawn: pd.DataFrame) -> None:
    names = [_CONTROLS.get(describe_reading(row), describe_reading(row)) for row in records(drawn)]
    if drawing.is_narrow(canvas):
        names = [name.replace(", ", ",\n", 1) for name in names]
        canvas.set_figheight((60 + 32 * len(drawn)) / 72)
    axes = canvas.subplots()
    for place, row in enumerate(records(drawn)):
        colour = drawing.ACCENT if _is_ours(row) else drawing.TEST
        face = colour if row["stage"] == "final" else "none"
        axes.plot(row["distance"], -place, "o", color=colour, markerfacecolor=face, markersize=5)
    axes.set_yticks(-np.arange(len(drawn)), names)
    axes.set_xscale("log")
    axes.minorticks_off()
    low, high = drawn["distance"].min() / 1.2, drawn["distance"].max() * 1.2
    factors = (1,) if high / low > 100 else (1, 2, 5)
    ticks = [factor * 10.0**power for power in range(-1, 4) for factor in factors]
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.set_xlim(low, high)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y", linewidth=0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("distance from the evidence")


def draw_curves(inputs: Inputs) -> drawing.Figure | None:
    """Draw our reading, the nearest and the controls, less Figure 5's training curve."""
    ranked, passes = inputs.table(RANKING), inputs.table(CURVES)
    if ranked is None or passes is None:
        return None
    gaps = _gaps(inputs, passes, select_completed(ranked))
    ours = "".join(ranked["reading"][ranked["adopted"] & (ranked["stage"] == "final")][:1])
    rows = [
        (number + 1, name, float(value))
        for name, gap in gaps.items()
        for number, value in enumerate(gap)
    ]
    return drawing.Figure(
        "readings-curves",
        "Readings against Figure 5's training curve",
        drawing.draw(
            "readings-curves",
            "Difference of the training error from Figure 5 by pass, in percentage points, for "
            f"{', '.join(gaps)}.",
            330,
            lambda canvas: _paint_gaps(canvas, gaps, ours),
        ),
        "The mean training error of a reading less that of 1998: nought is agreement. The scale is "
        "logarithmic away from nought.",
        drawing.table(("pass", "reading", "points"), rows),
        (
            drawing.Source("../readings_curves.csv", "training_error by reading and pass"),
            drawing.Source(f"{drawing.DATA}/figure5_learning_curves.csv", "training_error_percent"),
        ),
    )


def _gaps(
    inputs: Inputs, passes: pd.DataFrame, ranked: pd.DataFrame
) -> dict[str, NDArray[np.float64]]:
    then = inputs.paper.learning_curves["training_error_percent"].to_numpy(dtype=np.float64)
    fine = ranked[ranked["distance"].notna()]
    final = fine[fine["stage"] == "final"]
    wanted = pd.concat([final[:1], final[final["adopted"]], fine[fine["stage"] == "control"]])
    result = {}
    for stage, name in wanted[["stage", "reading"]].drop_duplicates().itertuples(index=False):
        replicates = passes[(passes["stage"] == stage) & (passes["reading"] == name)]
        mean = replicates.groupby("pass")["training_error"].mean().to_numpy(np.float64)
        result[str(name)] = mean - then[: len(mean)]
    return result


def _paint_gaps(canvas: Canvas, gaps: Mapping[str, NDArray[np.float64]], ours: str) -> None:
    axes = canvas.subplots()
    axes.axhline(0.0, color=drawing.INK, linewidth=0.8)
    colours = (drawing.TEST, drawing.TRAINING, drawing.DISTORTED, drawing.INK)
    others = itertools.product(("--", ":"), colours)
    for name, gap in gaps.items():
        style, colour = ("-", drawing.ACCENT) if name == ours else next(others)
        axes.plot(np.arange(1, len(gap) + 1), gap, style, color=colour,
                  label=_CONTROLS.get(name, name))  # fmt: skip
    axes.set(xlabel="pass", xticks=(1, 5, 10, 15, 20), ylabel="ours less 1998, points")
    axes.set_yscale("symlog", linthresh=0.5)
    low, high = axes.get_ylim()
    axes.set_yticks([tick for tick in (-100, -10, -1, 0, 1, 10, 100) if low <= tick <= high])
    axes.yaxis.set_major_formatter("{x:g}")
    canvas.legend(loc="outside lower center", ncols=1)


def write_block(inputs: Inputs) -> str:
    """Return all readings that were trained to the end, by stage and distance."""
    ranked = inputs.table(RANKING)
    if ranked is None:
        return f"Not there yet: `{COMMAND}` makes it."
    columns = ("stage", "reading", "distance", "curve, points", "steps", "training, %", "tied")
    rows = []
    for row in records(select_completed(ranked)):
        fine = row["distance"] == row["distance"]
        rows.append((
            _STAGES[row["stage"]],
            describe_reading(row) + (" (ours)" if _is_ours(row) else ""),
            f"{row['distance']:.2f}" if fine else "diverged",
            f"{row['rms']:.3f} ({row['rms_low']:.3f} to {row['rms_high']:.3f})" if fine else "",
            f"{row['step_low']:.1e} to {row['step_high']:.3f}" if fine else "",
            f"{row['training_error']:.2f}" if fine else "",
            "yes" if row["tied"] else "",
        ))  # fmt: skip
    screened = int((ranked["stage"] == "screening").sum())
    text = drawing.markdown(drawing.Table(columns, tuple(rows), frozenset({2, 5})))
    return (
        f"{text}\n\nThe finalists are the "
        f"nearest of {screened} that were tried with fewer replicates and passes; all are in "
        "`results/readings.csv`."
    )


PARTS = (
    Part("readings", draw_ranking, "The study of the readings", COMMAND),
    Part("readings_curves", draw_curves, "The curves of the readings", COMMAND),
)
BLOCKS = (Block("readings", write_block),)
