"""The tests and intervals of the comparison, on scipy and statsmodels.

Two things can vary, and each docstring says which one its interval is about: the *seeds* of
further runs scored on these same 10,000 test patterns, or the *test patterns* themselves, for one
network that stays as it is.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

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


class Contrast(NamedTuple):
    """What changes from one recipe to another: second minus first, in the unit of both.

    mean: interval of the change of the mean. run: of the change between one more run of each.
    deviation, freedom: of the change of the mean.
    """

    change: float
    mean: Interval
    run: Interval
    deviation: float
    freedom: float


def contrast(first: ArrayLike, second: ArrayLike, confidence: float) -> Contrast:
    """Welch's intervals of two recipes. What varies: the seeds of both.

    A single value is that of a system in which nothing is random; ValueError for two of them.
    """
    (n, mean, sd), (m, other, spread) = (
        (1, float(np.asarray(values, dtype=np.float64).item()), 0.0)
        if np.size(values) == 1
        else _spread(values)
        for values in (first, second)
    )
    if n == m == 1:
        raise ValueError("nothing is random in either: there is no interval")
    parts = sd**2 / n, spread**2 / m
    error = math.sqrt(sum(parts))
    below = sum(part**2 / (k - 1) for part, k in zip(parts, (n, m), strict=True) if k > 1)
    freedom = sum(parts) ** 2 / below if below else float(n + m - 2)
    critical = float(stats.t.ppf((1 + confidence) / 2, freedom))
    change, wide = other - mean, math.sqrt(sum(parts) + sd**2 + spread**2)
    return Contrast(
        change,
        Interval(change - critical * error, change + critical * error),
        Interval(change - critical * wide, change + critical * wide),
        error,
        freedom,
    )


def power(excess: float, deviation: float, freedom: float, confidence: float) -> float:
    """Probability, 0 to 1, that a t test sees what lies ``excess`` beyond its limit.

    By the noncentral t distribution; ``deviation`` is the standard deviation of what is tested, as
    found, with so many degrees of freedom. Nothing beyond the limit has the power 0.
    """
    if not excess > 0:  # nor is there anything to see that is NaN away
        return 0.0
    if deviation == 0.0:
        return 1.0
    critical = float(stats.t.ppf((1 + confidence) / 2, freedom))
    probability = float(stats.nct.sf(critical, freedom, excess / deviation))
    return 1.0 if math.isnan(probability) else probability  # so far beyond that scipy gives up


def power_one_run(
    values: ArrayLike, shift: float, confidence: float, half_unit: float = 0.0
) -> float:
    """Probability that a run of a recipe ``shift`` away lies outside `prediction_interval`.

    ``half_unit``: of the rounding of that run's number, which has to lie outside as well.
    """
    count, _, deviation = _spread(values)
    return power(shift - half_unit, deviation * math.sqrt(1 + 1 / count), count - 1, confidence)


def power_of_mean(values: ArrayLike, excess: float, confidence: float) -> float:
    """Probability that `mean_interval` lies beyond a limit that the truth exceeds by ``excess``."""
    count, _, deviation = _spread(values)
    return power(excess, deviation / math.sqrt(count), count - 1, confidence)


def best_of(
    values: ArrayLike, runs: int, generator: np.random.Generator, draws: int = 20_000
) -> NDArray[np.float64]:
    """Draws of the least of ``runs`` more runs: (draws,).

    Simulated: the deviation by its chi-squared distribution, the mean around the one found, then
    the runs. What varies: the seeds, as in `prediction_interval`, which is that of one run.
    """
    count, mean, deviation = _spread(values)
    sd = deviation * np.sqrt((count - 1) / generator.chisquare(count - 1, draws))
    middle = mean + sd / math.sqrt(count) * generator.standard_normal(draws)
    more = middle[:, None] + sd[:, None] * generator.standard_normal((draws, runs))
    return np.asarray(more.min(axis=1), dtype=np.float64)


def wilson(misses: int, patterns: int, confidence: float) -> Interval:
    """Wilson's interval of one network's probability of a miss, as a proportion from 0 to 1.

    What varies: the test patterns, other digits of the same kind; the network stays as it is.
    """
    interval = stats.binomtest(misses, patterns).proportion_ci(confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values of one family of tests, in the order given."""
    if not p_values:
        return []
    return [float(p) for p in multipletests(np.asarray(p_values), method="holm")[1]]


def kendall(first: ArrayLike, second: ArrayLike) -> float:
    """Kendall's tau of two orderings of the same systems; ties count in neither direction."""
    return float(stats.kendalltau(np.asarray(first), np.asarray(second)).statistic)
