"""An opinion on a setting in force, and the kinds of rule that need no code of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple

from replication.networks import catalogue
from replication.networks.specification import Network
from replication.paper import Claim, Paper
from replication.settings import Recipe, Settings

Status = Literal["faithful", "departs", "unstated"]
NO_EVIDENCE = "the records hold no evidence of it"


class Opinion(NamedTuple):
    """What is in force, how it stands to the paper, and why."""

    ours: str
    status: Status
    reason: str


class Case(NamedTuple):
    """What is judged: one experiment of some settings, beside the paper.

    claim: the published setting; None for a key that the paper states nothing of.
    """

    paper: Paper
    settings: Settings
    recipe: Recipe
    claim: Claim | None = None

    @property
    def published(self) -> Any:
        """The value that the claim gives."""
        return self.claim.value if self.claim else None

    def value(self, key: str) -> Any:
        """What a key of params.yaml, such as ``base.sdlm.mu``, is in this experiment."""
        section, *path = key.split(".")
        value: Any = self.recipe if section == "base" else getattr(self.settings, section)
        for step in path:
            value = getattr(value, step)
        return value

    def network(self) -> Network:
        """The experiment's network, built from data/paper as training builds it."""
        return catalogue.network(self.recipe.network, self.recipe.database, self.paper)


Judge = Callable[[Case], Opinion]


@dataclass(frozen=True)
class Printed:
    """Faithful when the key has the printed value.

    Attributes:
        key: of params.yaml, such as ``base.sdlm.mu``.
        value: what the paper prints; None for the value of the claim.
        faithful, departs: the reasons; a departure without one names the printed value.
        otherwise: the status of another value.
    """

    key: str
    value: Any = None
    faithful: str = "as printed"
    departs: str = ""
    otherwise: Status = "departs"

    def __call__(self, case: Case) -> Opinion:
        """Compare the two."""
        ours = case.value(self.key)
        printed = case.published if self.value is None else self.value
        if ours == printed:
            return Opinion(shown(ours), "faithful", self.faithful)
        return Opinion(
            shown(ours), self.otherwise, self.departs or f"the paper has {shown(printed)}"
        )


@dataclass(frozen=True)
class Open:
    """The paper leaves it open; ``reason`` is our reading. Without a key: of a whole group."""

    reason: str
    key: str = ""

    def __call__(self, case: Case) -> Opinion:
        """Unstated, whatever is in force."""
        ours = shown(case.value(self.key)) if self.key else "as in params.yaml"
        return Opinion(ours, "unstated", self.reason)


@dataclass(frozen=True)
class Unrecorded:
    """The paper states it, the code does it, and no record of a run shows it: no verdict on it."""

    does: str

    def __call__(self, case: Case) -> Opinion:
        """Unstated, for what cannot depart cannot be called faithful either."""
        return Opinion(f"system {case.recipe.system}", "unstated", f"{NO_EVIDENCE}; {self.does}")


def shown(value: Any) -> str:
    """A value for people; a run of equal entries is written once, with its length."""
    if isinstance(value, list | tuple):
        runs = [(shown(entry), len(list(same))) for entry, same in groupby(value)]
        return ", ".join(f"{entry} (x{count})" if count > 1 else entry for entry, count in runs)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
