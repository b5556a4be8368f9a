"""The page: all parts put into the template. One file that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

from jinja2 import Environment, StrictUndefined, meta
from markupsafe import Markup

from replication.report import (
    charts,
    comparisons,
    headline,
    inputs,
    listings,
    machine,
    rejections,
    systems,
)
from replication.report.gallery import gallery
from replication.report.inputs import Inputs
from replication.report.parts import Part
from replication.runs import TRAIN

_T = TypeVar("_T")


@dataclass(frozen=True)
class Missing:
    """A part of the page that is not there yet: what it would show, and what makes it."""

    what: str
    command: str

    @property
    def missing(self) -> bool:
        """For the template, which asks every part."""
        return True


def render(found: Inputs, studies: Sequence[Part]) -> str:
    """The whole page as HTML; the same inputs give the same text."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    source = _resource("page.html.j2")
    placed = meta.find_undeclared_variables(environment.parse(source))
    parts = content(found, studies)
    return environment.from_string(source).render(
        **parts,
        others=[parts[one.name] for one in studies if one.name not in placed],
        style=Markup(_resource("page.css")),
        script=Markup(_resource("page.js")),
    )


def content(found: Inputs, studies: Sequence[Part]) -> dict[str, Any]:
    """Everything the template shows, by name; what is missing is a `Missing`."""
    groups = listings.groups(found)
    undistorted = found.choices.experiments.undistorted
    train = f"{TRAIN} {undistorted}"
    return {
        "headline": listings.headline(found),
        "misses": listings.misses(found),
        "interval": f"{100 * found.choices.confidence:g} %",
        "patterns": len(found.labels),
        "tally": listings.tally(entry.verdict for group in groups for entry in group.entries),
        "groups": groups,
        "kinds": list(dict.fromkeys(entry.kind for group in groups for entry in group.entries)),
        "headline_figure": _or(headline.headline(found), "The three numbers drawn", train),
        "curves": charts.learning_curves(found)
        or Missing("Figure 5 needs the history of every replicate", train),
        "gallery": _or(gallery(found), "The digits of Figure 8", inputs.COMPARE),
        "figure8_verdicts": [
            entry
            for group in groups
            for entry in group.entries
            if entry.claim == "lenet5.misclassified"
        ],
        "systems": comparisons.systems(found),
        "not_run": systems.not_run(found),
        "orderings": systems.orderings(groups),
        "rejection": _or(rejections.curves(found), "Rejection needs answers", train),
        "invariance_verdicts": [
            entry
            for group in groups
            for entry in group.entries
            if entry.claim.startswith(("invariance.", "noise."))
        ],
        **{one.name: _or(one.make(found), one.what, one.command) for one in studies},
        **_context(found),
    }


def _context(found: Inputs) -> dict[str, Any]:
    settings = listings.audit(found)
    return {
        "audit": Missing("The audit of the settings", inputs.AUDIT)
        if settings is None
        else settings,
        "statuses": listings.STATUSES,
        "experiments": machine.experiments(found),
        "training_time": _or(
            machine.training_time(found),
            "The time of one training beside that of 1998",
            f"{inputs.BENCH} && {inputs.COMPARE}",
        ),
        "environment": machine.environment(found),
    }


def _or(part: _T | None, what: str, command: str) -> _T | Missing:
    return Missing(what, command) if part is None else part


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
