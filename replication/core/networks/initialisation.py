"""Initial weights: Appendix A, p. 41.

A power of floating-point numbers differs from one mathematical library to the next, so that of the
fan-in is taken in decimal arithmetic, which is the same everywhere.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from replication.core.networks.specification import Kind, Layer, Network
from replication.core.settings import Recipe


def draw_initial_parameters(
    network: Network, recipe: Recipe, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Draw uniformly between -r and r, r = range / F ** power, F the fan-in of the unit.

    Returns a parameter vector (network.parameters,). Biases are drawn from the range of their
    unit's weights, or are zero; the coefficients of sub-sampling layers are drawn like weights, or
    are r itself.
    """
    rules = recipe.initialisation
    values = generator.uniform(-1.0, 1.0, network.parameters)
    for layer in network.trainable:
        biases = layer.offset + layer.weights
        reach = _reach(layer, recipe)
        values[layer.offset : biases] *= np.repeat(reach, layer.weights_per_map)
        values[biases : layer.end] *= 0.0 if rules.biases == "zero" else reach
        if layer.kind is Kind.SUBSAMPLING and rules.coefficients == "constant":
            values[layer.offset : biases] = reach
    return values.astype(np.float32)


def _reach(layer: Layer, recipe: Recipe) -> NDArray[np.float64]:
    """Return range / F ** power for each map of the layer, the power in decimal arithmetic."""
    rules = recipe.initialisation
    maps = range(layer.outputs[0])
    fan_ins = [layer.fan_in(number, recipe.subsampling.fan_in) for number in maps]
    power = Decimal(repr(rules.power))
    roots = {fan_in: float(Decimal(fan_in) ** power) for fan_in in set(fan_ins)}
    return np.array([rules.range / roots[fan_in] for fan_in in fan_ins])
