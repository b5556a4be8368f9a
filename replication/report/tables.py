"""The tables of results: the headline, the claims by outcome and by role, and the audit."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, get_args

from replication.comparison.audit.setting import Setting
from replication.comparison.figures.drawing import DATA, Source
from replication.comparison.figures.inputs import Inputs
from replication.comparison.paper import Status
from replication.comparison.verdicts.claim_checks import HEADLINE, Verdict
from replication.comparison.verdicts.evidence import OUTCOMES, Finding, Outcome

CLAIMS = f"{DATA}/claims.yaml"
NAMES = dict(
    zip(
        HEADLINE,
        ("test error", "training error", "test error after training with distortions"),
        strict=True,
    )
)
# The most important to look into first.
STATUSES: tuple[Status, ...] = get_args(Status)[::-1]
ORDER: tuple[Outcome, ...] = ("differs", "inconclusive", "unmeasured", "reproduced")
ROLES = {
    "independent": "nothing was chosen by it",
    "fitted": "it helped to choose how the paper is read, so agreement proves little",
    "arithmetic": "it is counted from the architecture",
    "control": "it checks the data or the machine",
    "repeat": "it repeats a number that is counted elsewhere",
}


class Number(NamedTuple):
    """A number as text, and its source."""

    text: str
    source: Source


class Headline(NamedTuple):
    """A row of the first table; ours and interval are empty where nothing was measured."""

    name: str
    published: Number
    ours: Number
    spread: str
    interval: Number
    replicates: Number
    role: str
    verdict: str
    reason: str


class Group(NamedTuple):
    """The verdicts of one outcome, and their number by role."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    roles: tuple[tuple[str, int], ...]


def headline(inputs: Inputs) -> list[Headline]:
    """Return the rows of test error, training error and distorted test error."""
    verdicts = {verdict.subject.claim: verdict for verdict in inputs.verdicts}
    return [_headline(inputs, claim_id, verdicts.get(claim_id)) for claim_id in HEADLINE]


def _headline(inputs: Inputs, claim_id: str, verdict: Verdict | None) -> Headline:
    claim = inputs.paper.claims[claim_id]
    uncertainty = f" ± {claim.uncertainty:g}" if claim.uncertainty else ""
    name = NAMES[claim_id] + (f", {claim.statement}" if claim.statement else "")
    missing = Finding("unmeasured", "", "there is no verdict on it")
    finding = verdict.finding if verdict else missing
    numbers = (finding.mean, finding.sd, finding.low, finding.high)
    # A hundredth of a point is one miss: three decimals.
    mean, sd, low, high = ("" if number is None else f"{number:.3f}" for number in numbers)

    def cell(text: str, column: str) -> Number:
        return Number(text, Source("../verdicts.csv", f"{column} where claim = {claim_id}"))

    return Headline(
        name[0].upper() + name[1:],
        Number(f"{claim.value}{uncertainty} %", Source(CLAIMS, claim_id)),
        cell(f"{mean} %" if mean else "", "mean"),
        f"sd {sd}" if sd else "",
        cell(f"{low} to {high} %" if low else "", "low, high"),
        cell(f"{finding.replicates}", "replicates"),
        verdict.subject.role if verdict else claim.role,
        finding.outcome,
        finding.reason,
    )


def groups(verdicts: Sequence[Verdict]) -> list[Group]:
    """Return the verdicts by outcome, what differs first."""
    result = []
    for outcome in ORDER:
        if own := tuple(verdict for verdict in verdicts if verdict.outcome == outcome):
            counted = Counter(verdict.subject.role for verdict in own)
            result.append(Group(outcome, own, tuple((role, counted[role]) for role in ROLES)))
    return result


def by_role(verdicts: Sequence[Verdict]) -> list[tuple[str, str, tuple[tuple[str, int], ...]]]:
    """Return each role, its meaning, and its number of verdicts by outcome."""
    counted = Counter((verdict.subject.role, verdict.outcome) for verdict in verdicts)
    roles = {role for role, _ in counted}
    return [
        (role, meaning, tuple((outcome, counted[role, outcome]) for outcome in OUTCOMES))
        for role, meaning in ROLES.items()
        if role in roles
    ]


def sort_settings(settings: Sequence[Setting] | None) -> list[Setting] | None:
    """Return the settings of the audit, departures first; None before `audit` has run."""
    if settings is None:
        return None
    return sorted(settings, key=lambda setting: STATUSES.index(setting.status))
