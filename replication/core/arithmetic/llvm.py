"""What the vocabulary is made of: functions that emit LLVM code, and the type of a vector."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, errors
from numba.core.datamodel import models
from numba.extending import register_model

# Numba's own type for it hides that an operation is called with all but its first argument.
intrinsic: Any = extending.intrinsic

LANES, HALF = 16, 8
_TUPLE: Any = types.BaseTuple  # without the attributes that its types say it has not


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


class Numbers:
    """An array in the code that is being written; vectors may begin anywhere in it."""

    def __init__(self, context: Any, builder: Any, kind: Any, array: Any) -> None:
        """``array`` is the LLVM value of the Numba type ``kind``."""
        self._builder, self.number = builder, context.get_value_type(kind.dtype)
        self._align = context.get_abi_sizeof(self.number)
        self._first = context.make_array(kind)(context, builder, array).data

    def at(self, start: Any) -> Any:
        """Return where number ``start`` lies."""
        return self._builder.gep(self._first, [start])

    def read(self, start: Any, count: int) -> Any:
        """Return the vector of the ``count`` numbers from ``start`` on."""
        kind = ir.VectorType(self.number, count).as_pointer()
        place = self._builder.bitcast(self.at(start), kind)
        return self._builder.load(place, align=self._align)

    def write(self, start: Any, vector: Any) -> None:
        """Write ``vector`` from ``start`` on."""
        place = self._builder.bitcast(self.at(start), vector.type.as_pointer())
        self._builder.store(vector, place, align=self._align)

    def row(self, start: Any, length: int, count: int) -> list[Any]:
        """Return ``length`` neighbouring vectors of ``count`` numbers from ``start`` on."""
        places = [further(self._builder, start, n * count) for n in range(length)]
        return [self.read(place, count) for place in places]

    def same(self, start: Any, count: int) -> Any:
        """Return the vector with number ``start`` in all of ``count`` lanes."""
        return repeated(self._builder, self._builder.load(self.at(start)), count)


def written(emit: Callable[..., Any]) -> Callable[..., Any]:
    """Return what Numba lowers an operation by: ``emit`` of the builder and the arguments.

    It is given arrays as `Numbers`, tuples and blocks as lists, and may return such lists.
    """

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def taken(kind: Any, value: Any) -> Any:
            if isinstance(kind, types.Array):
                return Numbers(context, builder, kind, value)
            if isinstance(kind, _TUPLE):
                parts = cgutils.unpack_tuple(builder, value)
                return [taken(*part) for part in zip(kind.types, parts, strict=True)]
            return value

        def given(value: Any) -> Any:
            if isinstance(value, list):
                return cgutils.pack_array(builder, [given(part) for part in value])
            return value

        result = emit(builder, *map(taken, signature.args, arguments))
        return context.get_dummy_value() if result is None else given(result)

    return build


def check(array: Any) -> None:
    """Raise a typing error for an array that no vector can be loaded from."""
    if not isinstance(array, types.Array) or array.layout != "C" or array.ndim != 1:
        raise errors.TypingError("vectors are loaded from arrays of one dimension without gaps")


def further(builder: Any, start: Any, away: int) -> Any:
    """Return the place ``away`` numbers after ``start``."""
    return builder.add(start, start.type(away))


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


def constant(literal: Any) -> int:
    """Return the value of a constant; raises for what is none."""
    if not isinstance(literal, types.IntegerLiteral):
        raise errors.RequireLiteralValue("the size of a block must be a constant")
    return int(literal.literal_value)
