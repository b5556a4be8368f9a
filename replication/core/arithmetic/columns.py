"""Blocks of the columns of a matrix: what a layer that reads the field does with the ink."""

from typing import Any

from numba import types

from replication.core.arithmetic.llvm import check, further, fused, intrinsic, repeated, written


@intrinsic
def add_columns(context: Any, block: Any, array: Any, starts: Any, away: Any, factor: Any) -> Any:
    """Return ``block`` plus ``factor`` times the block of ``array`` at ``starts`` + ``away``."""
    check(array)
    row = block.dtype

    def emit(builder: Any, rows: Any, values: Any, firsts: Any, at: Any, number: Any) -> Any:
        number = repeated(builder, number, row.dtype.count)
        for sums, first in zip(rows, firsts, strict=True):
            column = values.row(builder.add(first, at), row.count, row.dtype.count)
            sums[:] = [
                fused(builder, value, number, rest)
                for value, rest in zip(column, sums, strict=True)
            ]
        return rows

    return block(block, array, starts, types.intp, factor), written(emit)


@intrinsic
def subtract_columns(
    context: Any, array: Any, first: Any, scale: Any, deltas: Any, factor: Any
) -> Any:
    """Subtract the row ``deltas`` times ``factor``, times the row at ``scale``, from that at
    ``first``; both rows are of ``array``.
    """
    check(array)

    def emit(builder: Any, values: Any, at: Any, by: Any, row: Any, number: Any) -> None:
        count = deltas.dtype.count
        number = repeated(builder, number, count)
        for n, delta in enumerate(row):
            place, step = (further(builder, start, n * count) for start in (at, by))
            change = builder.fmul(delta, number)
            step = builder.fneg(values.read(step, count))
            values.write(place, fused(builder, step, change, values.read(place, count)))

    whole = types.intp
    return types.void(array, whole, whole, deltas, factor), written(emit)
