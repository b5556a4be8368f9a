"""The answer in four sentences, what differs by topic, and what was tried to explain it.

The sentences are written for the committed results, with their numbers filled in. `conditions` are
what they state beyond these numbers; a test holds that they are true, and where one is not the page
counts the verdicts instead.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.errors import Damage, noticed
from replication.files import damaged
from replication.paper import CONTRADICTIONS, Claim
from replication.report.charts import HEADLINE, NAMES
from replication.report.inputs import Inputs, name_system, records
from replication.report.tables import FIRST, Entry
from replication.verdicts.systems import ORDERING

# What a verdict is about: its claim, or the heading of claims.yaml.
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
_NAMED = 5  # up to so many that differ are named one by one
# By the end of a hypothesis's name in params.yaml, what it supposes of 1998.
_IDEAS = {
    "sigmoid": "sigmoid units trained by gradient descent",
    "sigmoid-cropped": "sigmoid units on images cropped to 20x20",
    "sigmoid-deslanted": "sigmoid units on deslanted images",
    "size": "fewer training patterns",
    "size-deslanted": "fewer training patterns",
    "distorted-size": "fewer originals beside the distorted images",
    "boxed": "another reduction to 16x16 pixels",
    "steps": "larger steps, and more of them",
    "ridge": "covariances that are not regularised alike",
    "width": "wider or narrower Gaussian units",
    "svm-1995": "the polynomial kernel on plain pixels",
    "divisor": "another divisor of the squared error",
    "range": "another range of the initial weights",
    "passes": "another number of presentations",
    "strength": "weaker distortions",
    "field": "a field so tall that no ink is lost",
}
# What a study measures: the claim that it is about, how it is called here, and its unit.
_MEASURES = {
    "test error": ("systems.error", "test error", " %"),
    "training error": ("", "training error", " %"),
    "rejection": ("systems.rejection", "rejection", " %"),
    "operations": ("systems.operations", "multiply-adds", " thousand"),
}
_SIZES, _DIGITS = "lenet5.training-size", "lenet5.misclassified"  # Figures 6 and 8
EXPLAINS, NOT = "explains", "does not explain"
_EXAMPLE = "systems.error:linear/deslanted"  # the hypothesis that the answer names


class Tried(NamedTuple):
    """A hypothesis on why a number is another than ours, and what its trials decided.

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
    """What differs under one topic: sentences, the rows, and what was tried to explain them."""

    title: str
    sentence: str
    why: str
    entries: tuple[Entry, ...]
    tried: tuple[Tried, ...]


def hypotheses(inputs: Inputs) -> list[Tried]:
    """Return what the tables in results/studies that test hypotheses say, file by file."""
    tried = []
    for path in sorted((inputs.results / "studies").glob("*.csv")):
        try:
            with noticed():
                table = pd.read_csv(path, dtype=str, keep_default_na=False)
                if {"hypothesis", "decided"} <= set(table.columns):
                    source = f"../studies/{path.name}"
                    tried += [_tried(row, source, inputs.paper.claims) for row in records(table)]
        except Damage as error:
            raise damaged(path, error, "python -m replication causes") from error
    return tried


def _tried(row: Mapping[str, str], source: str, claims: Mapping[str, Claim]) -> Tried:
    """A row: what it is about is a claim, or a ``row`` of a figure and its ``measure``."""
    where, measure = row.get("row", ""), row.get("measure", "")
    base, quantity, unit = _MEASURES.get(measure, ("", measure, ""))
    figure, _, size = where.partition("/")
    claim, about = row.get("claim") or f"{base}:{where}", ""
    if where in claims:
        claim, about = row.get("claim") or where, claims[where].statement
    elif figure == "figure6":
        claim = f"{_SIZES}:{where}"
        about = f"the {quantity} of LeNet-5 with {int(size):,} training patterns"
    elif where:
        about = f"the {quantity} of {name_system(where)}"
    evidence = row.get("evidence", "")
    if not evidence and {"published", "before", "ours"} <= row.keys():
        published, before, ours = (
            f"{format_short(float(row[key]))}{unit}" if row[key] else "unknown"
            for key in ("published", "before", "ours")
        )
        evidence = f"{published} in 1998, {before} without it, {ours} with it"
    return Tried(claim, about, row["hypothesis"], evidence, row["decided"], source)


def unanswered(tried: Sequence[Tried], entries: Sequence[Entry]) -> list[Tried]:
    """Return the hypotheses on numbers that have not come out again; the rest explain nothing."""
    again = {entry.source.subject.claim for entry in entries if entry.verdict == "reproduced"}
    return [trial for trial in tried if trial.claim not in again]


def format_short(number: float) -> str:
    """Return three digits that count, or all before the point; infinity is no limit."""
    if math.isinf(number):
        return "no limit"
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def answer(
    inputs: Inputs, entries: Sequence[Entry], tried: Sequence[Tried] = ()
) -> list[tuple[str, str]]:
    """Return labelled answers: what LeNet-5 is, what matches, what does not, what is odd."""
    claims = inputs.paper.claims
    what = (
        "LeNet-5 is the convolutional network with which LeCun, Bottou, Bengio and Haffner read "
        f"handwritten digits in 1998: {claims['lenet5.parameters'].number:,} numbers, learnt from "
        f"{claims['data.train'].number:,} digits, with which it misread "
        f"{claims['lenet5.test-error'].number:g} % of {claims['data.test'].number:,} others."
    )
    once = [entry for entry in entries if entry.role != "repeat"]
    if not all(conditions(inputs, entries, tried).values()):
        counted = Counter(entry.verdict for entry in once)
        verdicts = ", ".join(f"{counted[outcome]} {outcome}" for outcome in FIRST)
        came_out = f"Of {len(once)} different statements of the paper: {verdicts}."
        return [("What it is", what), ("What came out", came_out)]
    free = Counter(entry.verdict for entry in once if entry.role == "independent")
    matches = (
        f"Of {free.total()} published results that we fitted nothing to, {free['reproduced']} come "
        f"out again, among them {_headline(inputs, 'lenet5.test-error')}; for "
        f"{free['inconclusive']} our trainings cannot tell. What we did fit comes out as well, "
        f"which proves little: {_headline(inputs, 'lenet5.training-error')}."
    )
    apart = Counter(entry.claim for entry in once if entry.verdict == "differs")
    differs = (
        f"Of {len(once)} different statements of the paper {apart.total()} come out otherwise, "
        "none of them one of the three numbers below. Most are in the paper's comparison with "
        "other systems, which it does not describe in full: test errors of Figure 9 "
        f"({_figure9(once)}), multiply-adds of Figure 11 ({apart['systems.operations']}) and "
        f"memory of Figure 12 ({apart['systems.memory']})."
    )
    if tried:
        example = next(filter(_is_example, tried))
        differs += f" {_count(tried)} For example: {example.about} by {example.idea}."
    return [
        ("What it is", what),
        ("What matches", matches),
        ("What does not, and why", differs),
        ("What surprised us", _digits(inputs)),
    ]


def conditions(
    inputs: Inputs, entries: Sequence[Entry], tried: Sequence[Tried] = ()
) -> dict[str, bool]:
    """Return what the answer's sentences state beyond their numbers, and whether it is true."""
    outcome = {entry.source.subject.claim: (entry.role, entry.verdict) for entry in entries}
    once = [entry for entry in entries if entry.role != "repeat"]
    apart = Counter(entry.claim for entry in once if entry.verdict == "differs")
    named = _figure9(once) + apart["systems.operations"] + apart["systems.memory"]
    roles = inputs.choices.experiments
    plain, distorted = (_shared(inputs, name) for name in (roles.undistorted, roles.distorted))
    return {
        "the test error is independent and reproduced":
            outcome.get("lenet5.test-error") == ("independent", "reproduced"),
        "the training error is fitted and reproduced":
            outcome.get("lenet5.training-error") == ("fitted", "reproduced"),
        "none of the three numbers differs":
            all(outcome.get(claim, ("", "differs"))[1] != "differs" for claim in HEADLINE),
        "most of what differs is in Figures 9, 11 and 12": 2 * named > apart.total(),
        "the example explains its number":
            not tried or any(map(_is_example, tried)),
        "ours miss more of 1998's digits than by chance, those with distortions fewer":
            _chance(inputs) < distorted < plain,
    }  # fmt: skip


def _is_example(trial: Tried) -> bool:
    return trial.claim == _EXAMPLE and trial.decided == EXPLAINS


def _headline(inputs: Inputs, claim: str) -> str:
    verdict = inputs.verdict(claim)
    assert verdict is not None
    published, ours = verdict.subject.number, verdict.finding.mean
    return f"the {NAMES[claim]} ({published:g} % in 1998, ours {ours:.2f} %)"


def _figure9(entries: Sequence[Entry]) -> int:
    """How many test errors of Figure 9 differ, without the order of all."""
    return sum(name_topic(entry) == _TOPICS["systems.error"] and entry.verdict == "differs"
               for entry in entries)  # fmt: skip


def _shared(inputs: Inputs, experiment: str, what: str = "patterns") -> float:
    """How many of Figure 8's digits an experiment misses too, on average; NaN when it has not."""
    verdict = inputs.verdict(f"{_DIGITS}:{experiment}:{what}")
    mean = verdict.finding.mean if verdict else None
    return math.nan if mean is None else mean


def _chance(inputs: Inputs) -> float:
    """How many of Figure 8's digits ours would miss if it missed any of the test set's."""
    errors = inputs.values(inputs.choices.experiments.undistorted, "test_error_percent")
    return len(inputs.paper.misclassified) * float(np.mean(errors)) / 100 if errors else math.nan


def _digits(inputs: Inputs) -> str:
    roles, total = inputs.choices.experiments, len(inputs.paper.misclassified)
    return (
        f"The network of 1998 got {total} of {len(inputs.labels):,} digits wrong. Ours, begun from "
        f"other random numbers, get {_shared(inputs, roles.undistorted):.0f} of these {total} "
        f"wrong too, where chance would give {_chance(inputs):.2g}, and "
        f"{_shared(inputs, roles.undistorted, 'answers'):.0f} of them with the very same wrong "
        "answer. It had been trained with distorted digits too; of ours, those that were are less "
        f"like it ({_shared(inputs, roles.distorted):.0f} of the {total})."
    )


def topics(entries: Sequence[Entry], tried: Sequence[Tried]) -> list[Topic]:
    """Return what differs, the topic with most of it first; hypotheses stand with their claims."""
    by_title: dict[str, list[Entry]] = {}
    for entry in entries:
        by_title.setdefault(name_topic(entry), []).append(entry)
    result = []
    for title, own in by_title.items():
        apart = tuple(entry for entry in own if entry.verdict == "differs")
        if apart:
            names = {entry.claim for entry in own if entry.entry != ORDERING}
            here = tuple(trial for trial in tried if trial.claim.partition(":")[0] in names)
            result.append(Topic(title, _sentence(apart, len(own)), _why(here), apart, here))
    return sorted(result, key=lambda topic: -len(topic.entries))


def name_topic(entry: Entry) -> str:
    """Return the title of the topic under which the page has a verdict."""
    if entry.entry == ORDERING:
        return _TOPICS["comparison"]
    return _TOPICS.get(entry.claim) or _TOPICS[entry.heading]


def _sentence(apart: Sequence[Entry], total: int) -> str:
    """How many differ: which, where there are few, or else in which direction and how far."""
    text = f"{len(apart)} of {total} {'differs' if len(apart) == 1 else 'differ'}"
    if len(apart) <= _NAMED:
        parts: dict[str, list[str]] = {}
        for entry in apart:
            words = ", ".join(filter(None, [entry.part, _both_numbers(entry)]))
            parts.setdefault(entry.subject, []).extend([words] if words else [])
        named = (f"{name} ({'; '.join(own)})" if own else name for name, own in parts.items())
        return f"{text}: {'; '.join(named)}."
    ratios = {entry: math.log(ours / past) for entry in apart if (ours := _mean(entry)) > 0
              and (past := _published(entry)) > 0}  # fmt: skip
    if not ratios:
        return f"{text}."
    lower = sum(ratio < 0 for ratio in ratios.values())
    farthest = max(ratios, key=lambda entry: abs(ratios[entry]))
    return (
        f"{text}: ours is lower in {lower}, higher in {len(ratios) - lower}. Farthest apart: "
        f"{farthest.name} ({_both_numbers(farthest)})."
    )


def _mean(entry: Entry) -> float:
    return entry.source.finding.mean or 0.0


def _published(entry: Entry) -> float:
    return entry.source.subject.number or 0.0


def _both_numbers(entry: Entry) -> str:
    """1998's number in its unit and ours, where both are positive."""
    past, ours = _published(entry), _mean(entry)
    if past <= 0 or ours <= 0:
        return ""
    published = f"{format_short(past)} {entry.source.subject.unit}".rstrip()
    return f"{published} in 1998, ours {format_short(ours)}"


def _why(tried: Sequence[Tried]) -> str:
    """What came of the trials, and those that explain their number, test errors first."""
    if not tried:
        return ""
    errors_first = sorted(tried, key=lambda trial: not trial.claim.startswith("systems.error"))
    explained = [
        f"{trial.about} by {trial.idea}" for trial in errors_first if trial.decided == EXPLAINS
    ]
    return f"{_count(tried)} Explained: {'; '.join(explained) or 'none'}."


def _count(tried: Sequence[Tried]) -> str:
    """How many explain their number, do not, or stay undecided."""
    counted = Counter(trial.decided for trial in tried)
    explain, fail = counted[EXPLAINS], counted[NOT]
    rest = len(tried) - explain - fail
    text = f"Why: of {len(tried)} reasons that we tried {explain} "
    text += "explains the number" if explain == 1 else "explain the number"
    fails = f"{fail} does not" if fail == 1 else f"{fail} do not"
    if not rest:
        return f"{text} and {fails}."
    return f"{text}, {fails} and {rest} {'stays' if rest == 1 else 'stay'} undecided."
