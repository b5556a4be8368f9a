"""The tests and intervals of the comparison, on scipy and statsmodels.

Two things can vary, and each docstring says which one its interval is about: the *seeds* of
further runs scored on these same 10,000 test patterns, or the *test patterns* themselves, for one
network that stays as it is. Networks scored on the same patterns are compared pattern by pattern
(`mcnemar`), never as two independent proportions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

Mask = NDArray[np.bool_]
_ROUNDING = 1e-12


class Interval(NamedTuple):
    """A closed interval, in the unit of what it is about."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half its length."""
        return (self.high - self.low) / 2

    def meets(self, value: float, half_unit: float = 0.0) -> bool:
        """Whether any number that is printed as ``value`` (within ``half_unit``) lies in it."""
        return self.low <= value + half_unit and value - half_unit <= self.high


class Discordance(NamedTuple):
    """The patterns on which exactly one of two networks fails, and the test that they balance."""

    only_first: int
    only_second: int
    p: float


class Overlap(NamedTuple):
    """What two sets of misses would share if they had nothing to do with each other."""

    expected: float
    p: float


def half_unit(printed: float) -> float:
    """Half a unit of the last printed digit: 0.005 for 0.95, 0.05 for 0.8, 0.5 for 7."""
    exponent = Decimal(repr(printed)).as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{printed} is not a printed number")
    return 0.5 * 10.0**exponent


def _spread(values: ArrayLike) -> tuple[int, float, float]:
    """Count, mean and sample standard deviation; two values at least."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError("an interval needs two finite values at least")
    if np.ptp(sample) <= _ROUNDING * np.abs(sample).max():  # equal but for the last bits
        return len(sample), float(sample[0]), 0.0
    return len(sample), float(np.mean(sample)), float(np.std(sample, ddof=1))


def prediction_interval(values: ArrayLike, confidence: float) -> Interval:
    """Where one more run falls with probability ``confidence``: mean -+ t s sqrt(1 + 1/n).

    What varies: the seeds, of all the runs and of one more, on these same test patterns. The
    published number is one run, so this is the interval to hold it against. Assumes that runs are
    about normally distributed. Raises ValueError for fewer than two values.
    """
    count, mean, deviation = _spread(values)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1))
    half *= deviation * math.sqrt(1 + 1 / count)
    return Interval(mean - half, mean + half)


def upper_prediction(values: ArrayLike, confidence: float) -> float:
    """What one more run stays below with probability ``confidence`` (one-sided).

    What varies: the seeds, as in `prediction_interval`.
    """
    return prediction_interval(values, 2 * confidence - 1).high


def one_more_run(values: ArrayLike, published: float, half_unit: float = 0.0) -> float:
    """Probability that one more run lies at least as far from the mean as ``published``.

    The test that belongs to `prediction_interval`, for one run against a sample of runs; the
    published value counts as the nearest of the numbers that are printed like it. What varies: the
    seeds.
    """
    count, mean, deviation = _spread(values)
    distance = max(0.0, abs(published - mean) - half_unit)
    if deviation == 0.0:
        return 1.0 if distance == 0.0 else 0.0
    return float(2 * stats.t.sf(distance / (deviation * math.sqrt(1 + 1 / count)), count - 1))


def mean_interval(values: ArrayLike, confidence: float) -> Interval:
    """Student's interval of the mean over infinitely many runs. What varies: the seeds."""
    count, mean, deviation = _spread(values)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * deviation / math.sqrt(count)
    return Interval(mean - half, mean + half)


def equivalence(values: ArrayLike, target: float, margin: float) -> float:
    """Two one-sided t tests (TOST): p value against "the mean is ``margin`` or more from target".

    Small means equivalent. What varies: the seeds; ``target`` is taken as exact.
    """
    _, mean, deviation = _spread(values)
    if deviation == 0.0:
        return 0.0 if abs(mean - target) < margin else 1.0
    sample = DescrStatsW(np.asarray(values, dtype=np.float64))
    return float(sample.ttost_mean(target - margin, target + margin)[0])


def difference(values: ArrayLike, target: float) -> float:
    """Two-sided t test: p value against "the mean over infinitely many runs is ``target``".

    What varies: the seeds; ``target`` is taken as exact, although the published value is itself
    one run: with many replicates this rejects what `one_more_run` does not.
    """
    _, mean, deviation = _spread(values)
    if deviation == 0.0:
        return 1.0 if math.isclose(mean, target, rel_tol=_ROUNDING) else 0.0
    return float(stats.ttest_1samp(np.asarray(values, dtype=np.float64), target).pvalue)


def two_means(first: ArrayLike, second: ArrayLike) -> float:
    """Welch's t test: p value against "both recipes have the same mean", two-sided.

    What varies: the seeds of both; the test patterns are the same for both.
    """
    (_, mean, deviation), (_, other, spread) = _spread(first), _spread(second)
    if deviation == 0.0 and spread == 0.0:
        return 1.0 if math.isclose(mean, other, rel_tol=_ROUNDING) else 0.0
    test = stats.ttest_ind(np.asarray(first), np.asarray(second), equal_var=False)
    return float(test.pvalue)


def wilson(misses: int, patterns: int, confidence: float) -> Interval:
    """Wilson's interval of one network's probability of a miss, as a proportion from 0 to 1.

    What varies: the test patterns, other digits of the same kind; the network stays as it is.
    """
    low, high = proportion_confint(misses, patterns, alpha=1 - confidence, method="wilson")
    return Interval(float(low), float(high))


def mcnemar(first: Mask, second: Mask) -> Discordance:
    """McNemar's exact test on two networks' misses of the same patterns, bool (n,) each.

    What varies: the test patterns; both networks stay as they are. p is 1 where they never differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"{first.shape} misses against {second.shape}: not the same patterns")
    only_first = int(np.sum(first & ~second))
    only_second = int(np.sum(second & ~first))
    if only_first + only_second == 0:
        return Discordance(0, 0, 1.0)
    test = stats.binomtest(only_first, only_first + only_second, 0.5)
    return Discordance(only_first, only_second, float(test.pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values of one family of tests, in the order given."""
    if not p_values:
        return []
    return [float(p) for p in multipletests(np.asarray(p_values), method="holm")[1]]


def independent_overlap(patterns: int, first: int, second: int, shared: int) -> Overlap:
    """Expected number shared by random sets of ``first`` and ``second`` misses, and P(>= shared).

    Hypergeometric. What varies: which patterns each network misses, all being equally hard, so a
    small p only says that some digits are hard for everybody.
    """
    tail = stats.hypergeom.sf(shared - 1, patterns, first, second)
    return Overlap(first * second / patterns, float(tail))


def kendall(
    first: ArrayLike,
    second: ArrayLike,
    confidence: float,
    generator: np.random.Generator,
    resamples: int = 2000,
) -> tuple[float, Interval]:
    """Kendall's tau of two orderings of the same systems, with a percentile bootstrap interval.

    What varies: which systems are compared (pairs are drawn again with replacement); their errors
    stay as they are. Draws in which an ordering has only ties say nothing and are left out. Raises
    ValueError for fewer than three systems.
    """
    pairs = np.column_stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    if len(pairs) < 3:
        raise ValueError("an ordering needs three systems at least")
    tau = float(stats.kendalltau(pairs[:, 0], pairs[:, 1]).statistic)
    draws = []
    for rows in generator.integers(0, len(pairs), size=(resamples, len(pairs))):
        drawn = pairs[rows]
        if np.ptp(drawn[:, 0]) > 0 and np.ptp(drawn[:, 1]) > 0:
            draws.append(float(stats.kendalltau(drawn[:, 0], drawn[:, 1]).statistic))
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return tau, Interval(float(low), float(high))
