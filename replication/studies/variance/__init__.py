"""How much variance does each source of randomness contribute? One varies, the others do not.

Also the verdict on how sensitive training is to the patterns for the curvatures (p. 42).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from scipy import stats

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Block, Inputs, Part, records
from replication.comparison.paper import Claim
from replication.comparison.verdicts.curves import first_steps
from replication.comparison.verdicts.evidence import (
    Checks,
    Evidence,
    Finding,
    Unmeasured,
    experiment_for,
)
from replication.comparison.verdicts.rule import too_few
from replication.core.settings import Recipe, Settings
from replication.files import Table

CURVES = Table(
    "variance_curves.csv",
    "python -m replication variance",
    ("experiment", "replicate", "pass"),
    words=("experiment",),
)
SPREAD = Table(
    "variance.csv",
    "python -m replication compare",
    ("source", "experiment", "replicates", "test_mean", "test_sd", "test_sd_low", "test_sd_high",
     "training_mean", "training_sd", "share_of_variance"),
    words=("source", "experiment"),
)  # fmt: skip
STREAMS = ("initialisation", "order", "hessian", "distortions")
_WORDS = {"order": "order of the patterns", "hessian": "patterns for the curvatures"}


def split_histories(curves: pd.DataFrame) -> dict[str, list[pd.DataFrame]]:
    """Return the replicates' histories by experiment, from a table of all of them."""
    by_experiment: dict[str, list[pd.DataFrame]] = {}
    for (name, _), table in curves.groupby(["experiment", "replicate"], sort=False):
        history = table.drop(columns=["experiment", "replicate"]).reset_index(drop=True)
        by_experiment.setdefault(str(name), []).append(history)
    return by_experiment


def compute_errors(histories: Sequence[pd.DataFrame], test_patterns: int) -> dict[str, Any]:
    """Return the final errors of an experiment's replicates, as `metrics.json` has them."""
    last = pd.DataFrame([history.iloc[-1] for history in histories])
    training = 100.0 * last["training_misses"] / last["training_presentations"]
    test = 100.0 * last["test_misses"] / test_patterns
    return {"test_error_percent": {"values": test.tolist()},
            "training_error_percent": {"values": training.tolist()}}  # fmt: skip


def find_source(recipe: Recipe) -> str | None:
    """Return which streams a recipe varies: ``all``, a single stream's name, or None."""
    names = STREAMS if recipe.distorted else STREAMS[:3]
    varied = [name for name in names if getattr(recipe.streams, name) == "own"]
    if len(varied) == len(names):
        return "all"
    return varied[0] if len(varied) == 1 else None


def _without_streams(recipe: Recipe) -> dict[str, Any]:
    """Return an experiment's settings without its streams and what the curvatures draw from."""
    settings = recipe.in_force()
    sdlm = {key: value for key, value in settings["sdlm"].items() if key != "patterns_drawn"}
    return {**settings, "streams": None, "sdlm": sdlm}


def tabulate_spread(
    settings: Settings, metrics: Mapping[str, Any], curves: pd.DataFrame | None, test_patterns: int
) -> pd.DataFrame:
    """Return the table `SPREAD` for the undistorted experiment and the study's own.

    ``metrics`` are of the ordinary experiments, ``curves`` the table that the study has written.
    """
    undistorted = settings.compare.experiments.undistorted
    whole = settings.experiments.get(undistorted)
    recipes = {undistorted: whole} if isinstance(whole, Recipe) else {}
    histories = {} if curves is None else split_histories(curves)
    errors = {name: compute_errors(own, test_patterns) for name, own in histories.items()}
    recipes |= settings.variance
    return compare_sources(recipes, undistorted, {**metrics, **errors}, settings.compare.confidence)


def compare_sources(
    recipes: Mapping[str, Recipe], undistorted: str, metrics: Mapping[str, Any], confidence: float
) -> pd.DataFrame:
    """Return a row for each experiment equal to ``undistorted`` except for its streams.

    Errors are in percent. ``test_sd_low`` to ``test_sd_high`` is the chi-squared interval of the
    standard deviation over the row's source, on the same test patterns. ``share_of_variance`` is
    the variance of the test error relative to the experiment in which all sources vary; the shares
    need not add up to 1, since the sources interact.
    """
    rows: list[tuple[object, ...]] = []
    base = _without_streams(recipes[undistorted]) if undistorted in recipes else {}
    for name, recipe in recipes.items():
        source = find_source(recipe)
        if _without_streams(recipe) != base or source is None or name not in metrics:
            continue
        test, training = (np.array(metrics[name][f"{series}_error_percent"]["values"])
                          for series in ("test", "training"))  # fmt: skip
        low, high = _compute_interval(test, confidence)
        rows.append((
            source, name, len(test), test.mean(), test.std(ddof=1), low, high,
            training.mean(), training.std(ddof=1), np.nan,
        ))  # fmt: skip
    table = SPREAD.frame(rows)
    whole = table.loc[table["source"] == "all", "test_sd"]
    if len(whole) == 1 and float(whole.iloc[0]) > 0:
        table["share_of_variance"] = (table["test_sd"] / float(whole.iloc[0])) ** 2
    return table


def _compute_interval(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    freedom = len(values) - 1
    tails = stats.chi2.ppf([(1 + confidence) / 2, (1 - confidence) / 2], freedom)
    low, high = np.sqrt(freedom * values.var(ddof=1) / tails)
    return float(low), float(high)


def judge(evidence: Evidence, claim: Claim) -> Finding:
    """Judge how far the first pass's step sizes change with the patterns they are estimated on.

    From replicates that share initial weights, so that in the first pass nothing else differs. The
    power is that of a spread twice the limit, by its chi-squared distribution.
    """
    name = experiment_for(claim, evidence.choices)
    histories = split_histories(evidence.study(CURVES)).get(name, [])
    if not histories:
        raise Unmeasured(f"{CURVES.name} has no replicate of `{name}`: run `{CURVES.made_by}`")
    errors = compute_errors(histories, len(evidence.labels))["test_error_percent"]["values"]
    if len(histories) < evidence.choices.minimum_replicates:
        return too_few(errors, evidence.choices, "%")
    table = pd.DataFrame([pd.concat([first_steps(history, end) for end in ("min", "max")])
                          for history in histories])  # fmt: skip
    spread, freedom = table.std(ddof=1) / table.mean(), len(table) - 1
    worst, limit = float(spread.max()), evidence.choices.roughly
    return Finding(
        "reproduced" if worst <= limit else "differs",
        f"relative sd of the step sizes {worst:.4g} at most",
        f"of the least and greatest step of each layer in pass 1 over {len(table)} subsets, where "
        f"{limit:g} counts as not particularly sensitive and the test errors' sd is "
        f"{np.std(errors, ddof=1):.4g} points",
        float(spread.min()),
        worst,
        len(table),
        mean=worst,
        shift=2 * limit,
        power=float(stats.chi2.sf(freedom / 4, freedom)),
    )


def draw_spread(inputs: Inputs) -> drawing.Figure | None:
    """Draw the spread by source of randomness; None without the study."""
    spreads = inputs.table(SPREAD)
    if spreads is None:
        return None

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

    sources = zip(spreads["source"], spreads["test_sd"], strict=True)
    words = "; ".join(f"{source}: {sd:.3g}" for source, sd in sources)
    columns = ("varied", "runs", "test, mean", "test, sd", "low", "high", "training, mean",
               "training, sd", "share of variance")  # fmt: skip
    numbers = spreads[list(SPREAD.columns)].drop(columns="experiment")
    return drawing.Figure(
        "variance",
        "What makes trainings differ",
        drawing.draw(
            "variance",
            "Standard deviation of the test error in points when one source of randomness is "
            f"varied. {words}.",
            70 + 34 * len(spreads),
            paint,
        ),
        "Standard deviation of the test error, in percentage points, over trainings in which only "
        "this varies, with its interval.",
        drawing.table(columns, list(numbers.itertuples(index=False, name=None))),
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


CHECKS = Checks(claims={"sdlm.subset": judge}, outputs=(CURVES,))
PARTS = (
    Part("variance", draw_spread, "The sources of variance", f"dvc repro && {SPREAD.made_by}"),
)
BLOCKS = (Block("variance", write_block),)
