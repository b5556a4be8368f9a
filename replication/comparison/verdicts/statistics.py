"""The tests and intervals of the comparison, on scipy.

Two things can vary, and each docstring says which one its interval is about: the *seeds* of
further runs scored on these same 10,000 test patterns, or the *test patterns* themselves, for one
network that stays as it is. Functions raise ValueError for fewer than two values.
"""

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

_ROUNDING = 1e-12


class Interval(NamedTuple):
    """A closed interval, in the unit of what it is about."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Return half its length."""
        return (self.high - self.low) / 2

    def meets(self, value: float, half_unit: float = 0.0) -> bool:
        """Return whether any number printed as ``value`` (within ``half_unit``) lies in it."""
        return self.low <= value + half_unit and value - half_unit <= self.high


def half_unit(printed: float) -> float:
    """Return half a unit of the last printed digit: 0.005 for 0.95, 0.05 for 0.8, 0.5 for 7."""
    exponent = Decimal(repr(printed)).as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{printed} is not a printed number")
    return 0.5 * 10.0**exponent


def _summarise(values: ArrayLike) -> tuple[int, float, float]:
    """Return count, mean and sample standard deviation."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise ValueError("an interval needs two finite values at least")
    if np.ptp(sample) <= _ROUNDING * np.abs(sample).max():  # equal but for the last bits
        return len(sample), float(sample[0]), 0.0
    return len(sample), float(np.mean(sample)), float(np.std(sample, ddof=1))


def prediction_interval(values: ArrayLike, confidence: float) -> Interval:
    """Return where one more run falls with probability ``confidence``: mean -+ t s sqrt(1 + 1/n).

    What varies: the seeds, of all the runs and of one more, on these same test patterns. The
    published number is one run, so this is the interval to compare it with. Assumes that runs are
    about normally distributed.
    """
    count, mean, deviation = _summarise(values)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1))
    half *= deviation * math.sqrt(1 + 1 / count)
    return Interval(mean - half, mean + half)


def upper_prediction(values: ArrayLike, confidence: float) -> float:
    """Return the one-sided limit that one more run stays below with probability ``confidence``.

    What varies: the seeds, as in `prediction_interval`.
    """
    return prediction_interval(values, 2 * confidence - 1).high


def mean_interval(values: ArrayLike, confidence: float) -> Interval:
    """Return Student's interval of the mean over infinitely many runs. What varies: the seeds."""
    count, mean, deviation = _summarise(values)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * deviation / math.sqrt(count)
    return Interval(mean - half, mean + half)


def equivalence_p_value(values: ArrayLike, published: float, margin: float) -> float:
    """Return the p value of two one-sided t tests (TOST) of 1998's mean ``margin`` or more away.

    1998 is one run of the same spread as ours, so the difference of the two means has the deviation
    s sqrt(1 + 1/n). Small means equivalent. What varies: the seeds of both.
    """
    count, mean, deviation = _summarise(values)
    room = margin - abs(mean - published)
    if deviation == 0.0:
        return 0.0 if room > 0 else 1.0
    return float(stats.t.sf(room / (deviation * math.sqrt(1 + 1 / count)), count - 1))


class Contrast(NamedTuple):
    """What changes from one recipe to another: second minus first, in the unit of both.

    mean: interval of the change of the mean. run: of the change between one more run of each.
    deviation, freedom: of the change of the mean. run_deviation: of that between one more run.
    """

    change: float
    mean: Interval
    run: Interval
    deviation: float
    freedom: float
    run_deviation: float


def contrast(first: ArrayLike, second: ArrayLike, confidence: float) -> Contrast:
    """Return Welch's intervals of two recipes. What varies: the seeds of both.

    A single value is that of a system in which nothing is random; ValueError for two of them.
    """
    (n, mean, sd), (m, second_mean, second_sd) = (
        (1, float(np.asarray(values, dtype=np.float64).item()), 0.0)
        if np.size(values) == 1
        else _summarise(values)
        for values in (first, second)
    )
    if n == m == 1:
        raise ValueError("nothing is random in either: there is no interval")
    parts = sd**2 / n, second_sd**2 / m
    error = math.sqrt(sum(parts))
    below = sum(part**2 / (k - 1) for part, k in zip(parts, (n, m), strict=True) if k > 1)
    freedom = sum(parts) ** 2 / below if below else float(n + m - 2)
    critical = float(stats.t.ppf((1 + confidence) / 2, freedom))
    change, wide = second_mean - mean, math.sqrt(sum(parts) + sd**2 + second_sd**2)
    of_mean, of_run = (
        Interval(change - critical * width, change + critical * width) for width in (error, wide)
    )
    return Contrast(change, of_mean, of_run, error, freedom, wide)


def power(excess: float, deviation: float, freedom: float, confidence: float) -> float:
    """Return the probability that a t test detects what lies ``excess`` beyond its limit.

    By the noncentral t distribution; ``deviation`` is the estimated standard deviation of what is
    tested, with ``freedom`` degrees of freedom. Without an excess the power is 0.
    """
    if not excess > 0:  # false for NaN too
        return 0.0
    if deviation == 0.0:
        return 1.0
    critical = float(stats.t.ppf((1 + confidence) / 2, freedom))
    probability = float(stats.nct.sf(critical, freedom, excess / deviation))
    return 1.0 if math.isnan(probability) else probability  # so far beyond that scipy gives up


def power_of_run(
    values: ArrayLike, shift: float, confidence: float, half_unit: float = 0.0
) -> float:
    """Return the probability that a run ``shift`` away lies outside `prediction_interval`.

    ``half_unit``: of the rounding of that run's number, which has to lie outside as well.
    """
    count, _, deviation = _summarise(values)
    return power(shift - half_unit, deviation * math.sqrt(1 + 1 / count), count - 1, confidence)


def power_of_mean(values: ArrayLike, excess: float, confidence: float) -> float:
    """Return the probability that `mean_interval` lies beyond a limit exceeded by ``excess``."""
    count, _, deviation = _summarise(values)
    return power(excess, deviation / math.sqrt(count), count - 1, confidence)


def draw_best(
    values: ArrayLike, runs: int, generator: np.random.Generator, draws: int = 20_000
) -> NDArray[np.float64]:
    """Return draws of the least of ``runs`` more runs: (draws,).

    Simulated: the deviation by its chi-squared distribution, the mean around the estimated one,
    then the runs. What varies: the seeds, as in `prediction_interval`, which is that of one run.
    """
    count, mean, deviation = _summarise(values)
    sd = deviation * np.sqrt((count - 1) / generator.chisquare(count - 1, draws))
    middle = mean + sd / math.sqrt(count) * generator.standard_normal(draws)
    more = middle[:, None] + sd[:, None] * generator.standard_normal((draws, runs))
    return np.asarray(more.min(axis=1), dtype=np.float64)


def wilson(misses: int, patterns: int, confidence: float) -> Interval:
    """Return Wilson's interval of one network's probability of a miss, as a proportion 0 to 1.

    What varies: the test patterns, other digits of the same kind; the network stays as it is.
    """
    interval = stats.binomtest(misses, patterns).proportion_ci(confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def cluster_interval(misses: ArrayLike, clusters: NDArray[np.int64], confidence: float) -> Interval:
    """Return an interval of the probability of a miss, 0 to 1, for test patterns of other writers.

    What varies: the writers, each with all of his patterns; the networks stay as they are.

    Args:
        misses: (n,), for each pattern the share of networks that miss it.
        clusters: (n,), the number of its writer, from 0.
        confidence: 0 to 1.
    """
    missed = np.asarray(misses, dtype=np.float64)
    mean, writers = float(missed.mean()), int(clusters.max()) + 1
    sums = np.bincount(clusters, missed - mean, minlength=writers)
    error = math.sqrt(writers / (writers - 1) * float(sums @ sums)) / len(missed)
    half = float(stats.t.ppf((1 + confidence) / 2, writers - 1)) * error
    return Interval(mean - half, mean + half)


def kendall(first: ArrayLike, second: ArrayLike) -> float:
    """Return Kendall's tau of two orderings of the same systems; ties count in no direction."""
    return float(stats.kendalltau(np.asarray(first), np.asarray(second)).statistic)
