"""The answer in four sentences, and what differs by topic: from fields, true of any results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.paper import CONTRADICTIONS
from replication.report.headline import HEADLINE, NAMES
from replication.report.inputs import Inputs, records
from replication.report.listings import Entry
from replication.report.systems import words

# What a verdict is about: the beginning of its claim, or the heading of claims.yaml.
_TOPICS = {
    "systems.error": "Test errors in Figure 9",
    "systems.rejection": "Rejection in Figure 10",
    "systems.operations": "Multiply-adds in Figure 11",
    "systems.memory": "Memory in Figure 12",
    "lenet5-results": "LeNet-5's own results",
    "training": "Training",
    "preprocessing": "Input",
    "architecture": "Architecture",
    "comparison": "Order of the systems",
    "effects": "What each change does",
    CONTRADICTIONS: "The paper's contradictions",
}
# What a study measures, as the claim that it is about.
_MEASURES = {
    "test error": "systems.error",
    "rejection": "systems.rejection",
    "operations": "systems.operations",
}
_SIZES = "lenet5.training-size"  # Figure 6
_DIGITS = "lenet5.misclassified"


class Tried(NamedTuple):
    """A hypothesis on why a number is another than ours, and what its trials decided."""

    claim: str
    hypothesis: str
    evidence: str
    decided: str
    source: str


@dataclass(frozen=True)
class Topic:
    """What differs under one topic: a sentence, the rows, and what was tried to explain them."""

    title: str
    sentence: str
    entries: tuple[Entry, ...]
    tried: tuple[Tried, ...]


def answer(inputs: Inputs, found: Sequence[Entry]) -> list[tuple[str, str]]:
    """Four labelled sentences: what LeNet-5 is, what matched, what did not, what is odd."""
    once = [one for one in found if one.role != "repeat"]
    return [
        ("What it is", _what(inputs)),
        ("What matches", _matches(inputs, once)),
        ("What does not", _differs(once)),
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
    text = f"Of {len(free)} published results that we fitted nothing to, {kept} come out again"
    said, fitted = (_headlines(inputs, found, role) for role in ("independent", "fitted"))
    text += f", among them {said}" if said else ""
    return text + (f"; so do {fitted}, but these helped to choose our reading." if fitted else ".")


def _headlines(inputs: Inputs, found: Sequence[Entry], role: str) -> str:
    """The reproduced headline numbers of this role, 1998's and ours, in words."""
    said = [
        f"the {NAMES[one.claim]} ({inputs.paper.claims[one.claim].number:g} %, ours "
        f"{one.mean:.2f} %)"
        for one in found
        if one.claim in HEADLINE and one.role == role and one.verdict == "reproduced"
    ]
    return " and ".join(filter(None, [", ".join(said[:-1]), *said[-1:]]))


def _differs(found: Sequence[Entry]) -> str:
    topics = {
        title: (len(own), sum(one.verdict == "differs" for one in own))
        for title, own in _by_topic(found).items()
    }
    apart = [one for one in found if one.verdict == "differs"]
    if not apart:
        return f"Nothing: all {len(found)} statements of the paper that we checked are consistent."
    free = sum(one.role == "independent" for one in apart)
    most = sorted(topics.items(), key=lambda item: -item[1][1])[:3]
    where = "; ".join(f"{title}: {count} of {total}" for title, (total, count) in most if count)
    named = " and the ".join(NAMES[one.claim] for one in apart if one.claim in HEADLINE)
    return (
        f"Of {len(found)} statements of the paper {len(apart)} come out otherwise ({where}), "
        f"{free} of them results that we fitted nothing to; "
        + (f"the {named} too." if named else "none of them is one of the three numbers below.")
    )


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
        text += ", and the most by ours that never saw a distorted digit, while 1998's did"
    return f"{text}."


def _title(one: Entry) -> str:
    return _TOPICS.get(one.claim) or _TOPICS.get(one.heading) or one.heading.replace("-", " ")


def _by_topic(found: Sequence[Entry]) -> dict[str, list[Entry]]:
    topics: dict[str, list[Entry]] = {}
    for one in found:
        topics.setdefault(_title(one), []).append(one)
    return topics


def topics(found: Sequence[Entry], tried: Sequence[Tried]) -> list[Topic]:
    """What differs, the topic with most of it first; hypotheses stand where their claims are."""
    made = []
    for title, own in _by_topic(found).items():
        apart = tuple(one for one in own if one.verdict == "differs")
        if apart:
            names = {one.claim for one in apart}
            here = tuple(one for one in tried if one.claim.partition(":")[0] in names)
            made.append(Topic(title, _sentence(apart, len(own)), apart, here))
    return sorted(made, key=lambda topic: -len(topic.entries))


def _sentence(apart: Sequence[Entry], total: int) -> str:
    text = f"{len(apart)} of {total} {'differs' if len(apart) == 1 else 'differ'}"
    numbers = [one for one in apart if one.past > 0 and one.mean > 0]
    if not numbers:
        return f"{text}." if len(apart) > 1 else f"{text}: {apart[0].name}."
    lower = sum(one.mean < one.past for one in numbers)
    if 0 < lower < len(numbers):
        text += f": ours is lower in {lower}, higher in {len(numbers) - lower}"
    elif len(numbers) > 1:
        text += f": ours is {'lower' if lower else 'higher'}"
    # How long it takes is a fact about machines, so it is named only where nothing else differs.
    one = max(numbers, key=lambda one: (one.role != "control", abs(math.log(one.mean / one.past))))
    far = f"{one.name} ({_short(one.past)} in 1998, ours {_short(one.mean)})"
    return f"{text}. Farthest apart: {far}." if len(numbers) > 1 else f"{text}: {far}."


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def hypotheses(inputs: Inputs) -> list[Tried]:
    """What the tables in results/studies that test hypotheses say, in the order of the files."""
    found = []
    for path in sorted((inputs.results / "studies").glob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if {"hypothesis", "decided"} <= set(table.columns):
            found += [_tried(row, f"../studies/{path.name}") for row in records(table)]
    return found


def _tried(row: Mapping[str, str], source: str) -> Tried:
    """A row: what it is about is its ``claim``, or its ``row`` of a figure and its ``measure``."""
    about, measure = row.get("row", ""), row.get("measure", "")
    base = _SIZES if about.startswith("figure6/") else _MEASURES.get(measure, "")
    claim = row.get("claim") or f"{base}:{about}"
    evidence = row.get("evidence", "")
    if not evidence and {"published", "before", "ours"} <= row.keys():
        published, before, ours = (_rounded(row[key]) for key in ("published", "before", "ours"))
        evidence = f"{words(about)}, {measure}: 1998 {published}, without it {before}, with {ours}"
    return Tried(claim, row["hypothesis"], evidence, row["decided"], source)


def _rounded(number: str) -> str:
    return _short(float(number)) if number else "none"
