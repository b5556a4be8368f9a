"""Networks and random cases that several tests share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from replication.comparison import paper
from replication.core.networks.catalogue import (
    lenet1,
    lenet4,
    lenet5,
    lenet5_library,
    lenet5_plain,
    perceptron,
)
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Network, Stack
from replication.core.settings import Criterion, Rules, Sdlm, Squashing, Subsampling

PAPER = paper.load(Path(__file__).parents[1] / "data" / "paper")

CRITERIA = ("mle", "map", "squared-error")
SDLM = {
    "mu": 0.02,
    "patterns": 500,
    "lasts": 1,
    "patterns_drawn": "random",
    "curvature_start": "exact",
    "coefficient_curvature": "sum_squared",
}


def tiny(name: str) -> Stack:
    """Every kind of layer, small enough for exhaustive checks."""
    return (
        Stack(name, field=16)
        .convolution("C1", ((0,), (0,)))
        .subsampling("S2")
        .convolution("C3", ((0,), (0, 1), (1,)))
        .subsampling("S4")
        .full("F5", 6)
    )


TINY_CODES = np.where(np.random.default_rng(7).random((4, 6)) < 0.5, -1, 1).astype(np.int8)


NETWORKS = {
    "lenet5": lenet5(PAPER),
    "lenet5-plain": lenet5_plain(PAPER),
    "lenet5-library": lenet5_library(PAPER),
    "lenet4": lenet4(PAPER),
    "lenet1": lenet1(PAPER),
    "perceptron": perceptron((30, 12), 20),
    "tiny": tiny("tiny").network(),
    "tiny-rbf": tiny("tiny-rbf").rbf("RBF", TINY_CODES),
}


@dataclass(frozen=True)
class Case:
    """A network with random weights and random images, and the settings in force."""

    network: Network
    rules: Rules
    sdlm: Sdlm
    levels: NDArray[np.float64]
    parameters: NDArray[np.float64]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def inputs(self) -> torch.Tensor:
        """The images as the reference's inputs, float64 (patterns, 1, field, field)."""
        margin = (self.network.field - self.images.shape[1]) // 2
        padded = np.pad(self.images, ((0, 0), (margin, margin), (margin, margin)))
        return torch.from_numpy(self.levels[padded][:, np.newaxis])


def trained_by_reference(case: Case, start: Any, steps: Any, order: Any) -> Any:
    """The parameters ``start`` after the patterns ``order`` one by one, by equation 18."""
    parameters = torch.from_numpy(start.copy()).requires_grad_()
    model, inputs = Reference(case.network, case.rules), case.inputs()
    labels = torch.from_numpy(case.labels)
    for n in order:
        loss = model.criterion(parameters, inputs[n : n + 1], labels[n : n + 1]).sum()
        (gradient,) = torch.autograd.grad(loss, parameters)
        parameters.data -= torch.from_numpy(steps) * gradient
    return parameters.detach().numpy()


def random_case(
    network: Network,
    seed: int,
    criterion: str | None = None,
    reading: str = "added",
    patterns: int = 4,
    distance: float = 1.0,
    **sdlm: object,
) -> Case:
    """Random weights large enough to bend the squashing, random images, two pixels of margin."""
    generator = np.random.default_rng(seed)
    side = network.field - 4
    rbf = network.codes.size > 0
    classes = network.codes.shape[0] or network.layers[-1].outputs[0]
    name = criterion or ("map" if rbf else "squared-error")
    if not rbf and name != "squared-error":
        raise ValueError("a network without RBF units has the squared error alone")
    return Case(
        network,
        Rules(
            Squashing(amplitude=1.7159, slope=2 / 3),
            Subsampling.model_validate({"reading": reading, "fan_in": 4}),
            Criterion.model_validate(
                {"name": name, "distance": distance, "j": 5.0, "divisor": 3.0}
            ),
        ),
        Sdlm.model_validate({**SDLM, **sdlm}),
        np.linspace(-0.1, 1.175, 256),
        generator.normal(0, 0.2, network.parameters),
        generator.integers(0, 256, (patterns, side, side), dtype=np.uint8),
        generator.integers(0, classes, patterns),
    )
