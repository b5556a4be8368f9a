"""LeNet-5 of 1998 in JAX, as one compiled scan over the patterns: a peer of the kernels.

So written that it is fast: convolutions are products of the kernels with all their receptive fields
side by side (XLA's own are made for batches), each layer has arrays of its own (to put gradients
together to one vector takes longer than all else), and C3's kernels fill a matrix in which those
that Table I leaves out are zero and stay so, their steps being zero. JAX is an optional extra.
"""

import os
from functools import partial
from typing import Any

import numpy as np

from replication.core.networks.specification import Kind, Layer, Network
from replication.studies.bench.peers import Floats, Start

# Read by XLA when it starts.
_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
MISSING = "JAX is not installed (`pip install 'lenet-replication[peers]'`), so it is not timed."

Layers = dict[str, tuple[Any, Any]]


class Jax:
    """A network in training by JAX."""

    def __init__(self, begin: Start) -> None:
        """Raises ModuleNotFoundError where JAX is not installed."""
        os.environ.setdefault("XLA_FLAGS", _ONE_THREAD)
        import jax

        self.what = f"JAX {jax.__version__}, jit and scan, convolutions as products"
        self._parameters: Any = layers(begin.network, begin.parameters)
        self._inputs, self._labels = begin.inputs, begin.labels.astype(np.int32)
        self._run = jax.jit(partial(_train, jax, begin))

    def train(self, patterns: int) -> float:
        """As `Peer.train`; compiled again for another number of patterns."""
        self._parameters, losses = self._run(
            self._parameters, self._inputs[:patterns], self._labels[:patterns]
        )
        return float(np.asarray(losses, np.float64).sum())


def layers(network: Network, vector: Floats) -> Layers:
    """A vector over the parameters as weights and biases by layer.

    Weights are (outputs, inputs) of a full layer, (outputs, inputs * 25) of a convolution, zero
    where its table has no pair, and (maps,) of sub-sampling.
    """
    result = {}
    for layer in network.trainable:
        own = vector[layer.offset : layer.end]
        result[layer.name] = (_matrix(layer, own[: layer.weights]), own[layer.weights :])
    return result


def _matrix(layer: Layer, weights: Floats) -> Floats:
    if layer.kind is Kind.SUBSAMPLING:
        return weights
    if layer.kind is Kind.FULL:
        return weights.reshape(layer.outputs[0], -1)
    pairs = [(o, m) for o, row in enumerate(layer.table) for m in row]
    dense = np.zeros((layer.outputs[0], layer.inputs[0], layer.kernel**2), np.float32)
    for pair, kernel in zip(pairs, weights.reshape(len(pairs), -1), strict=True):
        dense[pair] = kernel
    return dense.reshape(len(dense), -1)


def _train(jax: Any, begin: Start, parameters: Layers, inputs: Any, labels: Any) -> Any:
    steps = layers(begin.network, begin.steps)

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
