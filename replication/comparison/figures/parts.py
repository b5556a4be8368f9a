"""What a study adds to the page and to the README, so that neither has to know the study."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from replication.comparison.figures.inputs import Inputs


@dataclass(frozen=True)
class Part:
    """A part of the page.

    name: what the template calls it. make: None where the files are missing that it is made from.
    what, command: what is missing then, as the beginning of a sentence, and what makes it.
    """

    name: str
    make: Callable[[Inputs], Any | None]
    what: str
    command: str


@dataclass(frozen=True)
class Block:
    """A block of README.md or paper_notes.md, between its two markers; ``text`` is Markdown."""

    name: str
    text: Callable[[Inputs], str]
