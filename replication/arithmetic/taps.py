"""What a convolution of 5x5 adds to blocks: a column of five taps at a time."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils

from replication.arithmetic.llvm import (
    check,
    constant,
    further,
    fused,
    intrinsic,
    packed,
    read,
    read_number,
    read_row,
    unpacked,
)  # fmt: skip

# The side of every convolution's kernel.
SIDE = 5


@intrinsic
def add_taps(context: Any, block: Any, values: Any, x: Any, line: Any, weights: Any, k: Any) -> Any:
    """Return ``block`` with a column of a kernel applied: to row m the column of output map m.

    Row m becomes row m plus, for i of 0 to 4, ``weights[k + m * SIDE + i]`` times the numbers of
    ``values`` from ``x + i * line`` on.
    """
    check(values)
    row = block.dtype

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, array, at, by, factors, first = arguments
        vectors, count = unpacked(builder, vectors), row.dtype.count
        for i in range(SIDE):
            inputs = read_row(context, builder, signature.args[1], array, at, row.count, count)
            for m, sums in enumerate(vectors):
                place = further(builder, first, m * SIDE + i)
                factor = read_number(context, builder, signature.args[4], factors, place, count)
                for n, value in enumerate(inputs):
                    sums[n] = fused(builder, value, factor, sums[n])
            at = builder.add(at, by)
        return packed(builder, vectors)

    whole = types.intp
    return block(block, values, whole, whole, weights, whole), build


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
    row, apart = block.dtype, constant(step)
    count = row.dtype.count

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, array, start, at, by, size, factors, first, _ = arguments
        vectors = unpacked(builder, vectors)
        reach = further(builder, size, count - 1)
        for i in range(SIDE):
            places = [further(builder, first, j * apart + i) for j in range(block.count)]

            def taps(places: list[Any] = places) -> list[Any]:
                return [
                    read_number(context, builder, signature.args[6], factors, place, count)
                    for place in places
                ]

            # Several vectors share them; where there is one, registers are few.
            early = taps() if row.count > 1 else None
            for n in range(row.count):
                position = further(builder, at, n * count)
                met = builder.icmp_unsigned("<", further(builder, position, count - 1), reach)
                before = builder.block
                with builder.if_then(met, likely=True):
                    place = builder.add(start, position)
                    value = read(context, builder, signature.args[1], array, place, count)
                    sums = [
                        fused(builder, value, tap, vector[n])
                        for tap, vector in zip(early or taps(), vectors, strict=True)
                    ]
                    within = builder.block
                for vector, sum_ in zip(vectors, sums, strict=True):
                    either = builder.phi(sum_.type)
                    either.add_incoming(vector[n], before)
                    either.add_incoming(sum_, within)
                    vector[n] = either
            at = builder.sub(at, by)
        return packed(builder, vectors)

    whole = types.intp
    return block(block, deltas, whole, whole, whole, whole, weights, whole, step), build


@intrinsic
def add_products(
    context: Any, block: Any, deltas: Any, starts: Any, away: Any, values: Any, x: Any, line: Any
) -> Any:
    """Return ``block`` with the products added that a column of kernels is updated by.

    Vector i of row m takes the deltas from ``starts[m] + away`` on times the values from
    ``x + i * line`` on.
    """
    check(deltas)
    row = block.dtype

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, array, firsts, at, inputs, place, by = arguments
        vectors, count = unpacked(builder, vectors), row.dtype.count
        taken = [
            read(context, builder, signature.args[1], array, builder.add(first, at), count)
            for first in cgutils.unpack_tuple(builder, firsts)
        ]
        for i in range(row.count):
            value = read(context, builder, signature.args[4], inputs, place, count)
            for sums, delta in zip(vectors, taken, strict=True):
                sums[i] = fused(builder, value, delta, sums[i])
            place = builder.add(place, by)
        return packed(builder, vectors)

    whole = types.intp
    return block(block, deltas, starts, whole, values, whole, whole), build
