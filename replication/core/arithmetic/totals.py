"""The sums of the lanes of many vectors at once, by the tree of `vectors.total`."""

from typing import Any

from llvmlite import ir
from numba import types

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
    written,
)


@intrinsic
def totals(context: Any, block: Any) -> Any:
    """Return a row with the `total` of each vector of ``block`` in turn, then zeros.

    The row is of as many vectors of `LANES` as are needed.
    """
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
