"""How a running replicate is watched and stopped from another thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class Stopped(Exception):
    """The replicate was asked to stop; its last whole pass is kept."""


class Monitor:
    """Shared between the thread that trains and the one that shows.

    Attributes:
        signals: (2,) int64 that the kernels touch: presentations so far, and stop if not 0.
    """

    def __init__(self, name: str, report: Callable[[str], None]) -> None:
        """``report`` is given a line after each pass."""
        self.name = name
        self.signals = np.zeros(2, np.int64)
        self._report = report

    def line(self, text: str) -> None:
        """Say what a pass brought."""
        self._report(f"{self.name}: {text}")

    def stop(self) -> None:
        """Ask the replicate to stop at its next pattern."""
        self.signals[1] = 1

    def check(self) -> None:
        """Raise Stopped when asked to stop."""
        if self.signals[1]:
            raise Stopped(self.name)
