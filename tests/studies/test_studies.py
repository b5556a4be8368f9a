"""The studies of variance, of trainable codes, of images of no digit and of how training begins."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from fabricated import FULL, found, noncharacters, with_study
from networks_of_tests import NETWORKS
from small import refused, small_document, small_project, write_params

from replication.core import settings
from replication.core.mnist.databases import centre_in_field
from replication.core.settings import Squashing
from replication.errors import Diverged
from replication.folders import Folders
from replication.pipeline.cli import main
from replication.studies.beginnings import BEGINNINGS, IN_FORCE, PRINTED
from replication.studies.beginnings.run import Training
from replication.studies.beginnings.run import train as train_perceptron
from replication.studies.collapse.run import compute_least_distance, train
from replication.studies.noncharacters import KINDS, PLAIN, RBF, REJECTED
from replication.studies.noncharacters import run as study
from replication.studies.variance import (
    compare_sources,
    compute_errors,
    find_source,
    split_histories,
)


@pytest.fixture(scope="module")
def recipes(chosen):
    return {"lenet5": chosen.experiments["lenet5"], **chosen.variance}


def compared(recipes, **values):
    """The table of the spread by source, of experiments with these errors."""
    metrics = {
        name.replace("_", "-"): {f"{series}_error_percent": {"values": own}
                                 for series in ("test", "training")}
        for name, own in values.items()
    }  # fmt: skip
    return compare_sources(recipes, "lenet5", metrics, 0.95).set_index("source")


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
    table = compared(recipes, lenet5=values, lenet5_order=halved)
    assert table.loc["order", "share_of_variance"] == pytest.approx(0.25)
    assert table.loc["all", "share_of_variance"] == 1
    assert table.loc["all", "test_sd"] == pytest.approx(np.std(values, ddof=1))


def test_the_interval_of_the_deviation_covers_it(recipes):
    """95 % of intervals hold the deviation the values were drawn with: 400 draws, seeded."""
    draws = np.random.default_rng(5).normal(1, 0.1, (400, 10))
    rows = [compared(recipes, lenet5=values.tolist()).loc["all"] for values in draws]
    inside = [row["test_sd_low"] <= 0.1 <= row["test_sd_high"] for row in rows]
    assert 365 <= sum(inside) <= 393


def test_curves_become_the_errors_of_their_last_pass():
    curves = pd.DataFrame({
        "experiment": ["a"] * 4, "replicate": [0, 0, 1, 1], "pass": [1, 2, 1, 2],
        "training_presentations": 200, "training_misses": [9, 4, 9, 2], "test_misses": [5, 3, 5, 1],
    })  # fmt: skip
    found = compute_errors(split_histories(curves)["a"], test_patterns=100)
    assert found["test_error_percent"]["values"] == [3.0, 1.0]
    assert found["training_error_percent"]["values"] == [2.0, 1.0]


def collapsed(name="mle", replicate=0, **collapse):
    """The outcome of a small training with trainable codes."""
    torch.set_num_threads(1)
    document = small_document()
    document["collapse"] |= {"patterns": 40, "passes": 60, "batch": 10, "learning_rate": 0.02}
    document["collapse"] |= collapse
    chosen = settings.parse(document, "params.yaml")
    recipe = settings.change_recipe(chosen.base, {"criterion.name": name, "criterion.divisor": 1.0})
    generator = np.random.default_rng(5)
    labels = torch.from_numpy(generator.integers(0, 4, 40))
    # Each class is a bright quarter of the field, so that it can be learned.
    inputs = torch.from_numpy(generator.normal(0, 0.1, (40, 1, 16, 16)).astype(np.float32))
    for pattern, label in zip(inputs, labels, strict=True):
        row, column = divmod(int(label), 2)
        pattern[0, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] += 1.0
    return train(NETWORKS["tiny-rbf"], recipe, chosen.collapse, inputs, labels, replicate)


def test_equation_8_collapses_and_equation_9_does_not():
    assert collapsed("mle", passes=200, learning_rate=0.05).code_spread < 0.05
    kept = collapsed("map", passes=200, learning_rate=0.05)
    assert kept.code_spread > 0.5
    assert kept.training_error_percent == 0


def test_the_same_replicate_comes_out_the_same():
    first, again, second = (collapsed(passes=2, replicate=number) for number in (1, 1, 2))
    assert first == again
    assert first != second


def test_the_least_distance_is_between_the_two_nearest_codes():
    codes = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 3.5]])
    assert compute_least_distance(codes) == pytest.approx(0.5)


def test_a_divergence_is_named():
    with pytest.raises(Diverged, match=r"mle .*collapse\."):
        collapsed(learning_rate=1e30)


def test_the_command_writes_what_the_verdict_reads(tmp_path, tiny, monkeypatch, capsys):
    folder = small_project(tmp_path / "project", tiny)
    monkeypatch.chdir(folder)
    document = small_document()
    document["collapse"] |= {"patterns": 20, "passes": 1, "batch": 10, "replicates": 2}
    write_params(folder / "params.yaml", document)
    assert main(["collapse"]) == 0
    written = folder / "results" / "collapse.json"
    before = written.read_bytes()
    assert {len(json.loads(before)[name]["code_spread"]) for name in ("mle", "map")} == {2}
    assert "least distance between codes" in capsys.readouterr().out
    main(["collapse"])
    assert written.read_bytes() == before


SIDE = 32


def test_between_two_digits_lie_the_right_half_of_one_and_the_left_half_of_the_next(chosen, tiny):
    images = tiny.test_images[:3]
    shown = study.cut_between(images, chosen.noncharacters, SIDE)
    assert chosen.noncharacters.pitch == 20
    whole = centre_in_field(images, SIDE)
    assert shown.shape == (3, SIDE, SIDE)
    expected = np.zeros((3, SIDE, SIDE), np.uint8)
    expected[:, :, :22] = whole[:, :, 10:]
    expected[:, :, 10:] = np.maximum(expected[:, :, 10:], np.roll(whole, -1, axis=0)[:, :, :22])
    np.testing.assert_array_equal(shown, expected)


def test_shuffled_images_have_the_ink_of_the_digits_elsewhere(chosen, tiny):
    images = tiny.test_images[:3]
    shown = study.shuffle_pixels(images, chosen.noncharacters, SIDE)
    inside = shown[:, 2:30, 2:30]
    assert shown.sum() == inside.sum()
    before, after = images.reshape(3, -1), inside.reshape(3, -1)
    np.testing.assert_array_equal(np.sort(before), np.sort(after))
    assert (before != after).any(axis=1).all()
    assert (np.argsort(shown[0].ravel()) != np.argsort(shown[1].ravel())).any()


def test_each_network_has_the_threshold_that_rejects_the_share_of_digits():
    digits = np.column_stack([np.arange(100.0), np.full(100, 500.0)])
    others = np.array([[98.5, 700.0], [99.5, 98.0], [300.0, 99.5]])
    assert study.reject_percent(digits, others, 1.0) == pytest.approx(200 / 3)
    assert study.reject_percent(digits, others, 50.0) == 100.0


def test_the_command_counts_what_committed_networks_reject(chosen, tiny, tmp_path, repository):
    folder = small_project(tmp_path / "project", tiny)
    places = Folders.below(folder, runs=repository / "results/runs")
    few = chosen.noncharacters.model_copy(update={"patterns": 20, "replicates": 2})
    table = study.run(places, chosen.model_copy(update={"noncharacters": few}))
    assert tuple(table.columns) == REJECTED.columns
    assert set(table["outputs"]) == {RBF, PLAIN}
    assert len(table) == 2 * 2 * len(KINDS)
    assert table["rejected_percent"].between(0, 100).all()
    with refused("train lenet5"):
        study.run(Folders.below(folder, runs=tmp_path), chosen)


@pytest.mark.parametrize(("more", "outcome"), [(40.0, "reproduced"), (-40.0, "differs")])
def test_the_verdict_is_that_rbf_units_reject_more(more, outcome):
    evidence = with_study("noncharacters.csv", noncharacters(more))
    for kind in KINDS:
        assert found(evidence, f"rbf.rejection:{kind.replace(' ', '-')}").outcome == outcome


def test_without_the_study_nothing_is_said_of_rejection():
    none = {name: table for name, table in FULL.studies.items() if name != REJECTED.name}
    finding = found(replace(FULL, studies=none), "rbf.rejection:shuffled-pixels")
    assert finding.outcome == "unmeasured"
    assert REJECTED.made_by in finding.reason


def outcome(claim, sums=(1.0, 1.5), weights=(1.0, 0.9, 1.1), ends=(0.2, 0.4, 0.6)):
    """Of four replicates that differ by a thousandth."""
    steps = {
        ("sums", PRINTED): {"C1": sums[0], "F6": sums[1]},
        ("sums", IN_FORCE): {"C1": sums[0], "F6": 3.0},
        ("weights", "mlp"): {str(number): weight for number, weight in enumerate(weights)},
        ("squashing", "symmetric"): {"0": 1.0, "1": ends[0]},
        ("squashing", "never negative"): {"0": 1.0, "1": ends[1]},
        ("updates", "stochastic"): {"0": 1.0, "1": ends[0]},
        ("updates", "batch"): {"0": 1.0, "1": ends[2]},
    }
    for names, last in (("symmetric", 3), ("never negative", 4)) if len(ends) > 3 else ():
        steps["squashing", names]["2"] = ends[last]
    rows = [
        (*names, number, step, value + number / 1000)
        for number in range(4)
        for names, values in steps.items()
        for step, value in values.items()
    ]
    table = BEGINNINGS.frame(rows)
    return found(with_study("beginnings.csv", table), claim).outcome


def test_a_claim_that_the_number_of_passes_decides_is_inconclusive():
    """What is better after the first pass is worse after the second."""
    assert outcome("squashing.symmetric", ends=(0.4, 0.2, 0.6, 0.1, 0.3)) == "inconclusive"


@pytest.mark.parametrize(
    ("claim", "against"),
    [
        ("init.weighted-sums", {"sums": (0.001, 1.0)}),
        ("perceptrons.weights-shrink", {"weights": (1.0, 1.1, 1.2)}),
        ("squashing.symmetric", {"ends": (0.4, 0.2, 0.6)}),
        ("training.stochastic", {"ends": (0.4, 0.5, 0.2)}),
    ],
)
def test_each_claim_on_the_first_passes_can_hold_and_fail(claim, against):
    assert outcome(claim) == "reproduced"
    assert outcome(claim, **against) != "reproduced"


@pytest.mark.parametrize("how", [(0.0, False, 0.02), (1.7159, False, 0.02), (0.0, True, 0.3)])
def test_the_small_perceptron_learns_either_way(how):
    generator = np.random.default_rng(1)
    inputs, labels = generator.normal(size=(60, 20)), generator.integers(0, 10, 60)
    targets = np.where(labels[:, None] == np.arange(10), 1.0, -1.0)
    squash = Squashing(amplitude=1.7159, slope=2 / 3)
    errors = train_perceptron(inputs, targets, Training(*how), 5, squash, 1)
    assert len(errors) == 6
    assert errors[-1] < errors[0]
