"""The answer in four sentences, the differences by topic, and the trials to explain them.

The sentences are written for the committed results, with their numbers filled in. `conditions` are
their statements beyond these numbers; a test holds that they are true, and where one is false the
page counts the verdicts instead.
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
from replication.files import damaged
from replication.reading import Damage, name_damage
from replication.report.tables import NAMES, ORDER

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
    "ridge": "covariances that are not regularised alike",
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
_SIZES, _DIGITS = "lenet5.training-size", "lenet5.misclassified"  # Figures 6 and 8
EXPLAINS, FAILS = "explains", "does not explain"
_EXAMPLE = "systems.error:linear/deslanted"  # the number whose explanation the answer names


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
    trials = []
    for path in sorted((inputs.results / "studies").glob("*.csv")):
        try:
            with name_damage():
                table = pd.read_csv(path, dtype=str, keep_default_na=False)
                if {"hypothesis", "decided"} <= set(table.columns):
                    source = f"../studies/{path.name}"
                    trials += [
                        _read_trial(row, source, inputs.paper.claims) for row in records(table)
                    ]
        except Damage as error:
            raise damaged(path, error, "python -m replication causes") from error
    return trials


def _read_trial(row: Mapping[str, str], source: str, claims: Mapping[str, Claim]) -> Trial:
    """Return a row's trial, about a claim or a ``row`` of a figure and its ``measure``."""
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
    return Trial(claim, about, row["hypothesis"], evidence, row["decided"], source)


def drop_reproduced(trials: Sequence[Trial], verdicts: Sequence[Verdict]) -> list[Trial]:
    """Return the trials on numbers that are not reproduced; the others explain nothing."""
    reproduced = {v.subject.claim for v in verdicts if v.outcome == "reproduced"}
    return [trial for trial in trials if trial.claim not in reproduced]


def format_short(number: float) -> str:
    """Return three significant digits, or all before the point; infinity is no limit."""
    if math.isinf(number):
        return "no limit"
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def answer(inputs: Inputs, trials: Sequence[Trial] = ()) -> list[tuple[str, str]]:
    """Return labelled answers: LeNet-5, the agreements, the differences, the surprise."""
    claims = inputs.paper.claims
    what = (
        "LeNet-5 is the convolutional network with which LeCun, Bottou, Bengio and Haffner read "
        f"handwritten digits in 1998: {claims['lenet5.parameters'].number:,} numbers, learnt from "
        f"{claims['data.train'].number:,} digits, with which it misread "
        f"{claims['lenet5.test-error'].number:g} % of {claims['data.test'].number:,} others."
    )
    counted = _without_repeats(inputs.verdicts)
    if not all(conditions(inputs, trials).values()):
        outcomes = Counter(verdict.outcome for verdict in counted)
        listed = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ORDER)
        came_out = f"Of {len(counted)} different statements of the paper: {listed}."
        return [("What it is", what), ("What came out", came_out)]
    free = Counter(v.outcome for v in counted if v.subject.role == "independent")
    matches = (
        f"Of {free.total()} published results that we fitted nothing to, {free['reproduced']} come "
        f"out again, among them {_headline(inputs, 'lenet5.test-error')}; for "
        f"{free['inconclusive']} our trainings cannot tell. What we did fit comes out as well, "
        f"which proves little: {_headline(inputs, 'lenet5.training-error')}."
    )
    figure9, operations, memory, total = _count_differences(counted)
    differs = (
        f"Of {len(counted)} different statements of the paper {total} come out otherwise, "
        "none of them one of the three numbers below. Most are in the paper's comparison with "
        "other systems, which it does not describe in full: test errors of Figure 9 "
        f"({figure9}), multiply-adds of Figure 11 ({operations}) and memory of Figure 12 "
        f"({memory})."
    )
    if trials:
        example = next(filter(_is_example, trials))
        differs += f" {_count_trials(trials)} For example: {example.about} by {example.idea}."
    return [
        ("What it is", what),
        ("What matches", matches),
        ("What does not, and why", differs),
        ("What surprised us", _describe_overlap(inputs)),
    ]


def conditions(inputs: Inputs, trials: Sequence[Trial] = ()) -> dict[str, bool]:
    """Return the statements of the answer beyond its numbers, and whether they are true."""
    outcomes = {v.subject.claim: (v.subject.role, v.outcome) for v in inputs.verdicts}
    *figures, total = _count_differences(_without_repeats(inputs.verdicts))
    roles = inputs.choices.experiments
    plain, distorted = (_mean_shared(inputs, name) for name in (roles.undistorted, roles.distorted))
    test, training, _ = (outcomes.get(claim, ("", "differs")) for claim in HEADLINE)
    return {
        "the test error is independent and reproduced": test == ("independent", "reproduced"),
        "the training error is fitted and reproduced": training == ("fitted", "reproduced"),
        "none of the three numbers differs": not any(
            outcomes.get(claim, ("", "differs"))[1] == "differs" for claim in HEADLINE
        ),
        "most of what differs is in Figures 9, 11 and 12": 2 * sum(figures) > total,
        "the example explains its number": not trials or any(map(_is_example, trials)),
        "ours miss more of 1998's digits than by chance, those with distortions fewer": (
            _expect_by_chance(inputs) < distorted < plain
        ),
    }


def _without_repeats(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.subject.role != "repeat"]


def _is_example(trial: Trial) -> bool:
    return trial.claim == _EXAMPLE and trial.decided == EXPLAINS


def _headline(inputs: Inputs, claim: str) -> str:
    verdict = inputs.verdict(claim)
    assert verdict is not None
    published, ours = verdict.subject.number, verdict.finding.mean
    return f"the {NAMES[claim]} ({published:g} % in 1998, ours {ours:.2f} %)"


def _count_differences(verdicts: Sequence[Verdict]) -> tuple[int, int, int, int]:
    """Return the differences in Figures 9 (without the order), 11 and 12, and in all."""
    topics = Counter(name_topic(v) for v in verdicts if v.outcome == "differs")
    figure9, operations, memory = (
        topics[_TOPICS[f"systems.{name}"]] for name in ("error", "operations", "memory")
    )
    return figure9, operations, memory, topics.total()


def _mean_shared(inputs: Inputs, experiment: str, what: str = "patterns") -> float:
    """Return the mean number of Figure 8's digits that an experiment misses too; NaN without it."""
    verdict = inputs.verdict(f"{_DIGITS}:{experiment}:{what}")
    mean = verdict.finding.mean if verdict else None
    return math.nan if mean is None else mean


def _expect_by_chance(inputs: Inputs) -> float:
    """Return the number of Figure 8's digits among as many random misses as ours."""
    errors = inputs.values(inputs.choices.experiments.undistorted, "test_error_percent")
    return len(inputs.paper.misclassified) * float(np.mean(errors)) / 100 if errors else math.nan


def _describe_overlap(inputs: Inputs) -> str:
    roles, total = inputs.choices.experiments, len(inputs.paper.misclassified)
    return (
        f"The network of 1998 got {total} of {len(inputs.labels):,} digits wrong. Ours, begun from "
        f"other random numbers, get {_mean_shared(inputs, roles.undistorted):.0f} of these {total} "
        f"wrong too, where chance would give {_expect_by_chance(inputs):.2g}, and "
        f"{_mean_shared(inputs, roles.undistorted, 'answers'):.0f} of them with the very same "
        "wrong answer. It had been trained with distorted digits too; of ours, those that were are "
        f"less like it ({_mean_shared(inputs, roles.distorted):.0f} of the {total})."
    )


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
            result.append(Topic(title, sentence, _describe_trials(about), differing, about))
    return sorted(result, key=lambda topic: -len(topic.verdicts))


def name_topic(verdict: Verdict) -> str:
    """Return the title of the topic under which the page has a verdict."""
    if verdict.entry == ORDERING:
        return _TOPICS["comparison"]
    return _TOPICS.get(verdict.claim) or _TOPICS[verdict.subject.heading]


def _describe_differences(differing: Sequence[Verdict], total: int) -> str:
    """Return the number of differences, and which they are, or else their direction and extent."""
    text = f"{len(differing)} of {total} {'differs' if len(differing) == 1 else 'differ'}"
    if len(differing) <= _LISTED:
        parts: dict[str, list[str]] = {}
        for verdict in differing:
            words = ", ".join(filter(None, [verdict.part, _both_numbers(verdict)]))
            parts.setdefault(verdict.title, []).extend([words] if words else [])
        listed = (f"{name} ({'; '.join(own)})" if own else name for name, own in parts.items())
        return f"{text}: {'; '.join(listed)}."
    positive = [verdict for verdict in differing if _both_numbers(verdict)]
    if not positive:
        return f"{text}."
    ratios = [math.log((v.finding.mean or 0) / (v.subject.number or 1)) for v in positive]
    lower = sum(ratio < 0 for ratio in ratios)
    farthest = positive[int(np.argmax(np.abs(ratios)))]
    return (
        f"{text}: ours is lower in {lower}, higher in {len(ratios) - lower}. Farthest apart: "
        f"{farthest.name} ({_both_numbers(farthest)})."
    )


def _both_numbers(verdict: Verdict) -> str:
    """Return 1998's number in its unit and ours; empty unless both are positive."""
    past, ours = verdict.subject.number or 0.0, verdict.finding.mean or 0.0
    if past <= 0 or ours <= 0:
        return ""
    published = f"{format_short(past)} {verdict.subject.unit}".rstrip()
    return f"{published} in 1998, ours {format_short(ours)}"


def _describe_trials(trials: Sequence[Trial]) -> str:
    """Return the outcome of the trials, and those that explain their number, test errors first."""
    if not trials:
        return ""
    errors_first = sorted(trials, key=lambda trial: not trial.claim.startswith("systems.error"))
    explained = [
        f"{trial.about} by {trial.idea}" for trial in errors_first if trial.decided == EXPLAINS
    ]
    return f"{_count_trials(trials)} Explained: {'; '.join(explained) or 'none'}."


def _count_trials(trials: Sequence[Trial]) -> str:
    """Return the number of trials by outcome, in a sentence."""
    counted = Counter(trial.decided for trial in trials)
    explain, fail = counted[EXPLAINS], counted[FAILS]
    rest = len(trials) - explain - fail
    text = f"Why: of {len(trials)} reasons that we tried {explain} "
    text += "explains the number" if explain == 1 else "explain the number"
    fails = f"{fail} does not" if fail == 1 else f"{fail} do not"
    if not rest:
        return f"{text} and {fails}."
    return f"{text}, {fails} and {rest} {'stays' if rest == 1 else 'stay'} undecided."
