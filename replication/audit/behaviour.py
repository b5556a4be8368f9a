"""What the code that made the runs does, whatever it is called: beside plain torch in float64."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from replication.learning.engine import Engine
from replication.learning.kernels.squashing import squash
from replication.learning.optimisers.catalogue import optimiser
from replication.learning.optimisers.contract import Situation
from replication.learning.presentations import OriginalPool
from replication.learning.trainer import first_parameters
from replication.mnist import databases
from replication.networks.catalogue import FIELDS
from replication.networks.reference import Reference
from replication.networks.specification import Network
from replication.settings import Prepare, Recipe

_PATTERNS, _UPDATES = 20, 5


class Behaviour(NamedTuple):
    """How far the code is from the paper's equations.

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


def observed(recipe: Recipe, prepare: Prepare, network: Network) -> Behaviour:
    """Begin replicate 0 with a few patterns of noise, in the kernels and in the reference."""
    draw, side = np.random.default_rng(0), FIELDS[recipe.database]
    images = (draw.random((_PATTERNS, side, side)) < 0.2).astype(np.uint8) * np.uint8(255)
    labels = np.arange(_PATTERNS, dtype=np.uint8) % 10
    table = databases.grey_levels(prepare.background, prepare.foreground)
    engine = Engine(network, recipe.rules, table)
    begun = first_parameters(network, recipe, 0)
    pool = OriginalPool(images, labels, _PATTERNS)
    steps = optimiser(recipe)(Situation(engine, pool, recipe, 0, 0, begun, {}))
    after = begun.copy()
    engine.train(after, steps, images, labels, np.arange(_UPDATES))

    reference = Reference(network, recipe.rules)
    inputs = torch.from_numpy(databases.fields(images, network.field, table)[:, None]).double()
    weights = torch.from_numpy(begun).double()
    curvatures = reference.curvature(weights, inputs, recipe.sdlm)
    wanted = recipe.learning_rates[0] / (recipe.sdlm.mu + curvatures)
    for n in range(_UPDATES):
        weights = weights.detach().requires_grad_()
        loss = reference.criterion(weights, inputs[n : n + 1], torch.tensor([int(labels[n])]))
        (slope,) = torch.autograd.grad(loss.sum(), weights)
        weights = weights - torch.from_numpy(steps).double() * slope
    moved = weights.detach().numpy() - begun
    return Behaviour(
        float(np.abs(steps / wanted - 1.0).max()),
        float(np.abs(after - begun - moved).max() / np.abs(moved).max()),
        _tanh(),
        str(after.dtype),
    )


def _tanh() -> float:
    values: NDArray[np.float32] = np.linspace(-9.0, 9.0, 100_001, dtype=np.float32)
    got = values.copy()
    squash(got, np.float32(1), np.float32(1))
    return float(np.abs(got - np.tanh(values.astype(np.float64))).max())
