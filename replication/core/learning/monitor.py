"""How a running replicate is watched and stopped: by messages, wherever it runs."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Stopped(Exception):
    """The replicate was asked to stop; its last whole pass is kept."""


class Message(NamedTuple):
    """A report of a running replicate.

    Attributes:
        name: the experiment and the replicate's number.
        presentations: how many patterns it has been shown so far, by all networks that it trains.
        line: what a pass brought, or nothing.
    """

    name: str
    presentations: int
    line: str = ""


class Monitor:
    """The replicate's end of the line: it says how far it is, and hears whether it is to stop."""

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

        With a smaller number than before the next network has begun. Raises Stopped when asked to
        stop.
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
