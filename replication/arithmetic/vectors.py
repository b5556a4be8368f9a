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

LANES, HALF = 16, 8


class Vector(types.Type):
    """``count`` numbers of one floating-point type, Numba's float32 or float64."""

    def __init__(self, number: Any, count: int) -> None:
        """``count`` is `LANES` or `HALF`."""
        self.number, self.count = number, count
        super().__init__(name=f"Vector({number}, {count})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        number = manager.lookup(kind.number).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, kind.count))


# --- in a code generator -------------------------------------------------------------------------


def address(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    """Return where ``array[start]`` lies."""
    made = context.make_array(array_type)(context, builder, array)
    return builder.gep(made.data, [start])


def check(array: Any) -> None:
    """Raise a typing error for an array that no vector can be loaded from."""
    if not isinstance(array, types.Array) or array.layout != "C" or array.ndim != 1:
        raise errors.TypingError("vectors are loaded from arrays of one dimension without gaps")


def further(builder: Any, start: Any, away: int) -> Any:
    """Return the place ``away`` numbers after ``start``."""
    return builder.add(start, start.type(away))


def read(context: Any, builder: Any, array_type: Any, array: Any, start: Any, count: int) -> Any:
    """Return the ``count`` numbers of ``array`` from ``start`` on."""
    number = context.get_value_type(array_type.dtype)
    place = address(context, builder, array_type, array, start)
    place = builder.bitcast(place, ir.VectorType(number, count).as_pointer())
    # Aligned as a number is: a vector may begin anywhere.
    return builder.load(place, align=context.get_abi_sizeof(number))


def write(context: Any, builder: Any, array_type: Any, array: Any, start: Any, vector: Any) -> None:
    """Write ``vector`` to ``array`` from ``start`` on."""
    place = address(context, builder, array_type, array, start)
    place = builder.bitcast(place, vector.type.as_pointer())
    builder.store(vector, place, align=context.get_abi_sizeof(vector.type.element))


def repeated(builder: Any, value: Any, count: int) -> Any:
    """Return a vector with ``value`` in all of ``count`` lanes."""
    undefined = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, lanes([0] * count))


def lanes(numbers: list[int]) -> Any:
    """Return the lanes that a shuffle takes."""
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return LLVM's fused multiply-add; llvmlite's own function refuses vectors."""
    kind = c.type
    count = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
    number = kind.element if count else kind
    name = f"llvm.fma.{count}{number.intrinsic_name}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind, kind, kind]), name
    )
    return builder.call(function, [a, b, c])


# --- vectors -------------------------------------------------------------------------------------


@intrinsic
def load(context: Any, array: Any, start: Any) -> Any:
    """Return the vector ``array[start : start + LANES]``."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return read(context, builder, signature.args[0], *arguments, LANES)

    return Vector(array.dtype, LANES)(array, types.intp), build


@intrinsic
def store(context: Any, array: Any, start: Any, vector: Any) -> Any:
    """Write ``vector`` to ``array`` from ``start`` on."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write(context, builder, signature.args[0], *arguments)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), build


@intrinsic
def same(context: Any, value: Any) -> Any:
    """Return the vector with ``value`` in every lane."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return repeated(builder, arguments[0], LANES)

    return Vector(value, LANES)(value), build


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c`` of numbers or of vectors, rounded once."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return fused(builder, *arguments)

    return c(c, c, c), build


@intrinsic
def load_levels(context: Any, image: Any, start: Any, scale: Any, background: Any) -> Any:
    """Return the vector of ``scale`` times the grey levels of ``image`` (uint8), plus
    ``background``, rounded once.
    """
    check(image)
    if image.dtype != types.uint8:
        raise errors.TypingError("grey levels are uint8")

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        levels = read(context, builder, signature.args[0], *arguments[:2], LANES)
        factor, bottom = (repeated(builder, number, LANES) for number in arguments[2:])
        return fused(builder, builder.uitofp(levels, factor.type), factor, bottom)

    return Vector(scale, LANES)(image, types.intp, scale, scale), build


@intrinsic
def fetch(context: Any, array: Any, start: Any) -> Any:
    """Have the processor's cache fetch the 64 bytes at ``array[start]``; nothing else changes."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        place = builder.bitcast(address(context, builder, signature.args[0], *arguments), byte)
        builder.call(function, [place, flag(0), flag(3), flag(1)])  # to read, soon, data
        return context.get_dummy_value()

    return types.void(array, types.intp), build


@intrinsic
def clipped(context: Any, vector: Any, most: Any) -> Any:
    """Return each lane between ``-most`` and ``most``; NaN passes through."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, bound = arguments
        value = builder.select(builder.fcmp_ordered(">", value, bound), bound, value)
        least = builder.fneg(bound)
        return builder.select(builder.fcmp_ordered("<", value, least), least, value)

    return vector(vector, vector), build


@intrinsic
def first_lanes(context: Any, vector: Any, count: Any) -> Any:
    """Return the first ``count`` lanes as they are, zero in the others."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, number = arguments
        number = builder.trunc(number, ir.IntType(32))
        below = builder.icmp_signed(
            "<", lanes(list(range(LANES))), repeated(builder, number, LANES)
        )
        return builder.select(below, value, ir.Constant(value.type, [0.0] * LANES))

    return vector(vector, types.intp), build


@intrinsic
def total(context: Any, vector: Any) -> Any:
    """Return the sum of the lanes: the halves are added, then the halves of that, to one number."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (rest,) = arguments
        while rest.type.count > 1:
            half = rest.type.count // 2
            parts = (lanes(list(range(n, n + half))) for n in (0, half))
            rest = builder.fadd(*(builder.shuffle_vector(rest, rest, part) for part in parts))
        return builder.extract_element(rest, ir.Constant(ir.IntType(32), 0))

    return vector.number(vector), build


def _shuffle(mask: list[int]) -> Callable[..., Any]:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.shuffle_vector(arguments[0], arguments[-1], lanes(mask))

    return build


@intrinsic
def evens(context: Any, left: Any, right: Any) -> Any:
    """Return the even lanes of ``left``, then those of ``right``."""
    return left(left, right), _shuffle([2 * n for n in range(LANES)])


@intrinsic
def odds(context: Any, left: Any, right: Any) -> Any:
    """Return the odd lanes of ``left``, then those of ``right``."""
    return left(left, right), _shuffle([2 * n + 1 for n in range(LANES)])


@intrinsic
def lower_twice(context: Any, vector: Any) -> Any:
    """Return each lane of the lower half twice."""
    return vector(vector), _shuffle([n // 2 for n in range(LANES)])


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


@kernel
def subtract(array: Any, scale: Any, start: int, vector: Any) -> None:
    """Subtract ``scale`` times ``vector`` from the vector of ``array`` at ``start``."""
    store(array, start, fma(-load(scale, start), vector, load(array, start)))
