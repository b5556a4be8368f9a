"""Texts with numbers filled in: templates, their sentences, and the marked blocks of README.md.

A block stands between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from replication.errors import ReplicationError
from replication.files import write_text

_MARK = re.compile(r"<!-- ([a-z]+):(begin|end) -->")
_BLOCK = re.compile(r"(<!-- ([a-z]+):begin -->).*?(<!-- \2:end -->)", re.DOTALL)


def read_text(package: str, name: str) -> str:
    """Return the text of a file of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def templates(package: str) -> Environment:
    """Return the templates of a package; undefined values are refused, and escaped in HTML."""
    environment = Environment(
        loader=FunctionLoader(lambda name: read_text(package, name)),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["short"] = format_short
    return environment


@cache
def _sentences() -> Any:
    return templates(__package__).get_template("sentences.txt.j2").module


def say(macro: str, **values: Any) -> str:
    """Return what a macro of sentences.txt.j2 says of these values, on one line."""
    return " ".join(getattr(_sentences(), macro)(**values).split())


def format_short(number: float) -> str:
    """Return three significant digits, or all before the point; infinity is no limit."""
    if math.isinf(number):
        return "no limit"
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def replace_blocks(text: str, blocks: Mapping[str, Callable[[], str]], source: str) -> str:
    """Return ``text`` with its blocks made by ``blocks``; messages name ``source``.

    Raises ReplicationError when it has no block, an unknown one, or one that does not end.
    """

    def refuse(what: str) -> ReplicationError:
        return ReplicationError(f"{source} {what}: mend its markers")

    marks = _MARK.findall(text)
    for (name, mark), (end_name, end) in zip_longest(marks[::2], marks[1::2], fillvalue=("", "")):
        if (mark, end) != ("begin", "end") or name != end_name:
            raise refuse(f"has no `<!-- {name}:end -->` right after `<!-- {name}:begin -->`")
        if name not in blocks:
            raise refuse(f"has the unknown block `{name}`, not {', '.join(blocks)}")
    if not marks:
        raise refuse(f"has no block such as `<!-- {next(iter(blocks))}:begin -->`")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{blocks[match[2]]()}\n{match[3]}", text)


def rewrite(path: Path, blocks: Mapping[str, Callable[[], str]]) -> bool:
    """Bring the blocks of a file up to date; return whether anything changed.

    Raises ReplicationError as `replace_blocks` does, and when the file cannot be read.
    """
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(
            f"{path} is missing or cannot be read: name a text that is there; a committed one "
            f"comes back with `git checkout {path.as_posix()}`"
        ) from error
    after = replace_blocks(before, blocks, str(path))
    if after != before:
        write_text(path, after)
    return after != before
