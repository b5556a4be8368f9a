"""What the study's replicates show: the spread by source of randomness, and the verdict (p. 42)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

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
from replication.studies.variance import COMMAND, CURVES, SPREAD

STREAMS = ("initialisation", "order", "hessian", "distortions")


def split_histories(curves: pd.DataFrame) -> dict[str, list[pd.DataFrame]]:
    """Return the replicates' histories by experiment, from a table of all of them."""
    by_experiment: dict[str, list[pd.DataFrame]] = {}
    for (name, _), table in curves.groupby(["experiment", "replicate"], sort=False):
        history = table.drop(columns=["experiment", "replicate"]).reset_index(drop=True)
        by_experiment.setdefault(str(name), []).append(history)
    return by_experiment


def compute_errors(histories: Sequence[pd.DataFrame], test_patterns: int) -> dict[str, Any]:
    """Return the final errors of an experiment's replicates, as `metrics.json` has them."""
    last = [history.iloc[-1] for history in histories]
    training = [100.0 * row["training_misses"] / row["training_presentations"] for row in last]
    test = [100.0 * row["test_misses"] / test_patterns for row in last]
    return {"test_error_percent": {"values": test}, "training_error_percent": {"values": training}}


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
        raise Unmeasured(f"{CURVES.name} has no replicate of `{name}`: run `{COMMAND}`")
    ends = [
        pd.concat([first_steps(history, end) for end in ("min", "max")]) for history in histories
    ]
    errors = compute_errors(histories, len(evidence.labels))["test_error_percent"]["values"]
    if len(ends) < evidence.choices.minimum_replicates:
        return too_few(errors, evidence.choices, "%")
    table = pd.DataFrame(ends)
    spread = table.std(ddof=1) / table.mean()
    worst, limit = float(spread.max()), evidence.choices.roughly
    return Finding(
        "reproduced" if worst <= limit else "differs",
        f"relative sd of the step sizes {worst:.4g} at most",
        f"of the least and greatest step of each layer in pass 1 over {len(ends)} subsets, where "
        f"{limit:g} counts as not particularly sensitive and the test errors' sd is "
        f"{np.std(errors, ddof=1):.4g} points",
        float(spread.min()),
        worst,
        len(ends),
        mean=worst,
        shift=2 * limit,
        power=float(stats.chi2.sf((len(ends) - 1) / 4, len(ends) - 1)),
    )


CHECKS = Checks(claims={"sdlm.subset": judge}, outputs=(CURVES,))
