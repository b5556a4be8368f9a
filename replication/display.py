"""Long work shows where it is: a bar with an estimate, or off a terminal a line a pass."""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm

from replication.learning.monitor import Monitor


class _Shown:
    """How far a replicate was when it was last looked at."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._now = self._before = 0

    def done(self) -> int:
        """Presentations, with those of networks that it trained before the present one."""
        last, self._now = self._now, int(self._monitor.signals[0])
        if self._now < last:  # the next network counts from nought again
            self._before += last
        return self._before + self._now


class Display:
    """One display for all replicates of an experiment; used as a context manager."""

    def __init__(self, title: str, presentations: int) -> None:
        """``presentations`` is what one replicate is shown in all."""
        self._presentations = presentations
        self._shown: list[_Shown] = []
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
        self._shown.append(_Shown(monitor))
        self._bar.total = self._presentations * len(self._shown)
        return monitor

    def _say(self, line: str) -> None:
        if self._bar.disable:
            print(line, flush=True)
        else:
            self._bar.set_postfix_str(line, refresh=False)

    def tick(self) -> None:
        """Bring the bar up to date."""
        done = sum(shown.done() for shown in self._shown)
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
