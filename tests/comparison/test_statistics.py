"""Known answers, and coverage by simulation with a fixed seed."""

import numpy as np
import pytest
import scipy.stats

from replication.comparison.verdicts import statistics

FIVE = [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("printed", "half"), [(0.95, 0.005), (0.8, 0.05), (12.0, 0.05), (7, 0.5), (7.0e-5, 0.5e-5)]
)
def test_rounding_is_half_a_unit_of_the_last_printed_digit(printed, half):
    assert statistics.half_unit(printed) == pytest.approx(half)
    interval = statistics.Interval(printed + 0.9 * half, printed + 2 * half)
    assert interval.meets(printed, half)
    assert not interval.meets(printed)


def test_intervals_of_one_to_five():
    # t(0.975, 4) = 2.776445, s = 1.581139, sqrt(1 + 1/5) = 1.095445
    interval = statistics.prediction_interval(FIVE, 0.95)
    assert interval == pytest.approx((3 - 4.80894, 3 + 4.80894), abs=1e-4)
    assert statistics.mean_interval(FIVE, 0.95) == pytest.approx((1.03676, 4.96324), abs=1e-4)
    for values in ([1.0], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="two"):
            statistics.prediction_interval(values, 0.95)


def test_equal_values_give_an_interval_of_no_length():
    assert statistics.prediction_interval([0.1] * 3, 0.95) == (0.1, 0.1)
    assert statistics.equivalence_p_value([0.1] * 3, 0.15, 0.1) == 0.0
    assert statistics.equivalence_p_value([0.1] * 3, 0.25, 0.1) == 1.0


@pytest.mark.parametrize("published", [0.93, 0.95, 1.0])
def test_equivalence_takes_1998_as_one_run_of_the_same_spread(published):
    """It is shown, at the margin, where the 90 % interval of the difference ends."""
    values = [0.93, 0.97, 0.95, 1.01, 0.99]
    low, high = statistics.prediction_interval(values, 0.90)
    margin = max(published - low, high - published)
    assert statistics.equivalence_p_value(values, published, margin) == pytest.approx(0.05)
    assert statistics.equivalence_p_value(values, published, 2 * margin) < 0.05


def test_contrast_is_welchs_test_with_the_interval_that_belongs_to_it():
    first, second = np.random.default_rng(1).normal(size=7), np.random.default_rng(2).normal(size=4)
    found = statistics.contrast(first, second, 0.95)
    test = scipy.stats.ttest_ind(second, first, equal_var=False)
    assert found.mean == pytest.approx(test.confidence_interval(0.95))
    assert found.run.low < found.mean.low < found.change < found.mean.high < found.run.high


def test_contrast_with_a_single_exact_value_is_the_test_against_it():
    found = statistics.contrast([2.0], FIVE, 0.95)
    assert found.mean == pytest.approx([end - 2.0 for end in statistics.mean_interval(FIVE, 0.95)])
    with pytest.raises(ValueError, match="no interval"):
        statistics.contrast([1.0], [2.0], 0.95)


@pytest.mark.parametrize(("count", "share"), [(3, 0.32), (10, 0.72)])
def test_three_standard_deviations_are_seen_as_often_as_in_simulation(count, share):
    draws = np.random.default_rng(2003).normal(size=(4000, count + 1))
    seen = [not statistics.prediction_interval(d[1:], 0.95).meets(d[0] + 3) for d in draws]
    assert np.mean(seen) == pytest.approx(share, abs=0.02)
    sample = np.linspace(-1, 1, count)
    sample /= np.std(sample, ddof=1)
    assert statistics.power_of_run(sample, 3.0, 0.95) == pytest.approx(share, abs=0.02)


def test_power_grows_with_the_shift_and_with_the_replicates():
    powers = [statistics.power_of_mean(FIVE, shift, 0.95) for shift in (-1, 0, 0.5, 1, 2, 200)]
    assert powers == sorted(powers)
    assert powers[:2] == [0.0, 0.0]
    assert powers[-1] == pytest.approx(1.0)
    assert statistics.power_of_mean([1.0] * 3, 0.1, 0.95) == 1.0
    twice = statistics.power_of_mean(FIVE * 2, 1, 0.95)
    assert twice > statistics.power_of_mean(FIVE, 1, 0.95)


def test_the_best_of_three_is_below_one_run_and_covered():
    generator = np.random.default_rng(2004)
    draws = generator.normal(size=(400, 13))
    inside = []
    for one in draws:
        least = statistics.draw_best(one[:10], 3, np.random.default_rng(1), 2000)
        inside.append(np.quantile(least, 0.025) <= one[10:].min() <= np.quantile(least, 0.975))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)
    assert np.median(statistics.draw_best(FIVE, 3, generator)) < 3.0


@pytest.mark.parametrize(
    ("misses", "patterns", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
)
def test_wilson_intervals_of_newcombe(misses, patterns, low, high):
    assert statistics.wilson(misses, patterns, 0.95) == pytest.approx((low, high), abs=5e-5)


def test_intervals_cover_what_they_are_for():
    """One more run, the mean, and the probability of a miss, each 95 times in a hundred."""
    draws = np.random.default_rng(1998).normal(0.95, 0.1, size=(2000, 11))
    counts = np.random.default_rng(2000).binomial(10_000, 0.0095, size=2000)
    for inside in (
        [statistics.prediction_interval(d[:10], 0.95).meets(d[10]) for d in draws],
        [d[10] <= statistics.upper_prediction(d[:10], 0.95) for d in draws],
        [statistics.mean_interval(d[:10], 0.95).meets(0.95) for d in draws],
        [statistics.wilson(int(n), 10_000, 0.95).meets(0.0095) for n in counts],
    ):
        assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


def test_equivalence_errs_at_most_one_time_in_twenty_at_the_margin():
    draws = np.random.default_rng(2001).normal(1.05, 0.05, size=(1000, 11))
    published = np.random.default_rng(2002).normal(0.95, 0.05, size=1000)
    found = [
        statistics.equivalence_p_value(d[:10], past, 0.1) <= 0.05
        for d, past in zip(draws, published, strict=True)
    ]
    assert np.mean(found) <= 0.05 + 0.02


def test_writers_of_their_own_difficulty_make_the_interval_wider_and_are_covered():
    generator, inside, wider = np.random.default_rng(2005), [], []
    clusters = np.repeat(np.arange(200), 40)
    for _ in range(300):
        chances = generator.beta(0.5, 19.5, 200)  # a mean of 0.025
        missed = generator.random(len(clusters)) < chances[clusters]
        interval = statistics.cluster_interval(missed, clusters, 0.95)
        inside.append(interval.meets(0.025))
        plain = statistics.wilson(int(missed.sum()), len(missed), 0.95)
        wider.append(interval.half_width > 1.5 * plain.half_width)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.04)
    assert np.mean(wider) > 0.9


def test_one_pattern_a_writer_gives_the_interval_of_a_mean():
    missed = np.array([0.0, 1.0, 0.5, 0.0])
    interval = statistics.cluster_interval(missed, np.arange(4), 0.95)
    assert interval == pytest.approx(statistics.mean_interval(missed, 0.95))
