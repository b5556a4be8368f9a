"""Stochastic diagonal Levenberg-Marquardt: Appendix C, equations 18 to 27, pp. 41-42.

Each parameter has its own step size eta / (mu + h_kk). h_kk, the Gauss-Newton estimate of the
second derivative, is the mean over some patterns of the sum over the connections that share the
parameter, back-propagated with squared weights and squared slopes (equations 25 to 27), so it is
never negative. It is estimated before each pass and kept for the pass, or for several.
"""

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.optimisers import Situation
from replication.core.learning.presentations import choose_hessian_patterns
from replication.core.settings import Section


class Options(Section):
    """None here: params.yaml has its settings in the group ``sdlm``."""


def steps(situation: Situation, options: Options) -> NDArray[np.float32]:
    """Return the steps of equation 19, h_kk estimated on the patterns that ``sdlm`` names."""
    del options
    recipe, pool, memory = situation.recipe, situation.pool, situation.memory
    if situation.turn % recipe.sdlm.lasts:
        curvatures: NDArray[np.floating] = memory["curvatures"]
    else:
        numbers = choose_hessian_patterns(recipe, situation.replicate, pool.size, situation.turn)
        sample = pool.show(numbers)
        curvatures = situation.engine.curvature(
            situation.parameters, sample.images, sample.order, recipe.sdlm
        )
        if recipe.sdlm.lasts > 1:
            memory["curvatures"] = curvatures.astype(np.float64)
    return step_sizes(curvatures, situation.learning_rate, recipe.sdlm.mu)


def step_sizes(
    curvatures: NDArray[np.floating], learning_rate: float, mu: float
) -> NDArray[np.float32]:
    """Return eta / (mu + h_kk) for each parameter, float32: equation 19."""
    return (learning_rate / (mu + curvatures.astype(np.float64))).astype(np.float32)
