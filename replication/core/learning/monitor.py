"""How running replicates are watched and stopped: by messages, wherever they run."""

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from tqdm import tqdm


class Stopped(Exception):
    """The replicate was asked to stop; its last whole pass is kept."""


class Message(NamedTuple):
    """A report of a running replicate."""

    name: str  # the experiment and the replicate's number
    presentations: int  # how many patterns it has been shown so far, by all networks that it trains
    line: str = ""  # what a pass brought, or nothing


class Monitor:
    """A replicate's end of the line: it says how far it is, and hears whether to stop."""

    def __init__(
        self, name: str, send: Callable[[Message], object], is_stopped: Callable[[], bool]
    ) -> None:
        """``send`` takes a message to whoever watches; ``is_stopped`` is asked now and then."""
        self.name = name
        self._send = send
        self._is_stopped = is_stopped
        self._earlier = self._present = 0  # presentations of the networks before, and of this one

    def presented(self, presentations: int) -> None:
        """Say how many patterns the network that is trained has been shown so far.

        With a smaller number than before the next network has begun. Raises Stopped when asked to.
        """
        self.check()
        if presentations < self._present:
            self._earlier += self._present
        self._present = presentations
        self._send(Message(self.name, self._earlier + self._present))

    def line(self, text: str) -> None:
        """Say what a pass brought."""
        self._send(Message(self.name, self._earlier + self._present, text))

    def passed(self, row: Mapping[str, float], passes: int, test_patterns: int) -> None:
        """Say what ``row`` of a history, one of ``passes``, says."""
        self.line(
            f"pass {row['pass']} of {passes}, {row['training_misses']} of "
            f"{row['training_presentations']} missed in training, {row['test_misses']} of "
            f"{test_patterns} in test"
        )

    def check(self) -> None:
        """Raise Stopped when asked to stop."""
        if self._is_stopped():
            raise Stopped(self.name)


class Display:
    """A bar with an estimate for all replicates, or off a terminal a line for each pass."""

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
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
