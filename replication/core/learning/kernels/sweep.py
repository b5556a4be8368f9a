"""What a sweep over the layers carries."""

from typing import NamedTuple

from replication.core.learning.kernels.layout import Floats, Number
from replication.core.learning.kernels.squashing import Slope


class Sweep(NamedTuple):
    """The arrays and numbers of a sweep from the last layer down: gradients or curvatures.

    Attributes:
        weights: laid out as plan.py says, or their squares.
        outputs: of every unit; the slopes of the squashing function follow from them.
        values: the outputs, or their squares: what weights multiply.
        sums: what a sub-sampling's coefficients multiply, at the places of its values; or squares.
        deltas: derivatives by the weighted sums, or second derivatives.
        scratch: room for the sums of a column of kernels.
        slope: of the squashing function, or its square.
        share: weight of each of the four inputs of a sub-sampling unit, or its square.
        sink, scale: ``scale`` times the derivatives is subtracted from ``sink``.
        in_place: whether ``sink`` is ``weights``; a weight changes once it has been used.
    """

    weights: Floats
    outputs: Floats
    values: Floats
    sums: Floats
    deltas: Floats
    scratch: Floats
    slope: Slope
    share: Number
    sink: Floats
    scale: Floats
    in_place: bool
