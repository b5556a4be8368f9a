"""Virtual support vector machine: Section III-C.11, p. 14, row V-SVM of Figure 9.

Schoelkopf, Burges and Vapnik (Incorporating Invariances in Support Vector Learning Machines, 1996):
the support vectors of each machine, shifted by a pixel in each of the four main directions, are
its virtual ones; each machine is trained anew on its support vectors and its virtual ones. They
are the distortions of the row's name: the training patterns are those of the regular database.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replication.learning.monitor import Monitor
from replication.settings import Count
from replication.systems.classifier import ClassifierSystem, Patterns
from replication.systems.support_machines import (
    Decision,
    Inputs,
    KernelOptions,
    Kind,
    Machine,
    chunked,
    first_of_each,
    inputs_of,
    signs_of,
    together,
)

# Raised when the golden answers change, and only then (see CONTRIBUTING.md).
VERSION = 1

Images = NDArray[np.uint8]
# An image and its four shifts.
COPIES = 5


class Options(KernelOptions):
    """Those of the kernel, and how many pixels the virtual vectors are shifted by."""

    shift: Count


def with_shifted(images: Images, shift: int) -> Images:
    """Each image, and the image moved by ``shift`` pixels up, down, to the left and to the right.

    ``images`` is (n, height, width), the result (5 n, height, width), the five of an image one
    after another; ink that leaves the field is lost, what comes in is background.
    """
    result = np.zeros((len(images), COPIES, *images.shape[1:]), np.uint8)
    result[:, 0] = images
    result[:, 1, :-shift] = images[:, shift:]
    result[:, 2, shift:] = images[:, :-shift]
    result[:, 3, :, :-shift] = images[:, :, shift:]
    result[:, 4, :, shift:] = images[:, :, :-shift]
    return result.reshape(-1, *images.shape[1:])


def virtual_machines(
    patterns: Patterns, kind: Kind, shift: int, monitor: Monitor
) -> tuple[Inputs, list[Machine]]:
    """The ten machines trained anew, and the inputs that their support vectors are numbers of."""
    machines = chunked(
        inputs_of(patterns.images),
        signs_of(patterns.labels),
        first_of_each(patterns.labels),
        kind,
        monitor,
    )
    used = np.unique(np.concatenate([machine.numbers for machine in machines]))
    inputs = inputs_of(with_shifted(patterns.images[used], shift))
    signs = signs_of(np.repeat(patterns.labels[used], COPIES))
    for column, machine in enumerate(machines):
        places = np.searchsorted(used, machine.numbers)
        own = (places[:, None] * COPIES + np.arange(COPIES)).ravel()
        # The support vectors themselves: there are both signs among them.
        first = np.arange(0, len(own), COPIES)
        found = chunked(inputs[own], signs[own, column : column + 1], first, kind, monitor)[0]
        machines[column] = found._replace(numbers=own[found.numbers])
    return inputs, machines


class System(ClassifierSystem[Options]):
    """Ten machines over support vectors, virtual ones among them."""

    Options = Options

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Decision:
        """Twice: on all patterns, and on support vectors and virtual ones. Nothing is random."""
        del random
        kind = self.chosen.kind()
        inputs, machines = virtual_machines(patterns, kind, self.chosen.shift, monitor)
        return together(inputs, machines, kind)
