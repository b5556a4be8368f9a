"""The criteria, written to be read: what is minimised, pattern by pattern.

A penalty y_i is ``distance`` (1 in equation 7, p. 8) times the squared distance of F6 to code i.

* ``mle``, equation 8 (p. 9): the penalty y_D of the correct class D.
* ``map``, equation 9 (p. 9): y_D + log(exp(-j) + sum over the classes of exp(-y_i)); the constant
  exp(-j) stands for a class of rubbish with the penalty j.
* ``squared-error``: the sum over the outputs of (output - target)^2, targets +1 and -1, for the
  networks without RBF units; their penalties are the outputs with the sign changed.

Each is divided by ``divisor``; the paper prints none (paper_notes.md). The tests hold the kernels'
own versions against these, and these against finite differences.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor

from replication.core.settings import Criterion


def penalties(rules: Criterion, outputs: Tensor, codes: Tensor) -> Tensor:
    """Return (..., classes) for the last layer's ``outputs`` (..., components) and ``codes``.

    ``codes`` are (classes, components), or empty for a network whose outputs are the scores.
    """
    if not codes.numel():
        return -outputs
    return rules.distance * ((outputs[..., None, :] - codes) ** 2).sum(dim=-1)


def value(rules: Criterion, penalty: Tensor, labels: Tensor) -> Tensor:
    """Return the criterion of each pattern, (patterns,), from penalties (patterns, classes)."""
    if rules.name == "squared-error":
        targets = 2.0 * functional.one_hot(labels, penalty.shape[1]) - 1.0
        return ((-penalty - targets) ** 2).sum(dim=1) / rules.divisor
    result = penalty.gather(1, labels[:, None])[:, 0]
    if rules.name == "map":
        rubbish = penalty.new_full((len(penalty), 1), -rules.j)
        result = result + torch.logsumexp(torch.cat([rubbish, -penalty], dim=1), dim=1)
    return result / rules.divisor


def curvature(rules: Criterion, outputs: Tensor, codes: Tensor) -> Tensor:
    """Return second derivatives of `value` by each of ``outputs`` (patterns, components).

    What Appendix C starts from: exact, depending on no label, never negative. For equation 9, with
    shares p_i and slopes s_i = 2 distance (output - code_i), they are 2 distance (1 - sum p_i) +
    sum p_i s_i^2 - (sum p_i s_i)^2: with the variance of the slopes over the classes and rubbish.
    """
    if rules.name == "squared-error":
        return torch.full_like(outputs, 2.0 / rules.divisor)
    factor = 2.0 * rules.distance
    if rules.name == "mle":
        return torch.full_like(outputs, factor / rules.divisor)
    penalty = penalties(rules, outputs, codes)
    rubbish = penalty.new_full((len(penalty), 1), -rules.j)
    shares = torch.softmax(torch.cat([-penalty, rubbish], dim=1), dim=1)[:, :-1, None]
    slopes = factor * (outputs[:, None, :] - codes)
    spread = (shares * slopes**2).sum(dim=1) - (shares * slopes).sum(dim=1) ** 2
    return (factor * (1.0 - shares.sum(dim=1)) + spread.clamp(min=0.0)) / rules.divisor
