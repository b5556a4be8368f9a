"""A whole network in the kernels, and what the engine calls: each call one loop over patterns.

The backward pass is linear in weights, values and slopes. With all three squared it is the
recursion of equations 25 to 27 (Appendix C, p. 42), so gradients and curvatures share one code.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.compiled import kernel
from replication.core.learning.kernels import convolution, criterion, full, subsampling
from replication.core.learning.kernels.criterion import Answer, Criterion
from replication.core.learning.kernels.plan import (
    CONVOLUTION,
    FIELD,
    FULL,
    SUBSAMPLING,
    Plan,
    zeros,
)
from replication.core.learning.kernels.squashing import multiply_by_slopes, slope_of, squash


class Rules(NamedTuple):
    """The scalars of a network and its criterion, in the precision of the run.

    Attributes:
        amplitude: A of the squashing function A tanh(S a).
        slope: S.
        share: weight of each of the four inputs of a sub-sampling unit: 1 added, 1/4 averaged.
        criterion: what is minimised.
    """

    amplitude: Any
    slope: Any
    share: Any
    criterion: Criterion


class Memory(NamedTuple):
    """Working memory of one network: made by `memory`, one for each thread.

    Attributes:
        values, deltas, sums: of every unit, laid out as plan.py says: the output, the derivative
            of the criterion by the weighted sum, and what a sub-sampling unit's coefficient
            multiplies.
        earlier: the input field of the pattern before.
        answer: what the network says of the pattern in hand.
    """

    values: NDArray[Any]
    deltas: NDArray[Any]
    sums: NDArray[Any]
    earlier: NDArray[Any]
    answer: Answer


def memory(plan: Plan) -> Memory:
    """Working memory for ``plan``, zeroed."""
    dtype = plan.codes.dtype
    values, deltas, sums = (zeros(plan.values, dtype) for _ in range(3))
    answer = Answer(np.zeros(plan.classes, dtype), np.zeros(plan.classes))
    earlier = zeros(plan.layers[0]["size"], dtype)
    return Memory(values, deltas, sums, earlier, answer)


@kernel
def show(plan: Any, image: Any, levels: Any, values: Any) -> None:
    """Put an image of grey levels into the middle of the input field, through ``levels`` (256,)."""
    side = plan.layers[0].height
    height, width = image.shape
    values[: side * side] = levels[0]
    x = (side - height) // 2 * side + (side - width) // 2
    for line in image:
        place = values[x : x + width]
        for column in range(width):
            place[column] = levels[line[column]]
        x += side


@kernel
def forward(plan: Any, rules: Any, weights: Any, memory: Any, begun: bool) -> None:
    """Values and sums of every unit from the input field upwards, and the penalties.

    ``begun``: whether the weighted sums of the first layer are there already.
    """
    values = memory.values
    for n in range(1, plan.layers.size):
        layer, before = plan.layers[n], plan.layers[n - 1]
        if n > 1 or not begun:
            if layer.kind == CONVOLUTION:
                convolution.forward(layer, before, plan.pairs, weights, values)
            elif layer.kind == SUBSAMPLING:
                subsampling.forward(layer, before, weights, values, memory.sums, rules.share)
            else:
                full.forward(layer, before, weights, values)
        squash(values[layer.start : layer.start + layer.size], rules.amplitude, rules.slope)
    criterion.penalties(rules.criterion, plan.layers[-1], values, memory.answer)


@kernel
def backward(
    plan: Any, share: Any, slope: Any, weights: Any, values: Any, sums: Any, memory: Any,
    sink: Any, scale: Any,
) -> None:  # fmt: skip
    """Propagate the last layer's derivatives down, and subtract ``scale`` times the result.

    On entry the last layer's place in ``memory.deltas`` holds the derivatives by its outputs.
    ``values`` are ``memory.values`` or their squares; the slopes follow from the former.
    ``sink`` may be ``weights`` itself: a layer's weights change only after they have been used. A
    full connection that reads the input field is left out: its update may wait (see `train`).
    """
    outputs, deltas = memory.values, memory.deltas
    for n in range(plan.layers.size - 1, 0, -1):
        layer, before = plan.layers[n], plan.layers[n - 1]
        if layer.kind != CONVOLUTION:  # the sub-sampling that reads one multiplies its own
            multiply_by_slopes(slope, layer, outputs, deltas)
        if before.kind != FIELD:
            deltas[before.start : before.start + before.size] = 0
        if layer.kind == SUBSAMPLING:
            subsampling.backward(
                layer, before, slope, weights, outputs, sums, deltas, share, sink, scale
            )
        elif layer.kind == CONVOLUTION:
            if before.kind != FIELD:
                convolution.backward(layer, before, plan.pairs, weights, deltas)
            convolution.update(layer, before, plan.pairs, values, deltas, sink, scale)
        elif before.kind != FIELD:
            full.backward(layer, before, weights, values, deltas, sink, scale)


@kernel
def finish_backward(plan: Any, values: Any, memory: Any, sink: Any, scale: Any) -> None:
    """Make the update that `backward` left out; ``values`` begin with the input field."""
    layer, before = plan.layers[1], plan.layers[0]
    if layer.kind == FULL:
        full.update(layer, before, values, memory.deltas, sink, scale)


# --- what the engine calls -----------------------------------------------------------------------


@kernel
def train(
    plan: Any, rules: Any, weights: Any, steps: Any, images: Any, labels: Any, order: Any,
    levels: Any, memory: Any,
) -> Any:  # fmt: skip
    """Present the patterns ``order`` one by one, updating ``weights`` after each (eq. 18, p. 41).

    A full connection that reads the input field is updated together with the next pattern's
    forward pass. Returns the misses made on the way, the sum of the losses, and the number of the
    presentation whose loss was not finite any more, or -1.
    """
    misses, losses = 0, 0.0
    field, first, last = plan.layers[0], plan.layers[1], plan.layers[-1]
    waits, slope = first.kind == FULL, slope_of(rules, False)
    for n in range(order.size):
        pattern = order[n]
        label = int(labels[pattern])
        if waits:
            memory.earlier[:] = memory.values[: field.size]
        show(plan, images[pattern], levels, memory.values)
        begun = waits and n > 0
        if begun:
            full.update_and_forward(
                first, field, weights, steps, memory.deltas, memory.earlier, memory.values
            )
        forward(plan, rules, weights, memory, begun)
        loss = criterion.loss(rules.criterion, last, memory.values, memory.answer, label)
        if not math.isfinite(loss):
            return misses, losses, n
        losses += loss
        misses += criterion.best(memory.answer) != label
        criterion.gradient(
            rules.criterion, last, memory.values, memory.answer, label, memory.deltas
        )
        backward(
            plan, rules.share, slope, weights, memory.values, memory.sums, memory, weights, steps
        )
    if order.size:
        finish_backward(plan, memory.values, memory, weights, steps)
    return misses, losses, -1


@kernel
def gradient(
    plan: Any, rules: Any, weights: Any, image: Any, label: int, levels: Any, memory: Any
) -> Any:
    """Return the loss of one pattern and its gradient, a vector like ``weights``."""
    last, answer = plan.layers[-1], memory.answer
    show(plan, image, levels, memory.values)
    forward(plan, rules, weights, memory, False)
    loss = criterion.loss(rules.criterion, last, memory.values, answer, label)
    slope = slope_of(rules, False)
    criterion.gradient(rules.criterion, last, memory.values, answer, label, memory.deltas)
    result, scale = np.zeros_like(weights), -np.ones_like(weights)
    backward(plan, rules.share, slope, weights, memory.values, memory.sums, memory, result, scale)
    finish_backward(plan, memory.values, memory, result, scale)
    return loss, result


@kernel
def curvature(
    plan: Any, rules: Any, weights: Any, images: Any, subset: Any, levels: Any, memory: Any,
    start: float, squares_summed: bool,
) -> Any:  # fmt: skip
    """h_kk: the mean over ``subset`` of the Gauss-Newton second derivatives (eqs. 25-27, p. 42).

    ``start`` is the second derivative by every output of the last layer, or negative: then it is
    the criterion's own. A coefficient multiplies the sum of its four inputs; its curvature takes
    the square of that sum or, with ``squares_summed``, the sum of their squares.
    """
    last, answer = plan.layers[-1], memory.answer
    result = np.zeros_like(weights)
    scale = np.full_like(weights, -1.0 / subset.size)
    squared = weights * weights
    share, slope = rules.share * rules.share, slope_of(rules, True)
    for pattern in subset:
        show(plan, images[pattern], levels, memory.values)
        forward(plan, rules, weights, memory, False)
        if rules.criterion.kind == criterion.MAP:
            criterion.share(rules.criterion, answer)
        criterion.curvature(rules.criterion, last, memory.values, answer, start, memory.deltas)
        values = memory.values * memory.values
        sums = memory.sums * memory.sums
        if squares_summed:
            for n in range(1, plan.layers.size):
                if plan.layers[n].kind == SUBSAMPLING:
                    subsampling.sums_of_four(
                        plan.layers[n], plan.layers[n - 1], values, sums, share
                    )
        backward(plan, share, slope, squared, values, sums, memory, result, scale)
        finish_backward(plan, values, memory, result, scale)
    return result


@kernel
def classify(
    plan: Any, rules: Any, weights: Any, images: Any, levels: Any, memory: Any, penalties: Any
) -> None:
    """Fill ``penalties`` (patterns, classes): the lower the likelier."""
    for n in range(images.shape[0]):
        show(plan, images[n], levels, memory.values)
        forward(plan, rules, weights, memory, False)
        penalties[n] = memory.answer.penalties
