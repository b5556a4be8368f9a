"""``data/paper/settings.yaml``: how each choice of the authors is judged, typed and checked."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, StrictBool, model_validator

from replication.comparison.paper.claims import Claim, Number, check_entry, read_entries, refuse
from replication.errors import ReplicationError

# From the best to the worst.
Status = Literal["faithful", "unstated", "departs", "contradiction"]
Value = StrictBool | Number | str
FILE = "settings.yaml"
# Outcomes of a comparison that need no word of their own in settings.yaml.
PRINTED, LIBRARY, OTHERWISE = "printed", "library", "otherwise"


class Meaning(NamedTuple):
    """What an outcome means: how the setting then stands to the paper, and why."""

    status: Status
    remark: str


class Library(BaseModel):
    """What the authors' later library has; ``source`` is an id of beyond.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Value
    source: str


class Choice(BaseModel):
    """A setting of the authors, or a key of params.yaml of which they say nothing.

    settings.yaml says what each field means. Of a claim, ``page``, ``statement`` and ``printed``
    are those of claims.yaml; of a system that Appendix C does not train, there is a statement only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    heading: Literal["claims", "other", "systems"]
    keys: tuple[str, ...] = ()
    page: str = ""
    statement: str = "not stated"
    printed: Value | tuple[Number, ...] | None = None
    library: Library | None = None
    option: str = ""
    unit: str = ""
    check: str = ""
    means: Mapping[str, Meaning] = {}
    about: str = "undistorted"
    evidence: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_compared_with_something(self) -> Self:
        if self.heading == "systems" or self.check:
            return self
        if not self.keys and not self.option:
            raise ValueError("has no key of params.yaml, no option and no check to compare")
        if self.printed is None and not self.library and OTHERWISE not in self.means:
            raise ValueError("is compared with nothing: it lacks what `otherwise` means")
        return self

    def meaning(self, outcome: str) -> Meaning:
        """Return what an outcome of the comparison means; ReplicationError when nothing says."""
        usual: dict[str, Meaning] = {PRINTED: Meaning("faithful", "as printed")}
        if self.printed is not None:
            text = f"the paper has {format_value(self.printed)}"
            usual[OTHERWISE] = Meaning("departs", text)
        elif self.library:
            value, source = format_value(self.library.value), self.library.source
            usual[LIBRARY] = Meaning("unstated", f"as in the authors' library ({source})")
            usual[OTHERWISE] = Meaning("unstated", f"the authors' library has {value} ({source})")
        meanings = usual | dict(self.means)
        if outcome not in meanings:
            raise ReplicationError(f"{FILE}: {self.id} lacks what `{outcome}` means: add it")
        return meanings[outcome]


def read(path: Path, claims: Mapping[str, Claim]) -> dict[str, Choice]:
    """Read settings.yaml: the choices by id, in file order.

    Raises ReplicationError naming the file and the line or the entry, and for a claim of the kind
    setting without an entry, or an entry without its claim.
    """
    choices: dict[str, Choice] = {}
    settings = {name: claim for name, claim in claims.items() if claim.kind == "setting"}
    for where, heading, entry in read_entries(path):
        claim_fields: dict[str, object] = {}
        if heading == "claims":
            claim = settings.get(str(entry.get("id"))) if isinstance(entry, dict) else None
            if claim is None:
                raise refuse(where, "names no claim of the kind setting in claims.yaml")
            claim_fields = _from_claim(claim)
        choice = check_entry(where, Choice, entry, heading=heading, **claim_fields)
        choices[choice.id] = choice
    if lacking := [name for name in settings if name not in choices]:
        raise refuse(f"{path}", f"lacks the claim {', '.join(lacking)} under `claims`")
    return choices


def format_value(value: Any) -> str:
    """Return a value as people write it; of equal entries in a row one, with their number."""
    if isinstance(value, list | tuple):
        entries = [(format_value(entry), len(list(same))) for entry, same in groupby(value)]
        return ", ".join(f"{text} (x{count})" if count > 1 else text for text, count in entries)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _from_claim(claim: Claim) -> dict[str, object]:
    """Return what an entry of settings.yaml takes from its claim."""
    value = "" if claim.value is None else f"{format_value(claim.value)} {claim.unit}".strip()
    statement = claim.statement
    if value and value not in statement:
        statement = f"{statement}: {value}" if statement else value
    printed = {} if claim.value is None else {"printed": claim.value}
    return {"page": str(claim.page), "statement": statement, **printed}
