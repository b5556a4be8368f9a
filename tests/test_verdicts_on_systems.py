"""Verdicts on the systems of Section III-C, and on contradictions, from fabricated evidence."""

from dataclasses import replace

import pytest
from fabricated import (
    CHOICES,
    EMPTY,
    FULL,
    found,
    judge_all,
    metric,
    metrics_of,
    spread,
)

from replication.errors import ReplicationError


def test_contradictions_are_decided_where_ours_can():
    assert found(FULL, "paper.pooling").replicated == "added"
    assert found(FULL, "paper.operations").replicated == "340908 connections"
    passes = found(FULL, "paper.passes")
    assert passes.outcome == "reproduced"
    assert passes.replicated.startswith("point k is pass k,")
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
    assert found(evidence, "systems.error:lenet1/16x16").outcome == "reproduced"
    assert found(evidence, "systems.rejection:lenet4/regular").outcome == "reproduced"
    assert "compare.systems" in found(evidence, "systems.error:knn-euclidean/regular").reason
    assert (
        found(evidence, "systems.error:ordering").replicated == "tau = 0.95"
    )  # the figure has a tie


def test_system_cannot_be_best_before_the_others_have_been_run():
    finding = found(with_systems(), "ordering.boosting-best:error")
    assert finding.outcome == "inconclusive"
    assert "have not been run" in finding.reason


def test_a_row_that_figure_9_has_not_is_named():
    choices = CHOICES.model_copy(update={"systems": {"lenet9/regular": "lenet5"}})
    with pytest.raises(ReplicationError, match=r"compare\.systems names lenet9/regular, which"):
        judge_all(replace(EMPTY, choices=choices))


@pytest.mark.parametrize(
    ("values", "outcome"),
    [([0.7], "differs"), ([0.7, 0.72, 0.71], "differs"), ([0.79], "inconclusive")],
)
def test_lenet5_is_not_second_where_another_is_clearly_better(values, outcome):
    evidence = with_systems()
    second = evidence.metrics["lenet5-distorted"] | {"test_error_percent": metric(spread(0.8, 0.1))}
    other = metrics_of(values, [0.1])
    metrics = {**evidence.metrics, "lenet5-distorted": second, "lenet1": other}
    finding = found(replace(evidence, metrics=metrics), "ordering.boosting-best:error")
    assert finding.outcome == outcome
    better = "lenet1/16x16" if outcome == "differs" else "none"
    assert f"clearly better than boosted: none; clearly better than LeNet-5: {better};" in (
        finding.reason
    )


def test_beaten_boosting_differs():
    evidence = with_systems()
    worse = {**evidence.metrics, "boosted": metrics_of(spread(1.5, 0.02), [0.1])}
    finding = found(replace(evidence, metrics=worse), "ordering.boosting-best:error")
    assert finding.outcome == "differs"


def test_local_learning_is_paired_with_the_net_underneath():
    evidence = with_systems()
    error = found(evidence, "ordering.rejection-lenet4:lenet4-local/regular:error")
    rejection = found(evidence, "ordering.rejection-lenet4:lenet4-local/regular:rejection")
    assert (error.outcome, rejection.outcome) == ("reproduced", "reproduced")
    assert error.replicated == "+0.010 points"


def test_the_variables_of_figure_12_decide_between_500_150_and_1000_150():
    """785 * 500 + 501 * 150 + 151 * 10 = 469,160: the 469 thousand printed."""
    decided = found(EMPTY, "paper.mlp")
    assert (decided.outcome, decided.replicated) == ("reproduced", "500-150")
    assert "936.7 thousand" in decided.reason


@pytest.mark.parametrize(
    ("reduced", "virtual", "plain", "outcome"),
    [(1.02, 0.83, 1.38, "reproduced"), (1.05, 0.83, 1.38, "inconclusive")],
)
def test_support_vector_machines_near_one_of_two_numbers_decide(reduced, virtual, plain, outcome):
    systems = {"rs-svm-poly5/regular": reduced, "v-svm-poly9/distorted": virtual,
               "svm-poly4/regular": plain}  # fmt: skip
    choices = CHOICES.model_copy(update={"systems": {name: name for name in systems}})
    metrics = {name: metrics_of([value], [0.0]) for name, value in systems.items()}
    evidence = replace(EMPTY, choices=choices, metrics=metrics)
    assert found(evidence, "paper.svm").outcome == outcome


@pytest.mark.parametrize(
    ("nine", "five", "outcome", "replicated"),
    [
        (28_400.0, 33_000.0, "reproduced", "degree 9"),
        (42_000.0, 27_600.0, "reproduced", "degree 5"),
        (42_000.0, 33_000.0, "differs", "neither"),
        (28_400.0, 27_600.0, "inconclusive", "both"),
    ],
)
def test_the_degree_of_the_virtual_machine_is_that_of_28_million_variables(
    nine, five, outcome, replicated
):
    choices = CHOICES.model_copy(update={"systems": {"v-svm-poly9/distorted": "virtual"}})
    metrics = {
        name: {**metrics_of([0.8], [0.0]), "memory_thousands": metric([size])}
        for name, size in (("virtual", nine), ("degree 5", five))
    }
    decided = found(replace(EMPTY, choices=choices, metrics=metrics), "paper.vsvm-degree")
    assert (decided.outcome, decided.replicated) == (outcome, replicated)
    del metrics["degree 5"]
    missing = found(replace(EMPTY, choices=choices, metrics=metrics), "paper.vsvm-degree")
    assert missing.outcome == "unmeasured"
    assert "`degree 5` has not been run" in missing.reason


def test_a_deterministic_classifier_is_held_against_the_authors_uncertainty():
    choices = CHOICES.model_copy(update={"systems": {"knn-euclidean/deslanted": "knn"}})
    for error, outcome in ((2.53, "reproduced"), (2.56, "differs"), (2.1, "differs")):
        entry = {**metrics_of([error], [0.0]), "deterministic": True}
        evidence = replace(EMPTY, choices=choices, metrics={"knn": entry})
        finding = found(evidence, "systems.error:knn-euclidean/deslanted")
        assert finding.outcome == outcome, error
        assert finding.replicates == 1
