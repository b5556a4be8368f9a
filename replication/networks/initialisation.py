"""Initial weights: Appendix A, p. 41."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replication.networks.specification import Kind, Layer, Network
from replication.settings import Recipe


def initial_parameters(
    network: Network, recipe: Recipe, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Uniform between -r and r, r = range / F ** power, F the fan-in of the weight's unit.

    Returns a parameter vector (network.parameters,). Biases are drawn from the range of their
    unit's weights, or are zero.
    """
    rules = recipe.initialisation
    ranges = np.concatenate(
        [_fan_ins(layer, recipe.subsampling.fan_in) for layer in network.trainable]
    )
    values = generator.uniform(-1.0, 1.0, network.parameters) * rules.range / ranges**rules.power
    if rules.biases == "zero":
        for layer in network.trainable:
            values[layer.offset + layer.weights : layer.end] = 0.0
    return values.astype(np.float32)


def _fan_ins(layer: Layer, subsampling_fan_in: int) -> NDArray[np.float64]:
    """The fan-in of the unit that each of the layer's parameters belongs to, in their order."""
    maps = range(layer.outputs[0])
    units = np.array([layer.fan_in(number, subsampling_fan_in) for number in maps], dtype=float)
    if layer.kind is Kind.SUBSAMPLING:
        return np.concatenate([units, units])
    return np.concatenate([np.repeat(units, units.astype(int)), units])
