"""Lays out a network for the kernels, as layout.py says."""

import numpy as np

from replication.core.arithmetic.llvm import HALF, LANES
from replication.core.arithmetic.taps import SIDE
from replication.core.learning.kernels.layout import (
    COLUMN,
    CONVOLUTION,
    FIELD,
    FULL,
    GROUP,
    SUBSAMPLING,
    UNITS,
    Integers,
    Place,
    Plan,
    whole,
)
from replication.core.networks.specification import Kind, Layer, Network
from replication.errors import ReplicationError

# Numbers between two layers: a vector at the end of a map may reach so far beyond it.
GAP = 4 * LANES


def _kind(layer: Layer) -> int:
    if layer.kind is Kind.SUBSAMPLING:
        return SUBSAMPLING
    if layer.kind is Kind.CONVOLUTION and layer.outputs[1:] != (1, 1):
        return CONVOLUTION
    return FULL


def _check(network: Network) -> None:
    """Raise ReplicationError for a stack of layers that the kernels do not know."""
    before = FIELD
    for layer in network.trainable:
        kind, (maps, height, width) = _kind(layer), layer.outputs
        values = range(layer.inputs[0])
        problem = None
        if min(height, width) < 1:
            problem = (
                f"would have maps of {height}x{width}, as it reads {layer.inputs[1]}x"
                f"{layer.inputs[2]}: give the network a larger field than {network.field}x"
                f"{network.field}, or fewer layers"
            )
        elif kind == CONVOLUTION and layer.kernel != SIDE:
            problem = f"has a kernel of {layer.kernel}x{layer.kernel}: make it {SIDE}x{SIDE}"
        elif kind == CONVOLUTION and before not in (FIELD, SUBSAMPLING):
            problem = "is a convolution that reads a convolution: put a sub-sampling in between"
        elif kind == SUBSAMPLING and before != CONVOLUTION:
            problem = "is a sub-sampling that reads no convolution: put one before it"
        elif kind == FULL and before == CONVOLUTION:
            problem = "has units that read a convolution: put a sub-sampling in between"
        elif layer.kind is Kind.CONVOLUTION and any(
            len(set(row)) < len(row) or not set(row) <= set(values) for row in layer.table
        ):
            problem = f"has a table that names a map twice, or none of the {len(values)} it reads"
        elif not maps:
            problem = "has no maps: give its table a row for each"
        if problem:
            raise ReplicationError(
                f"the compiled kernels cannot run the network '{network.name}': {layer.name} "
                f"{problem}"
            )
        before = kind
    if before != FULL:
        raise ReplicationError(
            f"the compiled kernels cannot run the network '{network.name}': its outputs are maps: "
            "end it with a full connection"
        )


class _Builder:
    """Lays out layer by layer; what it counts are the lengths of the arrays so far."""

    def __init__(self, network: Network) -> None:
        side = network.field
        area = side * side
        self.layers = [Place(FIELD, 1, side, side, 0, area, GAP, area, whole(area), 1, 0, 0)]
        self.values = self.layers[0].size + GAP
        self.slopes, self.kept, self.scratch = self.layers[0].size + 2 * GAP, 0, 0
        self.groups, self.readers, self.windows = [0], [0], [0.0] * GAP
        self.outputs: list[int] = []
        self.deltas: list[int] = []
        self.columns: list[int] = []
        self.places: list[Integers] = []

    def add(self, layer: Layer) -> None:
        """Lay out the next layer."""
        kind, (maps, height, width) = _kind(layer), layer.outputs
        area, below, first = height * width, self.layers[-1], self.kept
        if kind == CONVOLUTION:
            place = self._convolution(layer)
        else:
            size = whole(maps * area)
            place = Place(
                kind, maps, height, width, self.values, area, self.slopes, area, size,
                maps // below.maps if kind == SUBSAMPLING else 1, first, 0,
            )  # fmt: skip
            self.values += size + GAP
            self.slopes += size + GAP
            if kind == SUBSAMPLING:
                self.scratch = max(self.scratch, whole(area) + LANES)
                self.places.append(first + np.arange(maps))
                self.kept += whole(maps)
            else:
                self.places.append(_full_places(layer, first, below))
                self.kept += whole(maps, UNITS) * below.size
        self.places.append(self.kept + np.arange(maps))
        self.layers.append(place._replace(biases=self.kept))
        self.kept += whole(maps)

    def _convolution(self, layer: Layer) -> Place:
        maps, height, width = layer.outputs
        sources, lines, _ = layer.inputs
        margin, stride = whole((SIDE - 1) * width), whole(height * width)
        copy = whole(lines * width) + LANES
        packed, spread = self.values, self.slopes
        place = Place(
            CONVOLUTION, maps, height, width, packed + sources * SIDE * copy + GAP, stride,
            spread + sources * SIDE * copy + GAP + margin, stride + margin, maps * stride, 1,
            self.kept, 0, len(self.groups) - 1, sources, packed, spread, copy, len(self.windows),
            layer.kernel,
        )  # fmt: skip
        self.values = place.start + place.size + GAP + (SIDE - 1) * width
        self.slopes = place.deltas + maps * place.delta_stride + GAP
        self.windows += [1.0] * width + [0.0] * GAP
        columns: dict[tuple[int, int], int] = {}
        for m in range(sources):
            readers = [o for o, row in enumerate(layer.table) if m in row]
            # The groups of a map are of equal size, give or take one.
            for group in np.array_split(readers, -(-len(readers) // GROUP)) if readers else ():
                for n, o in enumerate(group):
                    columns[o, m] = self.kept + n * SIDE
                    self.outputs.append(place.start + o * stride)
                    self.deltas.append(place.deltas + o * place.delta_stride)
                    self.columns.append(columns[o, m])
                self.kept += SIDE * COLUMN
                self.readers.append(len(self.outputs))
            self.groups.append(len(self.readers) - 1)
            self.scratch = max(self.scratch, (SIDE * len(readers) + GROUP) * SIDE * HALF)
        pairs = [columns[o, m] for o, row in enumerate(layer.table) for m in row]
        i, j = np.indices((SIDE, SIDE))
        taps = np.array(pairs, np.int64)[:, None, None] + j * COLUMN + i
        self.places.append(taps.ravel())
        return place


def _full_places(layer: Layer, first: int, below: Place) -> Integers:
    """Return where the weights of units lie that read whole maps of ``below``, or its values."""
    area, parts = below.height * below.width, [np.zeros(0, np.int64)]
    for unit, row in enumerate(layer.table):
        value = np.array(row, np.int64)
        if layer.kind is Kind.CONVOLUTION:
            value = np.add.outer(value * area, np.arange(area)).ravel()
        start = first + unit // UNITS * UNITS * below.size + unit % UNITS * LANES
        parts.append(start + value // LANES * LANES * UNITS + value % LANES)
    return np.concatenate(parts)


def plan(network: Network, dtype: type[np.floating] = np.float32) -> Plan:
    """Lay out ``network`` for the kernels, in ``dtype``.

    Raises ReplicationError for a stack of layers that the kernels do not know.
    """
    _check(network)
    built = _Builder(network)
    for layer in network.trainable:
        built.add(layer)
    last = built.layers[-1]
    codes = np.zeros((len(network.codes), last.size), dtype)
    codes[:, : network.codes.shape[1]] = network.codes
    groups, readers, outputs, deltas, columns = (
        np.array(numbers, np.int64) for numbers in
        (built.groups, built.readers, built.outputs, built.deltas, built.columns)
    )  # fmt: skip
    return Plan(
        np.array(built.layers, [(field, np.int64) for field in Place._fields]),
        groups,
        readers,
        outputs,
        deltas,
        columns,
        np.array(built.windows, dtype),
        np.concatenate(built.places),
        codes,
        len(network.codes) or last.maps,
        built.kept,
        built.values + GAP,
        built.slopes + GAP,
        built.scratch,
    )
