"""The answer in four sentences, the differences by topic, and the trials to explain them.

The sentences stand in sentences.txt.j2, written for the committed results. `conditions` are their
statements beyond the numbers; a test holds that they are true, and where one is false the page
counts the verdicts instead.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.comparison.figures.inputs import Inputs, name_system, records
from replication.comparison.paper import CONTRADICTIONS, Claim
from replication.comparison.verdicts.claim_checks import HEADLINE, Verdict
from replication.comparison.verdicts.systems import ORDERING
from replication.comparison.verdicts.tables import OWN
from replication.files import damaged
from replication.reading import Damage, name_damage
from replication.report.overlap import Shared, count_shared
from replication.report.tables import ORDER
from replication.report.texts import format_short, say

# By the claim of a verdict, or the heading of claims.yaml.
_TOPICS = {
    "systems.error": "Test errors of Figure 9",
    "systems.rejection": "Rejection of Figure 10",
    "systems.operations": "Multiply-adds of Figure 11",
    "systems.memory": "Memory of Figure 12",
    "lenet5-results": "LeNet-5's own results",
    "training": "Training",
    "preprocessing": "Input",
    "architecture": "Architecture",
    "comparison": "What the text says of the systems",
    "effects": "What each change does",
    CONTRADICTIONS: "The paper's contradictions",
}
_LISTED = 5  # at most this many differences are listed one by one
# By the end of a hypothesis's name in params.yaml, its assumption about 1998.
_IDEAS = {
    "sigmoid": "sigmoid units trained by gradient descent",
    "sigmoid-cropped": "sigmoid units on images cropped to 20x20",
    "sigmoid-deslanted": "sigmoid units on deslanted images",
    "size": "fewer training patterns",
    "size-deslanted": "fewer training patterns",
    "distorted-size": "fewer originals beside the distorted images",
    "boxed": "another reduction to 16x16 pixels",
    "steps": "larger steps, and more of them",
    "ridge": "another regularisation of the covariances",
    "width": "wider or narrower Gaussian units",
    "svm-1995": "the polynomial kernel on plain pixels",
    "divisor": "another divisor of the squared error",
    "range": "another range of the initial weights",
    "passes": "another number of presentations",
    "strength": "weaker distortions",
    "field": "a field so tall that no ink is lost",
}
# By a study's measure: the claim about it, its name here, and its unit.
_MEASURES = {
    "test error": ("systems.error", "test error", " %"),
    "training error": ("", "training error", " %"),
    "rejection": ("systems.rejection", "rejection", " %"),
    "operations": ("systems.operations", "multiply-adds", " thousand"),
}
_SIZES, _ERRORS = "lenet5.training-size", "systems.error"  # Figures 6 and 9
_NEIGHBOURS = "knn-euclidean/regular"  # the row of Figure 9 that Figure 8 is compared with
_ABOUT = 0.85  # of a number of digits, the least that is about as many
EXPLAINS = "explains"


class Trial(NamedTuple):
    """A hypothesis on the difference of a number from ours, and the outcome of its trials.

    about: the number in words, such as the test error of a system; empty for none.
    """

    claim: str
    about: str
    hypothesis: str
    evidence: str
    decided: str
    source: str

    @property
    def idea(self) -> str:
        """Return the hypothesis in words."""
        ends = [end for end in _IDEAS if f"-{self.hypothesis}".endswith(f"-{end}")]
        return _IDEAS[max(ends, key=len)] if ends else self.hypothesis.replace("-", " ")


class Topic(NamedTuple):
    """The differences under one topic: sentences, the verdicts, and the trials to explain them."""

    title: str
    sentence: str
    why: str
    verdicts: tuple[Verdict, ...]
    trials: tuple[Trial, ...]


def read_trials(inputs: Inputs) -> list[Trial]:
    """Read the tables of results/studies that test hypotheses, file by file."""
    trials: list[Trial] = []
    for path in sorted((inputs.results / "studies").glob("*.csv")):
        try:
            with name_damage():
                table = pd.read_csv(path, dtype=str, keep_default_na=False)
                rows = records(table) if {"hypothesis", "decided"} <= set(table.columns) else []
                source = f"../studies/{path.name}"
                trials += [_read_trial(row, source, inputs.paper.claims) for row in rows]
        except Damage as error:
            raise damaged(path, error, "python -m replication causes") from error
    return trials


def _read_trial(row: Mapping[str, str], source: str, claims: Mapping[str, Claim]) -> Trial:
    """Return a row's trial, about a claim or a ``row`` of a figure and its ``measure``."""
    where, measure = row.get("row", ""), row.get("measure", "")
    base, quantity, unit = _MEASURES.get(measure, ("", measure, ""))
    figure, _, size = where.partition("/")
    claim, about = f"{base}:{where}", f"the {quantity} of {name_system(where)}" if where else ""
    if where in claims:
        claim, about = where, claims[where].statement
    elif figure == "figure6":
        claim = f"{_SIZES}:{where}"
        about = f"the {quantity} of LeNet-5 with {int(size):,} training patterns"
    evidence = row.get("evidence", "")
    if not evidence and {"published", "before", "ours"} <= row.keys():
        published, before, ours = (
            f"{format_short(float(row[key]))}{unit}" if row[key] else "unknown"
            for key in ("published", "before", "ours")
        )
        evidence = f"{published} in 1998, {before} without it, {ours} with it"
    claim = row.get("claim") or claim
    return Trial(claim, about, row["hypothesis"], evidence, row["decided"], source)


def drop_agreeing(trials: Sequence[Trial], verdicts: Sequence[Verdict]) -> list[Trial]:
    """Return the trials on numbers that do not agree; the others explain nothing."""
    agreeing = {v.subject.claim for v in verdicts if v.outcome in ("reproduced", "compatible")}
    return [trial for trial in trials if trial.claim not in agreeing]


def answer(inputs: Inputs, trials: Sequence[Trial] = ()) -> list[tuple[str, str]]:
    """Return labelled answers: LeNet-5, the agreements, the differences, the surprise.

    All are counted in the same independent results, each once.
    """
    what = ("What it is", say("what_it_is", claims=inputs.paper.claims))
    independent = _select_independent(inputs.verdicts)
    counts = {
        "total": len(independent),
        "outcomes": Counter(verdict.outcome for verdict in independent),
    }
    if not all(conditions(inputs).values()):
        return [what, ("What came out", say("tally", **counts, order=ORDER))]
    test, training, _ = map(inputs.verdict, HEADLINE)
    differing = [verdict for verdict in independent if verdict.outcome == "differs"]
    rivals = [v for v in independent if v.claim.startswith("systems.")]
    rivals = [v for v in rivals if v.entry != ORDERING and not v.entry.startswith(f"{OWN}/")]
    errors = [v for v in rivals if v.claim == _ERRORS and v.outcome == "differs"]
    differs = say(
        "differs",
        differing=len(differing),
        rivals=sum(verdict.outcome == "differs" for verdict in rivals),
        systems=sum(verdict.claim == _ERRORS for verdict in rivals),
        errors=len(errors),
        better=sum((v.finding.mean or 0) < (v.subject.number or 0) for v in errors),
        causes=count_causes(differing, trials),
        example=_choose_example(differing, trials),
    )
    ours, neighbours = _share_misses(inputs)
    overlap = say(
        "overlap", missed=len(inputs.paper.misclassified), ours=ours, neighbours=neighbours
    )
    return [
        what,
        ("What matches", say("matches", **counts, test=test, training=training)),
        ("What does not, and why", differs),
        ("What surprised us", overlap),
    ]


def conditions(inputs: Inputs) -> dict[str, bool]:
    """Return the statements of the answer beyond its numbers, and whether they are true."""
    outcomes = {v.subject.claim: (v.subject.role, v.outcome) for v in inputs.verdicts}
    headline = [outcomes.get(claim, ("", "differs")) for claim in HEADLINE]
    ours, neighbours = _share_misses(inputs)
    return {
        "the test error is independent and compatible": headline[0]
        == ("independent", "compatible"),
        "the training error is fitted and compatible": headline[1] == ("fitted", "compatible"),
        "something differs": any(
            v.outcome == "differs" for v in _select_independent(inputs.verdicts)
        ),
        "nearest neighbours miss about as many of 1998's digits as ours, by more errors": (
            ours is not None
            and neighbours is not None
            and neighbours.missed > _ABOUT * ours.missed
            and neighbours.errors > ours.errors
        ),
    }


def _select_independent(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [v for v in verdicts if v.subject.counts and v.subject.role == "independent"]


def _share_misses(inputs: Inputs) -> tuple[Shared | None, Shared | None]:
    """Return what LeNet-5 and nearest neighbours share with Figure 8."""
    neighbours = inputs.choices.systems.get(_NEIGHBOURS, "")
    names = (inputs.choices.experiments.undistorted, neighbours)
    ours, other = (count_shared(inputs, name) for name in names)
    return ours, other


class Causes(NamedTuple):
    """Of how many results the cause was found, was tried for without success, was not tried."""

    found: int
    failed: int
    untried: int


def count_causes(differing: Sequence[Verdict], trials: Sequence[Trial]) -> Causes:
    """Return how many results that differ have an explanation that passed its trial."""
    explained = {trial.claim for trial in trials if trial.decided == EXPLAINS}
    tried = {trial.claim for trial in trials}
    found = sum(verdict.subject.claim in explained for verdict in differing)
    either = sum(verdict.subject.claim in tried for verdict in differing)
    return Causes(found, either - found, len(differing) - either)


def _choose_example(differing: Sequence[Verdict], trials: Sequence[Trial]) -> Trial | None:
    """Return the first explanation of a result that differs, None without any."""
    claims = {verdict.subject.claim for verdict in differing}
    passed = (t for t in trials if t.decided == EXPLAINS and t.about and t.claim in claims)
    return next(passed, None)


def topics(verdicts: Sequence[Verdict], trials: Sequence[Trial]) -> list[Topic]:
    """Return the topics with differences, most first; trials stand with their claims."""
    by_title: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_title.setdefault(name_topic(verdict), []).append(verdict)
    result = []
    for title, own in by_title.items():
        differing = tuple(verdict for verdict in own if verdict.outcome == "differs")
        if differing:
            claims = {verdict.claim for verdict in own if verdict.entry != ORDERING}
            about = tuple(trial for trial in trials if trial.claim.partition(":")[0] in claims)
            sentence = _describe_differences(differing, len(own))
            why = _describe_causes(differing, about)
            result.append(Topic(title, sentence, why, differing, about))
    return sorted(result, key=lambda topic: -len(topic.verdicts))


def name_topic(verdict: Verdict) -> str:
    """Return the title of the topic under which the page has a verdict."""
    if verdict.entry == ORDERING:
        return _TOPICS["comparison"]
    return _TOPICS.get(verdict.claim) or _TOPICS[verdict.subject.heading]


def _describe_differences(differing: Sequence[Verdict], total: int) -> str:
    """Return the number of differences, and which they are, or else their direction and extent."""
    both = [verdict for verdict in differing if _has_both_numbers(verdict)]
    ratios = [math.log((v.finding.mean or 0) / (v.subject.number or 1)) for v in both]
    lower = sum(ratio < 0 for ratio in ratios)
    return say(
        "topic",
        differing=len(differing),
        total=total,
        names=_list_differences(differing) if len(differing) <= _LISTED else (),
        lower=lower,
        higher=len(ratios) - lower,
        farthest=both[int(np.argmax(np.abs(ratios)))] if both else None,
    )


def _list_differences(differing: Sequence[Verdict]) -> list[str]:
    """Return the names of verdicts with their parts and numbers, each name once."""
    parts: dict[str, list[str]] = {}
    for verdict in differing:
        numbers = say("both_numbers", verdict=verdict) if _has_both_numbers(verdict) else ""
        words = ", ".join(filter(None, [verdict.part, numbers]))
        parts.setdefault(verdict.title, []).extend([words] if words else [])
    return [f"{name} ({'; '.join(own)})" if own else name for name, own in parts.items()]


def _has_both_numbers(verdict: Verdict) -> bool:
    """Return whether the number of 1998 and ours are there, and positive."""
    return (verdict.subject.number or 0) > 0 and (verdict.finding.mean or 0) > 0


def _describe_causes(differing: Sequence[Verdict], trials: Sequence[Trial]) -> str:
    """Return how many causes were found, and those that explain their number, errors first."""
    why = say("found_causes", differing=len(differing), causes=count_causes(differing, trials))
    errors_first = sorted(trials, key=lambda trial: not trial.claim.startswith(_ERRORS))
    claims = {verdict.subject.claim for verdict in differing}
    explained = [f"{t.about} by {t.idea}" for t in errors_first
                 if t.decided == EXPLAINS and t.claim in claims]  # fmt: skip
    return f"{why} Explained: {'; '.join(explained)}." if explained else why
