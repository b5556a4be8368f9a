"""The answer in four sentences, and what differs by topic: from fields, true of any results."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replication.paper import CONTRADICTIONS
from replication.report.explanations import EXPLAINS, Tried, counted, joined, short
from replication.report.headline import HEADLINE, NAMES
from replication.report.inputs import Inputs
from replication.report.listings import DIGITS, ORDERING, Entry

# What a verdict is about: the beginning of its claim, or the heading of claims.yaml.
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
_ERRORS = "systems.error"
_NAMED = 5  # so many that differ are named one by one


@dataclass(frozen=True)
class Topic:
    """What differs under one topic: sentences, the rows, and what was tried to explain them."""

    title: str
    sentence: str
    why: str
    entries: tuple[Entry, ...]
    tried: tuple[Tried, ...]


def answer(
    inputs: Inputs, entries: Sequence[Entry], tried: Sequence[Tried] = ()
) -> list[tuple[str, str]]:
    """Four labelled answers: what LeNet-5 is, what matches, what does not and why, what is odd."""
    once = [one for one in entries if one.role != "repeat"]
    return [
        ("What it is", _what(inputs)),
        ("What matches", _matches(inputs, once)),
        ("What does not, and why", _differs(once, tried)),
        ("What surprised us", _digits(inputs, entries)),
    ]


def _what(inputs: Inputs) -> str:
    claims = inputs.paper.claims
    return (
        "LeNet-5 is the convolutional network with which LeCun, Bottou, Bengio and Haffner read "
        f"handwritten digits in 1998: {claims['lenet5.parameters'].number:,} numbers, learnt from "
        f"{claims['data.train'].number:,} digits, with which it misread "
        f"{claims['lenet5.test-error'].number:g} % of {claims['data.test'].number:,} others."
    )


def _matches(inputs: Inputs, entries: Sequence[Entry]) -> str:
    """The independent claims that are reproduced, and the headline by its roles."""
    free = [one for one in entries if one.role == "independent"]
    kept = sum(one.verdict == "reproduced" for one in free)
    open_ = sum(one.verdict == "inconclusive" for one in free)
    text = f"Of {len(free)} published results that we fitted nothing to, {kept} come out again"
    said, fitted = (_headlines(inputs, entries, role) for role in ("independent", "fitted"))
    text += f", among them {said}" if said else ""
    text += f"; for {open_} our trainings cannot tell." if open_ else "."
    if fitted:
        text += f" What we did fit comes out as well, which proves little: {fitted}."
    return text


def _headlines(inputs: Inputs, entries: Sequence[Entry], role: str) -> str:
    """The reproduced headline numbers of this role, 1998's and ours, in words."""
    said = [
        f"the {NAMES[one.claim]} ({inputs.paper.claims[one.claim].number:g} % in 1998, ours "
        f"{one.mean:.2f} %)"
        for one in entries
        if one.claim in HEADLINE and one.role == role and one.verdict == "reproduced"
    ]
    return joined(said)


def _differs(entries: Sequence[Entry], tried: Sequence[Tried]) -> str:
    apart = [one for one in entries if one.verdict == "differs"]
    if not apart:
        return (
            f"Nothing: all {len(entries)} statements of the paper that we checked are consistent."
        )
    named = joined([f"the {NAMES[one.claim]}" for one in apart if one.claim in HEADLINE])
    text = f"Of {len(entries)} different statements of the paper {len(apart)} come out otherwise, "
    text += f"{named} too." if named else "none of them one of the three numbers below."
    compared = Counter(_title(one) for one in apart if one.claim.startswith("systems."))
    if compared:
        most = joined([f"{title[0].lower()}{title[1:]} ({count})"
                       for title, count in compared.most_common(3)])  # fmt: skip
        text += (
            " Most are in the paper's comparison with other systems, which it does not describe in "
            f"full: {most}."
        )
    return f"{text} {_why(tried, 1)}" if tried else text


def _digits(inputs: Inputs, entries: Sequence[Entry]) -> str:
    """How many of Figure 8's digits ours miss too: the network whose misses are most like them."""
    means = {one.entry: one.mean for one in entries
             if one.claim == DIGITS and not math.isnan(one.mean)}  # fmt: skip
    shared = {name.removesuffix(":patterns"): mean for name, mean in means.items()
              if name.endswith(":patterns")}  # fmt: skip
    total = len(inputs.paper.misclassified)
    if not shared:
        return f"Whether ours miss the same {total} digits as the network of 1998 is not known yet."
    name = max(shared, key=lambda one: shared[one])
    chance = total * float(np.mean(inputs.values(name, "test_error_percent"))) / 100
    text = (
        f"The network of 1998 got {total} of {len(inputs.labels):,} digits wrong. Ours, begun from "
        f"other random numbers, get {shared[name]:.0f} of these {total} wrong too, where chance "
        f"would give {chance:.2g}"
    )
    if f"{name}:answers" in means:
        text += f", and {means[f'{name}:answers']:.0f} of them with the very same wrong answer"
    distorted = inputs.choices.experiments.distorted
    if distorted in shared and name != distorted:
        text += (
            f". It had been trained with distorted digits too; of ours, those that were are less "
            f"like it ({shared[distorted]:.0f} of the {total})"
        )
    return f"{text}."


def _title(one: Entry) -> str:
    if one.entry == ORDERING:
        return _TOPICS["comparison"]
    return _TOPICS.get(one.claim) or _TOPICS.get(one.heading) or one.heading.replace("-", " ")


def unanswered(tried: Sequence[Tried], entries: Sequence[Entry]) -> list[Tried]:
    """The hypotheses without those about a number that has come out again: they explain nothing."""
    again = {one.claim + ":" * bool(one.entry) + one.entry
             for one in entries if one.verdict == "reproduced"}  # fmt: skip
    return [one for one in tried if one.claim not in again]


def topics(entries: Sequence[Entry], tried: Sequence[Tried]) -> list[Topic]:
    """What differs, the topic with most of it first; hypotheses stand where their claims are."""
    by_title: dict[str, list[Entry]] = {}
    for one in entries:
        by_title.setdefault(_title(one), []).append(one)
    made = []
    for title, own in by_title.items():
        apart = tuple(one for one in own if one.verdict == "differs")
        if apart:
            names = {one.claim for one in own if one.entry != ORDERING}
            here = tuple(one for one in tried if one.claim.partition(":")[0] in names)
            made.append(Topic(title, _sentence(apart, len(own)), _why(here), apart, here))
    return sorted(made, key=lambda topic: -len(topic.entries))


def _sentence(apart: Sequence[Entry], total: int) -> str:
    """How many differ: which, where there are few, or else in which direction and how far."""
    text = f"{len(apart)} of {total} {'differs' if len(apart) == 1 else 'differ'}"
    if len(apart) <= _NAMED:
        return f"{text}: {'; '.join(_named(apart))}."
    numbers = [one for one in apart if one.past > 0 and one.mean > 0]
    if not numbers:
        return f"{text}."
    lower = sum(one.mean < one.past for one in numbers)
    one = max(numbers, key=lambda one: abs(math.log(one.mean / one.past)))
    return (
        f"{text}: ours is lower in {lower}, higher in {len(numbers) - lower}. Farthest apart: "
        f"{one.name} ({_numbers(one)})."
    )


def _named(apart: Sequence[Entry]) -> list[str]:
    """Each subject once, with the parts of it that differ."""
    parts: dict[str, list[str]] = {}
    for one in apart:
        said = ", ".join(filter(None, [one.part, _numbers(one)]))
        parts.setdefault(one.subject, []).extend([said] if said else [])
    return [f"{subject} ({'; '.join(own)})" if own else subject for subject, own in parts.items()]


def _numbers(one: Entry) -> str:
    """1998's number in its unit and ours, where both are positive."""
    both = one.past > 0 and one.mean > 0
    unit = "".join(one.printed.partition(" ")[1:])
    return f"{short(one.past)}{unit} in 1998, ours {short(one.mean)}" if both else ""


def _why(tried: Sequence[Tried], most: int | None = None) -> str:
    """What came of the trials, and ``most`` that explain their number, test errors first."""
    if not tried:
        return ""
    of = "the one reason" if len(tried) == 1 else f"of {len(tried)} reasons"
    text = f"Why: {of} that we tried {counted(tried)}."
    errors_first = sorted(tried, key=lambda one: not one.claim.startswith(_ERRORS))
    explained = [f"{one.about} by {one.idea}" for one in errors_first if one.decided == EXPLAINS]
    named = explained[:most]
    started = "Explained" if len(named) == len(explained) else "For example"
    return f"{text} {started}: {'; '.join(named)}." if named else text
