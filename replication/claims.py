"""``data/paper/claims.yaml``, typed and checked: one checkable statement of the paper an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from replication.errors import ReplicationError

Value = int | float | tuple[float, ...] | None

KINDS = ("count", "setting", "measured", "range", "trend")
CONTRADICTIONS = "contradictions-in-the-paper"
RESTORE = "restore the file with `git checkout data/paper`"


@dataclass(frozen=True)
class Claim:
    """One checkable statement of the paper.

    section_group: the heading it stands under in claims.yaml. kind: one of `KINDS`. page: the
    preprint's own number, 1 to 46. value: in `unit` where one is given; a list is a tuple.
    uncertainty: the authors' own, in `unit`. see: a file beside claims.yaml.
    """

    id: str
    section_group: str
    kind: str
    page: int
    section: str
    statement: str = ""
    value: Value = None
    unit: str = ""
    uncertainty: float | None = None
    see: str = ""
    note: str = ""


@dataclass(frozen=True)
class Contradiction:
    """A place where the paper says two things; pages are the preprint's own."""

    id: str
    pages: tuple[int, ...]
    statement: str


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "kind": str,
    "page": int,
    "section": str,
    "statement": str,
    "value": (int, float, list),
    "unit": str,
    "uncertainty": (int, float),
    "see": str,
    "note": str,
    "pages": list,
}


def read(path: Path) -> tuple[dict[str, Claim], dict[str, Contradiction]]:
    """Read claims.yaml: the claims and the paper's contradictions, each by id, in file order.

    YAML 1.2, so that 1e-05 is a number. Raises ReplicationError naming the file and the line (of a
    file that is not YAML) or the entry.
    """
    claims: dict[str, Claim] = {}
    contradictions: dict[str, Contradiction] = {}
    for group, entries in _groups(path).items():
        for place, entry in enumerate(entries, start=1):
            where = f"{path}, entry {place} of `{group}`"
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                where += f" ({entry['id']})"
            if group == CONTRADICTIONS:
                contradiction = _contradiction(where, entry)
                contradictions[contradiction.id] = contradiction
                continue
            claim = _claim(where, group, entry)
            if claim.id in claims:
                raise _bad(where, "repeats an id")
            if claim.see and not (path.parent / claim.see).is_file():
                raise _bad(where, f"refers to {claim.see}, which is not beside it")
            claims[claim.id] = claim
    return claims, contradictions


def read_text(path: Path) -> str:
    """Read a UTF-8 text of data/paper; raises ReplicationError when it is missing or not text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(f"{path} is missing or cannot be read: {RESTORE}") from error


def _groups(path: Path) -> dict[str, list[Any]]:
    try:
        content = YAML(typ="safe", pure=True).load(read_text(path))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _bad(f"{path}, line {line}", f"is not YAML ({error.problem})") from error
    if not isinstance(content, dict) or not all(isinstance(e, list) for e in content.values()):
        raise _bad(f"{path}", "is not a mapping of headings to lists of claims")
    return content


def _claim(where: str, group: str, entry: object) -> Claim:
    known = {field.name for field in fields(Claim)} - {"section_group"}
    checked = _checked(where, entry, known, ("id", "kind", "page", "section"))
    if checked["kind"] not in KINDS:
        raise _bad(where, f"is of the unknown kind `{checked['kind']}`, not {', '.join(KINDS)}")
    value = checked.get("value")
    if isinstance(value, list):
        if not all(isinstance(number, (int, float)) for number in value):
            raise _bad(where, "has a value that is not a list of numbers")
        checked["value"] = value = tuple(value)
    if checked["kind"] == "count" and value is None and not checked.get("see"):
        raise _bad(where, "is a count without a value")
    return Claim(section_group=group, **checked)


def _contradiction(where: str, entry: object) -> Contradiction:
    required = ("id", "pages", "statement")
    checked = _checked(where, entry, set(required), required)
    return Contradiction(checked["id"], tuple(checked["pages"]), checked["statement"])


def _checked(
    where: str, entry: object, known: set[str], required: tuple[str, ...]
) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _bad(where, "is not a mapping")
    for name in required:
        if name not in entry:
            raise _bad(where, f"lacks `{name}`")
    for name, value in entry.items():
        if name not in known:
            raise _bad(where, f"has the unknown key `{name}`")
        if not isinstance(value, _TYPES[name]):
            raise _bad(where, f"has a `{name}` of the wrong type: {value!r}")
    return dict(entry)


def _bad(where: str, what: str) -> ReplicationError:
    return ReplicationError(f"{where} {what}: {RESTORE}")
