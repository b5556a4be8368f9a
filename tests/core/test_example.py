"""examples/lenet5.py, the paper in one file of numpy, beside replicate 0 of lenet5."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small import REPOSITORY

from replication.core import settings
from replication.core.learning.engine import Engine
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import Trainer
from replication.core.mnist.databases import grey_levels
from replication.core.systems.jobs import prepare_experiments
from replication.folders import Folders

SOURCE = REPOSITORY / "examples" / "lenet5.py"


@pytest.fixture(scope="module")
def example():
    made = importlib.util.spec_from_file_location("lenet5_example", SOURCE)
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    return module


def test_it_is_short_and_needs_numpy_alone():
    text = SOURCE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert "replication" not in [line.split()[1] for line in text.splitlines()
                                 if line.startswith(("import ", "from "))]  # fmt: skip


def test_it_follows_replicate_0_for_a_thousand_patterns(example):
    """The engine computes in float32, the example in float64: measured 1.2e-6."""
    chosen = settings.load(REPOSITORY / "params.yaml")
    (made,) = prepare_experiments(
        {"lenet5": chosen.experiments["lenet5"]}, chosen, Folders.below(REPOSITORY)
    )
    data = made.database
    engine = Engine(made.network, made.recipe.rules, grey_levels(*made.inputs.ends))
    pool = OriginalPool(data.train_images, data.train_labels, 60_000)
    test = data.test_images, data.test_labels
    expected = Trainer(made.recipe, 0, engine, pool, test, Path("unused")).begin(1000).parameters
    assert list(made.recipe.learning_rates) == example.RATES

    network = example.LeNet5()
    parts = network.split(network.draw(example.stream("initialisation")))
    images, labels = example.read_patterns("train")
    order = example.stream("order").permutation(60_000)[:1000]
    example.train_pass(network, parts, images, labels, order, example.RATES[0])
    assert np.abs(network.join(parts) - expected).max() <= 1e-5


@pytest.mark.slow
def test_after_a_pass_its_errors_are_those_of_replicate_0_to_three_tenths_of_a_point(example):
    network = example.LeNet5()
    parts = network.split(network.draw(example.stream("initialisation")))
    images, labels = example.read_patterns("train")
    order = example.stream("order").permutation(60_000)
    missed = example.train_pass(network, parts, images, labels, order, example.RATES[0])
    wrong = example.count_misses(network, parts, *example.read_patterns("t10k"))
    first = pd.read_csv(REPOSITORY / "results/runs/lenet5/0/history.csv").iloc[0]
    assert missed / 60_000 == pytest.approx(first["training_misses"] / 60_000, abs=0.003)
    assert wrong / 10_000 == pytest.approx(first["test_misses"] / 10_000, abs=0.003)
