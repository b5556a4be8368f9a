"""LeNet-5 as it is usually built today: not the paper's network, but the one to compare it with.

The simplified network of the article "Implementing Yann LeCun's LeNet-5 in PyTorch", in plain
torch: images resized to 32x32 and scaled to 0 .. 1, tanh, full connections in C3, average pooling
without coefficients, ten linear outputs, cross-entropy, Adam. The paper has none of the last four.

Torch works with one thread in the whole process as soon as `fit` is called: sums that are split
among threads would depend on their number.
"""

import math
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torchvision.transforms import functional

from replication.core.learning import checkpoints
from replication.core.learning.checkpoints import Progress
from replication.core.learning.identity import sha256
from replication.core.learning.monitor import Monitor
from replication.core.settings import Modern
from replication.core.systems.contract import Cost, Fitted, Task, answers_from_penalties
from replication.errors import ReplicationError
from replication.machine import blas

VERSION = 1
_MAKER = f"modern {VERSION}"

SIDE = 32
# Patterns scored at a time; always the same, so that the same products are formed in each run.
SCORED = 1000


def build() -> nn.Sequential:
    """Return the network without values in its parameters: (n, 1, 32, 32) to logits (n, 10)."""
    # On "meta" nothing is drawn: torch's own generator is shared by all threads.
    with torch.device("meta"):
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            C1=nn.Conv2d(1, 6, 5),
            squash1=nn.Tanh(),
            S2=nn.AvgPool2d(2),
            C3=nn.Conv2d(6, 16, 5),
            squash3=nn.Tanh(),
            S4=nn.AvgPool2d(2),
            C5=nn.Conv2d(16, 120, 5),
            squash5=nn.Tanh(),
            flat=nn.Flatten(),
            F6=nn.Linear(120, 84),
            squash6=nn.Tanh(),
            output=nn.Linear(84, 10),
        )
        return nn.Sequential(layers)


def initialise(seed: int) -> nn.Sequential:
    """Return the network with torch's default initial values: uniform within 1 / sqrt(fan-in)."""
    model = build().to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            bound = 1 / math.sqrt(layer.weight[0].numel())
            for values in layer.parameters():
                nn.init.uniform_(values, -bound, bound, generator)
    return model


def count_connections() -> int:
    """Return an answer's multiply-adds as the paper counts: biases too, four a pooling unit."""
    total = 0
    x = torch.empty(1, 1, SIDE, SIDE, device="meta")
    for layer in build():
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            total += x.numel() * (layer.weight[0].numel() + 1)
        elif isinstance(layer, nn.AvgPool2d):
            total += x.numel() * 4
    return total


def resize(images: NDArray[np.uint8]) -> Tensor:
    """Resize images uint8 (n, height, width) to uint8 (n, 1, 32, 32) by torchvision.

    On Pillow's images that is its bilinear filter, in whole numbers: the same on every machine.
    """
    fields = [functional.resize(Image.fromarray(image), [SIDE, SIDE]) for image in images]
    return torch.stack([functional.pil_to_tensor(field) for field in fields])


def scale(images: Tensor) -> Tensor:
    """Return grey levels uint8 as float32, 0 to 1."""
    return images.float() / 255


class Learner:
    """One network with its optimiser."""

    def __init__(self, seed: int, learning_rate: float) -> None:
        """``seed`` decides the initial values."""
        self.model = initialise(seed)
        self._parameters = list(self.model.parameters())
        self._optimiser = torch.optim.Adam(self._parameters, learning_rate)
        self.size = sum(values.numel() for values in self._parameters)

    def step(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        """Update the weights by a batch, (n, 1, 32, 32) uint8 and (n,) int64.

        Returns the mean criterion and the number of misses, both from before the update.
        """
        self._optimiser.zero_grad()
        logits = self.model(scale(images))
        criterion = nn.functional.cross_entropy(logits, labels)
        criterion.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return criterion.item(), int((logits.argmax(dim=1) != labels).sum())

    def penalties(self, images: Tensor) -> NDArray[np.float32]:
        """Return minus the logits, (patterns, classes), so that the least is the class given."""
        with torch.no_grad():
            parts = [-self.model(scale(part)) for part in torch.split(images, SCORED)]
        return np.asarray(torch.cat(parts).numpy())

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the parameters by name, such as ``C1.weight``."""
        return {name: values.numpy().copy() for name, values in self.model.state_dict().items()}

    def _decisive(self) -> list[Tensor]:
        """Return all that the next step depends on: parameters and Adam's two means of each."""
        states = [self._optimiser.state[values] for values in self._parameters]
        means = [state[name] for name in ("exp_avg", "exp_avg_sq") for state in states]
        return [*self._parameters, *means]

    def state(self) -> NDArray[np.float32]:
        """Return what `restore` needs, (3 * size,)."""
        return np.asarray(parameters_to_vector(self._decisive()).detach().numpy())

    def restore(self, state: NDArray[np.float32], steps: int) -> None:
        """Go back to what `state` gave after ``steps`` updates."""
        for values in self._parameters:
            self._optimiser.state[values] = {
                "step": torch.tensor(float(steps)),
                "exp_avg": torch.zeros_like(values),
                "exp_avg_sq": torch.zeros_like(values),
            }
        # A copy: the checkpoint's own array must not change with the next step.
        vector_to_parameters(torch.from_numpy(state.copy()), self._decisive())


@dataclass(frozen=True)
class System:
    """The article's network, and the experiment's name and entry in params.yaml."""

    experiment: str
    recipe: Modern
    # Mostly the images as float32, twice.
    memory = 1_000_000_000

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train epoch by epoch, going on from the checkpoint where there is one."""
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)  # an operation that is not becomes an error
        recipe, database = self.recipe, task.database
        draw = self._generator(task.replicate, "initialisation")
        learner = Learner(int(draw.integers(2**63)), recipe.learning_rate)
        patterns = len(database.train_images)
        progress = checkpoints.read(task.checkpoint, 3 * learner.size, _MAKER)
        if progress:
            steps = progress.passes * math.ceil(patterns / recipe.batch)
            learner.restore(progress.parameters, steps)
        else:
            progress = Progress(np.empty(0, np.float32))
        images, test = resize(database.train_images), resize(database.test_images)
        labels = torch.from_numpy(database.train_labels.astype(np.int64))
        penalties = None
        for turn in range(progress.passes, recipe.epochs):
            order = self._generator(task.replicate, "order", turn).permutation(patterns)
            row = self._epoch(turn, learner, images[order], labels[order], monitor)
            penalties = learner.penalties(test)
            row["test_misses"] = int((penalties.argmin(axis=1) != database.test_labels).sum())
            progress.parameters = learner.state()
            progress.history.append(row)
            weights = progress.parameters[: learner.size]
            progress.hashes[(turn + 1) * patterns] = sha256(weights)
            checkpoints.write(task.checkpoint, progress, _MAKER)
            monitor.passed(row, recipe.epochs, len(test))
        if penalties is None:  # it was interrupted after its last pass
            penalties = learner.penalties(test)
        return Fitted(
            answers_from_penalties(penalties),
            Cost(count_connections() / 1e3, learner.size / 1e3),
            progress.table(), learner.weights(), learner.size, recipe.presentations(patterns),
            blas=blas(),
        )  # fmt: skip

    def _epoch(
        self, turn: int, learner: Learner, images: Tensor, labels: Tensor, monitor: Monitor
    ) -> dict[str, float]:
        """Go through patterns in their order; return the history's row without test misses."""
        recipe, total, misses = self.recipe, 0.0, 0
        batches = zip(*(torch.split(part, recipe.batch) for part in (images, labels)), strict=True)
        for number, (inputs, classes) in enumerate(batches, start=1):
            value, missed = learner.step(inputs, classes)
            if not math.isfinite(value):
                raise ReplicationError(
                    f"{monitor.name} diverged in pass {turn + 1}, its criterion is not finite any "
                    "more: lower its learning_rate in params.yaml"
                )
            total += value * len(classes)
            misses += missed
            monitor.presented(turn * len(images) + min(number * recipe.batch, len(images)))
        return {
            "pass": turn + 1, "learning_rate": recipe.learning_rate,
            "training_presentations": len(images), "training_misses": misses,
            "test_misses": 0, "mean_criterion": total / len(images),
        }  # fmt: skip

    def _generator(
        self, replicate: int, stream: Literal["initialisation", "order"], turn: int = 0
    ) -> np.random.Generator:
        """Return a stream for each purpose and epoch: going on draws what it would have anyway."""
        key = (replicate, zlib.crc32(stream.encode()), turn)
        return np.random.default_rng(np.random.SeedSequence(self.recipe.seed, spawn_key=key))
