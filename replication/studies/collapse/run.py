"""Small networks with trainable codes, trained under equation 8 and equation 9: Section II-C, p. 9.

The paper keeps the codes of the RBF units fixed, and says why they need equation 9 if they learn:
equation 8 has a trivial solution, all codes equal and F6 constant, in which the network ignores its
input. Here the codes are parameters like the others, in the torch reference with autograd and Adam
on small batches: the claim is about the criteria, not about how they are minimised. Individual
step sizes are needed nevertheless: with a common one, F6 falls silent before it has learned
anything, whatever the criterion.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from replication.comparison import paper
from replication.core.learning.trainer import draw_initial_parameters
from replication.core.mnist import databases
from replication.core.networks import catalogue, criteria
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Network
from replication.core.settings import Collapse, Recipe, Settings, change_recipe
from replication.errors import Diverged
from replication.folders import Folders
from replication.studies.collapse import CRITERIA, OUTCOMES

SCORED = 500  # patterns at a time


class Outcome(NamedTuple):
    """The result of a training with trainable codes.

    Attributes:
        code_spread: the least distance between two codes, as a share of that before training.
        output_spread: root mean square distance of F6's outputs from their mean over the patterns,
            as a share of that before training.
        training_error_percent: of the patterns trained on, after the last pass.
        mean_criterion: over the patterns of the last pass.
    """

    code_spread: float
    output_spread: float
    training_error_percent: float
    mean_criterion: float


def compute_least_distance(codes: Tensor) -> float:
    """Return the least Euclidean distance between two of ``codes``, (classes, components)."""
    return float(torch.pdist(codes.detach().double()).min())


def train(
    network: Network, recipe: Recipe, choices: Collapse, inputs: Tensor, labels: Tensor,
    replicate: int,
) -> Outcome:  # fmt: skip
    """Train ``network`` and its codes on ``inputs`` (patterns, 1, field, field) float32.

    The criterion is ``recipe.criterion``; initial weights and the order of the patterns, drawn
    for each pass, come from the seed of ``choices`` and ``replicate`` alone, so both criteria have
    the same start. Raises Diverged when the criterion is no longer finite.
    """
    reference = Reference(network, recipe.rules)
    generator = np.random.default_rng([choices.seed, replicate])
    weights = torch.from_numpy(draw_initial_parameters(network, recipe, generator)).requires_grad_()
    codes = torch.from_numpy(network.codes.copy()).requires_grad_()
    distance = compute_least_distance(codes)
    spread = _compute_spread(_compute_outputs(reference, weights, inputs))
    optimiser = torch.optim.Adam([weights, codes], choices.learning_rate)
    mean = math.nan
    for turn in range(choices.passes):
        total = 0.0
        order = torch.from_numpy(generator.permutation(len(inputs)))
        for numbers in torch.split(order, choices.batch):
            last = _compute_last(reference, weights, inputs[numbers])
            penalties = criteria.penalties(recipe.criterion, last, codes)
            loss = criteria.value(recipe.criterion, penalties, labels[numbers]).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item() * len(numbers)
        mean = total / len(inputs)
        if not math.isfinite(mean):
            raise Diverged(
                f"the training with trainable codes under {recipe.criterion.name} diverged in pass "
                f"{turn + 1}: lower collapse.learning_rate in params.yaml"
            )
    outputs = _compute_outputs(reference, weights, inputs)
    answers = torch.cdist(outputs, codes.detach()).argmin(dim=1)
    return Outcome(
        compute_least_distance(codes) / distance,
        _compute_spread(outputs) / spread,
        100.0 * int((answers != labels).sum()) / len(labels),
        mean,
    )


def _compute_last(reference: Reference, weights: Tensor, inputs: Tensor) -> Tensor:
    """Return the outputs of the last layer with weights, (patterns, components)."""
    name = reference.network.trainable[-1].name
    return reference.maps(weights, inputs)[name][:, :, 0, 0]


def _compute_outputs(reference: Reference, weights: Tensor, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat(
            [_compute_last(reference, weights, part) for part in torch.split(inputs, SCORED)]
        )


def _compute_spread(outputs: Tensor) -> float:
    centred = outputs.double() - outputs.double().mean(dim=0)
    return float((centred**2).sum(dim=1).mean().sqrt())


def run(folders: Folders, settings: Settings) -> dict[str, Any]:
    """Train small networks with trainable codes under equations 8 and 9 (Section II-C)."""
    # Sums that are split among threads depend on their number.
    torch.set_num_threads(1)
    base, choices = settings.base, settings.collapse
    network = catalogue.network(base.network, base.database, paper.load(folders.paper))
    database = databases.load(folders.raw, folders.prepared, base.database)
    table = databases.grey_levels(*base.inputs.ends)
    images = databases.make_inputs(database.train_images[: choices.patterns], network.field, table)
    inputs = torch.from_numpy(images[:, np.newaxis])
    labels = torch.from_numpy(database.train_labels[: choices.patterns].astype(np.int64))
    # By criterion the numbers of `Outcome`, each as a list over the replicates.
    result: dict[str, Any] = {"settings": choices.model_dump(mode="json")}
    for name in CRITERIA:
        recipe = change_recipe(base, {"criterion.name": name})
        outcomes = [train(network, recipe, choices, inputs, labels, number)
                    for number in range(choices.replicates)]  # fmt: skip
        # Six digits: the last bits of a sum depend on the processor.
        result[name] = {key: [float(f"{getattr(outcome, key):.6g}") for outcome in outcomes]
                        for key in Outcome._fields}  # fmt: skip
    OUTCOMES.write(folders.out, result)
    return result


def summary(outcomes: dict[str, Any]) -> str:
    """Return one line per criterion."""

    def join(values: list[float]) -> str:
        return ", ".join(f"{value:.3g}" for value in values)

    return "\n".join(
        f"{name}: least distance between codes {join(outcomes[name]['code_spread'])} of that "
        f"before; {join(outcomes[name]['training_error_percent'])} % missed"
        for name in CRITERIA
    )
