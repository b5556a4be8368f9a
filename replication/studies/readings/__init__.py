"""Which reading of the paper fits the evidence that the protocol names?

The text leaves choices open (paper_notes.md). A reading is one way to settle them. The protocol
(paper_notes.md, "Protocol") was written before anything was trained for it: a reading is judged by
Figure 5's training curve and by the range of the step sizes in the first pass (p. 10), on seeds of
its own. No test pattern is shown to any network of this study.
"""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Block, Inputs, Part, records
from replication.comparison.paper import Contradiction
from replication.comparison.verdicts.evidence import Checks, Evidence, Finding, Unmeasured
from replication.files import Table

STAGES = ("screening", "final", "control", "variation")

COMMAND = "python -m replication readings"
STEPS = Table(
    "readings_steps.csv", COMMAND, ("curvature_start", "range", "step_low", "step_high", "distance")
)
CURVES = Table(
    "readings_curves.csv",
    COMMAND,
    ("stage", "reading", "replicate", "key", "pass", "training_error", "step_low", "step_high"),
    words=("stage", "reading", "key"),
)
RANKING = Table(
    "readings.csv",
    COMMAND,
    ("stage", "reading", "change", "replicates", "distance", "rms", "rms_low", "rms_high",
     "step_low", "step_high", "training_error", "tied", "from_text", "from_library", "adopted"),
    words=("stage", "reading", "change"),
)  # fmt: skip
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


def judge_pooling(evidence: Evidence, _: Contradiction) -> Finding:
    """Judge by Figure 5's training curve: does sub-sampling average (p. 6) or add (p. 7)?"""
    ranking = evidence.study(RANKING)
    added = ranking[ranking["adopted"] & (ranking["stage"] == "final")]
    averaged = ranking[ranking["change"] == "subsampling.reading=averaged"]
    if added.empty or averaged.empty or averaged["rms"].isna().all():
        raise Unmeasured("results/readings.csv lacks a trained reading for a way of sub-sampling")
    both = {"added": added.iloc[0], "averaged": averaged.iloc[0]}
    best, rest = sorted(both, key=lambda name: float(both[name]["rms_high"]))
    apart = float(both[best]["rms_high"]) < float(both[rest]["rms_low"])
    ends = {n: (float(both[n]["rms_low"]), float(both[n]["rms_high"])) for n in (best, rest)}
    return Finding(
        "reproduced" if apart else "inconclusive",
        best if apart else "either",
        "root mean square distance to the published training curve: "
        + ", ".join(f"{name} {low:.4g} to {high:.4g} points" for name, (low, high) in ends.items()),
        *ends[best],
    )


def select_completed(ranking: pd.DataFrame) -> pd.DataFrame:
    """Return the readings trained to the end of the recipe, stage by stage, best first.

    Three columns are added: ``words``, a reading in few words, a variation by what it changes;
    ``role``, its stage in words; and ``ours``, whether it is the adopted one.
    """
    completed = ranking[ranking["stage"] != "screening"].reset_index(drop=True)
    change = completed["change"]
    return completed.assign(
        words=change.map(_WORDS).fillna(change).fillna(completed["reading"]),
        role=completed["stage"].map(_STAGES),
        ours=completed["adopted"] & (completed["stage"] == "final"),
    )


def draw_ranking(inputs: Inputs) -> drawing.Figure | None:
    """Draw finalists, controls and variations by their distance; None without the study."""
    ranked = inputs.table(RANKING)
    if ranked is None:
        return None
    readings = select_completed(ranked)
    fine = readings["distance"].notna()
    drawn, lost = readings[fine], readings.loc[~fine, "words"]
    columns = ("reading", "stage", "replicates", "distance", "curve, points", "low", "high",
               "least step", "greatest step", "training error", "tied")  # fmt: skip
    keys = ["words", "role", "replicates", "distance", "rms", "rms_low", "rms_high", "step_low",
            "step_high", "training_error", "tied"]  # fmt: skip
    numbers = readings[keys].assign(tied=readings["tied"].map({True: "tied", False: ""}))
    screened = len(ranked) - len(readings)
    diverged = f" Diverged: {'; '.join(lost)}." if len(lost) else ""
    return drawing.Figure(
        "readings",
        "Readings, ranked",
        drawing.draw(
            "readings",
            f"{len(drawn)} readings by their distance from Figure 5's training curve and the "
            f"published step sizes. Nearest: {drawn['words'].iloc[0]}.",
            60 + 17 * len(drawn),
            lambda canvas: _paint(canvas, drawn),
        ),
        f"Each row is one way to settle what the text leaves open: the {len(readings)} that were "
        f"trained to the end, after a short round with {screened}. A reading that is right would "
        "lie at about 1.4, as far as two trainings of one reading do. The nearest cannot be told "
        "apart; of them the one nearest to the paper's own words was taken, in the other colour. "
        "Rings are for comparison only. Equation 9 has a constant j, the curvature starts at the "
        "number given, and the range is that of the initial weights." + diverged,
        drawing.table(columns, list(numbers.itertuples(index=False, name=None))),
        (drawing.Source("../readings.csv", "distance, rms, steps by reading"),),
    )


def _paint(canvas: Canvas, drawn: pd.DataFrame) -> None:
    names = drawn["words"].replace(_CONTROLS)
    if drawing.is_narrow(canvas):
        names = names.str.replace(", ", ",\n", n=1, regex=False)
        canvas.set_figheight((60 + 32 * len(drawn)) / 72)
    axes = canvas.subplots()
    for place, row in enumerate(records(drawn)):
        colour = drawing.ACCENT if row["ours"] else drawing.TEST
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
    rows = [(number, name, float(value)) for name, gap in gaps.items()
            for number, value in enumerate(gap, 1)]  # fmt: skip
    ours = "".join(ranked["reading"][ranked["adopted"] & (ranked["stage"] == "final")][:1])
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
    inputs: Inputs, passes: pd.DataFrame, readings: pd.DataFrame
) -> dict[str, NDArray[np.float64]]:
    then = inputs.paper.learning_curves["training_error_percent"].to_numpy(dtype=np.float64)
    fine = readings[readings["distance"].notna()]
    final = fine[fine["stage"] == "final"]
    wanted = pd.concat([final[:1], final[final["ours"]], fine[fine["stage"] == "control"]])
    means = passes.groupby(["stage", "reading", "pass"])["training_error"].mean()
    result = {}
    for stage, name in wanted[["stage", "reading"]].drop_duplicates().itertuples(index=False):
        mean = means.loc[stage, name].to_numpy(np.float64)
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
    readings, rows = select_completed(ranked), []
    for row in records(readings):
        numbers = ("diverged", "", "", "")
        if row["distance"] == row["distance"]:
            numbers = (
                f"{row['distance']:.2f}",
                f"{row['rms']:.3f} ({row['rms_low']:.3f} to {row['rms_high']:.3f})",
                f"{row['step_low']:.1e} to {row['step_high']:.3f}",
                f"{row['training_error']:.2f}",
            )
        name = row["words"] + (" (ours)" if row["ours"] else "")
        rows.append((row["role"], name, *numbers, "yes" if row["tied"] else ""))
    text = drawing.markdown(drawing.Table(columns, tuple(rows), frozenset({2, 5})))
    return (
        f"{text}\n\nThe finalists are the "
        f"nearest of {len(ranked) - len(readings)} that were tried with fewer replicates and "
        "passes; all are in `results/readings.csv`."
    )


CHECKS = Checks(contradictions={"paper.pooling": judge_pooling}, outputs=(RANKING,))
PARTS = (
    Part("readings", draw_ranking, "The study of the readings", COMMAND),
    Part("readings_curves", draw_curves, "The curves of the readings", COMMAND),
)
BLOCKS = (Block("readings", write_block),)
