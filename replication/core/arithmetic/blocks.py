"""Blocks: tuples of rows of vectors that stay in registers while sums are added to them.

How many rows a block has, and how many vectors of how many lanes a row, is part of its type: what
is done to a block is written out by the code generator, and a kernel that is given a block is
compiled once for each size it is used with. No sum depends on the size: it may follow the
processor's registers (`MANY`).
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target

from replication.core.arithmetic.llvm import (
    Vector,
    check,
    constant,
    further,
    fused,
    intrinsic,
    written,
)

# Whether the processor has 32 registers of 16 lanes or 16 registers of 8: Numba's own choice of
# features, which its cache of compiled code takes into account.
MANY = "+avx512vl" in cpu_target.target_context.codegen().magic_tuple()[2]


@intrinsic(prefer_literal=True)
def zeros(context: Any, array: Any, rows: Any, length: Any, count: Any) -> Any:
    """Return a block of ``rows`` rows of ``length`` vectors of ``count`` lanes, all constants.

    The numbers are of the type of ``array``.
    """
    block = _block(array, constant(rows), constant(length), constant(count))
    return block(array, rows, length, count), _nothing


def blocks(shapes: list[tuple[int, int, int]]) -> Any:
    """Return what gives, in a kernel, a tuple of blocks of zeros like its array.

    ``shapes`` are rows, length and lanes of each: for `numba.literal_unroll`.
    """

    @intrinsic
    def every(context: Any, array: Any) -> Any:
        """Return the blocks, of the type of ``array``."""
        return types.Tuple([_block(array, *shape) for shape in shapes])(array), _nothing

    return every


def _block(array: Any, rows: int, length: int, count: int) -> Any:
    return types.UniTuple(types.UniTuple(Vector(array.dtype, count), length), rows)


def _nothing(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return context.get_constant_null(signature.return_type)


@intrinsic
def narrow(context: Any, block: Any) -> Any:
    """Return ``block`` with one vector in each row, the first."""
    result = types.UniTuple(types.UniTuple(block.dtype.dtype, 1), block.count)
    return result(block), written(lambda _, rows: [row[:1] for row in rows])


@intrinsic
def places(context: Any, block: Any, numbers: Any, start: Any) -> Any:
    """Return as many of the whole ``numbers`` from ``start`` on as ``block`` has rows."""
    check(numbers)

    def emit(builder: Any, _: Any, array: Any, at: Any) -> Any:
        places = [array.at(further(builder, at, n)) for n in range(block.count)]
        return [builder.load(place) for place in places]

    return types.UniTuple(types.intp, block.count)(block, numbers, types.intp), written(emit)


@intrinsic
def spaced(context: Any, block: Any, start: Any, apart: Any) -> Any:
    """Return as many places as ``block`` has rows, ``apart`` from each other, from ``start`` on."""

    def emit(builder: Any, _: Any, first: Any, by: Any) -> Any:
        return [builder.add(first, builder.mul(by, by.type(n))) for n in range(block.count)]

    return types.UniTuple(types.intp, block.count)(block, types.intp, types.intp), written(emit)


@intrinsic
def same_block(context: Any, block: Any, array: Any, start: Any) -> Any:
    """Return a block like ``block`` with number ``start + m`` of ``array`` all over row m."""
    check(array)
    length, count = block.dtype.count, block.dtype.dtype.count

    def emit(builder: Any, rows: Any, values: Any, first: Any) -> Any:
        numbers = [values.same(further(builder, first, m), count) for m in range(len(rows))]
        return [[number] * length for number in numbers]

    return block(block, array, types.intp), written(emit)


@intrinsic
def load_block(context: Any, block: Any, array: Any, starts: Any, away: Any) -> Any:
    """Return a block like ``block`` whose row m is read from ``starts[m] + away`` on."""
    check(array)
    row = block.dtype

    def emit(builder: Any, _: Any, values: Any, firsts: Any, at: Any) -> Any:
        firsts = [builder.add(first, at) for first in firsts]
        return [values.row(first, row.count, row.dtype.count) for first in firsts]

    return block(block, array, starts, types.intp), written(emit)


@intrinsic
def store_block(context: Any, array: Any, starts: Any, away: Any, block: Any) -> Any:
    """Write row m of ``block`` to ``array`` from ``starts[m] + away`` on."""
    check(array)
    count = block.dtype.dtype.count

    def emit(builder: Any, values: Any, firsts: Any, at: Any, rows: Any) -> None:
        for first, row in zip(firsts, rows, strict=True):
            start = builder.add(first, at)
            for n, vector in enumerate(row):
                values.write(further(builder, start, n * count), vector)

    return types.void(array, starts, types.intp, block), written(emit)


@intrinsic
def added(context: Any, left: Any, right: Any) -> Any:
    """Return the sum of two blocks of the same size, vector by vector."""

    def emit(builder: Any, *both: Any) -> Any:
        rows = zip(*both, strict=True)
        return [[builder.fadd(a, b) for a, b in zip(*row, strict=True)] for row in rows]

    return left(left, left), written(emit)


@intrinsic
def sum_of_products(context: Any, left: Any, right: Any) -> Any:
    """Return the sum of the products of the first vectors of the rows of two blocks, in order."""

    def emit(builder: Any, *both: Any) -> Any:
        result = ir.Constant(both[0][0][0].type, [0.0] * left.dtype.dtype.count)
        for (a, *_), (b, *_) in zip(*both, strict=True):
            result = fused(builder, a, b, result)
        return result

    return left.dtype.dtype(left, left), written(emit)
