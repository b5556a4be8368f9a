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
from replication.report.listings import Entry

# What a verdict is about: the beginning of its claim, or the heading of claims.yaml.
_TOPICS = {
    "systems.error": "Test errors of the systems in Figure 9",
    "systems.rejection": "Rejection by the systems in Figure 10",
    "systems.operations": "Multiply-adds of the systems in Figure 11",
    "systems.memory": "Memory of the systems in Figure 12",
    "lenet5-results": "LeNet-5's own results",
    "training": "Training",
    "preprocessing": "Input",
    "architecture": "Architecture",
    "comparison": "Order of the systems",
    "effects": "What each change does",
    CONTRADICTIONS: "The paper's contradictions",
}
_DIGITS = "lenet5.misclassified"
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
    inputs: Inputs, found: Sequence[Entry], tried: Sequence[Tried] = ()
) -> list[tuple[str, str]]:
    """Four labelled answers: what LeNet-5 is, what matches, what does not and why, what is odd."""
    once = [one for one in found if one.role != "repeat"]
    return [
        ("What it is", _what(inputs)),
        ("What matches", _matches(inputs, once)),
        ("What does not, and why", _differs(once, tried)),
        ("What surprised us", _digits(inputs, found)),
    ]


def _what(inputs: Inputs) -> str:
    claims = inputs.paper.claims
    return (
        "LeNet-5 is the convolutional network with which LeCun, Bottou, Bengio and Haffner read "
        f"handwritten digits in 1998: {claims['lenet5.parameters'].number:,} numbers, learnt from "
        f"{claims['data.train'].number:,} digits, that misread "
        f"{claims['lenet5.test-error'].number:g} % of {claims['data.test'].number:,} others."
    )


def _matches(inputs: Inputs, found: Sequence[Entry]) -> str:
    """The independent claims that are reproduced, and the headline by its roles."""
    free = [one for one in found if one.role == "independent"]
    kept = sum(one.verdict == "reproduced" for one in free)
    open_ = sum(one.verdict == "inconclusive" for one in free)
    text = f"Of {len(free)} published results that we fitted nothing to, {kept} come out again"
    said, fitted = (_headlines(inputs, found, role) for role in ("independent", "fitted"))
    text += f", among them {said}" if said else ""
    text += f"; of {open_} our trainings cannot tell." if open_ else "."
    if fitted:
        text += f" What we fitted comes out as well, and proves little: {fitted}."
    return text


def _headlines(inputs: Inputs, found: Sequence[Entry], role: str) -> str:
    """The reproduced headline numbers of this role, 1998's and ours, in words."""
    said = [
        f"the {NAMES[one.claim]} ({inputs.paper.claims[one.claim].number:g} %, ours "
        f"{one.mean:.2f} %)"
        for one in found
        if one.claim in HEADLINE and one.role == role and one.verdict == "reproduced"
    ]
    return joined(said)


def _differs(found: Sequence[Entry], tried: Sequence[Tried]) -> str:
    apart = [one for one in found if one.verdict == "differs"]
    if not apart:
        return f"Nothing: all {len(found)} statements of the paper that we checked are consistent."
    most = [
        f"{topic.title[0].lower()}{topic.title[1:]} ({len(topic.entries)})"
        for topic in topics(found, ())[:3]
    ]
    roles = Counter(one.role for one in apart)
    named = joined([f"the {NAMES[one.claim]}" for one in apart if one.claim in HEADLINE])
    text = (
        f"Of {len(found)} statements of the paper {len(apart)} come out otherwise: "
        f"{roles['independent']} results that we fitted nothing to, {roles['arithmetic']} counts "
        f"that follow from the architecture, and others. Most are about {joined(most)}; "
        + (f"{named} too." if named else "none is one of the three numbers below.")
    )
    if tried:
        text += f" {_why(tried, 3)}"
    return text


def _digits(inputs: Inputs, found: Sequence[Entry]) -> str:
    """How many of Figure 8's digits ours miss too: the network whose misses are most like them."""
    means = {one.entry: one.mean for one in found
             if one.claim == _DIGITS and not math.isnan(one.mean)}  # fmt: skip
    shared = {name.removesuffix(":patterns"): mean for name, mean in means.items()
              if name.endswith(":patterns")}  # fmt: skip
    total = len(inputs.paper.misclassified)
    if not shared:
        return f"Whether ours miss the same {total} digits as the network of 1998 is not known yet."
    name = max(shared, key=lambda one: shared[one])
    chance = total * float(np.mean(inputs.values(name, "test_error_percent"))) / 100
    text = (
        f"Of the {total} digits in {len(inputs.labels):,} that the network of 1998 got wrong, "
        f"ours, begun from other random numbers, get {shared[name]:.0f} wrong too, where chance "
        f"would give {chance:.2g}"
    )
    if f"{name}:answers" in means:
        text += f"; {means[f'{name}:answers']:.0f} of them with the very same wrong answer"
    if name != inputs.choices.experiments.distorted:
        text += (
            ". Ours that never saw a distorted digit are the most like it, although it was trained "
            "with such digits too"
        )
    return f"{text}."


def _title(one: Entry) -> str:
    return _TOPICS.get(one.claim) or _TOPICS.get(one.heading) or one.heading.replace("-", " ")


def topics(found: Sequence[Entry], tried: Sequence[Tried]) -> list[Topic]:
    """What differs, the topic with most of it first; hypotheses stand where their claims are."""
    by_title: dict[str, list[Entry]] = {}
    for one in found:
        by_title.setdefault(_title(one), []).append(one)
    made = []
    for title, own in by_title.items():
        apart = tuple(one for one in own if one.verdict == "differs")
        if apart:
            names = {one.claim for one in apart}
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
    """1998's number and ours, where both are positive."""
    both = one.past > 0 and one.mean > 0
    return f"{short(one.past)} in 1998, ours {short(one.mean)}" if both else ""


def _why(tried: Sequence[Tried], most: int | None = None) -> str:
    """What came of the trials, and ``most`` that explain their number, test errors first."""
    if not tried:
        return ""
    text = f"Why: of {len(tried)} reasons that we tried {counted(tried)}."
    errors_first = sorted(tried, key=lambda one: one.claim != _ERRORS)
    explained = [f"{one.about} by {one.idea}" for one in errors_first if one.decided == EXPLAINS]
    return f"{text} Explained: {'; '.join(explained[:most])}." if explained else text
