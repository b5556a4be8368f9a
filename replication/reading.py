"""Texts and documents read whatever they hold: what is wrong with one is a short line."""

import json
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

WIDTH = 80
_LARGEST = 10_000_000  # bytes of a file that people write
_DIGITS = 18  # of a whole number that fits into 64 bits
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = WIDTH


class Damage(ValueError):
    """A file that cannot be what it should be; the message is one short line."""


def shorten(text: object) -> str:
    """Return a text in one line of at most 80 characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 4]} ..."


def quote(value: object) -> str:
    """Return a value as Python writes it, in at most 80 characters, however large it is."""
    return shorten(_REPR.repr(value))


@contextmanager
def name_damage() -> Iterator[None]:
    """Raise `Damage` for whatever reading raises, but for a file that is not there.

    Libraries raise much else than they say on damaged files: of flipped bits alone TokenError,
    RuntimeError and zlib.error, of deep nesting RecursionError, of false sizes MemoryError.
    """
    try:
        yield
    except (FileNotFoundError, Damage):
        raise
    except MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Damage(shorten(f"{place}{error.problem or error.context}")) from error
    except OSError as error:
        raise Damage(shorten(error.strerror or error)) from error
    except RecursionError as error:
        raise Damage("it is nested too deep") from error
    except Exception as error:
        raise Damage(shorten(str(error) or type(error).__name__)) from error


def read_yaml(path: Path) -> Any:
    """Read YAML 1.2 (to PyYAML 1e-05 is a text); raises Damage, and FileNotFoundError."""
    with name_damage():
        with path.open("rb") as stream:  # which may have no end
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise Damage(f"it is larger than {_LARGEST:,} bytes")
        return parse_yaml(content.decode())


def parse_yaml(text: str) -> Any:
    """Parse YAML 1.2; raises Damage."""
    with name_damage():
        values = YAML(typ="safe", pure=True).load(text)
        _check(values, set(), set())
        return values


def parse_json(content: bytes | str) -> Any:
    """Parse JSON; raises Damage."""
    with name_damage():
        values = json.loads(content)
        _check(values, set(), set())
        return values


def _check(value: Any, above: set[int], done: set[int]) -> None:
    """Raise Damage for what no file of ours holds: a value in itself, a number without end."""
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        raise Damage(f"a whole number of more than {_DIGITS} digits")
    if not isinstance(value, dict | list) or id(value) in done:
        return
    if id(value) in above:
        raise Damage("a part that holds itself")
    above.add(id(value))
    for part in (*value, *value.values()) if isinstance(value, dict) else value:
        _check(part, above, done)
    above.remove(id(value))
    done.add(id(value))
