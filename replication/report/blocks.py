"""Blocks of a text, between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``, written anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path

from replication.errors import ReplicationError
from replication.files import write_text

_MARK = re.compile(r"<!-- ([a-z]+):(begin|end) -->")
_BLOCK = re.compile(r"(<!-- ([a-z]+):begin -->).*?(<!-- \2:end -->)", re.DOTALL)


def replaced(text: str, blocks: Mapping[str, Callable[[], str]], source: str) -> str:
    """``text`` with its blocks as ``blocks`` make them; ``source`` is named in messages.

    Raises ReplicationError when it has no block, an unknown one, or one that does not end.
    """
    marks = _MARK.findall(text)
    for (name, mark), (end_name, end) in zip_longest(marks[::2], marks[1::2], fillvalue=("", "")):
        if (mark, end) != ("begin", "end") or name != end_name:
            raise _bad(source, f"has no `<!-- {name}:end -->` right after `<!-- {name}:begin -->`")
        if name not in blocks:
            raise _bad(source, f"has the unknown block `{name}`, not {', '.join(blocks)}")
    if not marks:
        raise _bad(source, f"has no block such as `<!-- {next(iter(blocks))}:begin -->`")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match[2]]()}\n{match[3]}", text)


def rewrite(path: Path, blocks: Mapping[str, Callable[[], str]]) -> bool:
    """Bring the blocks of a file up to date in place; whether anything changed.

    Raises ReplicationError as `replaced` does, and when the file cannot be read.
    """
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(
            f"{path} is missing or cannot be read: name a text that is there; a committed one "
            f"comes back with `git checkout {path.as_posix()}`"
        ) from error
    after = replaced(before, blocks, str(path))
    if after != before:
        write_text(path, after)
    return after != before


def _bad(source: str, what: str) -> ReplicationError:
    return ReplicationError(f"{source} {what}: mend its markers")
