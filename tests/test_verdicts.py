"""Verdicts from fabricated evidence: nothing here has been measured."""

from dataclasses import replace

import numpy as np
import pytest
from fabricated import (
    EMPTY,
    FULL,
    PAPER,
    found,
    histories,
    history,
    judge_all,
    judge_full,
    spread,
    timed,
    varied,
    with_errors,
    with_study,
)

from replication.comparison.verdicts import claim_checks, counts, curves
from replication.core.networks import lenet5
from replication.pipeline import compare


def test_every_claim_that_is_no_setting_has_a_verdict_and_none_stands_twice():
    names = [one.subject.claim for one in judge_full()]
    expected = {claim.id for claim in PAPER.claims.values() if claim.kind != "setting"}
    assert {name.split(":")[0] for name in names} == expected | set(PAPER.contradictions)
    assert len(names) == len(set(names))


def test_without_runs_nothing_measured_has_another_verdict_than_unmeasured():
    for one in judge_all(replace(EMPTY, counts={})):
        outcome = one.finding.outcome
        computed = ("squashing.fixed-points", "squashing.curvature", "lenet5.c5.convolutional",
                    "paper.mlp", "paper.variance", "paper.tangent-memory")  # fmt: skip
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
    assert (finding.outcome, finding.mean) == ("differs", 60010)
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
        (7_457, 10_000, "differs"),
        (9_600, 10_000, "reproduced"),
        (98.4, 100.0, "reproduced"),
    ],
)
def test_rounded_count_is_equal_to_its_last_digit(ours, published, outcome):
    assert counts.compare_rounded(ours, published).outcome == outcome


def test_c3_reads_the_middle_of_the_input():
    assert counts.tiled_side(lenet5.network(PAPER), "C3") == 20


def test_layer_sizes_follow_the_input():
    sides = [
        counts.output_side(lenet5.network(PAPER), name, 36) for name in ("C1", "S2", "C3", "C5")
    ]
    assert sides == [32, 16, 12, 2]


def test_published_number_inside_the_interval_is_reproduced():
    finding = found(FULL, "lenet5.test-error")
    assert finding.outcome == "reproduced"
    assert finding.low < 0.95 < finding.high
    assert finding.replicates == 10
    assert 0.5 < finding.power < 1
    assert finding.shift == pytest.approx(0.15)  # 0.8 and 1.1 are the nearest that are not 0.95


@pytest.mark.parametrize(("mean", "direction"), [(1.2, "higher"), (0.7, "lower")])
def test_published_number_outside_differs_in_either_direction(mean, direction):
    finding = found(with_errors(spread(mean, 0.05)), "lenet5.test-error")
    assert finding.outcome == "differs"
    assert (finding.mean > 0.95) == (direction == "higher")


def test_rounding_of_the_published_number_counts():
    # 0.8 may be 0.85, which an interval that begins at 0.84 holds
    evidence = with_errors(spread(0.86, 0.008), experiment="lenet5-distorted")
    finding = found(evidence, "lenet5.distorted-test-error")
    assert finding.low > 0.8
    assert finding.outcome == "reproduced"


def test_two_replicates_are_inconclusive():
    finding = found(with_errors([0.95, 0.96]), "lenet5.test-error")
    assert (finding.outcome, finding.replicates) == ("inconclusive", 2)


def test_interval_that_holds_everything_is_inconclusive():
    finding = found(with_errors(spread(0.95, 0.5)), "lenet5.test-error")
    assert finding.outcome == "inconclusive"
    assert finding.power < 0.5


def test_agreement_that_the_papers_next_row_would_share_is_inconclusive():
    """0.95 in the middle of an interval that holds 0.8 and 1.1 as well, and no equivalence."""
    finding = found(with_errors(spread(1.02, 0.09)), "lenet5.test-error")
    assert finding.low < 0.8 + 0.05 < 1.1 < finding.high
    assert finding.outcome == "inconclusive"


def test_a_training_error_within_the_margin_does_not_differ():
    """0.017 against 0.05: outside the interval for one more run, and the same to 0.1 points."""
    evidence = with_errors([1.7] * 5, spread(0.017, 0.007, 5), "lenet5-15000-long")
    finding = found(evidence, "lenet5.training-size:15000:training:lenet5-15000-long")
    assert finding.high < 0.05 - 0.01
    assert finding.outcome == "reproduced"
    assert finding.tests.equivalence < 0.05


def test_the_best_of_three_is_judged_beside_the_mean():
    evidence = with_errors(spread(1.02, 0.06))
    best = found(evidence, "lenet5.best-of-several")
    assert best.mean < found(evidence, "lenet5.test-error").mean - 0.03
    assert best.outcome == "reproduced"
    far = with_errors(spread(1.3, 0.06))
    assert found(far, "lenet5.best-of-several").outcome == "differs"


def test_a_published_number_counts_once():
    judged = {one.subject.claim: one.subject.role for one in judge_full()}
    for number, rows in {
        "lenet5.test-error": ("lenet5.best-of-several", "systems.error:lenet5/regular",
                              "lenet5.training-size:60000:test:lenet5"),
        "lenet5.distorted-test-error": ("systems.error:lenet5/distorted",
                              "lenet5.training-size:60000-distorted:test:lenet5-distorted"),
    }.items():  # fmt: skip
        assert judged[number] == "independent"
        assert {judged[name] for name in rows} == {"repeat"}


def test_only_the_training_curve_and_the_step_sizes_are_fitted():
    fitted = {one.subject.claim for one in judge_full() if one.subject.role == "fitted"}
    assert fitted == {
        "lenet5.curves:training", "lenet5.training-error", "sdlm.rates:least",
        "sdlm.rates:greatest", "paper.pooling", "paper.passes",
    }  # fmt: skip


def test_every_row_has_a_reason_a_role_and_where_it_is_measured_a_power():
    for one in judge_full():
        assert one.finding.reason
        assert one.subject.role
        measured = one.finding.outcome != "unmeasured"
        exempt = one.subject.role == "arithmetic" or one.subject.kind == "contradiction"
        if measured and not exempt:
            assert one.finding.power is not None, one.subject.claim


def test_training_error_is_read_after_the_pass_the_claim_names():
    table = histories()
    for one in table:
        one.loc[one["pass"] != 19, "training_misses"] = 30_000
    finding = found(replace(FULL, histories={"lenet5": table}), "lenet5.training-error")
    assert finding.outcome == "reproduced"


def test_holm_counts_the_tests_of_one_heading():
    tested = [
        one
        for one in judge_full()
        if one.finding.tests is not None and one.subject.claim.startswith("lenet5.")
    ]
    assert len(tested) > 3
    least = min(tested, key=lambda one: one.finding.tests.one_run).finding.tests
    assert least.one_run_holm == pytest.approx(min(1.0, least.one_run * len(tested)))


def test_variance_of_the_inputs_is_not_roughly_one():
    assert found(FULL, "input.mean").outcome == "reproduced"
    finding = found(FULL, "input.variance")
    assert (finding.outcome, finding.mean) == ("differs", 0.123)


def test_no_data_between_the_papers_levels_have_its_variance():
    proof = found(EMPTY, "paper.variance")
    draws = np.random.default_rng(1).choice([-0.1, 1.175], size=(200, 50))
    assert proof.outcome == "reproduced"
    assert draws.var(axis=1).max() <= proof.mean == pytest.approx(0.4064, abs=1e-4)


def test_images_off_centre_differ():
    assert found(FULL, "data.centred").outcome == "reproduced"
    off = {"training": {"mean_distance": 2.0, "largest_distance": 5.0}}
    summary = {"databases": {"regular": {"centre_of_mass": off}}}
    assert found(replace(FULL, summary=summary), "data.centred").outcome == "differs"


def test_squashing_is_checked_with_the_settings_in_force():
    assert found(FULL, "squashing.fixed-points").outcome == "reproduced"
    assert found(FULL, "squashing.curvature").ours == "largest at +-0.9877"
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
    assert finding.mean < 7e-5


def test_sensitivity_to_the_subset_is_that_of_the_step_sizes():
    assert found(FULL, "sdlm.subset").outcome == "reproduced"
    table = [history(np.ones(20), np.ones(20), (n * 7e-5, 0.016)) for n in (1, 2, 3, 4, 5)]
    sensitive = with_study("variance_curves.csv", varied("subsets", table))
    assert found(sensitive, "sdlm.subset").outcome == "differs"


def test_costs_come_from_the_bench():
    assert found(FULL, "sdlm.cost").outcome == "reproduced"
    slow = with_study("bench.json", {"native": timed(curvature=0.5)})
    assert found(slow, "sdlm.cost").outcome == "differs"


def test_a_benchmark_of_another_form_is_no_evidence_and_says_so():
    earlier = with_study("bench.json", {"curvature_share_of_pass": {"median": 0.5}})
    for claim in ("sdlm.cost", "lenet5.training-time"):
        finding = found(earlier, claim)
        assert finding.outcome == "unmeasured"
        assert "bench.json is not of the form" in finding.reason


def test_faster_training_differs_and_is_called_hardware():
    finding = found(FULL, "lenet5.training-time")
    assert finding.outcome == "differs"
    assert finding.mean == pytest.approx(120)


def test_collapse_is_decided_by_both_equations():
    assert found(FULL, "loss.collapse").outcome == "reproduced"
    both = {"mle": {"code_spread": [0.001] * 3}, "map": {"code_spread": [0.001] * 3}}
    assert found(with_study("collapse.json", both), "loss.collapse").outcome == "differs"


def test_table_has_the_columns_of_the_contract_and_no_empty_reason():
    table = claim_checks.tabulate_verdicts(judge_full())
    assert tuple(table.columns) == claim_checks.VERDICTS.columns
    assert (table["reason"] != "").all()
    assert set(table["verdict"]) <= {"reproduced", "differs", "inconclusive", "unmeasured"}
    assert set(table["role"]) == {"arithmetic", "fitted", "independent", "control", "repeat"}
    unmeasured = table[table["verdict"] == "unmeasured"]
    assert unmeasured[["mean", "sd", "low", "high"]].isna().all().all()


def test_ours_is_a_number_beside_the_words():
    finding = found(FULL, "lenet5.test-error")
    assert (finding.mean, finding.sd) == (pytest.approx(0.96), pytest.approx(0.05))
    assert finding.ours == "0.96 % (sd 0.05)"
    assert found(FULL, "lenet5.parameters").mean == 60000


def test_no_claim_has_two_checks():
    with pytest.raises(ValueError, match=r"lenet5\.curves, .* has two checks"):
        claim_checks.merge_checks([curves.CHECKS, curves.CHECKS])


def test_exit_status_says_complete_incomplete_or_different():
    judged = judge_full()
    measured = [one for one in judged if one.finding.outcome != "unmeasured"]
    agreed = [one for one in measured if one.finding.outcome == "reproduced"]
    status = compare.exit_status
    assert status(judged, allow_incomplete=False, strict=False) == 3
    assert status(judged, allow_incomplete=True, strict=False) == 0
    assert status(measured, allow_incomplete=False, strict=False) == 0
    assert status(measured, allow_incomplete=False, strict=True) == 1
    assert status(agreed, allow_incomplete=False, strict=True) == 0


def test_summary_leaves_unmeasured_claims_to_the_tally():
    judged = judge_all(EMPTY)
    text = compare.summary(judged)
    assert "lenet5.test-error" not in text
    assert text.splitlines()[-1] == ", ".join(
        f"{number} {outcome}" for outcome, number in claim_checks.tally(judged).items()
    )
