"""The training of a full connection that reads the image: only the weights of its ink are touched.

Most pixels of a field are background, all of one level g. With x_j = g + x'_j, where x'_j is zero
but for *ink*, the pixels whose grey level is not 0, unit u has the weighted sum

    a = b + g R + sum over ink of w_j x'_j,    R = sum over all pixels of w_j,

and of its update, w_j -= s_j delta (g + x'_j), every weight takes the part with g. That part is
only noted: with G = g times the sum of the unit's deltas so far, what is kept of a weight is

    v_j = w_j + s_j G,

which changes for ink alone. With S = sum over all pixels of s_j, V = sum over ink of v_j x'_j and
T = sum over ink of s_j x'_j,

    a = b + g R + V - G T;    then R -= delta (g S + T), G += g delta, v_j -= s_j delta x'_j.

In real numbers nothing has changed. R, S, G and the sum a are float64; v, V and T have the
precision of the run.

The state lives for a pass. `begin` makes it from the weights and steps of the pass: G is zero, and
R and S are added up again, so that no rounding is carried from one pass to the next. `read_out`
gives w_j = v_j - s_j G after any presentation and changes nothing, so that neither the calls that
a pass is cut into nor the places where it is read change a byte.

This is a kind of layer of its own in training alone (`training_plan`). Classes, gradients and
curvatures take the weights as they are for one pattern or for many: there the layer is a full
connection like any other (full.py).

For each 64 units and each pixel, the 64 v and the 64 s lie side by side. The lanes of a vector are
units: no sum crosses lanes, and each unit's sums over ink have the order of the pixels, however
many units are in registers at a time. (Columns of all units at once would lie 4096 bytes and more
apart, and share few places of the processor's cache.)
"""

from typing import Any, NamedTuple

import numpy as np

from replication.core.arithmetic.blocks import (
    MANY,
    add_columns,
    load_block,
    store_block,
    subtract_columns,
    zeros,
)
from replication.core.arithmetic.llvm import LANES
from replication.core.arithmetic.vectors import fetch, load, subtract
from replication.core.compiled import inlined, kernel
from replication.core.learning.kernels.layout import (
    FULL,
    INK,
    Bytes,
    Floats,
    Integers,
    Levels,
    Place,
    Plan,
    aligned,
    whole,
)
from replication.core.learning.kernels.squashing import Sweep

UNITS = 64
COLUMN = 2 * UNITS
# Vectors of units in registers at a time.
VECTORS = 4 if MANY else 2
# More bytes of columns than this do not stay in a core's own cache: they are fetched so many
# pixels ahead.
NEAR, AHEAD = 2**22, 8


class Ink(NamedTuple):
    """What a pass keeps of the first layer, and the ink of the pattern in hand."""

    columns: Floats  # v and s, laid out as said above; zero for the units that fill up the last 64
    # weight_sums, step_sums, shifts: (units,) float64, R, S and G
    weight_sums: Floats
    step_sums: Floats
    shifts: Floats
    # ink_weights, ink_steps: (units,) V and T
    ink_weights: Floats
    ink_steps: Floats
    # places, greys, levels: (pixels + AHEAD,) of each pixel of ink in order, where its column
    # begins among those of the first 64 units, its grey level, and x'
    places: Integers
    greys: Bytes
    levels: Floats
    # amount, ground: (1,) how many pixels of ink there are, and g
    amount: Integers
    ground: Floats


def training_plan(plan: Plan) -> Plan:
    """Return ``plan`` with a full connection that reads the field as a layer of ink."""
    layers = plan.layers.copy()
    if layers["kind"][1] == FULL:
        layers["kind"][1] = INK
    return plan._replace(layers=layers)


def state(plan: Plan) -> Ink:
    """Return room for the state of the first layer of ``plan``, zeroed; none if it is no `FULL`."""
    field, layer, dtype = plan.layers[0], plan.layers[1], plan.codes.dtype
    units = whole(int(layer["maps"]), UNITS) if layer["kind"] == FULL else 0
    pixels = int(field["height"] * field["width"])
    return Ink(
        columns=aligned(2 * pixels * units, dtype),
        weight_sums=np.zeros(units),
        step_sums=np.zeros(units),
        shifts=np.zeros(units),
        ink_weights=aligned(units, dtype),
        ink_steps=aligned(units, dtype),
        places=np.zeros(pixels + AHEAD, np.int64),
        greys=np.zeros(pixels + AHEAD, np.uint8),
        levels=np.zeros(pixels + AHEAD, dtype),
        amount=np.zeros(1, np.int64),
        ground=np.zeros(1, dtype),
    )


@kernel
def begin(plan: Plan, weights: Floats, steps: Floats, ink: Ink) -> None:
    """Begin a pass with ``weights`` and ``steps``, laid out as layout.py says."""
    pixels = plan.layers[0].height * plan.layers[0].width
    if plan.layers[1].kind == INK:
        for unit in range(plan.layers[1].maps):
            k, weight_sum, step_sum = _first_column(pixels, unit), 0.0, 0.0
            for pixel in range(pixels):
                place = plan.places[unit * pixels + pixel]
                ink.columns[k], ink.columns[k + UNITS] = weights[place], steps[place]
                weight_sum += np.float64(weights[place])
                step_sum += np.float64(steps[place])
                k += COLUMN
            ink.weight_sums[unit], ink.step_sums[unit] = weight_sum, step_sum
            ink.shifts[unit] = 0.0


@kernel
def read_out(plan: Plan, ink: Ink, weights: Floats) -> None:
    """Write to ``weights`` those of the first layer after the presentations so far."""
    pixels = plan.layers[0].height * plan.layers[0].width
    if plan.layers[1].kind == INK:
        for unit in range(plan.layers[1].maps):
            k, shift = _first_column(pixels, unit), ink.shifts[unit]
            for pixel in range(pixels):
                weight = np.float64(ink.columns[k]) - np.float64(ink.columns[k + UNITS]) * shift
                weights[plan.places[unit * pixels + pixel]] = weight
                k += COLUMN


@inlined
def _first_column(pixels: int, unit: int) -> int:
    """Return where v of the first pixel and of ``unit`` is kept."""
    return unit // UNITS * pixels * COLUMN + unit % UNITS


@inlined
def show(field: Place, image: Bytes, levels: Levels, ink: Ink) -> None:
    """Note the ink of an ``image`` in the middle of the ``field``."""
    height, width = image.shape
    first = (field.height - height) // 2 * field.width + (field.width - width) // 2
    n = np.uint64(0)  # without a sign, or every index would be asked whether it is negative
    for line in range(height):
        for column in range(width):
            grey = image[line, column]
            ink.places[n], ink.greys[n] = (first + column) * COLUMN, grey
            n += np.uint64(grey != 0)
        first += field.width
    ink.amount[0], ink.ground[0] = n, levels.background
    for pixel in range(ink.amount[0]):
        ink.levels[pixel] = levels.scale * ink.levels.dtype.type(ink.greys[pixel])


@inlined
def forward(layer: Place, field: Place, weights: Floats, values: Floats, ink: Ink) -> None:
    """Fill in the weighted sums of every unit."""
    pixels = field.height * field.width
    gather(layer.maps, pixels, ink, zeros(ink.columns, 2, VECTORS, LANES))
    ground = np.float64(ink.ground[0])
    biases = weights[layer.biases : layer.biases + layer.maps]
    sums = values[layer.start : layer.start + layer.maps]
    for unit in range(sums.size):
        everywhere = np.float64(biases[unit]) + ground * ink.weight_sums[unit]
        of_ink = np.float64(ink.ink_weights[unit])
        of_ink -= ink.shifts[unit] * np.float64(ink.ink_steps[unit])
        sums[unit] = everywhere + of_ink


@inlined
def update(layer: Place, field: Place, sweep: Sweep, ink: Ink) -> None:
    """Subtract steps times derivatives, of the pattern that `forward` was given before."""
    pixels, ground = field.height * field.width, np.float64(ink.ground[0])
    deltas = sweep.deltas[layer.deltas :]
    for unit in range(0, layer.maps, LANES):
        subtract(sweep.sink, sweep.scale, layer.biases + unit, load(deltas, unit))
    for unit in range(layer.maps):
        delta = np.float64(deltas[unit])
        derivative = ground * ink.step_sums[unit] + np.float64(ink.ink_steps[unit])
        ink.weight_sums[unit] -= delta * derivative
        ink.shifts[unit] += ground * delta
    spread(layer.maps, pixels, ink, deltas, zeros(ink.columns, 1, VECTORS, LANES))


@inlined
def gather(units: int, pixels: int, ink: Ink, block: Any) -> None:
    """Fill in V and T, of as many units at a time as a row of ``block``, of zeros, has lanes."""
    width = LANES * len(block[0])
    far = ink.columns.size * ink.columns.itemsize > NEAR
    for unit in range(0, units, width):
        first = _first_column(pixels, unit)
        sums, starts = block, (first, first + UNITS)
        for n in range(ink.amount[0]):
            if far:
                _fetch(ink, first + ink.places[n + AHEAD], width)
            sums = add_columns(sums, ink.columns, starts, ink.places[n], ink.levels[n])
        store_block(ink.ink_weights, (unit,), 0, sums[:1])
        store_block(ink.ink_steps, (unit,), 0, sums[1:])


@inlined
def spread(units: int, pixels: int, ink: Ink, deltas: Floats, block: Any) -> None:
    """Update v, of as many units at a time as the row of ``block`` has lanes."""
    width = LANES * len(block[0])
    far = ink.columns.size * ink.columns.itemsize > NEAR
    for unit in range(0, units, width):
        first = _first_column(pixels, unit)
        row = load_block(block, deltas, (unit,), 0)[0]
        for n in range(ink.amount[0]):
            if far:
                _fetch(ink, first + ink.places[n + AHEAD], width)
            k = first + ink.places[n]
            subtract_columns(ink.columns, k, k + UNITS, row, ink.levels[n])


@inlined
def _fetch(ink: Ink, k: int, width: int) -> None:
    for lane in range(0, width, LANES):
        fetch(ink.columns, k + lane)
        fetch(ink.columns, k + UNITS + lane)
