"""Support vector machine with a polynomial kernel: Section III-C.11, p. 14.

Ten machines, one class against the rest; the class of the largest decision value is given. See
`replication.core.systems.support_machines`.

With inputs of one ``scale`` s, the root mean square length of the training images, the kernel is
((x.y / s^2 + c) / (1 + c))^degree: with c = 1 / s^2 that of Cortes and Vapnik (1995), (u.v + 1)^d
on the pixels, 0 to 1, but for a factor that C takes up. Their slack, the square of the sum, asks
for no machine of its own: by its convexity each of its solutions is one of the plain sum for
another C.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.settings import Neutral
from replication.core.systems.classifier import ClassifierSystem, Patterns, flat
from replication.core.systems.support_machines import (
    MEMORY,
    Decision,
    Inputs,
    KernelOptions,
    combine_machines,
    train_machines,
    unit_inputs,
)

# Raised when the golden answers change, and only then (see CONTRIBUTING.md).
VERSION = 1


class Options(KernelOptions):
    """The kernel's options, and the inputs.

    Attributes:
        inputs: images divided each by its own length; or all by one scale, with the kernel
            (u.v + constant)^degree on pixels.
    """

    inputs: Annotated[Literal["length", "pixels"], Neutral("length")] = "length"


@dataclass(frozen=True)
class Scaled(Decision):
    """Decision values of machines over images that are all divided by one ``scale``."""

    scale: np.float32

    def penalties(self, images: NDArray[np.uint8]) -> Inputs:
        """Return minus the decision values."""
        return -self.values(flat(images) / self.scale)


class System(ClassifierSystem[Options]):
    """Ten machines over their support vectors among the training patterns."""

    Options = Options
    memory = MEMORY

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Decision:
        """Solve on all patterns: nothing is random."""
        del random
        kind, labels = self.chosen, patterns.labels
        if kind.inputs == "length":
            inputs = unit_inputs(patterns.images)
            return combine_machines(inputs, train_machines(inputs, labels, kind, monitor), kind)
        inputs = flat(patterns.images)
        square = float((inputs**2).sum(axis=1, dtype=np.float64).mean())
        scale = np.float32(np.sqrt(square))
        inputs = inputs / scale
        kind = kind.model_copy(update={"constant": kind.constant / square})
        machines = train_machines(inputs, labels, kind, monitor)
        return Scaled(**vars(combine_machines(inputs, machines, kind)), scale=scale)
