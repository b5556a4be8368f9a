"""The first passes, a minute of one processor in all."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from replication.comparison import paper
from replication.comparison.paper import Paper
from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Monitor
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import Trainer, draw_first_parameters
from replication.core.mnist import databases
from replication.core.mnist.databases import Database
from replication.core.networks import catalogue
from replication.core.networks.reference import Reference
from replication.core.settings import Recipe, Settings, change_recipe
from replication.folders import Folders
from replication.studies.beginnings import BEGINNINGS
from replication.studies.beginnings.small import Way, best

POWERS = (1.0, 0.5)
REPLICATES = 4
PERCEPTRON = "mlp-300/regular"
# Passes and patterns of the perceptron, of the small one, and patterns that the sums are over.
PASSES, PATTERNS, SMALL_PATTERNS, SUMMED = 6, 5000, 300, 500
RATES = (0.01, 0.03)
BATCH_RATES = (0.03, 0.1, 0.3, 1.0)
Value = tuple[str, str, int, str, float]


def sums(settings: Settings, published: Paper, database: Database) -> Iterator[Value]:
    """Standard deviations of LeNet-5's weighted sums before training, layer by layer."""
    base = settings.base
    network = catalogue.network(base.network, base.database, published)
    levels = databases.grey_levels(settings.prepare.background, settings.prepare.foreground)
    images = databases.make_inputs(database.train_images[:SUMMED], network.field, levels)
    for power in POWERS:
        recipe = change_recipe(base, {"initialisation.power": power})
        reference = Reference(network, recipe.rules)
        squash = recipe.squashing
        for number in range(REPLICATES):
            weights = torch.from_numpy(draw_first_parameters(network, recipe, number)).double()
            with torch.no_grad():
                inputs = torch.from_numpy(images[:, np.newaxis]).double()
                for name, x in reference.maps(weights, inputs).items():
                    total = torch.atanh(x / squash.amplitude) / squash.slope
                    spread = float(total.std(dim=0).mean())
                    yield "sums", f"power {power:g}", number, name, spread


def norms(settings: Settings, published: Paper, database: Database) -> Iterator[Value]:
    """Root mean square of the perceptron's weights before training and after each pass."""
    name = settings.compare.systems[PERCEPTRON]
    experiment = settings.experiments[name]
    if not isinstance(experiment, Recipe):
        return
    recipe = change_recipe(
        experiment, {"training_patterns": PATTERNS, "presentations_per_pass": PATTERNS}
    )
    network = catalogue.network(recipe.network, recipe.database, published)
    levels = databases.grey_levels(settings.prepare.background, settings.prepare.foreground)
    pool = OriginalPool(database.train_images, database.train_labels, PATTERNS)
    test = database.test_images[:SUMMED], database.test_labels[:SUMMED]
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


def criteria(settings: Settings, database: Database) -> Iterator[Value]:
    """Squared errors of a small perceptron, by squashing function and way to update."""
    levels = databases.grey_levels(settings.prepare.background, settings.prepare.foreground)
    shown = database.train_images[:SMALL_PATTERNS]
    inputs = levels[shown].reshape(len(shown), -1).astype(np.float64)
    labels = database.train_labels[:SMALL_PATTERNS]
    targets = np.where(labels[:, np.newaxis] == np.arange(10), 1.0, -1.0)
    squash = settings.base.squashing.amplitude, settings.base.squashing.slope
    ways = {
        ("squashing", "symmetric"): [Way(0.0, False, rate) for rate in RATES],
        ("squashing", "never negative"): [Way(squash[0], False, rate) for rate in RATES],
        ("updates", "batch"): [Way(0.0, True, rate) for rate in BATCH_RATES],
    }
    for number in range(REPLICATES):
        for (subject, variant), tried in ways.items():
            errors = best(inputs, targets, tried, PASSES, squash, settings.base.seed + number)
            for step, value in enumerate(errors):
                yield subject, variant, number, str(step), value
                if variant == "symmetric":
                    yield "updates", "stochastic", number, str(step), value


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Look at the weighted sums, the weights and the criteria of the first passes."""
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    threadpool_limits(1)
    published = paper.load(folders.paper)
    database = databases.load(folders.raw, folders.prepared, settings.base.database)
    rows = [
        *sums(settings, published, database),
        *norms(settings, published, database),
        *criteria(settings, database),
    ]
    table = BEGINNINGS.frame(rows)
    table["value"] = table["value"].map(lambda value: float(f"{value:.6g}"))
    BEGINNINGS.write(folders.out, table)
    return table


def summary(table: pd.DataFrame) -> str:
    """A line a subject and variant: the mean over the replicates, step by step."""
    means = table.groupby(["subject", "variant", "step"], sort=False)["value"].mean()
    return means.unstack("step", sort=False).to_string(float_format="%.4g", na_rep="")
