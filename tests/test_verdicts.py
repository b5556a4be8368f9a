"""Verdicts from fabricated evidence: nothing here has been measured."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fabricated import (
    CHOICES,
    EMPTY,
    FULL,
    INDEX,
    LABELS,
    PAPER,
    PATTERNS,
    answers_like_1998,
    histories,
    history,
    metric,
    metrics_of,
    relatives,
    spread,
)

from replication.comparison import architecture, curves, overlap, verdicts
from replication.comparison.evidence import Subject
from replication.errors import ReplicationError
from replication.evaluation import errors
from replication.networks.lenet5 import lenet5
from replication.runs import Answers
from replication.stages import compare


def found(evidence, claim):
    if claim in PAPER.contradictions:
        contradiction = PAPER.contradictions[claim]
        judge = verdicts.CONTRADICTIONS[claim]
        subject = Subject.contradiction(contradiction)
        return verdicts.settle((subject, lambda: judge(evidence, contradiction))).finding
    rows = verdicts.rows_of(evidence, PAPER.claims[claim.split(":")[0]])
    (row,) = [row for row in rows if row[0].claim == claim]
    return verdicts.settle(row).finding


def test_every_claim_that_is_no_setting_has_a_verdict():
    judged = {one.subject.claim.split(":")[0] for one in verdicts.judge_all(FULL)}
    expected = {claim.id for claim in PAPER.claims.values() if claim.kind != "setting"}
    assert judged == expected | set(PAPER.contradictions)


def test_no_verdict_stands_twice():
    names = [one.subject.claim for one in verdicts.judge_all(FULL)]
    assert len(names) == len(set(names))


def test_without_runs_nothing_measured_has_another_verdict_than_unmeasured():
    for one in verdicts.judge_all(replace(EMPTY, counts={})):
        outcome = one.finding.outcome
        computed = ("squashing.fixed-points", "squashing.curvature", "lenet5.c5.convolutional",
                    "paper.mlp")  # fmt: skip
        assert (outcome == "unmeasured") != (one.subject.claim in computed), one.subject.claim
        assert one.finding.reason


def test_missing_experiment_is_named():
    finding = found(EMPTY, "lenet5.distorted-test-error")
    assert finding.outcome == "unmeasured"
    assert "`lenet5-distorted` has not been run" in finding.reason


def test_every_published_count_of_lenet5_is_equal():
    claims = [c for c in PAPER.claims.values() if c.kind == "count" and c.id.startswith("lenet5.")]
    assert len(claims) == 14
    for claim in claims:
        assert found(EMPTY, claim.id).outcome == "reproduced", claim.id


def test_another_count_differs_and_says_by_how_much():
    finding = found(replace(EMPTY, counts={"lenet5.parameters": 60010}), "lenet5.parameters")
    assert (finding.outcome, finding.replicated) == ("differs", "60010")
    assert "+10" in finding.reason


@pytest.mark.parametrize(
    ("ours", "published", "outcome"),
    [
        (2.578, 2.6, "reproduced"),
        (2578, 2600, "reproduced"),
        (2549, 2600, "differs"),
        (17.49, 17.0, "reproduced"),
        (24000.4, 24000.0, "reproduced"),
        (7.85, 4.0, "differs"),
    ],
)
def test_rounded_count_is_equal_to_its_last_digit(ours, published, outcome):
    assert architecture.compare_rounded(ours, published).outcome == outcome


def test_c3_reads_the_middle_of_the_input():
    assert architecture.centres(lenet5(PAPER), "C3") == 20


def test_layer_sizes_follow_the_input():
    sides = [architecture.output_side(lenet5(PAPER), name, 36) for name in ("C1", "S2", "C3", "C5")]
    assert sides == [32, 16, 12, 2]


def test_published_number_inside_the_interval_is_reproduced():
    finding = found(FULL, "lenet5.test-error")
    assert finding.outcome == "reproduced"
    assert finding.low < 0.95 < finding.high
    assert finding.replicates == 10
    assert "seeds vary" in finding.reason


@pytest.mark.parametrize(("mean", "direction"), [(1.2, "higher"), (0.7, "lower")])
def test_published_number_outside_differs_in_either_direction(mean, direction):
    evidence = replace(FULL, metrics={"lenet5": metrics_of(spread(mean, 0.05), spread(0.36, 0.03))})
    finding = found(evidence, "lenet5.test-error")
    assert finding.outcome == "differs"
    assert f"ours is {direction}" in finding.reason


def test_rounding_of_the_published_number_counts():
    # 0.8 may be 0.85, which an interval that begins at 0.84 holds
    metrics = {"lenet5-distorted": metrics_of(spread(0.86, 0.008), spread(0.6, 0.03))}
    assert found(replace(FULL, metrics=metrics), "lenet5.distorted-test-error").low > 0.8
    finding = found(replace(FULL, metrics=metrics), "lenet5.distorted-test-error")
    assert finding.outcome == "reproduced"


def test_two_replicates_are_inconclusive():
    metrics = {"lenet5": metrics_of([0.95, 0.96], [0.35, 0.36])}
    finding = found(replace(FULL, metrics=metrics), "lenet5.test-error")
    assert finding.outcome == "inconclusive"
    assert "2 replicate(s)" in finding.reason


def test_interval_that_holds_everything_is_inconclusive():
    metrics = {"lenet5": metrics_of(spread(0.95, 0.5), spread(0.36, 0.03))}
    finding = found(replace(FULL, metrics=metrics), "lenet5.test-error")
    assert finding.outcome == "inconclusive"
    assert "too wide" in finding.reason


def test_training_error_is_read_after_the_pass_the_claim_names():
    table = histories()
    for one in table:
        one.loc[one["pass"] != 19, "training_misses"] = 30_000
    finding = found(replace(FULL, histories={"lenet5": table}), "lenet5.training-error")
    assert finding.outcome == "reproduced"


def test_holm_counts_the_tests_of_one_heading():
    tested = [
        one
        for one in verdicts.judge_all(FULL)
        if one.finding.tests is not None and one.subject.claim.startswith("lenet5.")
    ]
    assert len(tested) > 3
    assert all(f"Holm over {len(tested)}" in one.finding.reason for one in tested)


def test_curves_of_the_paper_itself_are_reproduced():
    for series in curves.SERIES:
        finding = found(FULL, f"lenet5.curves:{series}")
        assert finding.outcome == "reproduced", finding
        assert finding.replicated.endswith("points, root mean square")


def test_shifted_curves_differ_and_say_where():
    shifted = replace(FULL, histories={"lenet5": histories(shift=0.3)})
    finding = found(shifted, "lenet5.curves:test")
    assert finding.outcome == "differs"
    assert "ours is higher" in finding.reason


def test_distance_of_a_curve_is_to_the_mean_of_the_others():
    assert curves.distances(np.array([[0.0, 0], [2, 2], [4, 4]])).tolist() == [3.0, 0.0, 3.0]


def test_convergence_holds_where_late_passes_equal_the_last():
    assert found(FULL, "lenet5.convergence").outcome == "reproduced"


def test_convergence_fails_where_the_error_still_falls():
    falling = [history(np.linspace(3, 1, 20) + n / 100, np.ones(20)) for n in range(5)]
    finding = found(replace(FULL, histories={"lenet5": falling}), "lenet5.convergence")
    assert finding.outcome == "differs"


def test_convergence_is_unmeasured_in_a_run_that_ends_before():
    short = [history(np.ones(5), np.ones(5)) for _ in range(3)]
    finding = found(replace(FULL, histories={"lenet5": short}), "lenet5.convergence")
    assert finding.outcome == "unmeasured"


def test_settled_pass_is_the_first_that_stays():
    assert curves.settled_pass(np.array([3.0, 1.0, 1.2, 1.0, 1.05]), 0.1) == 4
    assert curves.settled_pass(np.ones(4), 0.1) == 1


def test_overtraining_is_seen():
    rising = [
        history(
            np.concatenate([np.linspace(3, 1, 10), np.linspace(1, 1.5, 10)]) + n / 100, np.ones(20)
        )
        for n in range(5)
    ]
    finding = found(replace(FULL, histories={"lenet5": rising}), "lenet5.no-overtraining")
    assert finding.outcome == "differs"
    assert found(FULL, "lenet5.no-overtraining").outcome == "reproduced"


def test_training_sizes_have_a_row_for_each_reading():
    names = [one.subject.claim for one in verdicts.judge_all(FULL)]
    size = [name for name in names if name.startswith("lenet5.training-size")]
    assert size == [
        "lenet5.training-size:15000:training:lenet5-15000",
        "lenet5.training-size:15000:training:lenet5-15000-long",
        "lenet5.training-size:15000:test:lenet5-15000",
        "lenet5.training-size:15000:test:lenet5-15000-long",
        "lenet5.training-size:30000:training",
        "lenet5.training-size:30000:test",
        "lenet5.training-size:60000:training:lenet5",
        "lenet5.training-size:60000:test:lenet5",
        "lenet5.training-size:60000-distorted:test:lenet5-distorted",
    ]
    assert "compare.training_sizes" in found(FULL, "lenet5.training-size:30000:test").reason


def test_variance_of_the_inputs_is_not_roughly_one():
    assert found(FULL, "input.mean").outcome == "reproduced"
    finding = found(FULL, "input.variance")
    assert (finding.outcome, finding.replicated) == ("differs", "0.123")
    assert "ours is lower" in finding.reason


def test_images_off_centre_differ():
    assert found(FULL, "data.centred").outcome == "reproduced"
    off = {"training": {"mean_distance": 2.0, "largest_distance": 5.0}}
    summary = {"databases": {"regular": {"centre_of_mass": off}}}
    assert found(replace(FULL, summary=summary), "data.centred").outcome == "differs"


def test_squashing_is_checked_with_the_settings_in_force():
    assert found(FULL, "squashing.fixed-points").outcome == "reproduced"
    assert found(FULL, "squashing.curvature").replicated == "largest at +-0.9877"
    other = replace(FULL, amplitude=1.0, slope=1.0)
    assert found(other, "squashing.fixed-points").outcome == "differs"
    assert found(other, "squashing.curvature").outcome == "differs"


def test_step_sizes_of_the_first_pass_only():
    table = histories()
    for one in table:
        one.loc[one["pass"] > 1, ["step_C1_min", "step_F6_max"]] = [1e-9, 1.0]
    evidence = replace(FULL, histories={"lenet5": table})
    assert found(evidence, "sdlm.rates:least").outcome == "reproduced"
    assert found(evidence, "sdlm.rates:greatest").outcome == "reproduced"


def test_other_step_sizes_differ():
    table = [history(np.ones(20), np.ones(20), (n * 1e-6, 0.016)) for n in (1, 1.1, 1.2, 1.3)]
    finding = found(replace(FULL, histories={"lenet5": table}), "sdlm.rates:least")
    assert finding.outcome == "differs"
    assert "ours is lower" in finding.reason


def test_sensitivity_to_the_subset_is_that_of_the_step_sizes():
    assert found(FULL, "sdlm.subset").outcome == "reproduced"
    table = [history(np.ones(20), np.ones(20), (n * 7e-5, 0.016)) for n in (1, 2, 3, 4, 5)]
    sensitive = replace(FULL, histories={"subsets": table})
    assert found(sensitive, "sdlm.subset").outcome == "differs"


def test_costs_come_from_the_bench():
    assert found(FULL, "sdlm.cost").outcome == "reproduced"
    slow = replace(FULL, bench={"curvature_share_of_pass": 0.5})
    assert found(slow, "sdlm.cost").outcome == "differs"
    assert found(slow, "lenet5.training-time").outcome == "unmeasured"


def test_faster_training_differs_and_is_called_hardware():
    finding = found(FULL, "lenet5.training-time")
    assert finding.outcome == "differs"
    assert finding.replicated == "120 seconds"
    assert "ours is faster" in finding.reason
    assert "hardware" in finding.reason


def test_collapse_is_decided_by_both_equations():
    assert found(FULL, "loss.collapse").outcome == "reproduced"
    both = {"mle": {"code_spread": [0.001] * 3}, "map": {"code_spread": [0.001] * 3}}
    assert found(replace(FULL, collapse=both), "loss.collapse").outcome == "differs"


def test_relative_of_our_replicates_could_be_one_of_them():
    finding = found(FULL, "lenet5.misclassified:lenet5-distorted:patterns")
    assert finding.outcome == "reproduced"
    assert "1998 could be one of ours" in finding.reason
    assert 40 < finding.low < finding.high < 70
    member = relatives(11)
    past = member[10].classes
    wrong = np.flatnonzero(past != LABELS)
    table = pd.DataFrame({"test_index": wrong, "label": LABELS[wrong], "predicted": past[wrong]})
    evidence = replace(
        FULL, paper=replace(PAPER, misclassified=table), answers={"lenet5-distorted": member[:10]}
    )
    assert found(evidence, "lenet5.misclassified:lenet5-distorted:patterns").outcome == "reproduced"


def test_one_more_relative_is_recognised_nineteen_times_in_twenty():
    generator = np.random.default_rng(11)
    inside = []
    for _ in range(300):
        # some digits are hard for all, and some networks are better than others
        hard, skill = generator.beta(0.3, 3, 500), generator.normal(0, 0.1, 11)
        misses = generator.random((11, 500)) < hard * np.exp(skill)[:, None]
        own = overlap.own_similarities(list(misses[:10]))
        last = np.mean([errors.similarity(misses[10], one) for one in misses[:10]])
        inside.append(overlap.one_more(own, 0.95).meets(float(last)))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_stranger_to_our_replicates_differs():
    pool = np.setdiff1d(np.arange(PATTERNS), INDEX)[:100]
    strangers = []
    for seed in range(5):
        classes = LABELS.copy()
        chosen = np.random.default_rng(seed).choice(pool, 80, replace=False)
        classes[chosen] = (LABELS[chosen] + 1) % 10
        strangers.append(Answers(classes, np.ones(PATTERNS, dtype=np.float32)))
    evidence = replace(FULL, answers={"lenet5-distorted": strangers})
    finding = found(evidence, "lenet5.misclassified:lenet5-distorted:patterns")
    assert finding.outcome == "differs"
    assert finding.replicated == "0 of the 82 missed"
    assert "less like ours" in finding.reason


def test_overlap_counts_patterns_and_equal_answers():
    past = overlap.network_of_1998(FULL)
    both = overlap.share_with_1998(past, answers_like_1998(np.random.default_rng(1)), LABELS)
    assert (both.patterns, both.answers, both.misses) == (50, 50, 82)
    assert (both.only_1998, both.only_ours, both.p) == (32, 32, 1.0)
    assert both.similarity == pytest.approx(50 / 114)


def test_labels_that_are_not_the_printed_ones_are_refused():
    wrong = LABELS.copy()
    wrong[INDEX[0]] = (wrong[INDEX[0]] + 1) % 10
    with pytest.raises(ReplicationError, match=r"figure8_misclassified\.csv"):
        overlap.network_of_1998(replace(FULL, labels=wrong))


def test_table_of_digits_has_the_82_and_what_all_of_ours_miss():
    everybody = int(np.setdiff1d(np.arange(PATTERNS), INDEX)[0])
    answers = [answers_like_1998(np.random.default_rng(seed)) for seed in range(4)]
    for one in answers:
        one.classes[everybody] = (LABELS[everybody] + 1) % 10
    table = overlap.table(replace(FULL, answers={"lenet5": answers}))
    assert table["test_index"].tolist() == [*sorted(INDEX), everybody]
    assert table["answer_1998"].notna().sum() == 82
    assert table["missed_lenet5"].iloc[-1] == 1.0
    assert np.isnan(table["agree_lenet5"].iloc[-1])
    assert table["missed_lenet5"].iloc[:82].mean() == pytest.approx(50 / 82)
    assert (
        table["agree_lenet5"]
        .iloc[:82]
        .equals(table["missed_lenet5"].iloc[:82].rename("agree_lenet5"))
    )
    assert table["missed_lenet5-distorted"].isna().all()


def test_contradictions_are_decided_where_ours_can():
    assert found(FULL, "paper.pooling").replicated == "added"
    assert found(FULL, "paper.operations").replicated == "340908 connections"
    passes = found(FULL, "paper.passes")
    assert passes.outcome == "reproduced"
    assert passes.replicated.startswith("point k is pass k,")
    assert found(FULL, "paper.svm").outcome == "unmeasured"


def test_readings_that_overlap_decide_nothing():
    table = FULL.readings.assign(rms_low=0.1)
    assert found(replace(FULL, readings=table), "paper.pooling").outcome == "inconclusive"


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
    choices = SimpleNamespace(**{**vars(CHOICES), "systems": SYSTEMS})
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
    choices = SimpleNamespace(**{**vars(CHOICES), "systems": {"lenet9/regular": "lenet5"}})
    with pytest.raises(ReplicationError, match=r"compare\.systems names lenet9/regular, which"):
        verdicts.judge_all(replace(EMPTY, choices=choices))


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


def test_table_has_the_columns_of_the_contract_and_no_empty_reason():
    table = verdicts.as_table(verdicts.judge_all(FULL))
    assert tuple(table.columns) == verdicts.COLUMNS
    assert (table["reason"] != "").all()
    assert set(table["verdict"]) <= {"reproduced", "differs", "inconclusive", "unmeasured"}
    unmeasured = table[table["verdict"] == "unmeasured"]
    assert unmeasured[["low", "high"]].isna().all().all()


def test_exit_status_says_complete_incomplete_or_different():
    judged, _ = compare.compare(FULL)
    measured = [one for one in judged if one.finding.outcome != "unmeasured"]
    agreed = [one for one in measured if one.finding.outcome == "reproduced"]
    status = compare.exit_status
    assert status(judged, allow_incomplete=False, strict=False) == 3
    assert status(judged, allow_incomplete=True, strict=False) == 0
    assert status(measured, allow_incomplete=False, strict=False) == 0
    assert status(measured, allow_incomplete=False, strict=True) == 1
    assert status(agreed, allow_incomplete=False, strict=True) == 0


def test_summary_leaves_unmeasured_claims_to_the_tally():
    judged, _ = compare.compare(EMPTY)
    text = compare.summary(judged)
    assert "lenet5.test-error" not in text
    assert text.splitlines()[-1] == ", ".join(
        f"{number} {outcome}" for outcome, number in verdicts.tally(judged).items()
    )


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
    choices = SimpleNamespace(**{**vars(CHOICES), "systems": {name: name for name in systems}})
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
    choices = SimpleNamespace(**{**vars(CHOICES), "systems": {"v-svm-poly9/distorted": "virtual"}})
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
    choices = SimpleNamespace(**{**vars(CHOICES), "systems": {"knn-euclidean/deslanted": "knn"}})
    for error, outcome in ((2.53, "reproduced"), (2.56, "differs"), (2.1, "differs")):
        entry = {**metrics_of([error], [0.0]), "deterministic": True}
        evidence = replace(EMPTY, choices=choices, metrics={"knn": entry})
        finding = found(evidence, "systems.error:knn-euclidean/deslanted")
        assert finding.outcome == outcome, error
        assert finding.replicates == 1
