"""Blocks: tuples of rows of vectors that stay in registers while sums are added to them.

How many rows a block has, and how many vectors of how many lanes a row, is part of its type: what
is done to a block is written out by the code generator, and a kernel that is given a block is
compiled once for each size it is used with. No sum depends on the size: it may follow the
processor's registers (`MANY`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target

from replication.arithmetic.llvm import (
    Vector,
    address,
    check,
    constant,
    further,
    intrinsic,
    packed,
    read_row,
    unpacked,
    write,
)  # fmt: skip

# Whether the processor has 32 registers of 16 lanes or 16 registers of 8: Numba's own choice of
# features, which its cache of compiled code takes into account.
MANY = "+avx512vl" in cpu_target.target_context.codegen().magic_tuple()[2]


@intrinsic(prefer_literal=True)
def zeros(context: Any, array: Any, rows: Any, length: Any, count: Any) -> Any:
    """Return a block of ``rows`` rows of ``length`` vectors of ``count`` lanes, all constants.

    The numbers are of the type of ``array``.
    """
    vector = Vector(array.dtype, constant(count))
    block = types.UniTuple(types.UniTuple(vector, constant(length)), constant(rows))

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zero = ir.Constant(context.get_value_type(vector), [0.0] * vector.count)
        return packed(builder, [[zero] * block.dtype.count] * block.count)

    return block(array, rows, length, count), build


def blocks(shapes: list[tuple[int, int, int]]) -> Any:
    """Return what gives, in a kernel, a tuple of blocks of zeros like its array.

    ``shapes`` are rows, length and lanes of each: for `numba.literal_unroll`.
    """

    @intrinsic
    def every(context: Any, array: Any) -> Any:
        """Return the blocks, of the type of ``array``."""
        found = types.Tuple(
            [
                types.UniTuple(types.UniTuple(Vector(array.dtype, count), length), rows)
                for rows, length, count in shapes
            ]
        )

        def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.get_constant_null(signature.return_type)

        return found(array), build

    return every


@intrinsic
def narrow(context: Any, block: Any) -> Any:
    """Return ``block`` with one vector in each row, the first."""
    result = types.UniTuple(types.UniTuple(block.dtype.dtype, 1), block.count)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return packed(builder, [row[:1] for row in unpacked(builder, arguments[0])])

    return result(block), build


@intrinsic
def places(context: Any, block: Any, numbers: Any, start: Any) -> Any:
    """Return as many of the whole ``numbers`` from ``start`` on as ``block`` has rows."""
    check(numbers)
    found = types.UniTuple(types.intp, block.count)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, array, at = arguments
        where = [
            address(context, builder, signature.args[1], array, further(builder, at, n))
            for n in range(found.count)
        ]
        return cgutils.pack_array(builder, [builder.load(place) for place in where])

    return found(block, numbers, types.intp), build


@intrinsic
def load_block(context: Any, block: Any, array: Any, starts: Any, away: Any) -> Any:
    """Return a block like ``block`` whose row m is read from ``starts[m] + away`` on."""
    check(array)
    row = block.dtype

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, values, firsts, at = arguments
        rows = []
        for first in cgutils.unpack_tuple(builder, firsts):
            start = builder.add(first, at)
            rows.append(
                read_row(
                    context, builder, signature.args[1], values, start, row.count, row.dtype.count
                )
            )
        return packed(builder, rows)

    return block(block, array, starts, types.intp), build


@intrinsic
def store_block(context: Any, array: Any, starts: Any, away: Any, block: Any) -> Any:
    """Write row m of ``block`` to ``array`` from ``starts[m] + away`` on."""
    check(array)
    count = block.dtype.dtype.count

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, firsts, at, vectors = arguments
        firsts = cgutils.unpack_tuple(builder, firsts)
        for first, row in zip(firsts, unpacked(builder, vectors), strict=True):
            start = builder.add(first, at)
            for n, vector in enumerate(row):
                place = further(builder, start, n * count)
                write(context, builder, signature.args[0], values, place, vector)
        return context.get_dummy_value()

    return types.void(array, starts, types.intp, block), build


@intrinsic
def added(context: Any, left: Any, right: Any) -> Any:
    """Return the sum of two blocks of the same size, vector by vector."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows = zip(*(unpacked(builder, block) for block in arguments), strict=True)
        return packed(
            builder, [[builder.fadd(a, b) for a, b in zip(*row, strict=True)] for row in rows]
        )

    return left(left, left), build
