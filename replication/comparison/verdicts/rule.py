"""The verdict on a published number that came out of one run of the authors.

The rule, the same everywhere:

* fewer replicates than ``minimum_replicates``: inconclusive;
* the mean shown to be within the authors' own uncertainty of an error (TOST): reproduced;
* the published value, with its rounding, outside the prediction interval for one more run: differs,
  in either direction;
* inside, but the next number of the same figure would too often be inside as well: inconclusive;
* inside: reproduced.

The *power* is the probability of ``differs`` had the published number been that next one (``shift``
away). Every verdict in which something is random has it. Holm's adjustment over the family is given
too, since of twenty true claims one falls outside a 95 % interval.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.evidence import Evidence, Finding, Outcome, Tests
from replication.comparison.verdicts.statistics import Interval
from replication.core.settings import Compare


def spacing(published: float, among: Sequence[float]) -> float:
    """Return the distance to the nearest number that is not the same within both roundings."""
    half = statistics.half_unit(published)
    gaps = [
        abs(rival - published)
        for rival in among
        if abs(rival - published) > statistics.half_unit(rival) + half + 1e-9
    ]
    return min(gaps, default=math.nan)


def rival_errors(evidence: Evidence, *, test: bool) -> list[float]:
    """Return the errors of 1998 to tell an error from: Figure 9's, or Figure 6's training."""
    if test:
        return evidence.paper.systems["test_error_percent"].tolist()
    return evidence.paper.training_set_size["training_error_percent"].dropna().tolist()


def judge_percent(
    evidence: Evidence,
    values: Sequence[float],
    published: float,
    half_unit: float | None = None,
    *,
    test: bool = False,
    among: Sequence[float] | None = None,
) -> Finding:
    """Compare a published percentage with replicates.

    Args:
        evidence: for its choices.
        values: percent, one for each replicate, all of the final pass.
        published: percent, as printed.
        half_unit: of the last printed digit; from ``published`` itself when not given.
        test: whether it is an error on the test patterns.
        among: the percentages to distinguish it from; without them it is an error, to which the
            authors' own uncertainty applies.
    """
    choices = evidence.choices
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, "%").with_mean_and_sd(values)
    half = statistics.half_unit(published) if half_unit is None else half_unit
    margin = choices.equivalence_margin_percent
    tests = Tests(
        statistics.one_run_p_value(values, published, half),
        statistics.mean_p_value(values, published),
        statistics.equivalence_p_value(values, published, margin),
    )
    shift = spacing(published, rival_errors(evidence, test=test) if among is None else among)
    finding = _judge_one_run(
        choices,
        statistics.prediction_interval(values, choices.confidence),
        published,
        half,
        statistics.power_of_run(values, shift, choices.confidence, half),
        equivalent=among is None and tests.equivalence <= 1 - choices.confidence,
    ).with_mean_and_sd(values)
    ours = f"{finding.mean:.4g} % (sd {finding.sd:.4g})"
    return replace(finding, ours=ours, replicates=len(values), tests=tests, shift=shift)


def judge_ratio(
    evidence: Evidence, values: Sequence[float], published: float, unit: str = ""
) -> Finding:
    """Compare a positive published number with replicates on a logarithmic scale.

    For quantities that vary by factors, such as step sizes; the rounding is that of the number.
    """
    choices = evidence.choices
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, unit).with_mean_and_sd(values)
    logarithms = np.log(np.asarray(values, dtype=np.float64))
    interval = statistics.prediction_interval(logarithms, choices.confidence)
    half = published - statistics.half_unit(published)
    shift = math.log(choices.informative_factor)
    finding = _judge_one_run(
        choices,
        Interval(math.exp(interval.low), math.exp(interval.high)),
        published,
        statistics.half_unit(published),
        statistics.power_of_run(logarithms, shift, choices.confidence, math.log(published / half)),
    )
    mean = math.exp(float(np.mean(logarithms)))
    ours = f"{mean:.4g} {unit}".rstrip()
    far = published * (choices.informative_factor - 1)
    return replace(finding, ours=ours, replicates=len(values), mean=mean, shift=far)


def judge_exact(
    value: float,
    published: float,
    allowed: float,
    among: Sequence[float],
    uncertainty: float | None,
    source: str,
) -> Finding:
    """Compare a published percentage with a classifier in which nothing is random.

    Args:
        value: percent. published: percent, as printed.
        allowed: points by which implementations of a classifier differ, besides the rounding.
        among: the percentages to distinguish it from.
        uncertainty: the authors' own, in points: between it and ``allowed`` nothing is decided.
        source: where ``allowed`` comes from, in words.
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
    reason = (
        f"nothing is random and ours is {'higher' if gap > 0 else 'lower'} by {abs(gap):.4g} "
        f"points, where {limits[0]:.4g} are allowed ({source}, and the rounding)"
    )
    if not power:
        reason += ", which would not tell the paper's next number apart"
    elif outcome == "inconclusive":
        reason += f" and the authors' uncertainty is {uncertainty:g}"
    return Finding(
        outcome,
        f"{value:.4g} %",
        reason,
        published - limits[0],
        published + limits[0],
        replicates=1,
        mean=value,
        shift=shift,
        power=power,
    )


def judge_mean(
    values: Sequence[float], choices: Compare, claimed: Interval, shift: float, unit: str, what: str
) -> Finding:
    """Judge whether the mean of paired differences, or of any values, is shown to be in a range.

    By one-sided tests: the interval holds the mean with twice the confidence less one.

    Args:
        values: one for each replicate.
        choices: the rules.
        claimed: where the claim says that the mean is; an end may be infinite.
        shift: how far beyond the nearer end the truth is assumed for the power.
        unit: of the values.
        what: what they are, in words, for the reason.
    """
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, unit)
    confidence = 2 * choices.confidence - 1
    interval = statistics.mean_interval(values, confidence)
    outcome: Outcome = "inconclusive"
    where = "does not settle"
    if interval.high < claimed.low or interval.low > claimed.high:
        outcome, where = "differs", "lies outside"
    elif claimed.low <= interval.low and interval.high <= claimed.high:
        outcome, where = "reproduced", "lies within"
    limits = f"{claimed.low:.4g} to {claimed.high:.4g}"
    if math.isinf(claimed.low):
        limits = f"at most {claimed.high:.4g}"
    elif math.isinf(claimed.high):
        limits = f"at least {claimed.low:.4g}"
    finding = Finding(
        outcome,
        f"{float(np.mean(values)):.4g} {unit}".rstrip(),
        f"{what}: the interval of the mean, {interval.low:.4g} to {interval.high:.4g}, {where} "
        f"what is claimed, {limits} {unit}".rstrip(),
        interval.low,
        interval.high,
        len(values),
        shift=shift,
        power=statistics.power_of_mean(values, shift, confidence),
    )
    return finding.with_mean_and_sd(values)


def agreement(inside: object, power: float, choices: Compare) -> Outcome:
    """Return the outcome: ``reproduced`` inside, but ``inconclusive`` when the power is too low."""
    if not inside:
        return "differs"
    return "reproduced" if power >= choices.least_power else "inconclusive"


def too_few(
    values: Sequence[float], choices: Compare, unit: str, replicates: int | None = None
) -> Finding:
    """Return the finding on fewer replicates than the rule asks for, which has no power at all.

    ``values`` are ours, one for each replicate unless ``replicates`` gives their number.
    """
    count = len(values) if replicates is None else replicates
    needed = choices.minimum_replicates
    return Finding(
        "inconclusive",
        f"{', '.join(f'{value:.4g}' for value in values)} {unit}".strip(),
        f"{count} replicate(s) where the rule asks for {needed}",
        replicates=count,
        power=0.0,
    )


def _judge_one_run(
    choices: Compare,
    interval: Interval,
    published: float,
    half_unit: float,
    power: float,
    *,
    equivalent: bool = False,
) -> Finding:
    """Return the outcome by the rule of this module, without our number."""
    one_more = f"{interval.low:.4g} to {interval.high:.4g}, where one more run falls"
    lies_in = f"{published:g}, with its rounding, lies in {one_more}"
    outcome: Outcome = "reproduced"
    if equivalent:
        margin = choices.equivalence_margin_percent
        reason = f"equivalence is shown: the mean is within {margin:g} points of {published:g}"
    elif not interval.meets(published, half_unit):
        outcome = "differs"
        direction = "higher" if interval.low > published else "lower"
        reason = f"ours is {direction}: the published {published:g} lies outside {one_more}"
    elif power < choices.least_power:
        outcome = "inconclusive"
        reason = f"{lies_in}, but the paper's next number would too, too often"
    else:
        reason = f"{lies_in}, and the paper's next number mostly would not"
    reason += " (seeds vary)"
    return Finding(outcome, "", reason, interval.low, interval.high, power=power)


def adjust(family: Sequence[Finding]) -> list[Finding]:
    """Return the findings with Holm's adjustment over all tests of their family."""
    tests = [finding.tests for finding in family if finding.tests is not None]
    runs = statistics.holm([test.one_run for test in tests])
    means = statistics.holm([test.mean for test in tests])
    adjusted = iter(
        test._replace(one_run_holm=run, mean_holm=mean)
        for test, run, mean in zip(tests, runs, means, strict=True)
    )
    return [
        replace(finding, tests=next(adjusted)) if finding.tests else finding for finding in family
    ]
