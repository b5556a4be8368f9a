"""Prints the hashes that test_same_bytes compares, as the processor that Numba is told of.

    python tests/same_bytes.py [processor] [updates]

``processor`` is one of `STAND_INS`: that it is what its name says is asserted first. As
``other-blocks`` the kernels take the blocks of a processor with more, or fewer, registers.

Each line is a network, a criterion and the SHA-256 of its float32 weights after so many updates,
followed by the hashes of what goes into training beside the kernels: distorted patterns, h_kk.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from numba.core.registry import cpu_target
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from numpy.typing import NDArray

from replication.comparison import paper
from replication.core import settings
from replication.core.arithmetic import blocks

if "other-blocks" in sys.argv:  # before the kernels choose
    blocks.MANY = not blocks.MANY

from replication.core.learning.engine import Engine
from replication.core.learning.optimisers import sdlm
from replication.core.learning.presentations import DistortedPool, generator
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
    ("perceptron-300", "squared-error"),
    ("perceptron-300-100", "squared-error"),
)

# What each processor has for vectors, and what Numba and NumPy must not use of this one.
STAND_INS = {
    "haswell": ("+avx2", ("avx512", "x86_v4")),
    "sandybridge": ("+avx", ("avx512", "x86_v4", "avx2", "fma", "x86_v3")),
    "nehalem": ("+sse4.2", ("avx", "fma", "f16c", "x86_v3", "x86_v4")),
}


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


def without(name: str) -> list[str]:
    """The features that NumPy would choose code by and that the processor ``name`` lacks."""
    _, lacks = STAND_INS[name]
    return [feature for feature in __cpu_dispatch__ if feature.lower().startswith(lacks)]


def assert_stands_for(name: str) -> None:
    """Numba compiles for the processor ``name``, and NumPy chooses nothing that it lacks."""
    has, lacks = STAND_INS[name]
    _, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    enabled = features.split(",")
    assert cpu == name
    assert has in enabled
    assert not [feature for feature in enabled if feature.startswith(tuple(f"+{x}" for x in lacks))]
    assert not [feature for feature in without(name) if __cpu_features__[feature]]


def main(name: str = "native", updates: int = UPDATES) -> None:
    """Train each network on the first distorted patterns and print its hash."""
    if name in STAND_INS:
        assert_stands_for(name)
    chosen = settings.load(ROOT / "params.yaml")
    tables = paper.load(ROOT / "data" / "paper")
    raw = read_raw(ROOT / "data" / "raw")
    levels = grey_levels(*chosen.base.inputs.ends)
    draw = generator(chosen.base, 0, "distortions")
    pool = DistortedPool(raw.train_images, raw.train_labels, 500, chosen.base.distortions, draw, 32)
    batch = pool.show(generator(chosen.base, 0, "order").permutation(pool.size)[:updates])
    print("patterns", "distorted", sha256(batch.images))
    for network_name, criterion in CASES:
        network = catalogue.network(network_name, "regular", tables)
        changes = {
            "network": network_name,
            "criterion.name": criterion,
            "training_patterns": 500,
            **FIXED,
        }
        recipe = settings.change_recipe(chosen.base, changes)
        crop = (32 - network.field) // 2
        images = np.ascontiguousarray(batch.images[:, crop : 32 - crop, crop : 32 - crop])
        engine = Engine(network, recipe.rules, levels)
        parameters = draw_first_parameters(network, recipe, 0)
        curvatures = engine.curvature(parameters, images, np.arange(min(50, updates)), recipe.sdlm)
        print(network_name, f"{criterion}-curvature", sha256(curvatures))
        steps = sdlm.step_sizes(curvatures, recipe.learning_rates[0], recipe.sdlm.mu)
        losses = engine.train(parameters, steps, images, batch.labels, np.arange(updates))
        print(network_name, criterion, sha256(parameters))
        print(network_name, f"{criterion}-losses", losses[1].hex())
        print(
            network_name,
            f"{criterion}-penalties",
            sha256(engine.penalties(parameters, images[:20])),
        )


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:]))
