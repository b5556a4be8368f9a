"""Prints the hashes that test_same_bytes compares, as the processor that Numba is told of.

    python tests/same_bytes.py [updates]

Each line is a network, a criterion and the SHA-256 of its float32 weights after some updates,
followed by the hashes of what goes into training beside the kernels: distorted patterns, h_kk.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from replication.comparison import paper
from replication.core import settings
from replication.core.learning.engine import Engine
from replication.core.learning.optimisers import sdlm
from replication.core.learning.presentations import DistortedPool
from replication.core.learning.streams import generator
from replication.core.learning.trainer import draw_first_parameters
from replication.core.mnist.databases import grey_levels, read_raw
from replication.core.networks import catalogue

ROOT = Path(__file__).parents[1]
UPDATES = 1000
CASES = (
    ("lenet5", "mle"),
    ("lenet5", "map"),
    ("lenet4", "squared-error"),
    ("lenet1", "squared-error"),
    ("perceptron-300-100", "squared-error"),
)

# What params.yaml's base may change without changing the golden bytes.
FIXED = {
    "criterion.distance": 1.0,
    "criterion.divisor": 42.0,
    "criterion.j": 10.0,
    "initialisation.range": 2.4,
    "initialisation.coefficients": "random",
    "sdlm.curvature_start": "exact",
    "sdlm.patterns_drawn": "random",
}


def sha256(array: NDArray[np.generic]) -> str:
    """The hash of an array's bytes in little-endian order."""
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


def main(updates: int = UPDATES) -> None:
    """Train each network on the first distorted patterns and print its hash."""
    chosen = settings.load(ROOT / "params.yaml")
    tables = paper.load(ROOT / "data" / "paper")
    raw = read_raw(ROOT / "data" / "raw")
    levels = grey_levels(chosen.prepare.background, chosen.prepare.foreground)
    draw = generator(chosen.base, 0, "distortions")
    pool = DistortedPool(raw.train_images, raw.train_labels, 500, chosen.base.distortions, draw, 32)
    batch = pool.show(generator(chosen.base, 0, "order").permutation(pool.size)[:updates])
    print("patterns", "distorted", sha256(batch.images))
    for name, criterion in CASES:
        network = catalogue.network(name, "regular", tables)
        changes = {"network": name, "criterion.name": criterion, "training_patterns": 500, **FIXED}
        recipe = settings.change_recipe(chosen.base, changes)
        crop = (32 - network.field) // 2
        images = np.ascontiguousarray(batch.images[:, crop : 32 - crop, crop : 32 - crop])
        engine = Engine(network, recipe.rules, levels)
        parameters = draw_first_parameters(network, recipe, 0)
        curvatures = engine.curvature(parameters, images, np.arange(min(50, updates)), recipe.sdlm)
        print(name, f"{criterion}-curvature", sha256(curvatures))
        steps = sdlm.step_sizes(curvatures, recipe.learning_rates[0], recipe.sdlm.mu)
        losses = engine.train(parameters, steps, images, batch.labels, np.arange(updates))
        print(name, criterion, sha256(parameters))
        print(name, f"{criterion}-losses", losses[1].hex())
        print(name, f"{criterion}-penalties", sha256(engine.penalties(parameters, images[:20])))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
