"""Verdicts on the systems of Section III-C, and on contradictions, from fabricated evidence."""

from dataclasses import replace

import pytest
from fabricated import (
    CHOICES,
    EMPTY,
    FULL,
    boosted,
    found,
    judge_all,
    metric,
    metrics_of,
    spread,
    with_study,
)
from small import refused

from replication.comparison.verdicts import systems


def test_contradictions_are_decided_where_ours_can():
    assert found(FULL, "paper.pooling").ours == "added"
    assert found(FULL, "data.halves").mean > 0  # 1998's 82 are more in the first half
    assert found(FULL, "paper.operations").ours == "340908 connections"
    passes = found(FULL, "paper.passes")
    assert passes.outcome == "reproduced"
    assert passes.ours.startswith("point k is pass k,")
    assert found(FULL, "paper.svm").outcome == "unmeasured"


SYSTEMS = {
    "lenet4/regular": "lenet4",
    "lenet4-local/regular": "local",
    "lenet4-boosted/distorted": "boosted",
    "lenet5/distorted": "lenet5-distorted",
    "lenet1/16x16": "lenet1",
}


def with_systems():
    metrics = {
        "lenet4": metrics_of(spread(1.1, 0.05), [0.1], (1.8,)),
        "local": metrics_of(spread(1.11, 0.05), [0.1], (1.4,)),
        "boosted": metrics_of(spread(0.7, 0.02), [0.1], (0.5,)),
        "lenet5-distorted": metrics_of(spread(0.8, 0.05), [0.1], (0.9,)),
        "lenet1": metrics_of(spread(1.7, 0.05), [0.1], (3.7,)),
    }
    choices = CHOICES.model_copy(update={"systems": SYSTEMS})
    return replace(FULL, choices=choices, metrics=metrics)


def test_systems_are_matched_by_name_and_database():
    evidence = with_systems()
    assert found(evidence, "systems.error:lenet1/16x16").outcome == "compatible"
    assert found(evidence, "systems.rejection:lenet4/regular").outcome == "compatible"
    assert "compare.systems" in found(evidence, "systems.error:knn-euclidean/regular").reason
    assert found(evidence, "systems.error:ordering").ours == "tau = 0.95"  # the figure has a tie


def test_a_row_that_figure_9_has_not_is_named():
    choices = CHOICES.model_copy(update={"systems": {"lenet9/regular": "lenet5"}})
    with refused("compare.systems", "lenet9/regular"):
        judge_all(replace(EMPTY, choices=choices))


@pytest.mark.parametrize(
    ("values", "better"), [([0.7], True), ([0.7, 0.72, 0.71], True), ([0.79], False)]
)
def test_lenet5_is_not_second_where_another_is_clearly_better(values, better):
    evidence = with_systems()
    second = evidence.metrics["lenet5-distorted"] | {"test_error_percent": metric(spread(0.8, 0.1))}
    other = metrics_of(values, [0.1])
    metrics = {**evidence.metrics, "lenet5-distorted": second, "lenet1": other}
    finding = found(replace(evidence, metrics=metrics), "ordering.boosting-best:error")
    # Nothing is best before all have been run.
    assert finding.outcome == ("differs" if better else "inconclusive")
    assert ("lenet1/16x16 than lenet5/distorted" in finding.reason) == better
    beaten = {**evidence.metrics, "boosted": metrics_of(spread(1.5, 0.02), [0.1])}
    beaten = found(replace(evidence, metrics=beaten), "ordering.boosting-best:error")
    assert beaten.outcome == "differs"


def test_a_system_that_figure_10_lacks_is_no_rival_in_rejection():
    """LeNet-5 and V-SVM are not in it."""
    evidence = with_systems()
    better = evidence.metrics["lenet5-distorted"] | {"rejection_percent": metric([0.1] * 10)}
    metrics = {**evidence.metrics, "lenet5-distorted": better}
    finding = found(replace(evidence, metrics=metrics), "ordering.boosting-best:rejection")
    assert finding.outcome != "differs"
    assert "lenet5" not in finding.reason


def test_the_cost_of_boosting_is_judged_by_the_error_that_it_buys():
    """Not by a threshold of our own."""
    assert found(FULL, "boosting.cost").outcome == "reproduced"
    dear = with_study("boosting.csv", boosted(0.7, loss=0.3))
    assert found(dear, "boosting.cost").outcome == "differs"
    assert found(with_systems(), "systems.operations:lenet4-boosted/distorted").outcome == (
        "unmeasured"
    )


def all_systems(change):
    """Every row of Figure 9, with ``change`` of its error, and nothing random."""
    column = systems.published_column(EMPTY, "test_error_percent")
    metrics = {
        name: metrics_of([change(value)], [0.0]) | {"deterministic": True}
        for name, value in column.items()
    }
    choices = CHOICES.model_copy(update={"systems": {name: name for name in column}})
    return replace(EMPTY, choices=choices, metrics=metrics)


def test_an_order_has_to_be_kept_as_well_as_the_papers_uncertainty_keeps_it():
    kept = found(all_systems(lambda value: value), "systems.error:ordering")
    assert kept.outcome == "reproduced"
    turned = found(all_systems(lambda v: 2.4 if v > 2.4 else v), "systems.error:ordering")
    assert 0 < turned.mean < kept.low
    assert turned.outcome == "differs"  # tau > 0 is no agreement


@pytest.mark.parametrize(
    ("error", "outcome"), [(1.12, "reproduced"), (1.25, "inconclusive"), (1.27, "differs")]
)
def test_an_exact_error_may_be_as_far_off_as_implementations_are(error, outcome):
    """Two sd of the linear ones are 2.5 % of their error: 0.03 points of 1.1; 0.05 are rounding."""
    rows = {"tangent-distance/16x16": "tangent", "linear/regular": "linear"}
    choices = CHOICES.model_copy(
        update={"systems": rows, "linear_units": {"solved": "linear", "descended": "descended"}}
    )
    metrics = {
        "tangent": metrics_of([error], [0.0]) | {"deterministic": True},
        "linear": metrics_of([14.0], [0.0]) | {"deterministic": True},
        "descended": metrics_of([13.6, 13.7, 13.8], [0.0]),
    }
    evidence = replace(EMPTY, choices=choices, metrics=metrics)
    finding = found(evidence, "systems.error:tangent-distance/16x16")
    assert (finding.outcome, finding.replicates) == (outcome, 1)
    assert finding.high - 1.1 == pytest.approx(0.05 + 1.1 * 2 * 0.1707825 / 13.775)


def test_an_exact_rejection_is_held_against_the_binomial_interval():
    choices = CHOICES.model_copy(update={"systems": {"knn-euclidean/deslanted": "knn"}})
    for share, outcome in ((8.4, "reproduced"), (9.0, "differs")):
        entry = metrics_of([2.0], [0.0], (share,)) | {"deterministic": True}
        evidence = replace(EMPTY, choices=choices, metrics={"knn": entry})
        assert found(evidence, "systems.rejection:knn-euclidean/deslanted").outcome == outcome


@pytest.mark.parametrize(
    ("undistorted", "distorted", "outcome"),
    [(0.95, 0.80, "reproduced"), (0.95, 0.95, "inconclusive"), (0.95, 1.1, "differs")],
)
def test_the_effect_of_distortions_has_an_interval(undistorted, distorted, outcome):
    metrics = {"lenet5": metrics_of(spread(undistorted, 0.1), [0.3]),
               "lenet5-distorted": metrics_of(spread(distorted, 0.1), [0.6])}  # fmt: skip
    finding = found(replace(FULL, metrics=metrics), "effect.distortions-lenet5:sign")
    assert finding.outcome == outcome
    assert finding.low < finding.mean < finding.high
    assert 0.5 < finding.power < 1


@pytest.mark.parametrize(
    ("gain", "sd", "outcome"),
    [(0.15, 0.01, "compatible"), (0.15, 0.1, "inconclusive"), (0.6, 0.01, "differs")],
)
def test_the_size_of_an_effect_is_that_of_one_difference_of_single_runs(gain, sd, outcome):
    metrics = {"lenet5": metrics_of(spread(0.95, sd), [0.3]),
               "lenet5-distorted": metrics_of(spread(0.95 - gain, sd), [0.6])}  # fmt: skip
    evidence = replace(FULL, metrics=metrics)
    finding = found(evidence, "effect.distortions-lenet5:size")
    assert (finding.outcome, finding.mean) == (outcome, pytest.approx(gain))
    sign = found(evidence, "effect.distortions-lenet5:sign")
    assert sign.high - sign.low < finding.high - finding.low


def test_sigmoid_units_are_as_similar_as_implementations_of_the_linear_classifier():
    rows = {"solved": "linear", "descended": "descended", "sigmoid": "sigmoid"}
    choices = CHOICES.model_copy(update={"linear_units": rows})
    metrics = {
        "linear": metrics_of([14.0], [0.0]),
        "descended": metrics_of([13.6, 13.7, 13.8], [0.0]),
        "sigmoid": metrics_of([11.4, 11.5, 11.6], [0.0]),
    }
    evidence = replace(EMPTY, choices=choices, metrics=metrics)
    assert found(evidence, "effect.linear-units:sigmoid").outcome == "differs"
    near = {**metrics, "sigmoid": metrics_of([14.0, 14.01, 14.02], [0.0])}
    near = found(replace(evidence, metrics=near), "effect.linear-units:sigmoid")
    assert near.outcome == "reproduced"


def test_more_training_patterns_help_by_an_interval():
    metrics = {name: metrics_of(spread(mean, 0.05, 5), [0.3])
               for name, mean in (("lenet5-15000", 1.7), ("lenet5-30000", 1.2))}  # fmt: skip
    sizes = {15000: ("lenet5-15000",), 30000: ("lenet5-30000",)}
    choices = CHOICES.model_copy(update={"training_sizes": sizes})
    evidence = replace(FULL, metrics=metrics, choices=choices)
    assert found(evidence, "effect.training-size:lenet5-15000:lenet5-30000").mean == (
        pytest.approx(0.5)
    )
    metrics["lenet5-30000"] = metrics_of(spread(1.9, 0.05, 5), [0.3])
    worse = found(evidence, "effect.training-size:lenet5-15000:lenet5-30000")
    assert worse.outcome == "differs"


def test_local_learning_is_paired_with_the_net_underneath():
    evidence = with_systems()
    error = found(evidence, "ordering.rejection-lenet4:lenet4-local/regular:error")
    rejection = found(evidence, "ordering.rejection-lenet4:lenet4-local/regular:rejection")
    assert (error.outcome, rejection.outcome) == ("reproduced", "reproduced")
    assert error.mean == pytest.approx(0.01)


def test_the_variables_of_figure_12_decide_between_500_150_and_1000_150():
    """785 * 500 + 501 * 150 + 151 * 10 = 469,160: the 469 thousand printed."""
    decided = found(EMPTY, "paper.mlp")
    assert (decided.outcome, decided.ours) == ("reproduced", "500-150")
    assert "936.7 thousand" in decided.reason


@pytest.mark.parametrize(
    ("reduced", "virtual", "plain", "outcome"),
    [(1.02, 0.83, 1.38, "reproduced"), (1.05, 0.83, 1.38, "inconclusive")],
)
def test_support_vector_machines_near_one_of_two_numbers_decide(reduced, virtual, plain, outcome):
    machines = {"rs-svm-poly5/regular": reduced, "v-svm-poly9/distorted": virtual,
               "svm-poly4/regular": plain}  # fmt: skip
    choices = CHOICES.model_copy(update={"systems": {name: name for name in machines}})
    metrics = {name: metrics_of([value], [0.0]) for name, value in machines.items()}
    evidence = replace(EMPTY, choices=choices, metrics=metrics)
    assert found(evidence, "paper.svm").outcome == outcome


@pytest.mark.parametrize(
    ("nine", "five", "outcome", "ours"),
    [
        (28_400.0, 33_000.0, "reproduced", "degree 9"),
        (42_000.0, 27_600.0, "reproduced", "degree 5"),
        (42_000.0, 33_000.0, "differs", "neither"),
        (28_400.0, 27_600.0, "inconclusive", "both"),
    ],
)
def test_the_degree_of_the_virtual_machine_is_that_of_28_million_variables(
    nine, five, outcome, ours
):
    choices = CHOICES.model_copy(update={"systems": {"v-svm-poly9/distorted": "virtual"}})
    metrics = {
        name: {**metrics_of([0.8], [0.0]), "memory_thousands": metric([size])}
        for name, size in (("virtual", nine), ("degree 5", five))
    }
    decided = found(replace(EMPTY, choices=choices, metrics=metrics), "paper.vsvm-degree")
    assert (decided.outcome, decided.ours) == (outcome, ours)
    del metrics["degree 5"]
    missing = found(replace(EMPTY, choices=choices, metrics=metrics), "paper.vsvm-degree")
    assert missing.outcome == "unmeasured"
    assert "`degree 5` has not been run" in missing.reason
