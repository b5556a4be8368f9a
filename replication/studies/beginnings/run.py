"""The first passes of several networks, a minute of one processor in all."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from replication.comparison import paper
from replication.comparison.paper import Paper
from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Monitor
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import Trainer, draw_first_parameters
from replication.core.mnist import databases
from replication.core.mnist.databases import Database, Levels
from replication.core.networks import catalogue
from replication.core.networks.reference import Reference
from replication.core.settings import Recipe, Settings, Squashing, change_recipe
from replication.folders import Folders
from replication.studies.beginnings import BEGINNINGS, IN_FORCE, PRINTED

REPLICATES = 4
PERCEPTRON = "mlp-300/regular"
# Passes and patterns of the perceptron, patterns of the small one, and of the weighted sums.
PASSES, PATTERNS, SMALL_PATTERNS, SUMMED = 6, 5000, 300, 500
HIDDEN, CLASSES = 30, 10  # units of the small perceptron
RATES = (0.01, 0.03)
BATCH_RATES = (0.03, 0.1, 0.3, 1.0)
Value = tuple[str, str, int, str, float]
Floats = NDArray[np.float64]


def measure_sums(
    settings: Settings, published: Paper, data: Database, levels: Levels
) -> Iterator[Value]:
    """Yield standard deviations of LeNet-5's weighted sums before training, by layer.

    With the printed range, 2.4 / F, and with the one in force.
    """
    base = settings.base
    network = catalogue.network(base.network, base.database, published)
    images = databases.make_inputs(data.train_images[:SUMMED], network.field, levels)
    inputs = torch.from_numpy(images[:, np.newaxis]).double()
    ranges = ("initialisation.range", "initialisation.power")
    printed = change_recipe(base, {key: settings.readings.printed[key] for key in ranges})
    for variant, recipe in ((PRINTED, printed), (IN_FORCE, base)):
        reference, squash = Reference(network, recipe.rules), recipe.squashing
        for number in range(REPLICATES):
            weights = torch.from_numpy(draw_first_parameters(network, recipe, number)).double()
            with torch.no_grad():
                for name, x in reference.maps(weights, inputs).items():
                    total = torch.atanh(x / squash.amplitude) / squash.slope
                    spread = float(total.std(dim=0).mean())
                    yield "sums", variant, number, name, spread


def measure_weights(
    settings: Settings, published: Paper, data: Database, levels: Levels
) -> Iterator[Value]:
    """Yield the root mean square of the perceptron's weights, before and after each pass."""
    name = settings.compare.systems[PERCEPTRON]
    experiment = settings.experiments[name]
    if not isinstance(experiment, Recipe):
        return
    recipe = change_recipe(
        experiment, {"training_patterns": PATTERNS, "presentations_per_pass": PATTERNS}
    )
    network = catalogue.network(recipe.network, recipe.database, published)
    pool = OriginalPool(data.train_images, data.train_labels, PATTERNS)
    test = data.test_images[:SUMMED], data.test_labels[:SUMMED]
    monitor = Monitor(name, lambda _: None, lambda: False)
    for number in range(REPLICATES):
        with tempfile.TemporaryDirectory() as folder:
            weights = draw_first_parameters(network, recipe, number)
            for step in range(PASSES + 1):
                if step:
                    part = recipe.model_copy(update={"passes": step})
                    engine = Engine(network, part.rules, levels)
                    trainer = Trainer(part, number, engine, pool, test, Path(folder) / "state")
                    weights = trainer.run(monitor).parameters
                yield "weights", name, number, str(step), float(np.sqrt(np.mean(weights**2)))


class Training(NamedTuple):
    """How a small perceptron is trained.

    ``shift`` is added to the hidden outputs; ``batch`` updates once per pass.
    """

    shift: float
    batch: bool
    rate: float


def measure_criteria(base: Recipe, data: Database, levels: Levels) -> Iterator[Value]:
    """Yield squared errors of a small perceptron, by squashing function and way to update."""
    images, labels = data.train_images[:SMALL_PATTERNS], data.train_labels[:SMALL_PATTERNS]
    inputs = levels[images].reshape(len(images), -1).astype(np.float64)
    targets = np.where(labels[:, np.newaxis] == np.arange(CLASSES), 1.0, -1.0)
    squash = base.squashing
    trainings = {
        ("squashing", "symmetric"): [Training(0.0, False, rate) for rate in RATES],
        ("squashing", "never negative"): [Training(squash.amplitude, False, rate)
                                          for rate in RATES],
        ("updates", "batch"): [Training(0.0, True, rate) for rate in BATCH_RATES],
    }  # fmt: skip
    for number in range(REPLICATES):
        for (subject, variant), tried in trainings.items():
            curves = [train(inputs, targets, each, PASSES, squash, base.seed + number)
                      for each in tried]  # fmt: skip
            best = min(curves, key=lambda curve: curve[-1] if np.isfinite(curve[-1]) else np.inf)
            for step, value in enumerate(best):
                yield subject, variant, number, str(step), value
                if variant == "symmetric":
                    yield "updates", "stochastic", number, str(step), value


def train(
    inputs: Floats, targets: Floats, how: Training, passes: int, squash: Squashing, seed: int
) -> list[float]:
    """Train a small perceptron in plain numpy, through all patterns in one random order.

    ``inputs`` are (patterns, pixels), ``targets`` (patterns, classes), -1 or +1. Returns the mean
    squared error over all patterns before training and after each pass.
    """
    amplitude, slope = squash.amplitude, squash.slope
    generator = np.random.default_rng(seed)
    reach = 1 / np.sqrt(inputs.shape[1]), 1 / np.sqrt(HIDDEN)
    first = generator.uniform(-reach[0], reach[0], (inputs.shape[1], HIDDEN))
    second = generator.uniform(-reach[1], reach[1], (HIDDEN + 1, CLASSES))

    def outputs(x: Floats) -> tuple[Floats, Floats, Floats]:
        plain = amplitude * np.tanh(slope * (x @ first))
        hidden = np.concatenate([plain + how.shift, np.ones((*plain.shape[:-1], 1))], axis=-1)
        return plain, hidden, amplitude * np.tanh(slope * (hidden @ second))

    def error() -> float:
        return float(((outputs(inputs)[2] - targets) ** 2).mean())

    errors, order = [error()], generator.permutation(len(inputs))
    for _ in range(passes):
        for numbers in [order] if how.batch else np.split(order, len(order)):
            x, y = inputs[numbers], targets[numbers]
            plain, hidden, out = outputs(x)
            above = (out - y) * slope * (amplitude - out**2 / amplitude)
            below = (above @ second[:-1].T) * slope * (amplitude - plain**2 / amplitude)
            second -= how.rate * (hidden.T @ above) / len(x)
            first -= how.rate * (x.T @ below) / len(x)
        errors.append(error())
    return errors


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Look at the weighted sums, the weights and the criteria of the first passes."""
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    threadpool_limits(1)
    published, base = paper.load(folders.paper), settings.base
    data = databases.load(folders.raw, folders.prepared, base.database)
    levels = databases.grey_levels(*base.inputs.ends)
    table = BEGINNINGS.frame([
        *measure_sums(settings, published, data, levels),
        *measure_weights(settings, published, data, levels),
        *measure_criteria(base, data, levels),
    ])  # fmt: skip
    table["value"] = table["value"].map(lambda value: float(f"{value:.6g}"))
    BEGINNINGS.write(folders.out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """Return for each subject and variant the mean over the replicates, step by step."""
    means = table.groupby(["subject", "variant", "step"], sort=False)["value"].mean()
    return means.unstack("step", sort=False).to_string(float_format="%.4g", na_rep="")
