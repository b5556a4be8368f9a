"""Whose share of the spread is whose: one random stream varied at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from replication.core.settings import Recipe, Settings
from replication.studies.variance import SPREAD

STREAMS = ("initialisation", "order", "hessian", "distortions")


def histories(curves: pd.DataFrame) -> dict[str, list[pd.DataFrame]]:
    """The replicates' histories by experiment, from a table of all of them."""
    by_experiment: dict[str, list[pd.DataFrame]] = {}
    for (name, _), table in curves.groupby(["experiment", "replicate"], sort=False):
        history = table.drop(columns=["experiment", "replicate"]).reset_index(drop=True)
        by_experiment.setdefault(str(name), []).append(history)
    return by_experiment


def errors(runs: Sequence[pd.DataFrame], test_patterns: int) -> dict[str, Any]:
    """The final errors of an experiment's replicates, as `metrics.json` has them."""
    last = [history.iloc[-1] for history in runs]
    training = [100.0 * row["training_misses"] / row["training_presentations"] for row in last]
    test = [100.0 * row["test_misses"] / test_patterns for row in last]
    return {
        "replicates": len(runs),
        "test_error_percent": {"values": test},
        "training_error_percent": {"values": training},
    }


def source(recipe: Recipe) -> str | None:
    """Which streams an undistorted recipe varies: ``all``, one stream's name, or None."""
    names = STREAMS if recipe.distorted else STREAMS[:3]
    varied = [name for name in names if getattr(recipe.streams, name) == "own"]
    if len(varied) == len(names):
        return "all"
    return varied[0] if len(varied) == 1 else None


def _but_for_streams(recipe: Recipe) -> dict[str, Any]:
    """What an experiment is, whatever its streams, and whether curvatures have one of their own."""
    settings = recipe.in_force()
    sdlm = {key: value for key, value in settings["sdlm"].items() if key != "patterns_drawn"}
    return {**settings, "streams": None, "sdlm": sdlm}


def spread(
    settings: Settings, metrics: Mapping[str, Any], curves: pd.DataFrame | None, test_patterns: int
) -> pd.DataFrame:
    """The table `SPREAD`: that of `sources` for the undistorted experiment and the study's own.

    ``metrics`` are those of the ordinary experiments, ``curves`` what the study has written.
    """
    undistorted = settings.compare.experiments.undistorted
    whole = settings.experiments.get(undistorted)
    recipes = {undistorted: whole} if isinstance(whole, Recipe) else {}
    varied = {} if curves is None else histories(curves)
    known = dict(metrics) | {name: errors(runs, test_patterns) for name, runs in varied.items()}
    recipes |= settings.variance
    return sources(recipes, undistorted, known, settings.compare.confidence)


def sources(
    recipes: Mapping[str, Recipe], undistorted: str, metrics: Mapping[str, Any], confidence: float
) -> pd.DataFrame:
    """One row for each experiment that is ``undistorted`` but for its streams, in percent points.

    ``test_sd_low`` to ``test_sd_high`` is the chi-squared interval of the standard deviation: what
    varies is the row's source, on the same test patterns. ``share_of_variance`` is the row's
    variance of the test error over that of the experiment in which all sources vary; the shares
    need not add up to one, for the sources interact.
    """
    rows: list[tuple[object, ...]] = []
    base = _but_for_streams(recipes[undistorted]) if undistorted in recipes else {}
    for name, recipe in recipes.items():
        same = _but_for_streams(recipe) == base
        varied = source(recipe)
        if not same or varied is None or name not in metrics:
            continue
        entry = metrics[name]
        test = np.array(entry["test_error_percent"]["values"])
        training = np.array(entry["training_error_percent"]["values"])
        low, high = _interval(test, confidence)
        rows.append((
            varied, name, len(test), test.mean(), test.std(ddof=1), low, high,
            training.mean(), training.std(ddof=1), np.nan,
        ))  # fmt: skip
    table = SPREAD.frame(rows)
    whole = table.loc[table["source"] == "all", "test_sd"]
    if len(whole) == 1 and float(whole.iloc[0]) > 0:
        table["share_of_variance"] = (table["test_sd"] / float(whole.iloc[0])) ** 2
    return table


def _interval(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    freedom = len(values) - 1
    tails = stats.chi2.ppf([(1 + confidence) / 2, (1 - confidence) / 2], freedom)
    low, high = np.sqrt(freedom * values.var(ddof=1) / tails)
    return float(low), float(high)
