"""Sources of variance: which experiments count, and the arithmetic."""

import numpy as np
import pandas as pd
import pytest

from replication.core import settings
from replication.studies.variance.verdict import (
    compare_sources,
    compute_errors,
    find_source,
    split_histories,
)


@pytest.fixture(scope="module")
def chosen(repository):
    return settings.load(repository / "params.yaml")


@pytest.fixture(scope="module")
def recipes(chosen):
    return {"lenet5": chosen.experiments["lenet5"], **chosen.variance}


def entry(values) -> dict:
    return {key: {"values": values} for key in ("test_error_percent", "training_error_percent")}


def test_the_project_varies_each_stream_alone(recipes):
    """Consecutive patterns for the curvatures would follow from the order."""
    random = recipes["lenet5"].sdlm.model_copy(update={"patterns_drawn": "random"})
    assert recipes["lenet5-hessian-subset"].sdlm == random
    base = recipes["lenet5"].in_force() | {"streams": None, "sdlm": None}
    assert all(one.in_force() | {"streams": None, "sdlm": None} == base for one in recipes.values())
    others = [name for name in recipes if name != "lenet5-hessian-subset"]
    assert {recipes[name].sdlm.patterns_drawn for name in others} == {"consecutive"}
    assert {name: find_source(recipe) for name, recipe in recipes.items()} == {
        "lenet5": "all",
        "lenet5-initialisation": "initialisation",
        "lenet5-order": "order",
        "lenet5-hessian-subset": "hessian",
    }


def test_half_the_spread_is_a_quarter_of_the_variance(recipes):
    values = [0.8, 0.9, 1.0, 1.1, 1.2]
    halved = [1 + (value - 1) / 2 for value in values]
    metrics = {"lenet5": entry(values), "lenet5-order": entry(halved)}
    table = compare_sources(recipes, "lenet5", metrics, 0.95).set_index("source")
    assert table.loc["order", "share_of_variance"] == pytest.approx(0.25)
    assert table.loc["all", "share_of_variance"] == 1
    assert table.loc["all", "test_sd"] == pytest.approx(np.std(values, ddof=1))


def test_the_interval_of_the_deviation_covers_it(recipes):
    """95 % of intervals hold the deviation the values were drawn with: 400 draws, seeded."""
    draw = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        metrics = {"lenet5": entry(draw.normal(1, 0.1, 10).tolist())}
        (row,) = compare_sources(recipes, "lenet5", metrics, 0.95).to_dict("records")
        inside += row["test_sd_low"] <= 0.1 <= row["test_sd_high"]
    assert 365 <= inside <= 393


def test_curves_become_the_errors_of_their_last_pass():
    curves = pd.DataFrame({
        "experiment": ["a"] * 4, "replicate": [0, 0, 1, 1], "pass": [1, 2, 1, 2],
        "training_presentations": 200, "training_misses": [9, 4, 9, 2], "test_misses": [5, 3, 5, 1],
    })  # fmt: skip
    found = compute_errors(split_histories(curves)["a"], test_patterns=100)
    assert found["test_error_percent"]["values"] == [3.0, 1.0]
    assert found["training_error_percent"]["values"] == [2.0, 1.0]
