"""The verdict on a published number that came out of one run of the authors.

The rule, the same everywhere:

* fewer replicates than ``minimum_replicates``: inconclusive;
* the published value, with its rounding, outside the prediction interval for one more run: differs,
  in whichever direction;
* inside, but the interval is so long that much else would be inside too: inconclusive;
* inside: reproduced.

Equivalence of the mean and its difference from the published number are given beside it, and Holm's
adjustment over the family, since of twenty true claims one falls outside a 95 % interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from replication.settings import Compare
from replication.verdicts import statistics
from replication.verdicts.evidence import Evidence, Finding, Outcome, Tests
from replication.verdicts.statistics import Interval


def shown(value: float) -> str:
    """A number for people: four significant digits."""
    return f"{value:.4g}"


def judge_percent(
    evidence: Evidence,
    values: Sequence[float],
    published: float,
    half_unit: float | None = None,
    *,
    test: bool = False,
) -> Finding:
    """Hold a published percentage against replicates.

    Args:
        evidence: for its choices.
        values: percent, one a replicate, all of the final pass.
        published: percent, as printed.
        half_unit: of the last printed digit; from ``published`` itself when not given.
        test: whether it is an error on the test patterns, to add how far other patterns move it.
    """
    choices = evidence.choices
    half = statistics.half_unit(published) if half_unit is None else half_unit
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, "%").over(values)
    interval = statistics.prediction_interval(values, choices.confidence)
    margin = choices.equivalence_margin_percent
    outcome = _outcome(interval, published, half, choices.informative_margins * margin)
    mean = float(np.mean(values))
    return Finding(
        outcome,
        f"{shown(mean)} % (sd {shown(float(np.std(values, ddof=1)))})",
        _reason(outcome, mean, published, interval, choices)
        + (_other_patterns(evidence, mean) if test else ""),
        interval.low,
        interval.high,
        len(values),
        Tests(
            statistics.one_more_run(values, published, half),
            statistics.difference(values, published),
            statistics.equivalence(values, published, margin),
        ),
    ).over(values)


def judge_exact(
    evidence: Evidence, value: float, published: float, uncertainty: float | None, *, test: bool
) -> Finding:
    """Hold a published percentage against a classifier in which nothing is random.

    On the same test patterns the same classifier gives the same number, so all that may lie between
    is the rounding and the authors' own ``uncertainty`` (the margin where they state none).
    """
    allowed = evidence.choices.equivalence_margin_percent if uncertainty is None else uncertainty
    gap = value - published
    near = abs(gap) <= allowed + statistics.half_unit(published)
    direction = "higher" if gap > 0 else "lower"
    return Finding(
        "reproduced" if near else "differs",
        f"{shown(value)} %",
        (
            f"nothing is random; within {allowed:g} points and the rounding"
            if near
            else f"ours is {direction} by {shown(abs(gap))} points; nothing is random, "
            f"{allowed:g} points and the rounding are allowed"
        )
        + (_other_patterns(evidence, value) if test else ""),
        replicates=1,
        mean=value,
    )


def _other_patterns(evidence: Evidence, mean: float) -> str:
    patterns = len(evidence.labels)
    misses = round(mean * patterns / 100)
    low, high = statistics.wilson(misses, patterns, evidence.choices.confidence)
    return (
        f"; a system with {misses} misses would have {shown(100 * low)} to {shown(100 * high)} % "
        "on other test patterns (Wilson)"
    )


def judge_ratio(
    evidence: Evidence, values: Sequence[float], published: float, unit: str = ""
) -> Finding:
    """Hold a positive published number against replicates on a logarithmic scale.

    For quantities that vary by factors, such as step sizes; the rounding is that of the number.
    """
    choices = evidence.choices
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, unit).over(values)
    logarithms = np.log(np.asarray(values, dtype=np.float64))
    interval = statistics.prediction_interval(logarithms, choices.confidence)
    centre = math.log(published)
    half = math.log((published + statistics.half_unit(published)) / published)
    outcome = _outcome(interval, centre, half, math.log(choices.informative_factor))
    mean = math.exp(float(np.mean(logarithms)))
    original = Interval(math.exp(interval.low), math.exp(interval.high))
    return Finding(
        outcome,
        f"{shown(mean)} {unit}".strip(),
        _reason(outcome, mean, published, original, choices) + "; geometric mean and interval",
        original.low,
        original.high,
        len(values),
        mean=mean,
    )


def too_few(values: Sequence[float], choices: Compare, unit: str) -> Finding:
    """The verdict on fewer replicates than the rule asks for."""
    replicated = ", ".join(shown(value) for value in values)
    return Finding(
        "inconclusive",
        f"{replicated} {unit}".strip(),
        f"{len(values)} replicate(s) where the rule asks for {choices.minimum_replicates}",
        replicates=len(values),
    )


def _outcome(interval: Interval, value: float, half_unit: float, informative: float) -> Outcome:
    if not interval.meets(value, half_unit):
        return "differs"
    return "inconclusive" if interval.half_width > informative else "reproduced"


def _reason(
    outcome: Outcome, mean: float, published: float, interval: Interval, choices: Compare
) -> str:
    span = f"{shown(interval.low)} to {shown(interval.high)}"
    which = f"the {100 * choices.confidence:g} % interval for one more run, {span}"
    if outcome == "differs":
        direction = "higher" if mean > published else "lower"
        return f"ours is {direction}: the published {published:g} lies outside {which} (seeds vary)"
    if outcome == "inconclusive":
        return f"the published {published:g} lies inside {which}, but that is too wide to decide"
    return f"the published {published:g} lies inside {which} (seeds vary, not test patterns)"


def adjust(family: Mapping[str, Finding], choices: Compare) -> dict[str, Finding]:
    """Add the tests of one family to its reasons, adjusted by Holm over all of them."""
    tested = {name: found.tests for name, found in family.items() if found.tests is not None}
    one_run = statistics.holm([tests.one_run for tests in tested.values()])
    means = statistics.holm([tests.mean for tests in tested.values()])
    adjusted = dict(family)
    for (name, tests), run, mean in zip(tested.items(), one_run, means, strict=True):
        text = (
            f"; one run so far off: p = {tests.one_run:.2g} (Holm over {len(tested)}: {run:.2g})"
            f"; mean differs: p = {tests.mean:.2g} (Holm: {mean:.2g})"
            f"; mean within {choices.equivalence_margin_percent:g} points: "
            f"TOST p = {tests.equivalence:.2g}"
        )
        adjusted[name] = replace(family[name], reason=family[name].reason + text)
    return adjusted
