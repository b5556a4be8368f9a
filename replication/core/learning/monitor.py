"""How a running replicate is watched and stopped: by messages, wherever it runs."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Stopped(Exception):
    """The replicate was asked to stop; its last whole pass is kept."""


class Message(NamedTuple):
    """What a running replicate says of itself.

    Attributes:
        name: the experiment and the replicate's number.
        presentations: how many patterns its present network has been shown so far.
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
        self._presentations = 0

    def presented(self, presentations: int) -> None:
        """Say how many patterns have been presented so far; raises Stopped when asked to stop."""
        self.check()
        self._presentations = presentations
        self._send(Message(self.name, presentations))

    def line(self, text: str) -> None:
        """Say what a pass brought."""
        self._send(Message(self.name, self._presentations, text))

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
