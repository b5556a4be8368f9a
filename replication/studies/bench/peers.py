"""What the kernels are compared with: other software that does the same work, on one thread.

Each peer trains LeNet-5 of 1998 from where ours begins, a pattern at a time, with a step size for
each parameter, on the same patterns in the same order; their input fields are made beforehand,
which is not timed. Whether a peer does the same work is seen from the sum of its losses.
"""

import ctypes
import importlib.metadata
import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from replication.core.mnist.databases import Database, make_inputs
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Network
from replication.core.settings import Modern, Rules
from replication.core.systems.modern import Learner, resize
from replication.errors import ReplicationError

# Sums of float32 in another order differ, and training makes that larger.
AGREEMENT = 1e-4
_SOURCE = Path(__file__).with_name("lenet.c")
_SOURCES = "replication/studies/bench/peers.py"
_FLAGS = ("-O3", "-march=native", "-ffast-math")
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Start:
    """Where a training begins, and its first patterns.

    Attributes:
        network, rules: what is trained, and how it computes.
        parameters, steps: float32 (parameters,), in the order of the table of layers.
        inputs: float32 (n, 32, 32). images: uint8 (n, 28, 28). labels: uint8 (n,).
    """

    network: Network
    rules: Rules
    parameters: Floats
    steps: Floats
    inputs: Floats
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def start(path: Path, network: Network, rules: Rules, data: Database, patterns: int) -> Start:
    """What a worker's ``begin`` wrote to ``path``, with the first ``patterns``."""
    with np.load(path) as begin:
        order = begin["order"][:patterns]
        images = data.train_images[order]
        inputs = make_inputs(images, network.field, begin["levels"])
        labels = data.train_labels[order]
        return Start(network, rules, begin["parameters"], begin["steps"], inputs, images, labels)


class Peer(Protocol):
    """Other software in training."""

    what: str

    def train(self, patterns: int) -> float:
        """One update after each of the first ``patterns``; the sum of their losses."""


class Eager:
    """Eager torch: a forward pass, autograd, and the same update."""

    def __init__(self, begin: Start) -> None:
        """The parameters of ``begin`` are copied."""
        self.what = f"eager torch {importlib.metadata.version('torch')}"
        self._reference = Reference(begin.network, begin.rules)
        self._parameters = torch.from_numpy(begin.parameters.copy()).requires_grad_()
        self._steps = torch.from_numpy(begin.steps)
        self._inputs = torch.from_numpy(begin.inputs[:, np.newaxis])
        self._labels = torch.from_numpy(begin.labels.astype(np.int64))

    def train(self, patterns: int) -> float:
        """As `Peer.train`."""
        losses = 0.0
        for n in range(patterns):
            pattern = slice(n, n + 1)
            value = self._reference.criterion(
                self._parameters, self._inputs[pattern], self._labels[pattern]
            )
            (gradient,) = torch.autograd.grad(value, self._parameters)
            with torch.no_grad():
                self._parameters.addcmul_(self._steps, gradient, value=-1)
            losses += value.item()
        return losses


class _Rules(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_float)
        for name in ("amplitude", "slope", "share", "distance", "rubbish", "divisor")
    )


class PlainC:
    """Plain loops in C, lenet.c, compiled to ``folder`` by whatever compiler there is."""

    def __init__(self, begin: Start, folder: Path) -> None:
        """Raises ReplicationError where there is no compiler, or the criterion is not MAP."""
        if begin.network.name != "lenet5" or begin.rules.criterion.name != "map":
            raise ReplicationError("bench: lenet.c knows LeNet-5 and equation 9 alone")
        library, self.what = compiled(folder)
        rules = begin.rules
        self._rules = _Rules(
            rules.squashing.amplitude, rules.squashing.slope, rules.subsampling.share,
            rules.criterion.distance, math.exp(-rules.criterion.j), rules.criterion.divisor,
        )  # fmt: skip
        pairs = [(o, m) for o, row in enumerate(begin.network.layer("C3").table) for m in row]
        self._table = np.array(pairs, np.int32)
        self._codes = np.ascontiguousarray(begin.network.codes, np.float32)
        self.parameters, self._steps = begin.parameters.copy(), begin.steps.copy()
        self._inputs, self._labels = begin.inputs, begin.labels
        self._train: Any = library.train
        self._train.restype = ctypes.c_double

    def train(self, patterns: int) -> float:
        """As `Peer.train`."""
        arrays = (self._table, self._codes, self.parameters, self._steps, self._inputs,
                  self._labels)  # fmt: skip
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        return float(self._train(ctypes.byref(self._rules), *pointers, ctypes.c_long(patterns)))


def compiled(folder: Path) -> tuple[ctypes.CDLL, str]:
    """lenet.c as a library in ``folder``, and by what it was compiled.

    Raises ReplicationError, a sentence, where there is no compiler or it fails.
    """
    compiler = next((name for name in ("gcc", "cc") if shutil.which(name)), None)
    if compiler is None:
        raise ReplicationError("No C compiler was found (gcc or cc), so plain C is not timed.")
    parts = folder / "lenet.o", folder / "lenet.so"
    # Linked without -ffast-math, which would change how the whole process rounds small numbers.
    commands = ([compiler, "-c", *_FLAGS, "-fPIC", "-o", str(parts[0]), str(_SOURCE)],
                [compiler, "-shared", "-o", str(parts[1]), str(parts[0]), "-lm"])  # fmt: skip
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[0]
            raise ReplicationError(f"{compiler} could not compile lenet.c ({reason}), so plain C "
                                   "is not timed.")  # fmt: skip
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    name = (version.stdout.splitlines() or [compiler])[0]
    return ctypes.CDLL(str(parts[1])), f"plain loops in C by {name} {' '.join(_FLAGS)}"


class Usual:
    """The article's network, which does other work: Adam, a batch at a time."""

    def __init__(self, begin: Start, recipe: Modern) -> None:
        """The images of ``begin`` are resized beforehand, which is not timed."""
        self.what = f"LeNet-5 as usually built today, torch {importlib.metadata.version('torch')}"
        self._batch = recipe.batch
        self._learner = Learner(recipe.seed, recipe.learning_rate)
        self._images = resize(begin.images)
        self._labels = torch.from_numpy(begin.labels.astype(np.int64))

    def train(self, patterns: int) -> float:
        """One update after each batch of the first ``patterns``; the sum of the batches' losses."""
        losses = 0.0
        for first in range(0, patterns, self._batch):
            batch = slice(first, min(first + self._batch, patterns))
            losses += self._learner.step(self._images[batch], self._labels[batch])[0]
        return losses


def differs_by(name: str, theirs: float, ours: float) -> float:
    """The relative difference of two sums of losses; ReplicationError above `AGREEMENT`."""
    difference = abs(theirs - ours) / abs(ours)
    if not difference <= AGREEMENT:
        raise ReplicationError(
            f"bench: over the first patterns the losses of {name} sum to {theirs:.6g}, ours to "
            f"{ours:.6g}, so they do not do the same work and are not timed: see to {_SOURCES}"
        )
    return difference
