"""The verdict on a published number that came out of one run of the authors.

One printed run can be compatible with ours or not; it cannot be reproduced. Where seeds vary:

* fewer replicates than ``minimum_replicates``: inconclusive;
* the published number, with its rounding, outside the interval for one more run of ours: differs,
  in either direction;
* inside an interval whose half-width is at most ``informative_width`` of the number: compatible;
* inside a wider one: inconclusive.

Beside the verdict, and without effect on it, stand the power, that is the probability of
``differs`` had the published number been elsewhere by the authors' own uncertainty or by a tenth of
it, and the p value of equivalence with 1998 as one run of the same spread. What is not random, what
is counted, effects and statements can be reproduced.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.evidence import Evidence, Finding, Outcome
from replication.comparison.verdicts.statistics import Interval
from replication.core.settings import Compare


def judge_percent(
    evidence: Evidence, values: Sequence[float], published: float, half_unit: float | None = None
) -> Finding:
    """Compare a published percentage of one run with replicates.

    Args:
        evidence: for its choices.
        values: percent, one for each replicate, all of the final pass.
        published: percent, as printed.
        half_unit: of the last printed digit; from ``published`` itself when not given.
    """
    choices = evidence.choices
    if len(values) < choices.minimum_replicates:
        return too_few(values, choices, "%").with_mean_and_sd(values)
    half = statistics.half_unit(published) if half_unit is None else half_unit
    margin, confidence = choices.equivalence_margin_percent, choices.confidence
    interval = statistics.prediction_interval(values, confidence)
    finding = judge_one_run(choices, interval, published, half).with_mean_and_sd(values)
    return replace(
        finding,
        ours=f"{finding.mean:.4g} % (sd {finding.sd:.4g})",
        replicates=len(values),
        shift=margin,
        power=statistics.power_of_run(values, margin, confidence, half),
        power_tenth=statistics.power_of_run(values, published / 10, confidence, half),
        p_equivalence=statistics.equivalence_p_value(values, published, margin),
    )


def describe_best(evidence: Evidence, values: Sequence[float]) -> str:
    """Return where the least of several more runs falls; it decides nothing.

    The paper trained several versions and prints one number (p. 10), but not how many.
    """
    choices = evidence.choices
    if len(values) < choices.minimum_replicates:
        return ""
    draws = statistics.draw_best(values, choices.best_of, np.random.default_rng(choices.seed))
    tail = (1 - choices.confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return f"; the least of {choices.best_of} more would fall in {low:.4g} to {high:.4g}"


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
    half, shift = statistics.half_unit(published), math.log(choices.informative_factor)
    rounding = math.log(published / (published - half))
    finding = judge_one_run(
        choices, Interval(math.exp(interval.low), math.exp(interval.high)), published, half
    )
    mean = math.exp(float(np.mean(logarithms)))
    return replace(
        finding,
        ours=f"{mean:.4g} {unit}".rstrip(),
        replicates=len(values),
        mean=mean,
        shift=published * (choices.informative_factor - 1),
        power=statistics.power_of_run(logarithms, shift, choices.confidence, rounding),
    )


def judge_exact(
    value: float,
    published: float,
    allowed: float,
    choices: Compare,
    uncertainty: float | None,
    source: str,
) -> Finding:
    """Compare a published percentage with a classifier in which nothing is random.

    Args:
        value: percent. published: percent, as printed.
        allowed: points by which implementations of a classifier differ, besides the rounding.
        choices: the rules; a tolerance above ``informative_width`` of the number decides nothing.
        uncertainty: the authors' own, in points: between it and ``allowed`` nothing is decided.
        source: where ``allowed`` comes from, in words.
    """
    gap, half = value - published, statistics.half_unit(published)
    limits = allowed + half, (uncertainty or 0.0) + half
    informative = limits[0] <= choices.informative_width * published
    outcome: Outcome = "differs"
    if abs(gap) <= limits[0] + 1e-9:
        outcome = "reproduced" if informative else "inconclusive"
    elif abs(gap) <= limits[1] + 1e-9:
        outcome = "inconclusive"
    reason = (
        f"nothing is random and ours is {'higher' if gap > 0 else 'lower'} by {abs(gap):.4g} "
        f"points, where {limits[0]:.4g} are allowed ({source}, and the rounding)"
    )
    if outcome == "inconclusive":
        wide = f"that is more than {choices.informative_width:g} of the number"
        reason += f"; {f'the authors state {uncertainty:g} points' if informative else wide}"
    margin = choices.equivalence_margin_percent
    return Finding(
        outcome,
        f"{value:.4g} %",
        reason,
        published - limits[0],
        published + limits[0],
        replicates=1,
        mean=value,
        shift=margin,
        power=float(margin > limits[0]),
        power_tenth=float(published / 10 > limits[0]),
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


def judge_one_run(
    choices: Compare, interval: Interval, published: float, half_unit: float
) -> Finding:
    """Return the outcome by the rule of this module, without our number."""
    where = f"{interval.low:.4g} to {interval.high:.4g}, where one more run of ours falls"
    outcome: Outcome = "compatible"
    if not interval.meets(published, half_unit):
        outcome = "differs"
        direction = "higher" if interval.low > published else "lower"
        reason = f"ours is {direction}: the published {published:g} lies outside {where}"
    else:
        reason = f"the published {published:g} lies in {where}"
        width = interval.half_width / published
        if width > choices.informative_width:
            outcome = "inconclusive"
            reason += f", and too wide to say more: {width:.2f} of the number either way"
    return Finding(outcome, "", f"{reason} (seeds vary)", interval.low, interval.high)
