"""Stochastic diagonal Levenberg-Marquardt: Appendix C, equations 18 to 27, pp. 41-42.

Each parameter has its own step size eta / (mu + h_kk). h_kk, the Gauss-Newton estimate of the
second derivative, is the mean over some patterns of the sum over the connections that share the
parameter, back-propagated with squared weights and squared slopes (equations 25 to 27), so it is
never negative. It is estimated anew before each pass and kept for the pass.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replication.networks.specification import Network


def step_sizes(
    curvatures: NDArray[np.float32], learning_rate: float, mu: float
) -> NDArray[np.float32]:
    """Equation 19: eta / (mu + h_kk) for each parameter.

    ``curvatures`` are not negative; ``learning_rate`` (eta) and ``mu`` are positive.
    """
    return (learning_rate / (mu + curvatures.astype(np.float64))).astype(np.float32)


def ranges(network: Network, steps: NDArray[np.float32]) -> dict[str, float]:
    """Least and greatest step size of each layer: ``step_C1_min``, ``step_C1_max``, ..."""
    result = {}
    for layer in network.trainable:
        own = steps[layer.offset : layer.end]
        result[f"step_{layer.name}_min"] = float(own.min())
        result[f"step_{layer.name}_max"] = float(own.max())
    return result
