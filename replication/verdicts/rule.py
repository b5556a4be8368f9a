"""The verdict on a published number that came out of one run of the authors.

The rule, the same everywhere:

* fewer replicates than ``minimum_replicates``: inconclusive;
* the mean shown to be within the authors' own uncertainty of an error (TOST): reproduced;
* the published value, with its rounding, outside the prediction interval for one more run: differs,
  in whichever direction;
* inside, but the next number of the same figure would too often be inside as well: inconclusive;
* inside: reproduced.

How often is the *power*: the probability of ``differs`` had the published number been that next one
(``shift`` away). It stands beside every verdict in which something is random. Holm's adjustment
over the family is given too, since of twenty true claims one falls outside a 95 % interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from replication.settings import Compare
from replication.verdicts import statistics, words
from replication.verdicts.evidence import Evidence, Finding, Outcome, Tests
from replication.verdicts.statistics import Interval
from replication.verdicts.words import Words


def shown(value: float) -> str:
    """A number for people: four significant digits."""
    return f"{value:.4g}"


def spacing(published: float, among: Sequence[float]) -> float:
    """How far the nearest other number is that is printed so that it can't be the same one."""
    half = statistics.half_unit
    gaps = {other: abs(other - published) for other in among}
    apart = [g for o, g in gaps.items() if g > half(o) + half(published) + 1e-9]
    return min(apart, default=math.nan)


def others_of(evidence: Evidence, *, test: bool) -> list[float]:
    """The numbers of 1998 that an error has to be told from: Figure 9's, or Figure 6's training."""
    if test:
        return [float(value) for value in evidence.paper.systems["test_error_percent"]]
    table = evidence.paper.training_set_size["training_error_percent"]
    return [float(value) for value in table.dropna()]


def judge_percent(
    evidence: Evidence,
    values: Sequence[float],
    published: float,
    half_unit: float | None = None,
    *,
    test: bool = False,
    among: Sequence[float] | None = None,
) -> Finding:
    """Hold a published percentage against replicates.

    Args:
        evidence: for its choices.
        values: percent, one a replicate, all of the final pass.
        published: percent, as printed.
        half_unit: of the last printed digit; from ``published`` itself when not given.
        test: whether it is an error on the test patterns.
        among: the percentages it has to be told from; without them it is an error, to which the
            authors' own uncertainty applies.
    """
    choices = evidence.choices
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, "%").over(values)
    half = statistics.half_unit(published) if half_unit is None else half_unit
    margin = choices.equivalence_margin_percent
    tests = Tests(
        statistics.one_more_run(values, published, half),
        statistics.difference(values, published),
        statistics.equivalence(values, published, margin),
    )
    shift = spacing(published, others_of(evidence, test=test) if among is None else among)
    finding = _finding(
        choices,
        words.PERCENT,
        statistics.prediction_interval(values, choices.confidence),
        published,
        half,
        statistics.power_one_run(values, shift, choices.confidence, half),
        equivalent=among is None and tests.equivalence <= 1 - choices.confidence,
    )
    return replace(finding, replicates=len(values), tests=tests, shift=shift).over(values)


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
    half = published - statistics.half_unit(published)
    shift = math.log(choices.informative_factor)
    finding = _finding(
        choices,
        f"{{mean}} {unit}",
        Interval(math.exp(interval.low), math.exp(interval.high)),
        published,
        statistics.half_unit(published),
        statistics.power_one_run(logarithms, shift, choices.confidence, math.log(published / half)),
    )
    mean = math.exp(float(np.mean(logarithms)))
    far = published * (choices.informative_factor - 1)
    return replace(finding, replicates=len(values), mean=mean, shift=far)


def judge_exact(
    value: float,
    published: float,
    allowed: float,
    among: Sequence[float],
    uncertainty: float | None,
    source: str,
    **facts: float,
) -> Finding:
    """Hold a published percentage against a classifier in which nothing is random.

    Args:
        value: percent. published: percent, as printed.
        allowed: points by which implementations of a classifier differ, beside the rounding.
        among: the percentages it has to be told from.
        uncertainty: the authors' own, in points: between it and ``allowed`` nothing is decided.
        source: where ``allowed`` comes from, in words, with gaps for the ``facts``.
    """
    gap, half = value - published, statistics.half_unit(published)
    limits = allowed + half, (uncertainty or 0.0) + half
    outcome: Outcome = "differs"
    if abs(gap) <= limits[0] + 1e-9:
        outcome = "reproduced"
    elif abs(gap) <= limits[1] + 1e-9:
        outcome = "inconclusive"
    shift = spacing(published, among)
    power = float(shift > limits[0])
    if outcome == "reproduced" and not power:
        outcome = "inconclusive"
    reason = words.EXACT.replace("{source}", source)
    if not power:
        reason += words.EXACT_TOO_WIDE
    elif outcome == "inconclusive":
        reason += words.EXACT_UNCERTAIN
    numbers = {"gap": gap, "distance": abs(gap), "allowed": limits[0], "uncertainty": uncertainty}
    return Finding(
        outcome, Words("{mean} %", reason), {**facts, **numbers},
        published - limits[0], published + limits[0], 1, mean=value, shift=shift, power=power,
    )  # fmt: skip


def judge_mean(
    values: Sequence[float],
    choices: Compare,
    claimed: Interval,
    shift: float,
    unit: str,
    what: str,
    **facts: float | str,
) -> Finding:
    """Whether the mean of paired differences, or of any values, is shown to be in ``claimed``.

    By one-sided tests: the interval holds the mean with twice the confidence less one.

    Args:
        values: one a replicate.
        choices: the rules.
        claimed: where the claim says that the mean is; an end may be infinite.
        shift: how far beyond the nearer end the truth is assumed for the power.
        unit: of the values.
        what: what they are, for the reason, with gaps for the ``facts``.
    """
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, unit)
    confidence = 2 * choices.confidence - 1
    interval = statistics.mean_interval(values, confidence)
    outside = interval.high < claimed.low or interval.low > claimed.high
    inside = claimed.low <= interval.low and interval.high <= claimed.high
    outcome: Outcome = "differs" if outside else "reproduced" if inside else "inconclusive"
    open_ends = math.isinf(claimed.low), math.isinf(claimed.high)
    return Finding(
        outcome,
        Words("{mean} {unit}", what + words.MEAN + words.CLAIMED[open_ends]),
        {**facts, "unit": unit, "claimed": list(claimed), "where": words.WHERE[outcome]},
        interval.low,
        interval.high,
        len(values),
        shift=shift,
        power=statistics.power_of_mean(values, shift, confidence),
    ).over(values)


def agreement(inside: object, power: float, choices: Compare) -> Outcome:
    """``reproduced`` where 1998 lies inside, unless what is elsewhere would as well."""
    if not inside:
        return "differs"
    return "reproduced" if power >= choices.least_power else "inconclusive"


def too_few(values: Sequence[float], choices: Compare, unit: str) -> Finding:
    """The verdict on fewer replicates than the rule asks for, which has no power at all."""
    numbers = {"each": list(map(float, values)), "unit": unit, "needed": choices.minimum_replicates}
    return Finding("inconclusive", words.TOO_FEW, numbers, replicates=len(values), power=0.0)


def _finding(
    choices: Compare,
    ours: str,
    interval: Interval,
    published: float,
    half_unit: float,
    power: float,
    *,
    equivalent: bool = False,
) -> Finding:
    """The outcome by the rule of this module; ``ours`` is the text for what ours is."""
    outcome: Outcome = "reproduced"
    reason = words.EQUIVALENT if equivalent else words.INSIDE
    if not equivalent and not interval.meets(published, half_unit):
        outcome, reason = "differs", words.OUTSIDE
    elif not equivalent and power < choices.least_power:
        outcome, reason = "inconclusive", words.TOO_WIDE
    numbers = {
        "published": published,
        "margin": choices.equivalence_margin_percent,
        "above": interval.low > published,
    }
    says = Words(ours, reason + words.SEEDS_VARY)
    return Finding(outcome, says, numbers, interval.low, interval.high, power=power)


def adjust(family: Mapping[str, Finding]) -> dict[str, Finding]:
    """Add Holm's adjustment over all tests of one family, for one run and for the mean."""
    tested = {name: finding.tests for name, finding in family.items() if finding.tests is not None}
    runs = statistics.holm([tests.one_run for tests in tested.values()])
    means = statistics.holm([tests.mean for tests in tested.values()])
    adjusted = dict(family)
    for (name, tests), run, mean in zip(tested.items(), runs, means, strict=True):
        more = replace(tests, one_run_holm=run, mean_holm=mean)
        adjusted[name] = replace(family[name], tests=more)
    return adjusted
