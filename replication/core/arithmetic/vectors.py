"""Arithmetic whose result is the same bytes on every processor.

A compiler may add numbers in another order, or fuse a product and a sum, only where it is told that
it may. Nothing here tells it so: a fused multiply-add stands where `fma` is written, a sum over
many numbers has sixteen accumulators and a fixed tree, and the exponential and the logarithm are
polynomials of the same operations. What is left, adding, multiplying, dividing and rounding,
IEEE 754 defines to the last bit.

The vocabulary of the kernels:

* a *vector* is `LANES` neighbouring numbers of an array, or `HALF` as many: `load`, `store`, `same`
  (one number in all lanes), `fma`, `total` (the sum of the lanes by a fixed tree), and ``+ - * /``
  lane by lane. In every sum position n is added in lane n mod `LANES`;
* a *block* is a tuple of rows of vectors that stay in registers, see blocks.py;
* of single numbers, `fma`, `exponential` and `logarithm` (float64).

The processor's own vectors may be narrower; the compiler then takes several, which changes no bit.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, errors
from numba.extending import lower_builtin, type_callable

from replication.core.arithmetic.llvm import (
    HALF,
    LANES,
    Vector,
    check,
    constant,
    further,
    fused,
    intrinsic,
    lanes,
    repeated,
    written,
)
from replication.core.compiled import inlined


@intrinsic
def load(context: Any, array: Any, start: Any) -> Any:
    """Return the vector ``array[start : start + LANES]``."""
    check(array)
    emit = written(lambda _, numbers, at: numbers.read(at, LANES))
    return Vector(array.dtype, LANES)(array, types.intp), emit


@intrinsic
def store(context: Any, array: Any, start: Any, vector: Any) -> Any:
    """Write ``vector`` to ``array`` from ``start`` on."""
    check(array)
    emit = written(lambda _, numbers, at, value: numbers.write(at, value))
    return types.void(array, types.intp, vector), emit


@intrinsic
def same(context: Any, value: Any) -> Any:
    """Return the vector with ``value`` in every lane."""
    emit = written(lambda builder, number: repeated(builder, number, LANES))
    return Vector(value, LANES)(value), emit


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c`` of numbers or of vectors, rounded once."""
    return c(c, c, c), written(fused)


@intrinsic
def load_levels(context: Any, image: Any, start: Any, scale: Any, background: Any) -> Any:
    """Return ``scale`` times the grey levels of ``image`` (uint8) plus ``background``, rounded
    once.
    """
    check(image)
    if image.dtype != types.uint8:
        raise errors.TypingError("grey levels are uint8")

    def emit(builder: Any, levels: Any, at: Any, *numbers: Any) -> Any:
        factor, bottom = (repeated(builder, number, LANES) for number in numbers)
        return fused(builder, builder.uitofp(levels.read(at, LANES), factor.type), factor, bottom)

    return Vector(scale, LANES)(image, types.intp, scale, scale), written(emit)


@intrinsic
def fetch(context: Any, array: Any, start: Any) -> Any:
    """Have the processor's cache fetch the 64 bytes at ``array[start]``; nothing else changes."""
    check(array)

    def emit(builder: Any, numbers: Any, at: Any) -> None:
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.bitcast(numbers.at(at), byte)
        builder.call(function, [place, flag(0), flag(3), flag(1)])  # to read, soon, data

    return types.void(array, types.intp), written(emit)


@intrinsic
def clipped(context: Any, vector: Any, most: Any) -> Any:
    """Return each lane between ``-most`` and ``most``; NaN passes through."""

    def emit(builder: Any, value: Any, bound: Any) -> Any:
        value = builder.select(builder.fcmp_ordered(">", value, bound), bound, value)
        least = builder.fneg(bound)
        return builder.select(builder.fcmp_ordered("<", value, least), least, value)

    return vector(vector, vector), written(emit)


@intrinsic
def first_lanes(context: Any, vector: Any, count: Any) -> Any:
    """Return the first ``count`` lanes as they are, zero in the others."""

    def emit(builder: Any, value: Any, number: Any) -> Any:
        number = repeated(builder, builder.trunc(number, ir.IntType(32)), LANES)
        below = builder.icmp_signed("<", lanes(list(range(LANES))), number)
        return builder.select(below, value, ir.Constant(value.type, [0.0] * LANES))

    return vector(vector, types.intp), written(emit)


@intrinsic
def total(context: Any, vector: Any) -> Any:
    """Return the sum of the lanes: the halves are added, then the halves of that, to one number."""

    def emit(builder: Any, rest: Any) -> Any:
        while rest.type.count > 1:
            half = rest.type.count // 2
            parts = (lanes(list(range(n, n + half))) for n in (0, half))
            rest = builder.fadd(*(builder.shuffle_vector(rest, rest, part) for part in parts))
        return builder.extract_element(rest, ir.Constant(ir.IntType(32), 0))

    return vector.number(vector), written(emit)


def _shuffle(mask: list[int]) -> Callable[..., Any]:
    return written(
        lambda builder, *vectors: builder.shuffle_vector(vectors[0], vectors[-1], lanes(mask))
    )


@intrinsic
def evens(context: Any, left: Any, right: Any) -> Any:
    """Return the even lanes of ``left``, then those of ``right``."""
    return left(left, right), _shuffle([*range(0, 2 * LANES, 2)])


@intrinsic
def odds(context: Any, left: Any, right: Any) -> Any:
    """Return the odd lanes of ``left``, then those of ``right``."""
    return left(left, right), _shuffle([*range(1, 2 * LANES, 2)])


@intrinsic
def lower_twice(context: Any, vector: Any) -> Any:
    """Return each lane of the lower half twice."""
    return vector(vector), _shuffle([n // 2 for n in range(LANES)])


@intrinsic
def upper_twice(context: Any, vector: Any) -> Any:
    """Return each lane of the upper half twice."""
    return vector(vector), _shuffle([(LANES + n) // 2 for n in range(LANES)])


def _lane_by_lane(operation: Any, name: str) -> None:
    """Make ``operation`` of two vectors the instruction called ``name``."""

    @type_callable(operation)
    def _typer(context: Any) -> Any:
        return lambda a, b: a if isinstance(a, Vector) and a == b else None

    @lower_builtin(operation, Vector, Vector)
    def _lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return getattr(builder, name)(*arguments)


_lane_by_lane(operator.add, "fadd")
_lane_by_lane(operator.sub, "fsub")
_lane_by_lane(operator.mul, "fmul")
_lane_by_lane(operator.truediv, "fdiv")


@type_callable(operator.neg)
def _type_of_negative(context: Any) -> Any:
    return lambda a: a if isinstance(a, Vector) else None


@lower_builtin(operator.neg, Vector)
def _negative(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.fneg(arguments[0])


@inlined
def subtract(array: Any, scale: Any, start: int, vector: Any) -> None:
    """Subtract ``scale`` times ``vector`` from the vector of ``array`` at ``start``."""
    store(array, start, fma(-load(scale, start), vector, load(array, start)))


@intrinsic
def totals(context: Any, block: Any) -> Any:
    """Return a row with the `total` of each vector of ``block`` in turn, then zeros."""
    result = _row(block.dtype.dtype.number, block.count * block.dtype.count)
    emit = written(lambda builder, rows: _all_totals(builder, [one for row in rows for one in row]))
    return result(block), emit


@intrinsic(prefer_literal=True)
def totals_at(context: Any, array: Any, start: Any, number: Any) -> Any:
    """Return `totals` of ``number``, a constant, vectors of `HALF`, read from ``start`` on."""
    check(array)
    count = constant(number)
    emit = written(lambda builder, values, at, _: _all_totals(builder, values.row(at, count, HALF)))
    return _row(array.dtype, count)(array, types.intp, number), emit


def _row(number: Any, count: int) -> Any:
    return types.UniTuple(Vector(number, LANES), -(-count // LANES))


@intrinsic
def subtract_row(context: Any, array: Any, scale: Any, start: Any, row: Any) -> Any:
    """Subtract ``scale`` times ``row`` from the row of ``array`` at ``start``."""
    check(array)

    def emit(builder: Any, values: Any, steps: Any, at: Any, vectors: Any) -> None:
        for n, vector in enumerate(vectors):
            place = further(builder, at, n * LANES)
            step, value = builder.fneg(steps.read(place, LANES)), values.read(place, LANES)
            values.write(place, fused(builder, step, vector, value))

    return types.void(array, scale, types.intp, row), written(emit)


def _all_totals(builder: Any, vectors: list[Any]) -> list[Any]:
    kind = vectors[0].type
    zero = ir.Constant(kind, [0.0] * kind.count)
    vectors += [zero] * (-len(vectors) % LANES)
    groups = [
        _group_totals(builder, vectors[n : n + kind.count])
        for n in range(0, len(vectors), kind.count)
    ]
    if kind.count == LANES:
        return groups
    both = lanes(list(range(LANES)))
    return [
        builder.shuffle_vector(a, b, both) for a, b in zip(groups[::2], groups[1::2], strict=True)
    ]


def _halvings(count: int) -> list[tuple[list[int], list[int]]]:
    """Return the lanes of two vectors that each halving adds.

    They are chosen so that a shuffle costs one instruction: halves shorter than four lanes stay in
    their quarter of a register.
    """
    steps, half = [], count // 2
    while half:
        lower: list[int] = []
        piece = count if half >= 4 else 4
        for first in range(0, count, piece):
            for vector in (0, count):
                for group in range(first, first + piece, 2 * half):
                    lower += range(vector + group, vector + group + half)
        steps.append((lower, [lane + half for lane in lower]))
        half //= 2
    return steps


def _group_totals(builder: Any, vectors: list[Any]) -> Any:
    """Return the vector of the totals of as many vectors as they have lanes."""
    count = len(vectors)
    halvings = _halvings(count)
    # Where does the total of vector n come out, if they are taken in order?
    tags = [[n] * count for n in range(count)]
    for lower, _ in halvings:
        tags = [
            [(a + b)[lane] for lane in lower] for a, b in zip(tags[::2], tags[1::2], strict=True)
        ]
    vectors = [vectors[tags[0].index(n)] for n in range(count)]
    for steps in halvings:
        vectors = [
            builder.fadd(*(builder.shuffle_vector(a, b, lanes(taken)) for taken in steps))
            for a, b in zip(vectors[::2], vectors[1::2], strict=True)
        ]
    return vectors[0]
