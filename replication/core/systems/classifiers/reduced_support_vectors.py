"""Reduced set of support vectors: Section III-C.11, p. 14, row RS-SVM of Figure 9.

Burges (Simplified Support Vector Decision Rules, 1996) and Burges and Schoelkopf (Improving the
Accuracy and Speed of Support Vector Machines, 1997): the normal vector of each machine in feature
space, the sum of a_i phi(x_i) over its support vectors, is approximated by a sum of b_j phi(z_j)
over a few vectors z_j that are no patterns, so that the distance of the two is least. For given z
the best b solve linear equations; the z are found by gradients, from support vectors drawn at
random, each with a chance in proportion to its multiplier. As in the second article, the machines
that are approximated are those with virtual support vectors, or with a shift of 0 those without.
"""

import functools
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.systems.classifier import ClassifierSystem, Patterns
from replication.core.systems.classifiers.support_vectors import (
    MEMORY,
    Decision,
    Inputs,
    KernelOptions,
    train_machines,
    unit_inputs,
)
from replication.core.systems.classifiers.virtual_support_vectors import train_virtual_machines

VERSION = 1

# Steps of L-BFGS for each machine.
_STEPS = 300
# Added to the diagonal of the kernel values of the z, each of which starts at 1.
_RIDGE = 1e-7

Doubles = NDArray[np.float64]


class Options(KernelOptions):
    """The kernel's options, the vectors kept by all machines together, and the virtual shift."""

    vectors: Annotated[int, Field(ge=CLASSES, strict=True)]
    shift: Annotated[int, Field(ge=0, strict=True)]


def _kernel(left: torch.Tensor, right: torch.Tensor, kind: KernelOptions) -> torch.Tensor:
    base = (left @ right.T + kind.constant) / (1 + kind.constant)
    # Torch's own power is many times slower.
    return functools.reduce(torch.mul, [base] * kind.degree)


def _parts(
    reduced: torch.Tensor, vectors: torch.Tensor, weights: torch.Tensor, kind: KernelOptions
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the best b for the z ``reduced``, and how much squared length they explain.

    ``vectors`` and ``weights`` are float32, for the products with them are nearly all the work; the
    linear equations, which may be ill-conditioned, are float64 like ``reduced``.
    """
    target = (_kernel(reduced.float(), vectors, kind) @ weights).double()
    own = _kernel(reduced, reduced, kind) + _RIDGE * torch.eye(len(reduced), dtype=torch.float64)
    best = torch.cholesky_solve(target[:, None], torch.linalg.cholesky(own))[:, 0]
    return best, target @ best


def find_reduced_set(
    vectors: Inputs,
    weights: Doubles,
    count: int,
    kind: KernelOptions,
    random: np.random.Generator,
    steps: int = _STEPS,
) -> tuple[Doubles, Doubles]:
    """Find z (count, d) and b (count,) for ``vectors`` x (s, d) and ``weights`` a (s,).

    With as many z as there are x, these are the x themselves and nothing is searched for.
    """
    count = min(count, len(vectors))
    share = np.abs(weights) / np.abs(weights).sum()
    chosen = np.sort(random.choice(len(vectors), count, replace=False, p=share))
    begin = vectors[chosen].astype(np.float64)
    x, a = torch.from_numpy(vectors), torch.from_numpy(weights.astype(np.float32))

    def minus_explained(flat: Doubles) -> tuple[float, Doubles]:
        z = torch.from_numpy(flat.reshape(begin.shape)).requires_grad_()
        loss = -_parts(z, x, a, kind)[1]
        (gradient,) = torch.autograd.grad(loss, z)
        return float(loss.detach()), gradient.numpy().ravel()

    found = begin
    if count < len(vectors):
        limits = {"maxiter": steps, "maxfun": 2 * steps}
        # scipy's stubs know no arrays of unknown shape.
        search: Any = minimize
        result = search(minus_explained, begin.ravel(), jac=True, method="L-BFGS-B", options=limits)
        found = result.x.reshape(begin.shape)
    return found, _parts(torch.from_numpy(found), x, a, kind)[0].numpy()


def relative_distance(
    vectors: Inputs, weights: Doubles, reduced: Doubles, own: Doubles, kind: KernelOptions
) -> float:
    """Return the sums' squared distance in feature space as a share of the first's length."""
    points = np.concatenate([vectors, reduced.astype(np.float32)])
    sums = np.zeros((len(points), 2), np.float32)
    sums[:, 0] = np.concatenate([weights, -own])
    sums[: len(vectors), 1] = weights
    values = Decision(points, sums, np.zeros(2, np.float32), kind).values(points)
    # Of each sum with itself: the squared distance, and the squared length.
    squares = (sums * values).sum(axis=0, dtype=np.float64)
    return float(squares[0] / squares[1])


class System(ClassifierSystem[Options]):
    """Ten machines over a few vectors each."""

    memory = MEMORY

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Decision:
        """Train the machines, then approximate each; only where the z start is random."""
        kind = self.chosen
        if kind.shift:
            inputs, machines = train_virtual_machines(patterns, kind, kind.shift, monitor)
        else:
            inputs = unit_inputs(patterns.images)
            machines = train_machines(inputs, patterns.labels, kind, monitor)
        reduced, rows = [], []
        for column, share in enumerate(np.array_split(np.arange(kind.vectors), CLASSES)):
            monitor.check()
            vectors, own = inputs[machines[column].numbers], machines[column].weights
            z, b = find_reduced_set(vectors, own, len(share), kind, random)
            reduced.append(z.astype(np.float32))
            rows.append(np.outer(b, np.eye(CLASSES)[column]).astype(np.float32))
            rest = relative_distance(vectors, own, z, b, kind)
            monitor.line(f"class {column}: {len(vectors)} vectors by {len(z)}, {rest:.3f} left")
        biases = np.array([machine.bias for machine in machines], np.float32)
        return Decision(np.concatenate(reduced), np.concatenate(rows), biases, kind)
