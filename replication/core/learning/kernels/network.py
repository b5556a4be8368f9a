"""A whole network in the kernels, and what the engine calls: each call one loop over patterns.

The backward pass is linear in weights, values and slopes. With all three squared it is the
recursion of equations 25 to 27 (Appendix C, p. 42), so gradients and curvatures share one code.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fetch, fma, load_levels, store
from replication.core.compiled import kernel, lean
from replication.core.learning.kernels import convolution, criterion, full, ink, subsampling
from replication.core.learning.kernels.criterion import Answer, Criterion
from replication.core.learning.kernels.ink import Ink
from replication.core.learning.kernels.layout import (
    CONVOLUTION,
    FIELD,
    INK,
    SUBSAMPLING,
    Bytes,
    Floats,
    Integers,
    Levels,
    Number,
    Plan,
    aligned,
)
from replication.core.learning.kernels.squashing import Slope, Sweep, multiply_by_slopes, squash


class Rules(NamedTuple):
    """The scalars of a network and its criterion, in the precision of the run."""

    amplitude: Number  # A of the squashing function A tanh(S a)
    slope: Number  # S
    share: Number  # weight of each of the four inputs of a sub-sampling unit: 1 added, 1/4 averaged
    criterion: Criterion  # what is minimised


class Memory(NamedTuple):
    """Working memory of one network: made by `memory`, one for each thread."""

    # values, sums: laid out as layout.py says: of every unit the output, and what a sub-sampling
    # unit's coefficient multiplies
    values: Floats
    sums: Floats
    deltas: Floats  # of every unit the derivative of the criterion by the weighted sum
    scratch: Floats  # room for the sums of a column of kernels
    answer: Answer  # what the network says of the pattern in hand
    ink: Ink  # the first layer in training, if it reads the field


def memory(plan: Plan) -> Memory:
    """Return working memory for ``plan``, zeroed."""
    dtype = plan.codes.dtype
    sizes = plan.values, plan.values, plan.slopes, plan.scratch
    answer = Answer(np.zeros(plan.classes, dtype), np.zeros(plan.classes))
    values, sums, deltas, scratch = (aligned(size, dtype) for size in sizes)
    return Memory(values, sums, deltas, scratch, answer, ink.state(plan))


@lean
def clear(plan: Plan, levels: Levels, values: Floats) -> None:
    """Fill the input field with the background."""
    values[: plan.layers[0].height * plan.layers[0].width] = levels.background


@lean
def show(plan: Plan, image: Bytes, levels: Levels, values: Floats) -> None:
    """Put an image of grey levels into the middle of the input field, in which is background."""
    side = plan.layers[0].height
    height, width = image.shape
    x, y, pixels = (side - height) // 2 * side + (side - width) // 2, 0, image.reshape(-1)
    last = max(width - LANES, 0)
    for _ in range(height):
        if width < LANES:
            for column in range(width):
                grey = values.dtype.type(pixels[y + column])
                values[x + column] = fma(grey, levels.scale, levels.background)
        else:
            for column in range(0, width, LANES):
                at = min(column, last)
                store(values, x + at, load_levels(pixels, y + at, levels.scale, levels.background))
        x += side
        y += width


@lean
def fetch_image(image: Bytes) -> None:
    """Have the processor's cache fetch ``image``, which is shown next."""
    pixels = image.reshape(-1)
    for pixel in range(0, pixels.size, 64):
        fetch(pixels, pixel)


@lean
def forward(plan: Plan, rules: Rules, weights: Floats, memory: Memory) -> None:
    """Fill in values and sums of every unit from the input field upwards, and the penalties."""
    values = memory.values
    for n in range(1, plan.layers.size):
        layer, below = plan.layers[n], plan.layers[n - 1]
        if layer.kind == CONVOLUTION:
            convolution.pack(layer, below, values)
            convolution.forward(plan, layer, weights, values)
        elif layer.kind == SUBSAMPLING:
            subsampling.forward(layer, below, weights, values, memory.sums, rules.share)
        elif layer.kind == INK:
            ink.forward(layer, below, weights, values, memory.ink)
        else:
            full.forward(layer, below, weights, values)
        squash(values[layer.start : layer.start + layer.size], rules.amplitude, rules.slope)
    criterion.penalties(rules.criterion, plan.layers[-1], values, memory.answer)


@lean
def backward(plan: Plan, sweep: Sweep, first: Ink) -> None:
    """Propagate the last layer's derivatives down, and subtract ``scale`` times the result.

    On entry the last layer's place in ``deltas`` holds the derivatives by its outputs.
    """
    for n in range(plan.layers.size - 1, 0, -1):
        layer, below = plan.layers[n], plan.layers[n - 1]
        if layer.kind == SUBSAMPLING:  # multiplies by its own slopes, and by those of the next one
            subsampling.backward(layer, below, sweep)
        elif layer.kind == CONVOLUTION:
            if below.kind != FIELD:
                convolution.backward(plan, layer, below, sweep)
            convolution.update(plan, layer, sweep)
        else:
            multiply_by_slopes(sweep.slope, layer, sweep.outputs, sweep.deltas)
            if layer.kind == INK:
                ink.update(layer, below, sweep, first)
            else:
                full.backward(layer, below, sweep)


@lean
def slope(rules: Rules, squared: bool) -> Any:
    """Return the `Slope` of the squashing function, or its square."""
    return Slope(rules.slope * rules.amplitude, rules.slope / rules.amplitude, squared)


@lean
def train(
    plan: Plan, rules: Rules, weights: Floats, steps: Floats, images: Bytes, labels: Any,
    order: Integers, levels: Levels, memory: Memory,
) -> Any:  # fmt: skip
    """Present the patterns ``order`` one by one, updating ``weights`` after each (eq. 18, p. 41).

    Return the misses made on the way, the sum of the losses, and the number of the presentation
    whose loss was not finite any more, or -1.
    """
    misses, losses, last = 0, 0.0, plan.layers[-1]
    values, sums, deltas, scratch = memory.values, memory.sums, memory.deltas, memory.scratch
    reads_ink, of_outputs = plan.layers[1].kind == INK, slope(rules, False)
    sweep = Sweep(
        weights, values, values, sums, deltas, scratch, of_outputs, rules.share, weights, steps,
        True,
    )  # fmt: skip
    clear(plan, levels, memory.values)
    for n in range(order.size):
        label = int(labels[order[n]])
        if reads_ink:
            ink.show(plan.layers[0], images[order[n]], levels, memory.ink)
        else:
            show(plan, images[order[n]], levels, memory.values)
        fetch_image(images[order[min(n + 1, order.size - 1)]])
        forward(plan, rules, weights, memory)
        loss = criterion.loss(rules.criterion, last, memory.values, memory.answer, label)
        if not math.isfinite(loss):
            return misses, losses, n
        losses += loss
        misses += criterion.best(memory.answer) != label
        criterion.gradient(
            rules.criterion, last, memory.values, memory.answer, label, memory.deltas
        )
        backward(plan, sweep, memory.ink)
    return misses, losses, -1


@kernel
def gradient(
    plan: Plan, rules: Rules, weights: Floats, image: Bytes, label: int, levels: Levels,
    memory: Memory,
) -> Any:  # fmt: skip
    """Return the loss of one pattern and its gradient, a vector like ``weights``."""
    last, answer = plan.layers[-1], memory.answer
    clear(plan, levels, memory.values)
    show(plan, image, levels, memory.values)
    forward(plan, rules, weights, memory)
    loss = criterion.loss(rules.criterion, last, memory.values, answer, label)
    criterion.gradient(rules.criterion, last, memory.values, answer, label, memory.deltas)
    result, scale = np.zeros_like(weights), -np.ones_like(weights)
    sweep = Sweep(
        weights, memory.values, memory.values, memory.sums, memory.deltas, memory.scratch,
        slope(rules, False), rules.share, result, scale, False,
    )  # fmt: skip
    backward(plan, sweep, memory.ink)
    return loss, result


@kernel
def curvature(
    plan: Plan, rules: Rules, weights: Floats, images: Bytes, subset: Integers, levels: Levels,
    memory: Memory, start: float, squares_summed: bool,
) -> Any:  # fmt: skip
    """Return h_kk: the mean over ``subset`` of the Gauss-Newton second derivatives (eqs. 25-27).

    ``start`` is the second derivative by every output of the last layer, or negative: then it is
    the criterion's own. A coefficient's curvature takes the square of the sum of its four inputs
    or, with ``squares_summed``, the sum of their squares.
    """
    last, answer = plan.layers[-1], memory.answer
    result = np.zeros_like(weights)
    scale = np.full_like(weights, -1.0 / subset.size)
    squares = weights * weights
    clear(plan, levels, memory.values)
    for pattern in subset:
        show(plan, images[pattern], levels, memory.values)
        forward(plan, rules, weights, memory)
        if rules.criterion.kind == criterion.MAP:
            criterion.share(rules.criterion, answer)
        criterion.curvature(rules.criterion, last, memory.values, answer, start, memory.deltas)
        values, sums = memory.values * memory.values, memory.sums * memory.sums
        sweep = Sweep(
            squares, memory.values, values, sums, memory.deltas, memory.scratch,
            slope(rules, True), rules.share * rules.share, result, scale, False,
        )  # fmt: skip
        if squares_summed:
            for n in range(1, plan.layers.size):
                if plan.layers[n].kind == SUBSAMPLING:
                    subsampling.sums_of_four(
                        plan.layers[n], plan.layers[n - 1], values, sums, sweep.share
                    )
        backward(plan, sweep, memory.ink)
    return result


@kernel
def classify(
    plan: Plan, rules: Rules, weights: Floats, images: Bytes, levels: Levels, memory: Memory,
    penalties: Floats,
) -> None:  # fmt: skip
    """Fill ``penalties`` (patterns, classes): the lower the likelier."""
    clear(plan, levels, memory.values)
    for n in range(images.shape[0]):
        show(plan, images[n], levels, memory.values)
        forward(plan, rules, weights, memory)
        penalties[n] = memory.answer.penalties
