"""The page: all parts put into the template. One file that asks the network for nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from jinja2 import meta
from markupsafe import Markup

from replication.audit.setting import AUDIT
from replication.report import (
    charts,
    comparisons,
    explanations,
    headline,
    inputs,
    listings,
    machine,
    rejections,
    story,
    systems,
)
from replication.report.gallery import gallery
from replication.report.inputs import Inputs
from replication.report.parts import Part
from replication.runs import TRAIN
from replication.templates import templates, text

TEMPLATES = ("page.html.j2", "appendices.html.j2", "macros.html.j2")
_FOLDER = "results/report"  # in which the page lies
_DEMONSTRATION = "demo/index.html"  # in results
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


def render(
    found: Inputs, studies: Sequence[Part], repository: str = "", demonstration: str = ""
) -> str:
    """The whole page as HTML; the same inputs give the same text. Arguments as of `fill`."""
    return fill(content(found, studies), studies, repository, demonstration)


def fill(
    parts: Mapping[str, Any],
    studies: Sequence[Part],
    repository: str = "",
    demonstration: str = "",
) -> str:
    """The template with these parts.

    Args:
        parts: as `content` makes them. studies: those whose parts these are.
        repository: an address under which links work wherever the page lies; without it they are
            relative to the page. demonstration: HTML of the network to draw on.
    """
    environment = templates(__package__)
    environment.filters["link"] = lambda href: address(href, repository)
    placed: set[str] = set()
    for name in TEMPLATES:
        placed |= meta.find_undeclared_variables(environment.parse(text(__package__, name)))
    return environment.get_template(TEMPLATES[0]).render(
        **parts,
        others=[parts[one.name] for one in studies if one.name not in placed],
        demonstration=Markup(demonstration),
        style=Markup(text(__package__, "page.css")),
        script=Markup(text(__package__, "page.js")),
    )


def address(href: str, repository: str) -> str:
    """Where a link leads that is written relative to the page: into the repository, if any."""
    if not repository:
        return href
    path = posixpath.normpath(posixpath.join(_FOLDER, href))
    return f"{repository.rstrip('/')}/{'tree' if href.endswith('/') else 'blob'}/HEAD/{path}"


def content(found: Inputs, studies: Sequence[Part]) -> dict[str, Any]:
    """Everything the template shows, by name; what is missing is a `Missing`."""
    entries = listings.entries(found)
    roles = found.choices.experiments
    train = f"{TRAIN} {roles.undistorted}"
    tried = story.unanswered(explanations.hypotheses(found), entries)
    topics = story.topics(entries, tried)
    placed = [row for topic in topics for row in topic.tried]
    return {
        **{one.name: _or(one.make(found), one.what, one.command) for one in studies},
        "answer": story.answer(found, entries, tried),
        "headline": listings.headline(found),
        "headline_figure": _or(headline.headline(found), "The three numbers drawn", train),
        "interval": f"{100 * found.choices.confidence:g} %",
        "roles": listings.ROLES,
        "by_role": listings.by_role(entries),
        "claims": len(entries),
        "claims_file": listings.CLAIMS,
        "groups": listings.groups(entries),
        "replicates": _replicates(found),
        "curves": charts.learning_curves(found)
        or Missing("Figure 5 needs the history of every replicate", train),
        "topics": topics,
        "tried_beside": [row for row in tried if row not in placed],
        "demo": f"../{_DEMONSTRATION}" if (found.results / _DEMONSTRATION).exists() else "",
        "systems": comparisons.systems(found),
        "not_run": systems.not_run(found),
        "orderings": [one for one in entries
                      if one.claim.startswith("ordering.") or one.entry == "ordering"],
        "rejection": _or(rejections.curves(found), "Rejection needs answers", train),
        "gallery": _or(gallery(found), "The digits of Figure 8", inputs.COMPARE),
        "figure8_verdicts": [one for one in entries if one.claim == "lenet5.misclassified"],
        "invariance_verdicts": [one for one in entries
                                if one.claim.startswith(("invariance.", "noise."))],
        "audit": _or(listings.sort_settings(found.audit), "The audit of the settings",
                     AUDIT.made_by),
        "statuses": listings.STATUSES,
        "speed": machine.speed(found),
        "experiments": machine.experiments(found),
        "environment": machine.environment(found),
    }  # fmt: skip


def _replicates(found: Inputs) -> dict[str, Any]:
    """By experiment of Figure 9 its name there and the test errors, for the script that names."""
    return {
        line.experiment: {"name": systems.words(line.name), "test": line.values}
        for line in systems.lines(found, systems.ERROR)
        if line.values
    }


def _or(part: _T | None, what: str, command: str) -> _T | Missing:
    return Missing(what, command) if part is None else part
