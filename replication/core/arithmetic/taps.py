"""What a convolution of 5x5 adds to blocks: a column of five taps at a time."""

from typing import Any

from numba import types

from replication.core.arithmetic.llvm import check, constant, further, fused, intrinsic, written

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

    Vector i of row m takes the deltas from ``starts[m] + away`` on times the values from
    ``x + i * line`` on.
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
