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

from replication.core.arithmetic.llvm import LANES

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


class Place(NamedTuple):
    """Of which kind and size a layer is, and where its values and parameters lie.

    Attributes:
        kind: FIELD, CONVOLUTION, SUBSAMPLING, FULL or INK.
        maps, height, width: the shape of its outputs.
        start, stride: where its values begin, and numbers from one map to the next.
        deltas, delta_stride: the same of its deltas.
        size: how many values there are with the gaps; a whole number of vectors.
        copies: maps of a sub-sampling that read the same map.
        weights, biases: where its parameters begin.
        source, sources: number of a convolution's first input map in Plan.groups, and how many.
        packed, spread: where the copies of a convolution's input begin, and their derivatives.
        copy: numbers from one copy to the next.
        window: where a convolution's window begins in Plan.windows.
        side: of a convolution's kernel, 5; read from here, a loop over its columns stays a loop.
    """

    kind: int
    maps: int
    height: int
    width: int
    start: int
    stride: int
    deltas: int
    delta_stride: int
    size: int
    copies: int
    weights: int
    biases: int
    source: int = 0
    sources: int = 0
    packed: int = 0
    spread: int = 0
    copy: int = 0
    window: int = 0
    side: int = 0


class Plan(NamedTuple):
    """What the kernels know of a network.

    Attributes:
        layers: (layers + 1,) records of a `Place`'s fields, the input field's first; an RBF layer
            has none.
        groups: (sources + 1,) for each input map of a convolution, the number of the first group of
            output maps that read it.
        readers: (groups + 1,) for each group, the number of its first output map in the next three.
            Groups and readers end where the next ones begin.
        outputs, deltas, columns: (pairs,) where values and deltas of that output map begin, and
            its weights of the kernel's first column.
        windows: for each convolution, ones for the columns of its output between zeros.
        places: (parameters,) where the kernels keep each parameter of the network.
        codes: (classes, size of the last layer) of +1 and -1, zero in the gaps; or (0, 0).
        classes: number of classes.
        kept: length of the kernels' array of parameters.
        values, slopes: length of an array of values, and of deltas.
        scratch: length of an array for the sums of a column of the kernels that read one input map,
            or for what a map of a sub-sampling gives to what it reads.
    """

    layers: NDArray[np.void]
    groups: Integers
    readers: Integers
    outputs: Integers
    deltas: Integers
    columns: Integers
    windows: Floats
    places: Integers
    codes: Floats
    classes: int
    kept: int
    values: int
    slopes: int
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
