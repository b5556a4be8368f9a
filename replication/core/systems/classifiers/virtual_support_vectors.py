"""Virtual support vector machine: Section III-C.11, p. 14, row V-SVM of Figure 9.

Schoelkopf, Burges and Vapnik (Incorporating Invariances in Support Vector Learning Machines, 1996):
the support vectors of each machine, shifted by a pixel in each of the four main directions, are
its virtual ones; each machine is trained again on its support and its virtual vectors. These
are the distortions of the row's name: the training patterns are those of the regular database.
"""

import hashlib
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.runs import CLASSES
from replication.core.settings import Count
from replication.core.systems.classifier import ClassifierSystem, Patterns
from replication.core.systems.classifiers.support_vectors import (
    MEMORY,
    Decision,
    Inputs,
    KernelOptions,
    Machine,
    class_signs,
    combine_machines,
    train_by_chunking,
    train_machines,
    unit_inputs,
)
from replication.files import pack_arrays
from replication.machine import blas

VERSION = 1

Images = NDArray[np.uint8]
Numbers = NDArray[np.int64]
# An image and its four shifts.
COPIES = 5


class Options(KernelOptions):
    """The kernel's options, and the pixels by which virtual vectors are shifted."""

    shift: Count


def add_shifted(images: Images, shift: int) -> Images:
    """Return each image, and it moved by ``shift`` pixels up, down, left and right.

    ``images`` is (n, height, width), the result (5 n, height, width), the five of an image one
    after another; ink that leaves the field is lost.
    """
    result = np.zeros((len(images), COPIES, *images.shape[1:]), np.uint8)
    result[:, 0] = images
    result[:, 1, :-shift] = images[:, shift:]
    result[:, 2, shift:] = images[:, :-shift]
    result[:, 3, :, :-shift] = images[:, :, shift:]
    result[:, 4, :, shift:] = images[:, :, :-shift]
    return result.reshape(-1, *images.shape[1:])


def train_virtual_machines(
    patterns: Patterns, kind: KernelOptions, shift: int, monitor: Monitor
) -> tuple[Inputs, list[Machine]]:
    """Return the inputs, and the ten machines whose support vectors are numbers of these.

    Nothing in them is random, so replicates that want the same ones share them.
    """
    decisive = {
        **kind.model_dump(include=set(KernelOptions.model_fields)),
        "shift": shift,
        "images": [*patterns.images.shape, hashlib.sha256(patterns.images.tobytes()).hexdigest()],
        "labels": hashlib.sha256(patterns.labels.tobytes()).hexdigest(),
        "version": VERSION,
        "blas": blas(),
    }
    with patterns.shared.part("virtual machines", decisive, monitor) as part:
        content = part.content
        if content is None:
            content = _pack(*_train(patterns, kind, shift, monitor))
            part.leave(content)
    used, machines = _unpack(content)
    return unit_inputs(add_shifted(patterns.images[used], shift)), machines


def _pack(used: Numbers, machines: Sequence[Machine]) -> bytes:
    parts = (machine._asdict().items() for machine in machines)
    named = {f"{name}{n}": np.asarray(v) for n, part in enumerate(parts) for name, v in part}
    return pack_arrays({"used": used, **named})


def _unpack(content: bytes) -> tuple[Numbers, list[Machine]]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        machines = [
            Machine(arrays[f"numbers{n}"], arrays[f"weights{n}"], float(arrays[f"bias{n}"]))
            for n in range(CLASSES)
        ]
        return arrays["used"], machines


def _train(
    patterns: Patterns, kind: KernelOptions, shift: int, monitor: Monitor
) -> tuple[Numbers, list[Machine]]:
    """Return the patterns used, ascending, and machines over numbers of these shifted."""
    machines = train_machines(unit_inputs(patterns.images), patterns.labels, kind, monitor)
    used = np.unique(np.concatenate([machine.numbers for machine in machines]))
    inputs = unit_inputs(add_shifted(patterns.images[used], shift))
    signs = class_signs(np.repeat(patterns.labels[used], COPIES))
    for column, machine in enumerate(machines):
        places = np.searchsorted(used, machine.numbers)
        own = (places[:, None] * COPIES + np.arange(COPIES)).ravel()
        # The support vectors themselves: there are both signs among them.
        first = np.arange(0, len(own), COPIES)
        found = train_by_chunking(
            inputs[own], signs[own, column : column + 1], first, kind, monitor
        )[0]
        machines[column] = found._replace(numbers=own[found.numbers])
    return used, machines


class System(ClassifierSystem[Options]):
    """Ten machines over support vectors, virtual ones among them."""

    memory = MEMORY

    def train(self, patterns: Patterns, _: np.random.Generator, monitor: Monitor) -> Decision:
        """Train on all patterns, then on support and virtual vectors. Nothing is random."""
        kind = self.chosen
        inputs, machines = train_virtual_machines(patterns, kind, kind.shift, monitor)
        return combine_machines(inputs, machines, kind)
