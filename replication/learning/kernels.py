"""Compiled kernels: forward, backward, curvature, update, and one whole pass as a single call.

All compiled code of the learning machinery is in this file, because Numba's disk cache does not
see an edit in another one; the cache lies in a folder named after this file's content, outside the
repository, so it is never stale.

Legend: m input map, o output map, p position in a map (rows joined, see plan.py), s row stride,
w weights, d deltas, t kernel tap. Vectors are float32 in training and float64 in tests.

The backward pass is linear in weights, values and slopes. With all three squared it is the
recursion of equations 25 to 27 (Appendix C, p. 42), so gradients and curvatures share one code.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from replication.learning.plan import (
    BIASES,
    CONVOLUTION,
    DELTA_MAP,
    DELTA_START,
    FIRST_DOWN,
    FIRST_PAIR,
    FIRST_UP,
    FULL,
    HEIGHT,
    INPUT,
    KIND,
    LAST_DOWN,
    LAST_PAIR,
    LAST_UP,
    LEADS,
    LENGTH,
    MAP,
    MAPS,
    OUTPUT,
    START,
    STRIDE,
    SUBSAMPLING,
    WEIGHT,
    WIDTH,
    Plan,
)  # fmt: skip

numba.config.CACHE_DIR = str(
    Path.home()
    / ".cache"
    / "lenet-replication"
    / hashlib.sha256(
        Path(__file__).read_bytes() + Path(__file__).with_name("plan.py").read_bytes()
    ).hexdigest()[:16]
)


def kernel(function: Any) -> Any:
    """Compile with the options all kernels share.

    Sums may be reassociated and contracted to fused multiply-adds: without that no reduction is
    vectorised. NaN and infinity keep their meaning, so a diverging run is noticed. The comparison
    with the float64 reference bounds the effect (tests/test_kernels.py).
    """
    return numba.njit(
        function,
        nogil=True,
        cache=True,
        error_model="numpy",
        fastmath={"contract", "reassoc", "nsz"},
    )


class Rules(NamedTuple):
    """The scalars of a network and its criterion, in the precision of the run.

    Attributes:
        amplitude: A of the squashing function A tanh(S a).
        slope: S.
        share: weight of each of the four inputs of a sub-sampling unit: 1 added, 1/4 averaged.
        criterion: MLE, MAP or SQUARED_ERROR.
        rubbish: exp(-j) of equation 9.
        divisor: what the criterion is divided by.
    """

    amplitude: Any
    slope: Any
    share: Any
    criterion: int
    rubbish: float
    divisor: Any


MLE, MAP_CRITERION, SQUARED_ERROR = range(3)

ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


class State(NamedTuple):
    """Working memory of one network: made by ``state``, one for each thread.

    Attributes:
        outputs, sums, slopes: values of every unit: its output, the (weighted) sum of the four
            inputs of a sub-sampling unit, and the derivative of the squashing function.
        deltas: derivatives of the criterion by the weighted sums.
        penalties: (classes,) the lower the likelier.
    """

    outputs: NDArray[Any]
    sums: NDArray[Any]
    slopes: NDArray[Any]
    deltas: NDArray[Any]
    penalties: NDArray[Any]


def state(plan: Plan) -> State:
    """Working memory for ``plan``, zeroed."""
    dtype = plan.codes.dtype
    outputs, sums, slopes = (np.zeros(plan.values, dtype) for _ in range(3))
    deltas, penalties = np.zeros(plan.deltas, dtype), np.zeros(plan.classes, dtype)
    return State(outputs, sums, slopes, deltas, penalties)


# --- squashing -----------------------------------------------------------------------------------


def tanh(a: float) -> float:
    """Hyperbolic tangent: a rational approximation for float32, the library's for float64."""
    return math.tanh(a)


@overload(tanh)
def _compile_tanh(a: Any) -> Any:
    def exact(a: Any) -> Any:
        return math.tanh(a)

    if a != types.float32:
        return exact
    # The minimax approximation of degree 13 over 6 that Eigen uses; beyond the bound tanh is 1 to
    # float32 precision. The comparisons are written so that NaN passes through.
    bound = np.float32(7.90531110763549805)
    odd = tuple(np.float32(c) for c in (
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
        1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    ))  # fmt: skip
    even = tuple(np.float32(c) for c in (
        1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03,
    ))  # fmt: skip
    p0, p1, p2, p3, p4, p5, p6 = odd
    q0, q1, q2, q3 = even

    def rational(a: Any) -> Any:
        a = bound if a > bound else a
        a = -bound if a < -bound else a
        z = a * a
        p = (((((p0 * z + p1) * z + p2) * z + p3) * z + p4) * z + p5) * z + p6
        q = ((q0 * z + q1) * z + q2) * z + q3
        return a * p / q

    return rational


@kernel
def squash(values: Any, slopes: Any, amplitude: Any, slope: Any) -> None:
    """Replace weighted sums by outputs A tanh(S a), and note the slopes S (A - output^2 / A)."""
    for p in range(values.size):
        output = amplitude * tanh(slope * values[p])
        values[p] = output
        slopes[p] = slope * (amplitude - output * output / amplitude)


# --- convolutions --------------------------------------------------------------------------------


@kernel
def _correlate(
    x: Any, start: Any, s: Any, w: Any, taps: Any, sign: int, y: Any, to: Any, n: Any
) -> None:
    """Add to ``y[to : to + n]`` the 5x5 correlation of ``x[start :]``, whose rows are ``s`` apart.

    The kernel's taps are ``w[taps]``, ``w[taps + sign]``, ... Unsigned offsets into whole vectors
    spare the compiler, and so the loop, all checks of bounds and overlap.
    """
    for row in range(5):
        q = start + np.uint64(row) * s
        t = taps + sign * 5 * row
        w0, w1, w2 = w[t], w[t + sign], w[t + 2 * sign]
        w3, w4 = w[t + 3 * sign], w[t + 4 * sign]
        for p in range(n):
            y[to + p] += (
                w0 * x[q + p] + w1 * x[q + p + ONE] + w2 * x[q + p + TWO]
                + w3 * x[q + p + THREE] + w4 * x[q + p + FOUR]
            )  # fmt: skip


@kernel
def _correlate_three(
    x: Any, start: Any, s: Any, w: Any, a: Any, b: Any, c: Any, sign: int, y: Any,
    to_a: Any, to_b: Any, to_c: Any, n: Any,
) -> None:  # fmt: skip
    """`_correlate` for three kernels, whose taps begin at ``a``, ``b`` and ``c``, at once."""
    for row in range(5):
        q = start + np.uint64(row) * s
        t = sign * 5 * row
        a0, a1, a2 = w[a + t], w[a + t + sign], w[a + t + 2 * sign]
        a3, a4 = w[a + t + 3 * sign], w[a + t + 4 * sign]
        b0, b1, b2 = w[b + t], w[b + t + sign], w[b + t + 2 * sign]
        b3, b4 = w[b + t + 3 * sign], w[b + t + 4 * sign]
        c0, c1, c2 = w[c + t], w[c + t + sign], w[c + t + 2 * sign]
        c3, c4 = w[c + t + 3 * sign], w[c + t + 4 * sign]
        for p in range(n):
            x0, x1, x2 = x[q + p], x[q + p + ONE], x[q + p + TWO]
            x3, x4 = x[q + p + THREE], x[q + p + FOUR]
            ya = y[to_a + p] + a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3 + a4 * x4
            yb = y[to_b + p] + b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3 + b4 * x4
            yc = y[to_c + p] + c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3 + c4 * x4
            # Stored last: a store among the loads would make the compiler load x again.
            y[to_a + p] = ya
            y[to_b + p] = yb
            y[to_c + p] = yc


@kernel
def _step(
    x: Any, start: Any, s: Any, d: Any, at: Any, n: Any, sink: Any, scale: Any, w: int
) -> None:
    """Subtract from ``sink[w :]`` the derivatives by the 25 taps, each times its ``scale``."""
    zero = d.dtype.type(0)
    for row in range(5):
        q = start + np.uint64(row) * s
        g0, g1, g2, g3, g4 = zero, zero, zero, zero, zero
        for p in range(n):
            v = d[at + p]
            g0 += v * x[q + p]
            g1 += v * x[q + p + ONE]
            g2 += v * x[q + p + TWO]
            g3 += v * x[q + p + THREE]
            g4 += v * x[q + p + FOUR]
        _step_row(sink, scale, w + 5 * row, g0, g1, g2, g3, g4)


@kernel
def _step_row(sink: Any, scale: Any, t: int, g0: Any, g1: Any, g2: Any, g3: Any, g4: Any) -> None:
    sink[t] -= scale[t] * g0
    sink[t + 1] -= scale[t + 1] * g1
    sink[t + 2] -= scale[t + 2] * g2
    sink[t + 3] -= scale[t + 3] * g3
    sink[t + 4] -= scale[t + 4] * g4


@kernel
def _step_three(
    x: Any, start: Any, s: Any, d: Any, at_a: Any, at_b: Any, at_c: Any, n: Any,
    sink: Any, scale: Any, a: int, b: int, c: int,
) -> None:  # fmt: skip
    """`_step` for three kernels, whose taps begin at ``a``, ``b`` and ``c``, at once."""
    zero = d.dtype.type(0)
    for row in range(5):
        q = start + np.uint64(row) * s
        a0, a1, a2, a3, a4 = zero, zero, zero, zero, zero
        b0, b1, b2, b3, b4 = zero, zero, zero, zero, zero
        c0, c1, c2, c3, c4 = zero, zero, zero, zero, zero
        for p in range(n):
            x0, x1, x2 = x[q + p], x[q + p + ONE], x[q + p + TWO]
            x3, x4 = x[q + p + THREE], x[q + p + FOUR]
            va, vb, vc = d[at_a + p], d[at_b + p], d[at_c + p]
            a0 += va * x0
            a1 += va * x1
            a2 += va * x2
            a3 += va * x3
            a4 += va * x4
            b0 += vb * x0
            b1 += vb * x1
            b2 += vb * x2
            b3 += vb * x3
            b4 += vb * x4
            c0 += vc * x0
            c1 += vc * x1
            c2 += vc * x2
            c3 += vc * x3
            c4 += vc * x4
        t = 5 * row
        _step_row(sink, scale, a + t, a0, a1, a2, a3, a4)
        _step_row(sink, scale, b + t, b0, b1, b2, b3, b4)
        _step_row(sink, scale, c + t, c0, c1, c2, c3, c4)


@kernel
def _forward_convolution(plan: Any, layer: Any, before: Any, weights: Any, y: Any) -> None:
    start, length = layer[START], layer[MAP]
    for o in range(layer[MAPS]):
        y[start + o * length : start + (o + 1) * length] = weights[layer[BIASES] + o]
    s, n = np.uint64(layer[STRIDE]), np.uint64(length)
    for k in range(layer[FIRST_UP], layer[LAST_UP]):
        a = plan.pairs[plan.blocks[k, 0]]
        x = np.uint64(before[START] + a[INPUT] * before[MAP])
        to = np.uint64(start + a[OUTPUT] * length)
        if plan.blocks[k, 1] < 0:
            _correlate(y, x, s, weights, a[WEIGHT], 1, y, to, n)
        else:
            b, c = plan.pairs[plan.blocks[k, 1]], plan.pairs[plan.blocks[k, 2]]
            _correlate_three(
                y, x, s, weights, a[WEIGHT], b[WEIGHT], c[WEIGHT], 1, y, to,
                np.uint64(start + b[OUTPUT] * length), np.uint64(start + c[OUTPUT] * length), n,
            )  # fmt: skip


@kernel
def _backward_convolution(plan: Any, layer: Any, before: Any, weights: Any, deltas: Any) -> None:
    """Derivatives by the outputs of the layer before, written where its deltas will be.

    What is read are the deltas with their margin of zeros, with the kernels mirrored.
    """
    start, length = before[DELTA_START], before[DELTA_MAP]
    deltas[start : start + before[MAPS] * length] = 0
    s, n = np.uint64(layer[STRIDE]), np.uint64(length)
    for k in range(layer[FIRST_DOWN], layer[LAST_DOWN]):
        a = plan.pairs[plan.blocks[k, 0]]
        margin = 4 * (layer[STRIDE] + 1)
        d = np.uint64(layer[DELTA_START] + a[OUTPUT] * layer[DELTA_MAP] - margin)
        to = np.uint64(start + a[INPUT] * length)
        if plan.blocks[k, 1] < 0:
            _correlate(deltas, d, s, weights, a[WEIGHT] + 24, -1, deltas, to, n)
        else:
            b, c = plan.pairs[plan.blocks[k, 1]], plan.pairs[plan.blocks[k, 2]]
            _correlate_three(
                deltas, d, s, weights, a[WEIGHT] + 24, b[WEIGHT] + 24, c[WEIGHT] + 24, -1, deltas,
                to, np.uint64(start + b[INPUT] * length), np.uint64(start + c[INPUT] * length), n,
            )  # fmt: skip


@kernel
def _update_convolution(
    plan: Any, layer: Any, before: Any, y: Any, deltas: Any, sink: Any, scale: Any
) -> None:
    start, length = layer[DELTA_START], layer[DELTA_MAP]
    s, n = np.uint64(layer[STRIDE]), np.uint64(layer[MAP])
    for k in range(layer[FIRST_UP], layer[LAST_UP]):
        a = plan.pairs[plan.blocks[k, 0]]
        x = np.uint64(before[START] + a[INPUT] * before[MAP])
        at = np.uint64(start + a[OUTPUT] * length)
        if plan.blocks[k, 1] < 0:
            _step(y, x, s, deltas, at, n, sink, scale, a[WEIGHT])
        else:
            b, c = plan.pairs[plan.blocks[k, 1]], plan.pairs[plan.blocks[k, 2]]
            _step_three(
                y, x, s, deltas, at, np.uint64(start + b[OUTPUT] * length),
                np.uint64(start + c[OUTPUT] * length), n,
                sink, scale, a[WEIGHT], b[WEIGHT], c[WEIGHT],
            )  # fmt: skip
    for o in range(layer[MAPS]):
        b = layer[BIASES] + o
        first = start + o * length
        sink[b] -= scale[b] * deltas[first : first + layer[MAP]].sum()


# --- sub-sampling --------------------------------------------------------------------------------


@kernel
def _forward_subsampling(
    plan: Any, layer: Any, before: Any, weights: Any, y: Any, sums: Any, share: Any
) -> None:
    width, s = layer[WIDTH], before[STRIDE]
    for k in range(layer[FIRST_PAIR], layer[LAST_PAIR]):
        o, m, w = plan.pairs[k, OUTPUT], plan.pairs[k, INPUT], plan.pairs[k, WEIGHT]
        bias = weights[layer[BIASES] + o]
        for row in range(layer[HEIGHT]):
            upper = y[before[START] + m * before[MAP] + 2 * row * s :]
            lower = upper[s:]
            out = layer[START] + o * layer[MAP] + row * width
            total = sums[out : out + width]
            a = y[out : out + width]
            for p in range(width):
                four = upper[2 * p] + upper[2 * p + 1] + lower[2 * p] + lower[2 * p + 1]
                total[p] = share * four
                a[p] = weights[w] * total[p] + bias


@kernel
def _backward_subsampling(
    plan: Any, layer: Any, before: Any, weights: Any, deltas: Any, share: Any
) -> None:
    width, s = layer[WIDTH], before[STRIDE]
    for k in range(layer[FIRST_PAIR], layer[LAST_PAIR]):
        o, m, w = plan.pairs[k, OUTPUT], plan.pairs[k, INPUT], plan.pairs[k, WEIGHT]
        leads = plan.pairs[k, LEADS]
        coefficient = share * weights[w]
        for row in range(layer[HEIGHT]):
            start = layer[DELTA_START] + o * layer[DELTA_MAP] + row * width
            d = deltas[start : start + width]
            upper = deltas[before[DELTA_START] + m * before[DELTA_MAP] + 2 * row * s :]
            lower = upper[s:]
            if leads:
                for p in range(width):
                    v = coefficient * d[p]
                    upper[2 * p] = v
                    upper[2 * p + 1] = v
                    lower[2 * p] = v
                    lower[2 * p + 1] = v
            else:
                for p in range(width):
                    v = coefficient * d[p]
                    upper[2 * p] += v
                    upper[2 * p + 1] += v
                    lower[2 * p] += v
                    lower[2 * p + 1] += v


@kernel
def _update_subsampling(
    plan: Any, layer: Any, sums: Any, deltas: Any, sink: Any, scale: Any
) -> None:
    length = layer[MAP]
    zero = deltas.dtype.type(0)
    for k in range(layer[FIRST_PAIR], layer[LAST_PAIR]):
        o, w = plan.pairs[k, OUTPUT], plan.pairs[k, WEIGHT]
        d = deltas[layer[DELTA_START] + o * layer[DELTA_MAP] :]
        total = sums[layer[START] + o * length :]
        coefficient, bias = zero, zero
        for p in range(length):
            coefficient += d[p] * total[p]
            bias += d[p]
        b = layer[BIASES] + o
        sink[w] -= scale[w] * coefficient
        sink[b] -= scale[b] * bias


# --- full connections ----------------------------------------------------------------------------


@kernel
def _forward_full(plan: Any, layer: Any, before: Any, weights: Any, y: Any) -> None:
    for o in range(layer[MAPS]):
        y[layer[START] + o] = weights[layer[BIASES] + o]
    zero = y.dtype.type(0)
    for k in range(layer[FIRST_PAIR], layer[LAST_PAIR]):
        pair = plan.pairs[k]
        x, w = np.uint64(before[START] + pair[INPUT]), np.uint64(pair[WEIGHT])
        a = zero
        for i in range(np.uint64(pair[LENGTH])):
            a += weights[w + i] * y[x + i]
        y[layer[START] + pair[OUTPUT]] += a


@kernel
def _backward_full(
    plan: Any, layer: Any, before: Any, weights: Any, y: Any, deltas: Any, sink: Any, scale: Any
) -> None:
    """Both halves row by row, so that a row of weights is fetched from memory once."""
    wanted = before[DELTA_START] > 0
    if wanted:
        to = before[DELTA_START]
        deltas[to : to + before[MAPS] * before[DELTA_MAP]] = 0
    for k in range(layer[FIRST_PAIR], layer[LAST_PAIR]):
        pair = plan.pairs[k]
        v = deltas[layer[DELTA_START] + pair[OUTPUT]]
        w, n = np.uint64(pair[WEIGHT]), np.uint64(pair[LENGTH])
        if wanted:
            to = np.uint64(before[DELTA_START] + pair[INPUT])
            for i in range(n):
                deltas[to + i] += v * weights[w + i]
        x = np.uint64(before[START] + pair[INPUT])
        for i in range(n):
            sink[w + i] -= scale[w + i] * (v * y[x + i])
    for o in range(layer[MAPS]):
        b = layer[BIASES] + o
        sink[b] -= scale[b] * deltas[layer[DELTA_START] + o]


# --- the whole network ---------------------------------------------------------------------------


@kernel
def show(plan: Any, image: Any, table: Any, y: Any) -> None:
    """Put an image of grey levels into the middle of the input field, through ``table`` (256,)."""
    side = plan.layers[0, HEIGHT]
    height, width = image.shape
    top, left = (side - height) // 2, (side - width) // 2
    y[: side * side] = table[0]
    for row in range(height):
        start = (top + row) * side + left
        for column in range(width):
            y[start + column] = table[image[row, column]]


@kernel
def forward(plan: Any, rules: Any, weights: Any, state: Any) -> None:
    """Outputs, sums and slopes of every unit, from the input field upwards."""
    y = state.outputs
    for n in range(1, plan.layers.shape[0]):
        layer, before = plan.layers[n], plan.layers[n - 1]
        if layer[KIND] == CONVOLUTION:
            _forward_convolution(plan, layer, before, weights, y)
        elif layer[KIND] == SUBSAMPLING:
            _forward_subsampling(plan, layer, before, weights, y, state.sums, rules.share)
        else:
            _forward_full(plan, layer, before, weights, y)
        first, last = layer[START], layer[START] + layer[MAPS] * layer[MAP]
        squash(y[first:last], state.slopes[first:last], rules.amplitude, rules.slope)


@kernel
def _times_slopes(layer: Any, deltas: Any, slopes: Any) -> None:
    for m in range(layer[MAPS]):
        d = deltas[layer[DELTA_START] + m * layer[DELTA_MAP] :]
        f = slopes[layer[START] + m * layer[MAP] :]
        for p in range(layer[MAP]):
            d[p] *= f[p]


@kernel
def backward(
    plan: Any, share: Any, weights: Any, y: Any, sums: Any, slopes: Any, deltas: Any,
    sink: Any, scale: Any,
) -> None:  # fmt: skip
    """Propagate the last layer's derivatives down, and subtract ``scale`` times the result.

    On entry the last layer's place in ``deltas`` holds the derivatives by its outputs. ``sink``
    may be ``weights`` itself: a layer's weights change only after they have been used.
    """
    for n in range(plan.layers.shape[0] - 1, 0, -1):
        layer, before = plan.layers[n], plan.layers[n - 1]
        _times_slopes(layer, deltas, slopes)
        if layer[KIND] == FULL:
            _backward_full(plan, layer, before, weights, y, deltas, sink, scale)
        elif layer[KIND] == SUBSAMPLING:
            _backward_subsampling(plan, layer, before, weights, deltas, share)
            _update_subsampling(plan, layer, sums, deltas, sink, scale)
        else:
            if n > 1:
                _backward_convolution(plan, layer, before, weights, deltas)
            _update_convolution(plan, layer, before, y, deltas, sink, scale)


# --- criteria ------------------------------------------------------------------------------------


@kernel
def judge(plan: Any, rules: Any, state: Any, label: int) -> Any:
    """The criterion of one pattern; fills ``state.penalties``.

    Penalties are the squared distances to the codes or, without an RBF layer, the outputs with
    their sign changed. See criteria.py for the formulas.
    """
    last = plan.layers[plan.layers.shape[0] - 1]
    f = state.outputs[last[START] : last[START] + last[MAPS]]
    if rules.criterion == SQUARED_ERROR:
        total = 0.0
        for i in range(plan.classes):
            state.penalties[i] = -f[i]
            error = f[i] - (1.0 if i == label else -1.0)
            total += error * error
        return total / rules.divisor
    for i in range(plan.classes):
        code = plan.codes[i]
        distance = f.dtype.type(0)
        for k in range(f.size):
            distance += (f[k] - code[k]) * (f[k] - code[k])
        state.penalties[i] = distance
    value = float(state.penalties[label])
    if rules.criterion == MAP_CRITERION:
        total = rules.rubbish
        for i in range(plan.classes):
            total += math.exp(-float(state.penalties[i]))
        value += math.log(total)
    return value / rules.divisor


@kernel
def _share_of_classes(plan: Any, rules: Any, state: Any, shares: Any) -> None:
    total = rules.rubbish
    for i in range(plan.classes):
        shares[i] = math.exp(-float(state.penalties[i]))
        total += shares[i]
    for i in range(plan.classes):
        shares[i] /= total


@kernel
def _slope_of_criterion(plan: Any, rules: Any, state: Any, label: int, shares: Any) -> None:
    """Write the derivatives of the criterion by the last layer's outputs into its deltas."""
    last = plan.layers[plan.layers.shape[0] - 1]
    f = state.outputs[last[START] : last[START] + last[MAPS]]
    d = state.deltas[last[DELTA_START] : last[DELTA_START] + last[MAPS]]
    two = f.dtype.type(2) / rules.divisor
    if rules.criterion == SQUARED_ERROR:
        for i in range(plan.classes):
            d[i] = two * (f[i] - f.dtype.type(1 if i == label else -1))
        return
    code = plan.codes[label]
    for k in range(f.size):
        d[k] = two * (f[k] - code[k])
    if rules.criterion == MAP_CRITERION:
        _share_of_classes(plan, rules, state, shares)
        for i in range(plan.classes):
            code = plan.codes[i]
            factor = two * f.dtype.type(shares[i])
            for k in range(f.size):
                d[k] -= factor * (f[k] - code[k])


@kernel
def _curvature_of_criterion(plan: Any, rules: Any, state: Any, shares: Any) -> None:
    """Write the second derivatives by the last layer's outputs into its deltas."""
    last = plan.layers[plan.layers.shape[0] - 1]
    f = state.outputs[last[START] : last[START] + last[MAPS]]
    d = state.deltas[last[DELTA_START] : last[DELTA_START] + last[MAPS]]
    two = f.dtype.type(2) / rules.divisor
    if rules.criterion != MAP_CRITERION:
        d[:] = two
        return
    _share_of_classes(plan, rules, state, shares)
    free = 1.0
    for i in range(plan.classes):
        free -= shares[i]
    for k in range(f.size):
        mean, square = 0.0, 0.0
        for i in range(plan.classes):
            slope = 2.0 * float(f[k] - plan.codes[i, k])
            mean += shares[i] * slope
            square += shares[i] * slope * slope
        d[k] = (2.0 * max(free, 0.0) + max(square - mean * mean, 0.0)) / rules.divisor


@kernel
def _best(penalties: Any) -> Any:
    """The class of least penalty, the first of equals, and how far the second best is from it."""
    best = 0
    for i in range(1, penalties.size):
        if penalties[i] < penalties[best]:
            best = i
    margin = math.inf
    for i in range(penalties.size):
        if i != best:
            margin = min(margin, float(penalties[i] - penalties[best]))
    return best, margin


# --- what the trainer calls ----------------------------------------------------------------------


@kernel
def train(
    plan: Any, rules: Any, weights: Any, steps: Any, images: Any, labels: Any, order: Any,
    table: Any, state: Any, signals: Any,
) -> Any:  # fmt: skip
    """Present the patterns ``order`` one by one, updating ``weights`` after each (eq. 18, p. 41).

    ``signals[0]`` counts presentations for whoever watches from another thread; ``signals[1]``,
    if set there, stops the pass. Returns the misses made on the way, the sum of the criterion, and
    the number of the presentation at which the criterion was no longer finite, or -1.
    """
    misses, total = 0, 0.0
    shares = np.zeros(plan.classes, np.float64)
    for n in range(order.size):
        pattern = order[n]
        label = int(labels[pattern])
        show(plan, images[pattern], table, state.outputs)
        forward(plan, rules, weights, state)
        value = judge(plan, rules, state, label)
        if not math.isfinite(value):
            return misses, total, n
        total += value
        best, _ = _best(state.penalties)
        misses += best != label
        _slope_of_criterion(plan, rules, state, label, shares)
        backward(
            plan, rules.share, weights, state.outputs, state.sums, state.slopes, state.deltas,
            weights, steps,
        )  # fmt: skip
        signals[0] += 1
        if signals[1]:
            break
    return misses, total, -1


@kernel
def gradient(
    plan: Any, rules: Any, weights: Any, image: Any, label: int, table: Any, state: Any
) -> Any:
    """The criterion of one pattern and its gradient, a vector like ``weights``."""
    shares = np.zeros(plan.classes, np.float64)
    show(plan, image, table, state.outputs)
    forward(plan, rules, weights, state)
    value = judge(plan, rules, state, label)
    _slope_of_criterion(plan, rules, state, label, shares)
    result = np.zeros_like(weights)
    backward(
        plan, rules.share, weights, state.outputs, state.sums, state.slopes, state.deltas,
        result, -np.ones_like(weights),
    )  # fmt: skip
    return value, result


@kernel
def curvature(
    plan: Any, rules: Any, weights: Any, images: Any, subset: Any, table: Any, state: Any
) -> Any:
    """h_kk: the mean over ``subset`` of the Gauss-Newton second derivatives (eqs. 25-27, p. 42)."""
    shares = np.zeros(plan.classes, np.float64)
    result = np.zeros_like(weights)
    scale = np.full_like(weights, -1.0 / subset.size)
    squared = weights * weights
    share = rules.share * rules.share
    for pattern in subset:
        show(plan, images[pattern], table, state.outputs)
        forward(plan, rules, weights, state)
        judge(plan, rules, state, 0)
        _curvature_of_criterion(plan, rules, state, shares)
        backward(
            plan, share, squared, state.outputs * state.outputs, state.sums * state.sums,
            state.slopes * state.slopes, state.deltas, result, scale,
        )  # fmt: skip
    return result


@kernel
def classify(
    plan: Any, rules: Any, weights: Any, images: Any, table: Any, state: Any, penalties: Any
) -> None:
    """Fill ``penalties`` (patterns, classes): the lower the likelier."""
    for n in range(images.shape[0]):
        show(plan, images[n], table, state.outputs)
        forward(plan, rules, weights, state)
        judge(plan, rules, state, 0)
        penalties[n] = state.penalties
