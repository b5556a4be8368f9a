"""What one answer costs: known from the settings for a network, only after fitting for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from replication.learning.monitor import Monitor
from replication.systems.contract import Cost, Fitted, System, Task


@dataclass(frozen=True)
class Priced(Fitted):
    """What fitting gives where only then it is known what an answer costs."""

    cost: Cost


class Fits(Protocol):
    """A system that is a `System`, or whose ``fit`` gives something `Priced`."""

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """As `System.fit`."""


def cost_of(system: Fits, fitted: Fitted) -> Cost:
    """What one answer of the ``fitted`` replicate of ``system`` takes."""
    return fitted.cost if isinstance(fitted, Priced) else cast(System, system).cost()
