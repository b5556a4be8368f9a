"""A network's table of layers as the numbers that the kernels read: the packed layout.

The values of a map lie line by line without gaps, and so do the maps of a layer, but those of a
convolution, which begin at multiples of a vector. Of each map that a convolution reads there are
five copies, copy j shifted by j columns and as wide as the output, also without gaps: what the
weight (i, j) of a kernel reads is then one run of neighbouring numbers of copy j, from i lines on,
as long as the output. The derivatives by what a convolution reads have five such copies as well.

Deltas have an array of their own. A convolution's lie between four lines of zeros on either side,
so that those that a kernel would read above or below the map are there.

The parameters that a kernel works on are laid out to be read in order, with zeros in the gaps:

* a convolution: for each input map, the output maps that read it in groups of up to six; for each
  group and each column of the 5x5 kernel, `COLUMN` numbers: five weights of each map, and a gap;
* a sub-sampling: the coefficients of its maps;
* a full connection: for four units, each sixteen inputs, the sixteen weights of each of the four;

each followed by the biases.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replication.core.arithmetic.blocks import SIDE
from replication.core.arithmetic.llvm import HALF, LANES
from replication.core.networks.specification import Kind, Layer, Network
from replication.errors import ReplicationError

# Output maps in a group, and numbers that their weights of one column take.
GROUP, COLUMN = 6, 2 * LANES
# Units that a full connection computes at once.
UNITS = 4

# Kinds of layers.
FIELD, CONVOLUTION, SUBSAMPLING, FULL, INK = range(5)

# In the precision of the run: float32 in training, float64 in tests.
Floats = NDArray[np.floating[Any]]
Number = float | np.floating[Any]
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


class Levels(NamedTuple):
    """The input for a grey level: ``scale`` times it plus ``background``, rounded once."""

    background: Number
    scale: Number


class Place(NamedTuple):
    """Of which kind and size a layer is, and where its values and parameters lie."""

    kind: int  # FIELD, CONVOLUTION, SUBSAMPLING, FULL or INK
    # maps, height, width: the shape of its outputs
    maps: int
    height: int
    width: int
    # start, stride: where its values begin, and numbers from one map to the next
    start: int
    stride: int
    # deltas, delta_stride: the same of its deltas
    deltas: int
    delta_stride: int
    size: int  # how many values there are with the gaps; a whole number of vectors
    copies: int  # maps of a sub-sampling that read the same map
    # weights, biases: where its parameters begin
    weights: int
    biases: int
    # source, sources: number of a convolution's first input map in Plan.groups, and how many
    source: int = 0
    sources: int = 0
    # packed, spread: where the copies of a convolution's input begin, and their derivatives
    packed: int = 0
    spread: int = 0
    copy: int = 0  # numbers from one copy to the next
    window: int = 0  # where a convolution's window begins in Plan.windows
    # of a convolution's kernel, 5; read from here, a loop over its columns stays a loop
    side: int = 0


class Plan(NamedTuple):
    """What the kernels know of a network."""

    # (layers + 1,) records of a `Place`'s fields, the input field's first; an RBF layer has none
    layers: NDArray[np.void]
    # (sources + 1,) for each input map of a convolution, the number of the first group of output
    # maps that read it
    groups: Integers
    # (groups + 1,) for each group, the number of its first output map in the next three. Groups and
    # readers end where the next ones begin
    readers: Integers
    # outputs, deltas, columns: (pairs,) where values and deltas of that output map begin, and its
    # weights of the kernel's first column
    outputs: Integers
    deltas: Integers
    columns: Integers
    windows: Floats  # for each convolution, ones for the columns of its output between zeros
    places: Integers  # (parameters,) where the kernels keep each parameter of the network
    codes: Floats  # (classes, size of the last layer) of +1 and -1, zero in the gaps; or (0, 0)
    classes: int  # number of classes
    kept: int  # length of the kernels' array of parameters
    # values, slopes: length of an array of values, and of deltas
    values: int
    slopes: int
    # length of an array for the sums of a column of the kernels that read one input map, or for
    # what a map of a sub-sampling gives to what it reads
    scratch: int


def aligned(size: int, dtype: Any) -> NDArray[Any]:
    """Return (size,) zeros of ``dtype``, beginning where a line of the processor's cache does."""
    line = 64 // np.dtype(dtype).itemsize
    room = np.zeros(size + line, dtype)
    first = -room.ctypes.data % 64 // room.itemsize
    return room[first : first + size]


def whole(number: int, unit: int = LANES) -> int:
    """Return the least multiple of ``unit`` that is not below ``number``."""
    return -(-number // unit) * unit


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
    """Lay out ``network`` for the kernels; ReplicationError for layers that they do not know."""
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
    layers = np.array(built.layers, [(field, np.int64) for field in Place._fields])
    return Plan(
        layers, groups, readers, outputs, deltas, columns, np.array(built.windows, dtype),
        np.concatenate(built.places), codes, len(network.codes) or last.maps, built.kept,
        built.values + GAP, built.slopes + GAP, built.scratch,
    )  # fmt: skip
