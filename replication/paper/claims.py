"""``data/paper/claims.yaml``: one checkable statement of the paper an entry, typed and checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    ValidationError,
    model_validator,
)

from replication.errors import Damage, ReplicationError, noticed, quoted, read_yaml

Number = StrictInt | StrictFloat
Kind = Literal["count", "setting", "measured", "range", "trend"]
# What agreement with a claim proves; claims.yaml says what each means.
Role = Literal["arithmetic", "fitted", "independent", "control", "repeat"]
# How it is known which of two statements of the paper can hold; claims.yaml says what each means.
Basis = Literal["provable", "conjecture", "evidence"]
# The keys of `compare` in params.yaml that name experiments.
Answer = Literal[
    "undistorted", "distorted", "hessian_subset", "virtual_other_degree", "training_sizes",
    "systems",
]  # fmt: skip
Page = Annotated[int, Field(ge=1, le=46, strict=True)]

CONTRADICTIONS = "contradictions-in-the-paper"
# What is committed is not brought back: beside the damage may lie a claim that somebody added.
BRING_BACK = "bring it back with `git checkout"
RESTORE = "correct it; `git diff data/paper` shows what was changed"


class Statement(BaseModel):
    """What every entry of claims.yaml has.

    answered_by: the keys of ``compare`` in params.yaml that name the experiments that answer it.
    role: what agreement proves; empty for a setting, which is audited, not judged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    statement: str = ""
    answered_by: tuple[Answer, ...] = ()
    role: Role | Literal[""] = ""

    @model_validator(mode="after")
    def _has_a_role_if_it_is_judged(self) -> Self:
        if bool(self.role) == (getattr(self, "kind", "") == "setting"):
            raise ValueError("needs a role" if not self.role else "is a setting with a role")
        return self


class Claim(Statement):
    """One checkable statement of the paper.

    heading: the one it stands under in claims.yaml. page: the preprint's own number. value: in
    ``unit`` where one is given. uncertainty: the authors' own, in ``unit``. see: a file beside
    claims.yaml. numbers: what the statement names beside the value. qualifiers: how the paper
    limits its number. rounding: how far the exact number may lie from the printed one, where that
    is not half a unit of the last digit. series: which of the two errors it is about. roles: of the
    entries of its table that have another. systems: ``system/database`` as in Figures 9 to 12, one
    or a pair, in which the second is what the first becomes.
    """

    heading: str
    kind: Kind
    page: Page
    section: str
    value: Number | tuple[Number, ...] | None = None
    unit: str = ""
    uncertainty: Number | None = None
    see: str = ""
    note: str = ""
    numbers: Mapping[str, Number] = {}
    qualifiers: tuple[Literal["about", "up to"], ...] = ()
    rounding: Number | None = None
    series: Literal["test", "training"] | None = None
    roles: Mapping[str, Role] = {}
    systems: tuple[tuple[str, ...], ...] = ()

    @property
    def number(self) -> int | float:
        """Return the published value. ValueError when the claim has none or several."""
        if self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"{self.id} has no single value")
        return self.value

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """Return the two ends of a published range. ValueError when the value is no range."""
        if not isinstance(self.value, tuple) or len(self.value) != 2:
            raise ValueError(f"{self.id} has no two ends")
        return self.value

    @property
    def about(self) -> bool:
        """Return whether the paper calls its own number approximate."""
        return "about" in self.qualifiers

    def role_of(self, entry: str) -> str:
        """Return the role of an entry of its table, or of what the entry's name begins with."""
        roles = [role for name, role in self.roles.items() if f"{entry}:".startswith(f"{name}:")]
        return roles[0] if roles else self.role

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if self.kind == "count" and self.value is None and not self.see:
            raise ValueError("is a count without a value")
        return self


class Contradiction(Statement):
    """A place where the paper says two things; ``numbers`` are those at issue, in its order."""

    pages: tuple[Page, ...]
    basis: Basis
    numbers: Mapping[str, tuple[Number, ...]] = {}


_Entry = TypeVar("_Entry", bound=BaseModel)


def read(path: Path) -> tuple[dict[str, Claim], dict[str, Contradiction]]:
    """Read claims.yaml: the claims and the paper's contradictions, each by id, in file order.

    YAML 1.2, so that 1e-05 is a number. Raises ReplicationError naming the file and the line (of a
    file that is not YAML) or the entry.
    """
    claims: dict[str, Claim] = {}
    contradictions: dict[str, Contradiction] = {}
    for heading, entries in read_headings(path).items():
        for place, entry in enumerate(entries, start=1):
            where = f"{path}, entry {place} of `{heading}`"
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                where += f" ({entry['id']})"
            if heading == CONTRADICTIONS:
                contradiction = check_entry(where, Contradiction, entry)
                contradictions[contradiction.id] = contradiction
                continue
            claim = check_entry(where, Claim, entry, heading=heading)
            if claim.id in claims:
                raise refuse(where, "repeats an id")
            if claim.see and not (path.parent / claim.see).is_file():
                raise refuse(where, f"refers to {claim.see}, which is not beside it")
            claims[claim.id] = claim
    return claims, contradictions


def read_text(path: Path) -> str:
    """Read a UTF-8 text of data/paper; raises ReplicationError when it is missing or not text."""
    try:
        with noticed():
            return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReplicationError(f"{path} is missing: {BRING_BACK} {path.as_posix()}`") from error
    except Damage as error:
        raise refuse(f"{path}", f"cannot be read ({error})") from error


def read_headings(path: Path) -> dict[str, list[Any]]:
    """Return the entries of a YAML file by heading; ReplicationError naming the file and line."""
    read_text(path)  # it is there, and text
    try:
        content = read_yaml(path)
    except Damage as error:
        raise refuse(f"{path}", f"is not YAML ({error})") from error
    if not isinstance(content, dict) or not all(isinstance(e, list) for e in content.values()):
        raise refuse(f"{path}", "is not a mapping of headings to lists of entries")
    return content


def check_entry(where: str, model: type[_Entry], entry: object, **more: object) -> _Entry:
    """Return an entry, and what is known of it beside, as a model; ReplicationError naming it."""
    if not isinstance(entry, dict):
        raise refuse(where, "is not a mapping")
    try:
        return model.model_validate({**entry, **more})
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "missing":
            raise refuse(where, f"lacks `{field}`") from error
        if first["type"] == "extra_forbidden":
            raise refuse(where, f"has the unknown key `{field}`") from error
        if first["type"] == "value_error":
            raise refuse(where, str(first["ctx"]["error"])) from error
        problem = (
            f"has a `{field}` that cannot be ({quoted(entry.get(field))}: {first['msg'].lower()})"
        )
        raise refuse(where, problem) from error


def refuse(where: str, what: str) -> ReplicationError:
    """Return the error that says what is wrong where, and how the file comes back."""
    return ReplicationError(f"{where} {what}: {RESTORE}")
