"""Blocks of the columns of a matrix: what a layer that reads the field does with the ink."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils

from replication.arithmetic.llvm import (
    check,
    further,
    fused,
    intrinsic,
    packed,
    read,
    read_row,
    repeated,
    unpacked,
    write,
)  # fmt: skip


@intrinsic
def add_columns(context: Any, block: Any, array: Any, starts: Any, away: Any, factor: Any) -> Any:
    """Return ``block`` plus ``factor`` times the block of ``array`` at ``starts`` + ``away``."""
    check(array)
    row = block.dtype

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, values, firsts, at, number = arguments
        vectors, count = unpacked(builder, vectors), row.dtype.count
        number = repeated(builder, number, count)
        for sums, first in zip(vectors, cgutils.unpack_tuple(builder, firsts), strict=True):
            start = builder.add(first, at)
            column = read_row(context, builder, signature.args[1], values, start, row.count, count)
            sums[:] = [
                fused(builder, value, number, rest)
                for value, rest in zip(column, sums, strict=True)
            ]
        return packed(builder, vectors)

    return block(block, array, starts, types.intp, factor), build


@intrinsic
def subtract_columns(
    context: Any, array: Any, first: Any, scale: Any, deltas: Any, factor: Any
) -> Any:
    """Subtract the row ``deltas`` times ``factor``, times the row at ``scale``, from that at
    ``first``; both rows are of ``array``.
    """
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, at, by, vectors, number = arguments
        number = repeated(builder, number, deltas.dtype.count)
        size = signature.args[0], values
        for n, delta in enumerate(cgutils.unpack_tuple(builder, vectors)):
            place, other = (further(builder, p, n * deltas.dtype.count) for p in (at, by))
            weight = read(context, builder, *size, place, deltas.dtype.count)
            step = read(context, builder, *size, other, deltas.dtype.count)
            change = builder.fmul(delta, number)
            weight = fused(builder, builder.fneg(step), change, weight)
            write(context, builder, *size, place, weight)
        return context.get_dummy_value()

    whole = types.intp
    return types.void(array, whole, whole, deltas, factor), build
