"""The page: all parts put into the template. One file that asks the network for nothing."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from jinja2 import meta
from markupsafe import Markup

from replication.comparison.audit.setting import AUDIT
from replication.comparison.figures.inputs import Inputs, Part, name_system
from replication.comparison.verdicts.systems import ORDERING
from replication.comparison.verdicts.tables import MISCLASSIFIED
from replication.core.runs import TRAIN
from replication.folders import DEMONSTRATION
from replication.report import charts, narrative, overlap, rejections, systems, tables
from replication.report.texts import read_text, templates

TEMPLATES = ("page.html.j2", "appendices.html.j2", "macros.html.j2")
_FOLDER = "results/report"  # in which the page lies
_T = TypeVar("_T")


@dataclass(frozen=True)
class Missing:
    """A part of the page that does not exist yet: its content, and the command that makes it."""

    what: str
    command: str
    missing: ClassVar[bool] = True  # the template asks every part for it


def render(
    parts: Mapping[str, Any], studies: Sequence[Part], repository: str = "", demonstration: str = ""
) -> str:
    """Return the whole page as HTML; the same parts give the same text.

    Args:
        parts: of `content`. studies: as for `content`.
        repository: an address under which links work wherever the page lies; without it they are
            relative to the page. demonstration: HTML of the network to draw on.
    """
    environment = templates(__package__)
    environment.filters["link"] = lambda href: address(href, repository)
    sources = (environment.parse(read_text(__package__, name)) for name in TEMPLATES)
    placed = set().union(*map(meta.find_undeclared_variables, sources))
    return environment.get_template(TEMPLATES[0]).render(
        **parts,
        more=[parts[part.name] for part in studies if part.name not in placed],
        demonstration=Markup(demonstration),
        style=Markup(read_text(__package__, "page.css")),
        script=Markup(read_text(__package__, "page.js")),
    )


def address(href: str, repository: str) -> str:
    """Return the address of a link relative to the page: in the repository, if there is one."""
    if not repository:
        return href
    path = posixpath.normpath(posixpath.join(_FOLDER, href))
    return f"{repository.rstrip('/')}/{'tree' if href.endswith('/') else 'blob'}/HEAD/{path}"


def content(inputs: Inputs, studies: Sequence[Part]) -> dict[str, Any]:
    """Return all parts of the template by name; a missing one is a `Missing`."""
    verdicts = inputs.verdicts
    train = f"{TRAIN} {inputs.choices.experiments.undistorted}"
    errors = systems.lines(inputs, systems.ERROR)
    trials = narrative.drop_agreeing(narrative.read_trials(inputs), verdicts)
    topics = narrative.topics(verdicts, trials)
    placed = [trial for topic in topics for trial in topic.trials]
    return {
        **{part.name: _or(part.make(inputs), part.what, part.command) for part in studies},
        "answer": narrative.answer(inputs, trials),
        "headline": tables.headline(inputs),
        "headline_figure": _or(charts.headline(inputs), "The three numbers drawn", train),
        "interval": f"{100 * inputs.choices.confidence:g} %",
        "roles": tables.ROLES,
        "by_role": tables.by_role(verdicts),
        "verdicts": verdicts,
        "outcomes": tables.ORDER,
        "claims_file": tables.CLAIMS,
        "replicates": {
            line.experiment: {"name": name_system(line.name), "test": line.values}
            for line in errors
            if line.values
        },
        "curves": charts.learning_curves(inputs)
        or Missing("Figure 5 needs the history of every replicate", train),
        "topics": topics,
        "other_trials": [trial for trial in trials if trial not in placed],
        "demo": f"../{DEMONSTRATION}" if (inputs.results / DEMONSTRATION).exists() else "",
        "systems": systems.systems(inputs),
        "not_run": [(name_system(line.name), line.reason) for line in errors if not line.values],
        "orderings": [
            v for v in verdicts if v.claim.startswith("ordering.") or v.entry == ORDERING
        ],
        "rejection": _or(rejections.curves(inputs), "Rejection needs answers", train),
        "gallery": _or(charts.gallery(inputs), "The digits of Figure 8", MISCLASSIFIED.made_by),
        "overlap": _or(overlap.draw_overlap(inputs), "Figure 8 by system needs answers", train),
        "figure8_verdicts": [v for v in verdicts if v.claim == "lenet5.misclassified"],
        "invariance_verdicts": [
            v for v in verdicts if v.claim.startswith(("invariance.", "noise."))
        ],
        "audit": _or(inputs.audit, "The audit of the settings", AUDIT.made_by),
        "statuses": tables.STATUSES,
        "speed": tables.speed(inputs),
        "experiments": tables.experiments(inputs),
        "environment": tables.environment(inputs),
    }


def _or(part: _T | None, what: str, command: str) -> _T | Missing:
    return Missing(what, command) if part is None else part
