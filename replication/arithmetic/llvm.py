"""What the vocabulary is made of: functions that emit LLVM code, and the type of a vector."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, errors
from numba.core.datamodel import models
from numba.extending import register_model

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


def unpacked(builder: Any, block: Any) -> list[list[Any]]:
    """Return the rows of ``block`` as lists of vectors."""
    return [cgutils.unpack_tuple(builder, row) for row in cgutils.unpack_tuple(builder, block)]


def packed(builder: Any, block: list[list[Any]]) -> Any:
    """Return the block of lists of vectors."""
    return cgutils.pack_array(builder, [cgutils.pack_array(builder, row) for row in block])


def constant(literal: Any) -> int:
    """Return the value of a constant; raises for what is none."""
    if not isinstance(literal, types.IntegerLiteral):
        raise errors.RequireLiteralValue("the size of a block must be a constant")
    return int(literal.literal_value)


def read_row(
    context: Any, builder: Any, array_type: Any, array: Any, start: Any, length: int, count: int
) -> list[Any]:
    """Return ``length`` neighbouring vectors of ``array`` from ``start`` on."""
    places = [further(builder, start, n * count) for n in range(length)]
    return [read(context, builder, array_type, array, place, count) for place in places]


def read_number(
    context: Any, builder: Any, array_type: Any, array: Any, start: Any, count: int
) -> Any:
    """Return the vector with ``array[start]`` in every lane."""
    value = builder.load(address(context, builder, array_type, array, start))
    return repeated(builder, value, count)
