"""A monitor that remembers what it was told, for tests that watch a fit."""

from collections.abc import Callable

from replication.core.learning.monitor import Message, Monitor


class Watched(Monitor):
    """Keeps the lines and the last count; `stop` asks the fit to stop."""

    def __init__(self, name: str = "mine 0", listen: Callable[[Message], None] = id) -> None:
        """``listen`` is called with each message as well."""
        self.lines: list[str] = []
        self.shown = 0
        self._asked = False
        self._listen = listen
        super().__init__(name, self._hear, lambda: self._asked)

    def stop(self) -> None:
        """Ask it to stop at its next look."""
        self._asked = True

    def _hear(self, message: Message) -> None:
        self.shown = message.presentations
        if message.line:
            self.lines.append(message.line)
        self._listen(message)
