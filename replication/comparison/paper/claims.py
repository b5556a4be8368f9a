"""``data/paper/claims.yaml``: one checkable statement of the paper an entry, typed and checked."""

from collections.abc import Iterator, Mapping
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

from replication.core.networks.printed import RESTORE, read_text
from replication.errors import ReplicationError
from replication.reading import Damage, quote, read_yaml, shorten

Number = StrictInt | StrictFloat
Kind = Literal["count", "setting", "measured", "range", "effect", "trend"]
# What agreement with a claim proves; claims.yaml says what each means.
Role = Literal["arithmetic", "fitted", "independent", "control", "repeat", "note"]
# How it is known which of two statements of the paper can hold; claims.yaml says what each means.
Basis = Literal["provable", "conjecture", "evidence"]
# The keys of `compare` in params.yaml that name experiments.
Answer = Literal[
    "undistorted",
    "distorted",
    "hessian_subset",
    "library",
    "virtual_other_degree",
    "training_sizes",
    "systems",
]
Page = Annotated[int, Field(ge=1, le=46, strict=True)]

CONTRADICTIONS = "contradictions-in-the-paper"


class Statement(BaseModel):
    """The fields of every entry of claims.yaml.

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

    heading: its heading in claims.yaml. page: the preprint's own number. value: in ``unit`` where
    one is given. uncertainty: the authors' own, in ``unit``. see: a file beside claims.yaml.
    numbers: others in the statement. qualifiers: the paper's limits of its number. rounding: the
    allowed distance of exact and printed number, where it is not half a unit of the last digit.
    series: the error that it is about. roles: of the entries of its table that have another.
    systems: ``system/database`` as in Figures 9 to 12, one or a pair, from the first to the second.
    best_of_several: the systems of which the authors say that they trained several versions.
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
    best_of_several: tuple[str, ...] = ()

    @property
    def number(self) -> int | float:
        """Return the published value; raise ValueError when the claim has none or several."""
        if self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"{self.id} has no single value")
        return self.value

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """Return the two ends of a published range; raise ValueError when it is no range."""
        if not isinstance(self.value, tuple) or len(self.value) != 2:
            raise ValueError(f"{self.id} has no two ends")
        return self.value

    @property
    def about(self) -> bool:
        """Return whether the paper calls its own number approximate."""
        return "about" in self.qualifiers

    def entry_role(self, entry: str) -> str:
        """Return the role of an entry of its table, or of the beginning of the entry's name."""
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
    for where, heading, entry in read_entries(path):
        if heading == CONTRADICTIONS:
            contradiction = check_entry(where, Contradiction, entry)
            contradictions[contradiction.id] = contradiction
            continue
        claim = check_entry(where, Claim, entry, heading=heading)
        if claim.see and not (path.parent / claim.see).is_file():
            raise refuse(where, f"refers to {claim.see}, which is not beside it")
        claims[claim.id] = claim
    return claims, contradictions


def read_entries(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Yield the place, for messages, the heading and the content of each entry of a YAML file.

    Raises ReplicationError naming the file and the line, or the entry that repeats an id.
    """
    read_text(path)  # it is there, and text
    try:
        content = read_yaml(path)
    except Damage as error:
        raise refuse(f"{path}", f"is not YAML ({error})") from error
    if not isinstance(content, dict) or not all(isinstance(e, list) for e in content.values()):
        raise refuse(f"{path}", "is not a mapping of headings to lists of entries")
    ids = set()
    for heading, entries in content.items():
        for place, entry in enumerate(entries, start=1):
            name = entry.get("id") if isinstance(entry, dict) else None
            suffix = f" ({name})" if isinstance(name, str) else ""
            where = f"{path}, entry {place} of `{heading}`{suffix}"
            if suffix and name in ids:
                raise refuse(where, "repeats an id")
            ids.add(suffix and name)
            yield where, heading, entry


def check_entry(where: str, model: type[_Entry], entry: object, **more: object) -> _Entry:
    """Return an entry with the fields ``more`` as a model; raise ReplicationError naming it."""
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
            raise refuse(where, f"has the unknown key `{shorten(field)}`") from error
        if first["type"] == "value_error":
            raise refuse(where, str(first["ctx"]["error"])) from error
        problem = (
            f"has a `{field}` that cannot be ({quote(entry.get(field))}: {first['msg'].lower()})"
        )
        raise refuse(where, problem) from error


def refuse(where: str, what: str) -> ReplicationError:
    """Return the error with the place, the problem and the command that restores the file."""
    return ReplicationError(f"{where} {what}: {RESTORE}")
