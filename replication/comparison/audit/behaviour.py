"""Compare the code that made the runs with plain torch in float64."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from replication.core.learning.engine import Engine
from replication.core.learning.kernels.squashing import squash
from replication.core.learning.optimisers import Situation, load_optimiser
from replication.core.learning.presentations import OriginalPool
from replication.core.learning.trainer import draw_first_parameters
from replication.core.mnist import databases
from replication.core.networks.catalogue import FIELDS
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Network
from replication.core.settings import Recipe

_PATTERNS, _UPDATES = 20, 5


class Behaviour(NamedTuple):
    """The distances of the code from the paper's equations.

    Attributes:
        steps: greatest distance of a step from eta / (mu + h_kk), as a share of it.
        update: greatest distance of a weight from equation 18's after five patterns one by one,
            as a share of the greatest change.
        tanh: greatest distance of the kernels' hyperbolic tangent.
        precision: of the weights.
    """

    steps: float
    update: float
    tanh: float
    precision: str


def observe(recipe: Recipe, network: Network) -> Behaviour:
    """Train replicate 0 on a few patterns of noise, by the kernels and by the reference."""
    draw, side = np.random.default_rng(0), FIELDS[recipe.database]
    images = (draw.random((_PATTERNS, side, side)) < 0.2).astype(np.uint8) * np.uint8(255)
    labels = np.arange(_PATTERNS, dtype=np.uint8) % 10
    table = databases.grey_levels(*recipe.inputs.ends)
    engine = Engine(network, recipe.rules, table)
    initial = draw_first_parameters(network, recipe, 0)
    pool = OriginalPool(images, labels, _PATTERNS)
    steps = load_optimiser(recipe)(Situation(engine, pool, recipe, 0, 0, initial, {}))
    trained = initial.copy()
    engine.train(trained, steps, images, labels, np.arange(_UPDATES))

    reference = Reference(network, recipe.rules)
    inputs = torch.from_numpy(databases.make_inputs(images, network.field, table)[:, None]).double()
    weights = torch.from_numpy(initial).double()
    curvatures = reference.curvature(weights, inputs, recipe.sdlm)
    expected = recipe.learning_rates[0] / (recipe.sdlm.mu + curvatures)
    for n in range(_UPDATES):
        weights = weights.detach().requires_grad_()
        loss = reference.criterion(weights, inputs[n : n + 1], torch.tensor([int(labels[n])]))
        (slope,) = torch.autograd.grad(loss.sum(), weights)
        weights = weights - torch.from_numpy(steps).double() * slope
    moved = weights.detach().numpy() - initial
    return Behaviour(
        float(np.abs(steps / expected - 1.0).max()),
        float(np.abs(trained - initial - moved).max() / np.abs(moved).max()),
        _tanh_distance(),
        str(trained.dtype),
    )


def _tanh_distance() -> float:
    values: NDArray[np.float32] = np.linspace(-9.0, 9.0, 100_001, dtype=np.float32)
    squashed = values.copy()
    squash(squashed, np.float32(1), np.float32(1))
    return float(np.abs(squashed - np.tanh(values.astype(np.float64))).max())
