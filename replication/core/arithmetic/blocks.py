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
    repeated,
    written,
)

# Whether the processor has 32 registers of 16 lanes or 16 registers of 8: Numba's own choice of
# features, which its cache of compiled code takes into account.
MANY = "+avx512vl" in cpu_target.target_context.codegen().magic_tuple()[2]


@intrinsic(prefer_literal=True)
def zeros(context: Any, array: Any, rows: Any, length: Any, count: Any) -> Any:
    """Return a block like ``array`` of ``rows`` rows of ``length`` vectors of ``count`` lanes:
    constants.
    """
    block = _block(array, constant(rows), constant(length), constant(count))
    return block(array, rows, length, count), _nothing


def blocks(shapes: list[tuple[int, int, int]]) -> Any:
    """Return what gives, in a kernel, a tuple of blocks of zeros like its array.

    ``shapes`` are rows, length and lanes of each: for `numba.literal_unroll`.
    """

    @intrinsic
    def every(context: Any, array: Any) -> Any:
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
    """Subtract ``deltas`` times ``factor`` times the row at ``scale`` from that at ``first``."""
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


# The side of every convolution's kernel.
SIDE = 5


@intrinsic
def add_taps(context: Any, block: Any, values: Any, x: Any, line: Any, weights: Any, k: Any) -> Any:
    """Return ``block`` with a column of a kernel applied: to row m the column of output map m.

    Row m becomes row m plus, for i of 0 to 4, ``weights[k + m * SIDE + i]`` times the numbers of
    ``values`` from ``x + i * line`` on.
    """
    check(values)
    length, count = block.dtype.count, block.dtype.dtype.count

    def emit(
        builder: Any, rows: Any, array: Any, at: Any, by: Any, factors: Any, first: Any
    ) -> Any:
        for i in range(SIDE):
            inputs = array.row(at, length, count)
            for m, sums in enumerate(rows):
                factor = factors.same(further(builder, first, m * SIDE + i), count)
                for n, value in enumerate(inputs):
                    sums[n] = fused(builder, value, factor, sums[n])
            at = builder.add(at, by)
        return rows

    whole = types.intp
    return block(block, values, whole, whole, weights, whole), written(emit)


@intrinsic(prefer_literal=True)
def add_spread(
    context: Any, block: Any, deltas: Any, y: Any, away: Any, line: Any, area: Any, weights: Any,
    k: Any, step: Any,
) -> Any:  # fmt: skip
    """Return ``block`` with a map of deltas spread over its five rows, one for each column j.

    Row j becomes row j plus, for i of 0 to 4, ``weights[k + j * step + i]`` times the deltas from
    ``y + away - i * line`` on. The map begins at ``y`` and has ``area`` deltas between zeros: a
    vector without any of them is passed over. ``step`` is a constant.
    """
    check(deltas)
    length, count, apart = block.dtype.count, block.dtype.dtype.count, constant(step)

    def emit(
        builder: Any, rows: Any, array: Any, start: Any, at: Any, by: Any, size: Any,
        factors: Any, first: Any, _: Any,
    ) -> Any:  # fmt: skip
        reach = further(builder, size, count - 1)

        def taps(i: int) -> list[Any]:
            places = [further(builder, first, j * apart + i) for j in range(len(rows))]
            return [factors.same(place, count) for place in places]

        for i in range(SIDE):
            # Several vectors share them; where there is one, registers are few.
            shared = taps(i) if length > 1 else None
            for n in range(length):
                position = further(builder, at, n * count)
                met = builder.icmp_unsigned("<", further(builder, position, count - 1), reach)
                before = builder.block
                with builder.if_then(met, likely=True):
                    value = array.read(builder.add(start, position), count)
                    sums = [
                        fused(builder, value, tap, row[n])
                        for tap, row in zip(shared or taps(i), rows, strict=True)
                    ]
                    within = builder.block
                for row, sum_ in zip(rows, sums, strict=True):
                    either = builder.phi(sum_.type)
                    either.add_incoming(row[n], before)
                    either.add_incoming(sum_, within)
                    row[n] = either
            at = builder.sub(at, by)
        return rows

    whole = types.intp
    signature = block(block, deltas, whole, whole, whole, whole, weights, whole, step)
    return signature, written(emit)


@intrinsic
def add_products(
    context: Any, block: Any, deltas: Any, starts: Any, away: Any, values: Any, x: Any, line: Any
) -> Any:
    """Return ``block`` with the products added that a column of kernels is updated by.

    Vector i of row m takes the deltas from ``starts[m] + away`` on times the values from ``x + i *
    line`` on.
    """
    check(deltas)
    length, count = block.dtype.count, block.dtype.dtype.count

    def emit(
        builder: Any, rows: Any, array: Any, firsts: Any, at: Any, inputs: Any, place: Any, by: Any
    ) -> Any:
        taken = [array.read(builder.add(first, at), count) for first in firsts]
        for i in range(length):
            value = inputs.read(place, count)
            for sums, delta in zip(rows, taken, strict=True):
                sums[i] = fused(builder, value, delta, sums[i])
            place = builder.add(place, by)
        return rows

    whole = types.intp
    return block(block, deltas, starts, whole, values, whole, whole), written(emit)
