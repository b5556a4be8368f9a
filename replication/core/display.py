"""Long work shows where it is: a bar with an estimate, or off a terminal a line for each pass."""

import sys
from typing import Self

from tqdm import tqdm

from replication.core.learning.monitor import Message


class Display:
    """One display for all replicates that are trained; used as a context manager."""

    def __init__(self, title: str, presentations: int) -> None:
        """``presentations`` is what all replicates together are shown."""
        self._done: dict[str, int] = {}
        # What a replicate says is cut at the end of the line, the bar never shrinks.
        bar_format = "{desc}: {percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}{postfix}"
        self._bar = tqdm(
            total=presentations, desc=title, unit=" patterns", unit_scale=True,
            disable=not sys.stderr.isatty(), dynamic_ncols=True, bar_format=bar_format,
        )  # fmt: skip

    def show(self, message: Message) -> None:
        """Bring the bar up to date, or print the line."""
        # A worker that takes over another's replicate may count from an earlier pass again.
        done = max(message.presentations, self._done.get(message.name, 0))
        self._done[message.name] = done
        line = f"{message.name}: {message.line}"
        if message.line and self._bar.disable:
            print(line, flush=True)
        elif message.line:
            self._bar.set_postfix_str(line, refresh=False)
        self._bar.update(sum(self._done.values()) - self._bar.n)

    def __enter__(self) -> Self:
        """Show the bar."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the bar as it stands."""
        self._bar.close()
