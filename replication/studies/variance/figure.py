"""What makes trainings differ, drawn: the spread by source of randomness."""

import seaborn
from matplotlib.figure import Figure as Canvas

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Block, Inputs, Part, records
from replication.studies.variance import SPREAD

_WORDS = {"order": "order of the patterns", "hessian": "patterns for the curvatures"}


def draw_spread(inputs: Inputs) -> drawing.Figure | None:
    """Draw the spread by source of randomness; None without the study."""
    spreads = inputs.table(SPREAD)
    if spreads is None:
        return None
    rows = records(spreads)

    def paint(canvas: Canvas) -> None:
        # Of three numbers, the median is the standard deviation and the range is its interval.
        ends = ["test_sd_low", "test_sd", "test_sd_high"]
        axes = seaborn.pointplot(
            spreads.replace({"source": _WORDS}).melt("source", ends), x="value", y="source",
            estimator="median", errorbar=("pi", 100), linestyle="none", color=drawing.TEST,
            markersize=6, err_kws={"linewidth": 1.5}, ax=canvas.subplots(),
        )  # fmt: skip
        axes.set(xlabel="standard deviation, points", ylabel="", xlim=(0, None))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", linewidth=0.5)

    words = "; ".join(f"{row['source']}: {row['test_sd']:.3g}" for row in rows)
    keys = ("source", "replicates", "test_mean", "test_sd", "test_sd_low", "test_sd_high",
            "training_mean", "training_sd", "share_of_variance")  # fmt: skip
    columns = ("varied", "runs", "test, mean", "test, sd", "low", "high", "training, mean",
               "training, sd", "share of variance")  # fmt: skip
    return drawing.Figure(
        "variance",
        "What makes trainings differ",
        drawing.draw(
            "variance",
            "Standard deviation of the test error in points when one source of randomness is "
            f"varied. {words}.",
            70 + 34 * len(rows),
            paint,
        ),
        "Standard deviation of the test error, in percentage points, over trainings in which only "
        "this varies, with its interval.",
        drawing.table(columns, [tuple(row[key] for key in keys) for row in rows]),
        (drawing.Source("../variance.csv", "test_sd, test_sd_low, test_sd_high by source"),),
    )


def write_block(inputs: Inputs) -> str:
    """Return the spread by source."""
    spreads = inputs.table(SPREAD)
    if spreads is None:
        made_by = SPREAD.made_by
        return f"Not there yet: `{made_by}` makes it from the experiments that vary one source."
    columns = ("varied", "runs", "test, mean", "test, sd (interval)", "training, sd",
               "share of variance")  # fmt: skip
    rows = [
        (
            str(row["source"]),
            str(row["replicates"]),
            f"{row['test_mean']:.3f} %",
            f"{row['test_sd']:.3f} ({row['test_sd_low']:.3f} to {row['test_sd_high']:.3f})",
            f"{row['training_sd']:.3f}",
            f"{row['share_of_variance']:.2f}",
        )
        for row in records(spreads)
    ]
    return drawing.markdown(drawing.Table(columns, tuple(rows), frozenset({1, 2, 4, 5})))


PARTS = (
    Part("variance", draw_spread, "The sources of variance", f"dvc repro && {SPREAD.made_by}"),
)
BLOCKS = (Block("variance", write_block),)
