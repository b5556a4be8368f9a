"""Support vector machine with a polynomial kernel: Section III-C.11, p. 14.

Ten machines, one class against the rest; the class of the largest decision value is given. See
`replication.systems.support_machines`.
"""

from __future__ import annotations

import numpy as np

from replication.learning.monitor import Monitor
from replication.systems.classifier import ClassifierSystem, Patterns
from replication.systems.support_machines import (
    Decision,
    KernelOptions,
    chunked,
    first_of_each,
    inputs_of,
    signs_of,
    together,
)


class System(ClassifierSystem[KernelOptions]):
    """Ten machines over their support vectors among the training patterns."""

    Options = KernelOptions

    def train(self, patterns: Patterns, random: np.random.Generator, monitor: Monitor) -> Decision:
        """The solution on all patterns: nothing in it is random."""
        del random
        kind = self.chosen.kind()
        inputs, signs = inputs_of(patterns.images), signs_of(patterns.labels)
        machines = chunked(inputs, signs, first_of_each(patterns.labels), kind, monitor)
        return together(inputs, machines, kind)
