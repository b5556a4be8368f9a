"""Long work shows where it is: a bar with an estimate, or off a terminal a line a pass."""

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm

from replication.core.learning.monitor import Message


class _Shown:
    """How many patterns a replicate has been shown, by all of its networks."""

    def __init__(self) -> None:
        self._earlier = self._now = 0

    def done(self, presentations: int) -> int:
        """The sum, when the present network has been shown so many."""
        if presentations < self._now:  # the next network counts from nought again
            self._earlier += self._now
        self._now = presentations
        return self._earlier + self._now


class Display:
    """One display for all replicates that are trained; used as a context manager."""

    def __init__(self, title: str, presentations: int) -> None:
        """``presentations`` is what all replicates together are shown."""
        self._shown: dict[str, _Shown] = {}
        self._done: dict[str, int] = {}
        self._bar = tqdm(
            total=presentations,
            desc=title,
            unit=" patterns",
            unit_scale=True,
            disable=not sys.stderr.isatty(),
            dynamic_ncols=True,
            # What a replicate says is cut at the end of the line, the bar never shrinks.
            bar_format="{desc}: {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}",
        )

    def show(self, message: Message) -> None:
        """Bring the bar up to date, or print the line."""
        shown = self._shown.setdefault(message.name, _Shown())
        self._done[message.name] = shown.done(message.presentations)
        if self._bar.disable:
            if message.line:
                print(f"{message.name}: {message.line}", flush=True)
            return
        if message.line:
            self._bar.set_postfix_str(f"{message.name}: {message.line}", refresh=False)
        self._bar.update(sum(self._done.values()) - self._bar.n)

    def __enter__(self) -> Self:
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
