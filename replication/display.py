"""Long work shows where it is: a bar with an estimate, or off a terminal a line a pass."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm

from replication.learning.monitor import Monitor


class Display:
    """One display for all replicates of an experiment; used as a context manager."""

    def __init__(self, title: str, presentations: int) -> None:
        """``presentations`` is what one replicate is shown in all."""
        self._presentations = presentations
        self._monitors: list[Monitor] = []
        self._bar = tqdm(
            total=0,
            desc=title,
            unit=" patterns",
            unit_scale=True,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
        )

    def monitor(self, name: str) -> Monitor:
        """The monitor of another replicate."""
        monitor = Monitor(name, self._say)
        self._monitors.append(monitor)
        self._bar.total = self._presentations * len(self._monitors)
        return monitor

    def _say(self, line: str) -> None:
        if self._bar.disable:
            print(line, flush=True)
        else:
            self._bar.set_postfix_str(line, refresh=False)

    def tick(self) -> None:
        """Bring the bar up to date."""
        done = sum(int(monitor.signals[0]) for monitor in self._monitors)
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Display:
        """Show the bar."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.close()
