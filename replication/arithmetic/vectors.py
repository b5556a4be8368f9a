"""Arithmetic whose result is the same bytes on every processor.

A compiler may add numbers in another order, or fuse a product and a sum, only where it is told that
it may. Nothing here tells it so: a fused multiply-add stands where `fma` is written, a sum over
many numbers has a fixed number of accumulators and a fixed tree, and the exponential and the
logarithm are polynomials of the same operations. What is left, adding, multiplying, dividing and
rounding, IEEE 754 defines to the last bit.

The vocabulary of the kernels:

* a *vector* is `LANES` neighbouring numbers of an array: `load`, `store`, `same` (all lanes alike),
  `fma`, `total` (the sum of the lanes by a fixed tree), and ``+ - *`` lane by lane;
* a *row* is a tuple of vectors that stay in registers: `row_of`, `load_row`, `store_row`,
  `transposed`, and `each`, `each_from`: a fused multiply-add of every vector in it, or of some;
* of single numbers, `fma`, `exponential` and `logarithm` (float64).

The processor's own vectors may be narrower or wider; the compiler then takes several, or part of
one, which changes no bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, errors
from numba.core.datamodel import models
from numba.extending import lower_builtin, register_model, type_callable

from replication.compiled import kernel

# Numba's own type for it hides that an operation is called with all but its first argument.
intrinsic: Any = extending.intrinsic

LANES = 8

# --- vectors -------------------------------------------------------------------------------------


class Vector(types.Type):
    """`LANES` numbers of one floating-point type."""

    def __init__(self, number: Any) -> None:
        """``number`` is Numba's float32 or float64."""
        self.number = number
        super().__init__(name=f"Vector({number})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        number = manager.lookup(kind.number).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, LANES))


def _address(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    made = context.make_array(array_type)(context, builder, array)
    return builder.gep(made.data, [start])


def _check(array: Any) -> None:
    if not isinstance(array, types.Array) or array.layout != "C" or array.ndim != 1:
        raise errors.TypingError("vectors are loaded from arrays of one dimension without gaps")


def _vector_at(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    vector = context.get_value_type(Vector(array_type.dtype))
    place = _address(context, builder, array_type, array, start)
    # Aligned as a number is: an array may begin anywhere.
    size = context.get_abi_sizeof(context.get_value_type(array_type.dtype))
    return builder.bitcast(place, vector.as_pointer()), size


def _splat(builder: Any, vector: Any, value: Any) -> Any:
    lane = ir.Constant(ir.IntType(32), 0)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, lane)
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), mask)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """LLVM's fused multiply-add; llvmlite's own function refuses vectors."""
    kind = c.type
    lanes = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
    number = kind.element if lanes else kind
    name = f"llvm.fma.{lanes}{number.intrinsic_name}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind, kind, kind]), name
    )
    return builder.call(function, [a, b, c])


@intrinsic
def load(context: Any, array: Any, start: Any) -> Any:
    """The vector ``array[start : start + LANES]``."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, size = _vector_at(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=size)

    return Vector(array.dtype)(array, types.intp), build


@intrinsic
def store(context: Any, array: Any, start: Any, vector: Any) -> Any:
    """Write ``vector`` to ``array[start : start + LANES]``."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, size = _vector_at(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], place, align=size)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), build


@intrinsic
def same(context: Any, value: Any) -> Any:
    """The vector with ``value`` in every lane."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = context.get_value_type(signature.return_type)
        return _splat(builder, vector, arguments[0])

    return Vector(value)(value), build


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` of numbers or of vectors, rounded once."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _fma(builder, *arguments)

    return c(c, c, c), build


def _halves(builder: Any, vector: Any) -> Any:
    """The sum of the lower and the upper half of ``vector``, half as long."""
    count = vector.type.count // 2
    undefined = ir.Constant(vector.type, ir.Undefined)
    kind = ir.VectorType(ir.IntType(32), count)
    lower = builder.shuffle_vector(vector, undefined, ir.Constant(kind, list(range(count))))
    upper = builder.shuffle_vector(
        vector, undefined, ir.Constant(kind, list(range(count, 2 * count)))
    )
    return builder.fadd(lower, upper)


@intrinsic
def total(context: Any, vector: Any) -> Any:
    """The sum of the lanes: the halves are added, then the halves of that, down to one number."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (rest,) = arguments
        while rest.type.count > 1:
            rest = _halves(builder, rest)
        return builder.extract_element(rest, ir.Constant(ir.IntType(32), 0))

    return vector.number(vector), build


def _permuted(lanes: list[int]) -> Callable[..., Any]:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (vector,) = arguments
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), lanes)
        return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)

    return build


@intrinsic
def doubled(context: Any, vector: Any) -> Any:
    """Lane i of the result is lane i // 2: each of the first four lanes twice."""
    return vector(vector), _permuted([lane // 2 for lane in range(LANES)])


@intrinsic
def evens(context: Any, vector: Any) -> Any:
    """The even lanes first, then the odd ones."""
    return vector(vector), _permuted([*range(0, LANES, 2), *range(1, LANES, 2)])


@intrinsic
def odds(context: Any, vector: Any) -> Any:
    """The odd lanes first, then the even ones."""
    return vector(vector), _permuted([*range(1, LANES, 2), *range(0, LANES, 2)])


def _lane_by_lane(operation: Any, build: Callable[..., Any]) -> None:
    """Make ``operation`` of two vectors what ``build`` emits."""

    @type_callable(operation)
    def _typer(context: Any) -> Any:
        def typed(a: Any, b: Any) -> Any:
            return a if isinstance(a, Vector) and a == b else None

        return typed

    @lower_builtin(operation, Vector, Vector)
    def _lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build(builder, *arguments)


@type_callable(operator.neg)
def _type_of_negative(context: Any) -> Any:
    return lambda a: a if isinstance(a, Vector) else None


@lower_builtin(operator.neg, Vector)
def _negative(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.fneg(arguments[0])


_lane_by_lane(operator.add, lambda builder, a, b: builder.fadd(a, b))
_lane_by_lane(operator.sub, lambda builder, a, b: builder.fsub(a, b))
_lane_by_lane(operator.mul, lambda builder, a, b: builder.fmul(a, b))

# --- rows of vectors -----------------------------------------------------------------------------


def _row(vector: Any, length: Any) -> Any:
    if not isinstance(length, types.IntegerLiteral):
        raise errors.RequireLiteralValue("the length of a row must be a constant")
    return types.UniTuple(vector, length.literal_value)


@intrinsic(prefer_literal=True)
def row_of(context: Any, length: Any, vector: Any) -> Any:
    """A row of ``length`` copies of ``vector``."""
    row = _row(vector, length)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.pack_array(builder, [arguments[1]] * row.count)

    return row(length, vector), build


@intrinsic(prefer_literal=True)
def load_row(context: Any, length: Any, array: Any, start: Any, step: Any) -> Any:
    """The row of the ``length`` vectors of ``array`` at ``start``, ``start + step``, ..."""
    _check(array)
    row = _row(Vector(array.dtype), length)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, values, at, by = arguments
        vectors = []
        for _ in range(row.count):
            place, size = _vector_at(context, builder, signature.args[1], values, at)
            vectors.append(builder.load(place, align=size))
            at = builder.add(at, by)
        return cgutils.pack_array(builder, vectors)

    return row(length, array, types.intp, types.intp), build


@intrinsic
def store_row(context: Any, array: Any, start: Any, step: Any, row: Any) -> Any:
    """Write the vectors of ``row`` to ``array`` at ``start``, ``start + step``, ..."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, at, by, vectors = arguments
        for vector in cgutils.unpack_tuple(builder, vectors):
            place, size = _vector_at(context, builder, signature.args[0], values, at)
            builder.store(vector, place, align=size)
            at = builder.add(at, by)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, row), build


@intrinsic
def transposed(context: Any, row: Any) -> Any:
    """The row of `LANES` vectors whose vector n holds lane n of each vector of ``row``."""
    if row.count != LANES:
        raise errors.TypingError(f"only {LANES} vectors can be transposed")

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = cgutils.unpack_tuple(builder, arguments[0])
        # Squares of 4x4, then of 2x2, then single numbers change places across the diagonal.
        side = LANES // 2
        while side:
            for n in range(LANES):
                if not n & side:
                    vectors[n], vectors[n + side] = _exchanged(
                        builder, vectors[n], vectors[n + side], side
                    )
            side //= 2
        return cgutils.pack_array(builder, vectors)

    return row(row), build


def _exchanged(builder: Any, upper: Any, lower: Any, side: int) -> tuple[Any, Any]:
    """Two vectors after the squares of ``side`` right above and left below have changed places."""
    kind = ir.VectorType(ir.IntType(32), LANES)
    first = [n if not n & side else LANES + n - side for n in range(LANES)]
    second = [n + side if not n & side else LANES + n for n in range(LANES)]
    return (
        builder.shuffle_vector(upper, lower, ir.Constant(kind, first)),
        builder.shuffle_vector(upper, lower, ir.Constant(kind, second)),
    )


@intrinsic
def each(context: Any, row: Any, array: Any, start: Any, step: Any, factor: Any) -> Any:
    """``row`` with ``array[start + n * step] * factor`` added to its vector n, rounded once."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, values, at, by, times = arguments
        results = []
        for vector in cgutils.unpack_tuple(builder, vectors):
            value = builder.load(_address(context, builder, signature.args[1], values, at))
            results.append(_fma(builder, _splat(builder, times.type, value), times, vector))
            at = builder.add(at, by)
        return cgutils.pack_array(builder, results)

    return row(row, array, types.intp, types.intp, factor), build


@intrinsic
def correlated(context: Any, row: Any, array: Any, start: Any, step: Any, taps: Any) -> Any:
    """``row`` with ``array[start + (n + t) * step] * taps[t]`` added to its vector n, for all t."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def pairs(number: int) -> list[tuple[int, int]]:
            return [(number - t, t) for t in range(taps.count) if 0 <= number - t < row.count]

        return _taps(context, builder, signature, arguments, row.count + taps.count - 1, pairs)

    return row(row, array, types.intp, types.intp, taps), build


@intrinsic
def scattered(context: Any, row: Any, array: Any, start: Any, step: Any, taps: Any) -> Any:
    """``row`` with ``array[start + n * step] * taps[t]`` added to its vector n + t, for all t."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def pairs(number: int) -> list[tuple[int, int]]:
            return [(number + t, t) for t in range(taps.count)]

        return _taps(context, builder, signature, arguments, row.count - taps.count + 1, pairs)

    return row(row, array, types.intp, types.intp, taps), build


def _taps(
    context: Any, builder: Any, signature: Any, arguments: Any, numbers: int, pairs: Any
) -> Any:
    """Each of ``numbers`` values of the array times the taps, added where ``pairs`` says."""
    row, values, at, by, taps = arguments
    vectors = cgutils.unpack_tuple(builder, row)
    factors = cgutils.unpack_tuple(builder, taps)
    for number in range(numbers):
        value = builder.load(_address(context, builder, signature.args[1], values, at))
        spread = _splat(builder, factors[0].type, value)
        for to, tap in pairs(number):
            vectors[to] = _fma(builder, spread, factors[tap], vectors[to])
        at = builder.add(at, by)
    return cgutils.pack_array(builder, vectors)


@intrinsic
def add_products(context: Any, row: Any, array: Any, start: Any, factor: Any) -> Any:
    """``row`` with ``factor`` times the vectors of ``array`` from ``start`` on added to its own."""
    _check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, values, at, times = arguments
        results = []
        for vector in cgutils.unpack_tuple(builder, vectors):
            place, size = _vector_at(context, builder, signature.args[1], values, at)
            results.append(_fma(builder, builder.load(place, align=size), times, vector))
            at = builder.add(at, at.type(LANES))
        return cgutils.pack_array(builder, results)

    return row(row, array, types.intp, factor), build


@kernel
def subtract(array: Any, scale: Any, start: int, vector: Any) -> None:
    """Subtract ``scale`` times ``vector`` from the vector of ``array`` at ``start``."""
    store(array, start, fma(-load(scale, start), vector, load(array, start)))
