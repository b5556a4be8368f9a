"""The exponential, the logarithm and the hyperbolic tangent from `fma` and division alone.

A mathematical library gives another last bit on another processor; these give the same everywhere.
The first two are float64 and within two units of the last place; the tangent is float32, a rational
approximation within 5e-7, beside the exact one for the float64 of the tests.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from replication.core.arithmetic.llvm import intrinsic, written
from replication.core.arithmetic.vectors import clipped, fma, same
from replication.core.compiled import kernel

# ln 2 as a sum of two doubles, 1 / ln 2, and the number whose addition rounds to an integer.
LN2, LN2_REST = 0.6931471805599453, 2.3190468138462996e-17
LOG2_E, ROUNDER = 1.4426950408889634, 6755399441055744.0
# Below it the exponential is less than the least normal number, above it infinite.
LEAST, GREATEST = -708.0, 709.0
FACTORIALS = tuple(1.0 / math.factorial(n) for n in range(14))
ODD = tuple(1.0 / (2 * n + 1) for n in range(13))


@intrinsic
def _as_bits(context: Any, value: Any) -> Any:
    emit = written(lambda builder, number: builder.bitcast(number, ir.IntType(64)))
    return types.int64(types.float64), emit


@intrinsic
def _as_number(context: Any, bits: Any) -> Any:
    emit = written(lambda builder, number: builder.bitcast(number, ir.DoubleType()))
    return types.float64(types.int64), emit


@kernel
def exponential(x: float) -> Any:
    """e to the power x: 2^k times the series of what is left, which is at most ln 2 / 2.

    Zero below -708, infinite above 709.
    """
    if not x >= LEAST:
        return 0.0 if x < LEAST else x
    if x > GREATEST:
        return math.inf
    k = (x * LOG2_E + ROUNDER) - ROUNDER
    rest = fma(-k, LN2_REST, fma(-k, LN2, x))
    series = FACTORIALS[13]
    for n in range(12, -1, -1):
        series = fma(series, rest, FACTORIALS[n])
    return series * _as_number((int(k) + 1023) << 52)


@kernel
def exponentials(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """`exponential` of each of ``values``, float64 (n,)."""
    result = np.empty_like(values)
    for n in range(values.size):
        result[n] = exponential(values[n])
    return result


@kernel
def logarithm(x: float) -> Any:
    """Return the natural logarithm: k ln 2 plus 2 artanh((m - 1) / (m + 1)) for x = 2^k m.

    Minus infinity for 0; for a normal positive x otherwise.
    """
    if x == 0.0:
        return -math.inf
    if not 0.0 < x < math.inf:
        return math.inf if x > 0.0 else math.nan
    bits = _as_bits(x)
    k = (bits >> 52) - 1023
    m = _as_number((bits & ((1 << 52) - 1)) | (1023 << 52))
    if m > 1.4142135623730951:
        m, k = 0.5 * m, k + 1
    f = (m - 1.0) / (m + 1.0)
    square = f * f
    series = ODD[12]
    for n in range(11, -1, -1):
        series = fma(series, square, ODD[n])
    return fma(float(k), LN2, fma(float(k), LN2_REST, 2.0 * f * series))


def tanh(a: Any) -> Any:
    """Return the hyperbolic tangent of a vector, in kernels alone."""
    raise NotImplementedError("the hyperbolic tangent of a vector is compiled")


@intrinsic
def _exact_tanh(context: Any, vector: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (result,) = arguments
        for n in range(vector.count):
            lane = ir.Constant(ir.IntType(32), n)
            value = [builder.extract_element(arguments[0], lane)]
            kind = types.float64(types.float64)
            value = context.compile_internal(builder, lambda a: math.tanh(a), kind, value)
            result = builder.insert_element(result, value, lane)
        return result

    return vector(vector), build


@overload(tanh)
def _compile_tanh(a: Any) -> Any:
    def exact(a: Any) -> Any:
        return _exact_tanh(a)

    if a.number != types.float32:
        return exact
    # The minimax approximation of degree 13 over 6 that Eigen uses; beyond the bound tanh is 1 to
    # float32 precision.
    single = types.float32
    bound = 7.90531110763549805
    p0, p1, p2 = -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11
    p3, p4, p5 = 5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04
    p6 = 4.89352455891786e-03
    q0, q1 = 1.19825839466702e-06, 1.18534705686654e-04
    q2, q3 = 2.26843463243900e-03, 4.89352518554385e-03

    def rational(a: Any) -> Any:
        a = clipped(a, same(single(bound)))
        z = a * a
        p = fma(same(single(p0)), z, same(single(p1)))
        p = fma(p, z, same(single(p2)))
        p = fma(p, z, same(single(p3)))
        p = fma(p, z, same(single(p4)))
        p = fma(p, z, same(single(p5)))
        p = fma(p, z, same(single(p6)))
        q = fma(same(single(q0)), z, same(single(q1)))
        q = fma(q, z, same(single(q2)))
        q = fma(q, z, same(single(q3)))
        return a * p / q

    return rational
