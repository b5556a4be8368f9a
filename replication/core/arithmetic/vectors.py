"""Arithmetic whose result is the same bytes on every processor.

A compiler may add numbers in another order, or fuse a product and a sum, only where it is told that
it may. Nothing here tells it so: a fused multiply-add stands where `fma` is written, a sum over
many numbers has a fixed number of accumulators and a fixed tree, and the exponential and the
logarithm are polynomials of the same operations. What is left, adding, multiplying, dividing and
rounding, IEEE 754 defines to the last bit.

The vocabulary of the kernels:

* a *vector* is `LANES` neighbouring numbers of an array: `load`, `store`, `same` (all lanes equal),
  `fma`, `total` (the sum of the lanes by a fixed tree), and ``+ - *`` lane by lane;
* a *row* is a tuple of vectors that stay in registers, see rows.py;
* of single numbers, `fma`, `exponential` and `logarithm` (float64).

The processor's own vectors may be narrower or wider; the compiler then takes several, or part of
one, which changes no bit.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, errors
from numba.core.datamodel import models
from numba.extending import lower_builtin, register_model, type_callable

from replication.core.compiled import kernel

# Numba's own type for it hides that an operation is called with all but its first argument.
intrinsic: Any = extending.intrinsic

LANES = 8

# --- vectors -------------------------------------------------------------------------------------


class Vector(types.Type):
    """`LANES` numbers of one floating-point type."""

    def __init__(self, number: Any) -> None:
        """Make the type; ``number`` is Numba's float32 or float64."""
        self.number = number
        super().__init__(name=f"Vector({number})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        number = manager.lookup(kind.number).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, LANES))


def address(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    """In a code generator: where ``array[start]`` lies."""
    made = context.make_array(array_type)(context, builder, array)
    return builder.gep(made.data, [start])


def check(array: Any) -> None:
    """Raise a typing error for an array that no vector can be loaded from."""
    if not isinstance(array, types.Array) or array.layout != "C" or array.ndim != 1:
        raise errors.TypingError("vectors are loaded from arrays of one dimension without gaps")


def vector_at(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    """In a code generator: where the vector at ``array[start]`` lies, and its alignment."""
    vector = context.get_value_type(Vector(array_type.dtype))
    place = address(context, builder, array_type, array, start)
    # Aligned as a number is: an array may begin anywhere.
    size = context.get_abi_sizeof(context.get_value_type(array_type.dtype))
    return builder.bitcast(place, vector.as_pointer()), size


def spread(builder: Any, vector: Any, value: Any) -> Any:
    """In a code generator: a vector with ``value`` in every lane."""
    lane = ir.Constant(ir.IntType(32), 0)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, lane)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), lanes([0] * LANES))


def lanes(numbers: list[int]) -> Any:
    """In a code generator: the lanes that a shuffle takes."""
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


def fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """LLVM's fused multiply-add; llvmlite's own function refuses vectors."""
    kind = c.type
    count = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
    number = kind.element if count else kind
    name = f"llvm.fma.{count}{number.intrinsic_name}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind, kind, kind]), name
    )
    return builder.call(function, [a, b, c])


@intrinsic
def load(context: Any, array: Any, start: Any) -> Any:
    """Return the vector ``array[start : start + LANES]``."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, size = vector_at(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=size)

    return Vector(array.dtype)(array, types.intp), build


@intrinsic
def store(context: Any, array: Any, start: Any, vector: Any) -> Any:
    """Write ``vector`` to ``array[start : start + LANES]``."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place, size = vector_at(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], place, align=size)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), build


@intrinsic
def same(context: Any, value: Any) -> Any:
    """Return the vector with ``value`` in every lane."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = context.get_value_type(signature.return_type)
        return spread(builder, vector, arguments[0])

    return Vector(value)(value), build


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c`` of numbers or of vectors, rounded once."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return fused(builder, *arguments)

    return c(c, c, c), build


def _halves(builder: Any, vector: Any) -> Any:
    """Return the sum of the lower and the upper half of ``vector``, half as long."""
    count = vector.type.count // 2
    undefined = ir.Constant(vector.type, ir.Undefined)
    lower = builder.shuffle_vector(vector, undefined, lanes(list(range(count))))
    upper = builder.shuffle_vector(vector, undefined, lanes(list(range(count, 2 * count))))
    return builder.fadd(lower, upper)


@intrinsic
def total(context: Any, vector: Any) -> Any:
    """Return the sum of the lanes: halves are added, then halves of that, down to one number."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (rest,) = arguments
        while rest.type.count > 1:
            rest = _halves(builder, rest)
        return builder.extract_element(rest, ir.Constant(ir.IntType(32), 0))

    return vector.number(vector), build


def _neighbours(first: int) -> Callable[..., Any]:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        mask = [first + 2 * lane for lane in range(LANES)]
        return builder.shuffle_vector(*arguments, lanes(mask))

    return build


def _doubled(first: int) -> Callable[..., Any]:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (vector,) = arguments
        mask = [first + lane // 2 for lane in range(LANES)]
        return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), lanes(mask))

    return build


@intrinsic
def evens(context: Any, left: Any, right: Any) -> Any:
    """Return the even lanes of ``left``, then those of ``right``."""
    return left(left, right), _neighbours(0)


@intrinsic
def odds(context: Any, left: Any, right: Any) -> Any:
    """Return the odd lanes of ``left``, then those of ``right``."""
    return left(left, right), _neighbours(1)


@intrinsic
def lower_twice(context: Any, vector: Any) -> Any:
    """Each lane of the lower half twice."""
    return vector(vector), _doubled(0)


@intrinsic
def upper_twice(context: Any, vector: Any) -> Any:
    """Each lane of the upper half twice."""
    return vector(vector), _doubled(LANES // 2)


@intrinsic
def first_lanes(context: Any, vector: Any, count: Any) -> Any:
    """Return the first ``count`` lanes as they are, zero in the others."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, number = arguments
        kind = ir.VectorType(number.type, LANES)
        numbers = ir.Constant(kind, list(range(LANES)))
        kept = builder.icmp_signed("<", numbers, spread(builder, kind, number))
        return builder.select(kept, value, ir.Constant(value.type, [0.0] * LANES))

    return vector(vector, types.intp), build


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


@kernel
def subtract(array: Any, scale: Any, start: int, vector: Any) -> None:
    """Subtract ``scale`` times ``vector`` from the vector of ``array`` at ``start``."""
    store(array, start, fma(-load(scale, start), vector, load(array, start)))
