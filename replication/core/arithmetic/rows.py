"""Rows: tuples of vectors that stay in registers while sums are added to them.

Their length is part of their type: what makes a row takes another one of the same length, or a
constant. So a kernel that is given a row is compiled once for each length it is used with.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, errors

from replication.core.arithmetic.vectors import (
    LANES,
    Vector,
    address,
    check,
    fused,
    intrinsic,
    lanes,
    spread,
    vector_at,
)  # fmt: skip


def _row(vector: Any, length: Any) -> Any:
    if isinstance(length, types.UniTuple):
        return types.UniTuple(vector, length.count)
    if not isinstance(length, types.IntegerLiteral):
        raise errors.RequireLiteralValue("the length of a row must be a constant")
    return types.UniTuple(vector, length.literal_value)


@intrinsic(prefer_literal=True)
def row_of(context: Any, length: Any, vector: Any) -> Any:
    """Return a row of ``length`` copies of ``vector``."""
    row = _row(vector, length)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.pack_array(builder, [arguments[1]] * row.count)

    return row(length, vector), build


def _loaded(length: Any, array: Any, load: Any) -> Any:
    """Signature and code of a row whose vectors ``load`` makes of places a step apart."""
    check(array)
    row = _row(Vector(array.dtype), length)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, values, at, by = arguments
        vectors = []
        for _ in range(row.count):
            vectors.append(load(context, builder, signature.args[1], values, at))
            at = builder.add(at, by)
        return cgutils.pack_array(builder, vectors)

    return row(length, array, types.intp, types.intp), build


def _vector(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    place, size = vector_at(context, builder, array_type, array, at)
    return builder.load(place, align=size)


def _number(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    vector = context.get_value_type(Vector(array_type.dtype))
    value = builder.load(address(context, builder, array_type, array, at))
    return spread(builder, vector, value)


@intrinsic(prefer_literal=True)
def load_row(context: Any, length: Any, array: Any, start: Any, step: Any) -> Any:
    """Return the row of the ``length`` vectors of ``array`` at ``start``, ``start + step``, ..."""
    return _loaded(length, array, _vector)


@intrinsic(prefer_literal=True)
def same_row(context: Any, length: Any, array: Any, start: Any, step: Any) -> Any:
    """Return the row whose vector n has the number ``array[start + n * step]`` in every lane."""
    return _loaded(length, array, _number)


@intrinsic
def store_row(context: Any, array: Any, start: Any, step: Any, row: Any) -> Any:
    """Write the vectors of ``row`` to ``array`` at ``start``, ``start + step``, ..."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, at, by, vectors = arguments
        for vector in cgutils.unpack_tuple(builder, vectors):
            place, size = vector_at(context, builder, signature.args[0], values, at)
            builder.store(vector, place, align=size)
            at = builder.add(at, by)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, row), build


@intrinsic
def correlated(context: Any, row: Any, array: Any, start: Any, step: Any, taps: Any) -> Any:
    """``row`` with the products of vector n + t and ``taps[t]`` added to its vector n, for all t.

    Vector n is that of ``array`` at ``start + n * step``.
    """
    return _tapped(row, array, taps, row.count + taps.count - 1, lambda n, t: n - t)


@intrinsic
def scattered(context: Any, row: Any, array: Any, start: Any, step: Any, taps: Any) -> Any:
    """``row`` with the products of vector n and ``taps[t]`` added to its vector n + t, for all t.

    Vector n is that of ``array`` at ``start + n * step``.
    """
    return _tapped(row, array, taps, row.count - taps.count + 1, lambda n, t: n + t)


def _tapped(row: Any, array: Any, taps: Any, number: int, to: Any) -> Any:
    """Each of ``number`` vectors of the array times tap t is added to the row's ``to(n, t)``."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, values, at, by, factors = arguments
        vectors, factors = (cgutils.unpack_tuple(builder, them) for them in (vectors, factors))
        for n in range(number):
            value = _vector(context, builder, signature.args[1], values, at)
            for t, factor in enumerate(factors):
                if 0 <= to(n, t) < row.count:
                    vectors[to(n, t)] = fused(builder, value, factor, vectors[to(n, t)])
            at = builder.add(at, by)
        return cgutils.pack_array(builder, vectors)

    return row(row, array, types.intp, types.intp, taps), build


@intrinsic
def add_products(context: Any, row: Any, array: Any, start: Any, factor: Any) -> Any:
    """``row`` with ``factor`` times the vectors of ``array`` from ``start`` on added to its own."""
    check(array)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors, values, at, times = arguments
        results = []
        for vector in cgutils.unpack_tuple(builder, vectors):
            value = _vector(context, builder, signature.args[1], values, at)
            results.append(fused(builder, value, times, vector))
            at = builder.add(at, at.type(LANES))
        return cgutils.pack_array(builder, results)

    return row(row, array, types.intp, factor), build


@intrinsic
def totals(context: Any, row: Any) -> Any:
    """Return a vector of the `total` of each of the row's vectors; zero in the other lanes."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = cgutils.unpack_tuple(builder, arguments[0])
        zero = ir.Constant(vectors[0].type, [0.0] * LANES)
        half = LANES
        while half > 1:
            half //= 2
            vectors += [zero] * (len(vectors) % 2)
            vectors = [
                _halved(builder, a, b, half)
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return builder.shuffle_vector(vectors[0], zero, lanes(_ORDER))

    return row.dtype(row), build


def _halved(builder: Any, a: Any, b: Any, half: int) -> Any:
    """Halves of the vectors' groups of lanes added: those of ``a`` and ``b`` take turns.

    Most of the lanes stay in their places, which costs a processor less than moving them.
    """
    here, there = [], []
    for lane in range(LANES):
        other = LANES * (lane // half % 2)
        here.append(other + lane)
        there.append(other + lane + (half if not other else -half))
    return builder.fadd(
        builder.shuffle_vector(a, b, lanes(here)), builder.shuffle_vector(a, b, lanes(there))
    )


# Where the total of each vector lies after the last halving: the bits of its number turned round.
_ORDER = [int(f"{n:03b}"[::-1], 2) for n in range(LANES)]
