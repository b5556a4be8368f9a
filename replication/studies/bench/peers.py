"""What the kernels are compared with: other software that does the same work, on one thread.

Each peer trains LeNet-5 of 1998 from the same start, pattern by pattern, with a step size for each
parameter, on the same patterns in the same order. Input fields are made beforehand and not timed.
The sum of its losses shows whether a peer does the same work.
"""

import ctypes
import importlib.metadata
import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from replication.core.mnist.databases import Database, make_inputs
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Kind, Layer, Network
from replication.core.settings import Modern as ModernRecipe
from replication.core.settings import Rules
from replication.core.systems.modern import Learner, resize
from replication.errors import ReplicationError

# Sums of float32 in another order differ, and training makes that larger.
AGREEMENT = 1e-4
_SOURCE = Path(__file__).with_name("lenet.c")
_SOURCES = "replication/studies/bench/peers.py"
_FLAGS = ("-O3", "-march=native", "-ffast-math")
# Read by XLA when it starts.
_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
JAX_MISSING = "JAX is not installed (`pip install 'lenet-replication[peers]'`), so it is not timed."
Floats = NDArray[np.float32]
Layers = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Start:
    """The start of a training, and its first patterns.

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


def read_start(path: Path, network: Network, rules: Rules, data: Database, patterns: int) -> Start:
    """Read what a worker's ``begin`` wrote to ``path``, and add the first ``patterns``."""
    with np.load(path) as begin:
        order = begin["order"][:patterns]
        images, labels = data.train_images[order], data.train_labels[order]
        inputs = make_inputs(images, network.field, begin["levels"])
        return Start(network, rules, begin["parameters"], begin["steps"], inputs, images, labels)


class Eager:
    """Eager torch: a forward pass, autograd, and the same update."""

    def __init__(self, begin: Start) -> None:
        self.what = f"eager torch {importlib.metadata.version('torch')}"
        self._reference = Reference(begin.network, begin.rules)
        self._parameters = torch.from_numpy(begin.parameters.copy()).requires_grad_()
        self._steps = torch.from_numpy(begin.steps)
        self._inputs = torch.from_numpy(begin.inputs[:, np.newaxis])
        self._labels = torch.from_numpy(begin.labels.astype(np.int64))

    def train(self, patterns: int) -> float:
        """Update after each of the first ``patterns``; return the sum of their losses."""
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
    """Plain loops in C, lenet.c, compiled in ``folder`` by gcc or cc."""

    def __init__(self, begin: Start, folder: Path) -> None:
        """Raise ReplicationError where there is no compiler, or the criterion is not MAP."""
        if begin.network.name != "lenet5" or begin.rules.criterion.name != "map":
            raise ReplicationError(
                "lenet.c has only LeNet-5 and equation 9 (criterion.name: map in params.yaml), "
                "so plain C is not timed."
            )
        library, self.what = compile_c(folder)
        rules = begin.rules
        self._rules = _Rules(
            rules.squashing.amplitude, rules.squashing.slope, rules.subsampling.share,
            rules.criterion.distance, math.exp(-rules.criterion.j), rules.criterion.divisor,
        )  # fmt: skip
        self._table = _list_pairs(begin.network.layer("C3"))
        self._codes = np.ascontiguousarray(begin.network.codes, np.float32)
        self.parameters, self._steps = begin.parameters.copy(), begin.steps.copy()
        self._inputs, self._labels = begin.inputs, begin.labels
        self._train: Any = library.train
        self._train.restype = ctypes.c_double

    def train(self, patterns: int) -> float:
        """Update after each of the first ``patterns``; return the sum of their losses."""
        arrays = (self._table, self._codes, self.parameters, self._steps, self._inputs,
                  self._labels)  # fmt: skip
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        return float(self._train(ctypes.byref(self._rules), *pointers, ctypes.c_long(patterns)))


def compile_c(folder: Path) -> tuple[ctypes.CDLL, str]:
    """Compile lenet.c in ``folder``; return the library and what compiled it.

    Raises ReplicationError where there is no compiler or it fails.
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


class Jax:
    """JAX, as one compiled scan over the patterns.

    Written to be fast: convolutions are products of the kernels with all their receptive fields
    side by side (XLA's own are made for batches), each layer has arrays of its own (joining all
    gradients to one vector takes longer than everything else), and C3's kernels fill a matrix in
    which those that Table I leaves out are zero and stay zero, since their steps are zero.
    """

    def __init__(self, begin: Start) -> None:
        """Raise ModuleNotFoundError where JAX is not installed."""
        os.environ.setdefault("XLA_FLAGS", _ONE_THREAD)
        import jax

        self.what = f"JAX {jax.__version__}, jit and scan, convolutions as products"
        self._parameters: Any = _split_layers(begin.network, begin.parameters)
        self._inputs, self._labels = begin.inputs, begin.labels.astype(np.int32)
        self._run = jax.jit(partial(_train, jax, begin))

    def train(self, patterns: int) -> float:
        """Update after each of the first ``patterns``; return the sum of their losses.

        Another number of patterns is compiled again.
        """
        self._parameters, losses = self._run(
            self._parameters, self._inputs[:patterns], self._labels[:patterns]
        )
        return float(np.asarray(losses, np.float64).sum())


def _split_layers(network: Network, vector: Floats) -> Layers:
    """Return a vector over the parameters as weights and biases by layer.

    Weights are (outputs, inputs) of a full layer, (outputs, inputs * 25) of a convolution, zero
    where its table has no pair, and (maps,) of sub-sampling.
    """
    result = {}
    for layer in network.trainable:
        own = vector[layer.offset : layer.end]
        weights, biases = np.split(own, [layer.weights])
        if layer.kind is Kind.FULL:
            weights = weights.reshape(layer.outputs[0], -1)
        elif layer.kind is not Kind.SUBSAMPLING:
            dense = np.zeros((layer.outputs[0], layer.inputs[0], layer.kernel**2), np.float32)
            dense[tuple(_list_pairs(layer).T)] = weights.reshape(-1, layer.kernel**2)
            weights = dense.reshape(len(dense), -1)
        result[layer.name] = (weights, biases)
    return result


def _list_pairs(layer: Layer) -> NDArray[np.int32]:
    """Return the maps that a convolution connects, (pairs, 2): of the output, of the input."""
    pairs = [(output, given) for output, row in enumerate(layer.table) for given in row]
    return np.array(pairs, np.int32)


def _train(jax: Any, begin: Start, parameters: Layers, inputs: Any, labels: Any) -> Any:
    steps = _split_layers(begin.network, begin.steps)

    def step(parameters: Layers, pattern: Any) -> Any:
        value, gradient = jax.value_and_grad(partial(_loss, jax, begin))(parameters, *pattern)
        return jax.tree.map(lambda p, s, g: p - s * g, parameters, steps, gradient), value

    return jax.lax.scan(step, parameters, (inputs, labels))


def _loss(jax: Any, begin: Start, parameters: Layers, field: Any, label: Any) -> Any:
    """Equation 9 for one pattern, float32 (32, 32)."""
    jnp, rules = jax.numpy, begin.rules

    def squash(sums: Any) -> Any:
        return rules.squashing.amplitude * jnp.tanh(rules.squashing.slope * sums)

    def convolve(name: str, x: Any) -> Any:
        weights, biases = parameters[name]
        side = x.shape[-1] - 4
        shifted = [x[:, i : i + side, j : j + side] for i in range(5) for j in range(5)]
        fields = jnp.stack(shifted, 1).reshape(-1, side * side)
        return squash(weights @ fields + biases[:, None]).reshape(-1, side, side)

    def subsample(name: str, x: Any) -> Any:
        weights, biases = parameters[name]
        four = x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]
        sums = rules.subsampling.share * four
        return squash(weights[:, None, None] * sums + biases[:, None, None])

    def full(name: str, x: Any) -> Any:
        weights, biases = parameters[name]
        return squash(weights @ x + biases)

    maps = subsample("S4", convolve("C3", subsample("S2", convolve("C1", field[None]))))
    outputs = full("F6", full("C5", maps.reshape(-1)))
    penalties = rules.criterion.distance * ((outputs - begin.network.codes) ** 2).sum(1)
    all_classes = jnp.exp(-rules.criterion.j) + jnp.exp(-penalties).sum()
    return (penalties[label] + jnp.log(all_classes)) / rules.criterion.divisor


class Modern:
    """LeNet-5 as usually built today, which does other work: Adam, batch by batch."""

    def __init__(self, begin: Start, recipe: ModernRecipe) -> None:
        """Resize the images of ``begin``, which is not timed."""
        self.what = f"LeNet-5 as usually built today, torch {importlib.metadata.version('torch')}"
        self._batch = recipe.batch
        self._learner = Learner(recipe.seed, recipe.learning_rate)
        self._images = resize(begin.images)
        self._labels = torch.from_numpy(begin.labels.astype(np.int64))

    def train(self, patterns: int) -> float:
        """Update after each batch of the first ``patterns``; return the sum of their losses."""
        losses = 0.0
        for first in range(0, patterns, self._batch):
            batch = slice(first, min(first + self._batch, patterns))
            losses += self._learner.step(self._images[batch], self._labels[batch])[0]
        return losses


def build_peers(start: Start, scratch: Path) -> dict[str, Any]:
    """Return the peers that this machine has, and print why others are left out."""
    peers: dict[str, Any] = {}
    try:
        peers["c"] = PlainC(start, scratch)
    except ReplicationError as reason:
        print(reason, flush=True)
    try:
        peers["jax"] = Jax(start)
    except ModuleNotFoundError:
        print(JAX_MISSING, flush=True)
    return {**peers, "eager": Eager(start)}


def check_losses(name: str, theirs: float, ours: float) -> float:
    """Return the relative difference of two sums of losses.

    Raises ReplicationError above `AGREEMENT`.
    """
    difference = abs(theirs - ours) / abs(ours)
    if not difference <= AGREEMENT:
        raise ReplicationError(
            f"bench: over the first patterns the losses of {name} sum to {theirs:.6g}, ours to "
            f"{ours:.6g}, so they do not do the same work and are not timed: correct {_SOURCES}"
        )
    return difference
