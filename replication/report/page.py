"""The page: all parts put into the template. One file that asks the network for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeVar

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from replication.report import (
    charts,
    comparisons,
    headline,
    inputs,
    invariance,
    listings,
    machine,
    neighbours,
    pictures,
    readings,
    rejections,
    sizes,
    studies,
    systems,
)
from replication.report.drawing import Figure
from replication.report.gallery import gallery
from replication.report.inputs import Inputs
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


def render(found: Inputs) -> str:
    """The whole page as HTML; the same inputs give the same text."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.from_string(_resource("page.html.j2"))
    return template.render(
        **content(found),
        style=Markup(_resource("page.css")),
        script=Markup(_resource("page.js")),
    )


def content(found: Inputs) -> dict[str, Any]:
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
        "training_size": _or(
            sizes.training_set_size(found), "Figure 6 needs the smaller training sets", "dvc repro"
        ),
        "gallery": _or(gallery(found), "The digits of Figure 8", inputs.COMPARE),
        "figure8_verdicts": [
            entry
            for group in groups
            for entry in group.entries
            if entry.claim == "lenet5.misclassified"
        ],
        "readings": _or(readings.ranking(found), "The study of the readings", inputs.READINGS),
        "readings_curves": _or(
            readings.curves(found), "The curves of the readings", inputs.READINGS
        ),
        "variance": _or(
            studies.variance(found), "The sources of variance", f"dvc repro && {inputs.COMPARE}"
        ),
        "distortions": _or(
            studies.distortions(found), "The fit of Figure 7's distortions", inputs.DISTORTIONS
        ),
        "systems": comparisons.systems(found),
        "not_run": systems.not_run(found),
        "orderings": systems.orderings(groups),
        "rejection": _or(rejections.curves(found), "Rejection needs answers", train),
        "neighbours": _or(
            neighbours.neighbours(found), "What K-NN's own choices change", inputs.NEIGHBOURS
        ),
        "invariance_verdicts": [
            entry
            for group in groups
            for entry in group.entries
            if entry.claim.startswith(("invariance.", "noise."))
        ],
        **_changed(found),
        **_context(found),
    }


def _changed(found: Inputs) -> dict[str, Any]:
    """Section III-E: what the networks make of changed patterns and of wider fields."""
    return {
        "invariance": _or(
            invariance.curves(found), "The study of changed patterns", inputs.INVARIANCE
        ),
        "figure13": _or(
            pictures.digits(found), "Changed digits, as in Figure 13", inputs.INVARIANCE
        ),
        "wide_fields": _or(
            pictures.wide_fields(found), "Several digits in one field", inputs.INVARIANCE
        ),
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
        "bench": Missing("How fast each part is", inputs.BENCH)
        if found.bench is None
        else machine.bench(found.bench),
        "environment": machine.environment(found),
    }


def _or(part: _T | None, what: str, command: str) -> _T | Missing:
    return Missing(what, command) if part is None else part


def figures(parts: dict[str, Any]) -> list[Figure]:
    """All figures among the parts of a page."""
    found: list[Figure] = []
    for part in parts.values():
        several = part if isinstance(part, list) else [part]
        found += [one for one in several if isinstance(one, Figure)]
    return found


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
