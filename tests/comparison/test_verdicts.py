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
from replication.core.networks.catalogue import lenet5
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
    assert "`lenet5-distorted`" in found(EMPTY, "lenet5.distorted-test-error").reason


def test_every_row_has_a_reason_and_where_it_is_measured_a_power():
    for one in judge_full():
        assert one.finding.reason
        measured = one.finding.outcome != "unmeasured"
        exempt = one.subject.role == "arithmetic" or one.subject.kind == "contradiction"
        assert one.finding.power is not None or exempt or not measured, one.subject.claim
    table = claim_checks.tabulate_verdicts(judge_full())
    assert tuple(table.columns) == claim_checks.VERDICTS.columns
    assert set(table["verdict"]) <= {"reproduced", "differs", "inconclusive", "unmeasured"}
    assert set(table["role"]) == {"arithmetic", "fitted", "independent", "control", "repeat"}
    unmeasured = table[table["verdict"] == "unmeasured"]
    assert unmeasured[["mean", "sd", "low", "high"]].isna().all().all()


def with_summary(**regular):
    return replace(FULL, summary={"databases": {"regular": regular}})


def with_histories(made):
    return replace(FULL, histories={"lenet5": made})


def elsewhere(where, **values):
    """Histories whose cells are others wherever a pass is not one that a claim is about."""
    made = histories()
    for one in made:
        one.loc[where(one["pass"]), list(values)] = list(values.values())
    return with_histories(made)


def steps(*factors):
    return [history(np.ones(20), np.ones(20), (n * 1e-6, 0.016)) for n in factors]


OFF_CENTRE = {"training": {"mean_distance": 2.0, "largest_distance": 5.0}}
FLAT = {name: {"code_spread": [0.001] * 3} for name in ("mle", "map")}
LATE_STEPS = elsewhere(lambda n: n > 1, step_C1_min=1e-9, step_F6_max=1.0)
OTHER_SLOPE = replace(FULL, amplitude=1.0, slope=1.0)
DECIDED = {
    "0.95 within the interval": (FULL, "lenet5.test-error", "reproduced"),
    "0.95 below": (with_errors(spread(1.2, 0.05)), "lenet5.test-error", "differs"),
    "0.95 above": (with_errors(spread(0.7, 0.05)), "lenet5.test-error", "differs"),
    "two replicates": (with_errors([0.95, 0.96]), "lenet5.test-error", "inconclusive"),
    "a wide interval": (with_errors(spread(0.95, 0.5)), "lenet5.test-error", "inconclusive"),
    "after pass 19": (elsewhere(lambda n: n != 19, training_misses=30_000),
                      "lenet5.training-error", "reproduced"),
    "mean 0": (FULL, "input.mean", "reproduced"),
    "variance 1": (FULL, "input.variance", "differs"),
    "centred": (FULL, "data.centred", "reproduced"),
    "off centre": (with_summary(centre_of_mass=OFF_CENTRE), "data.centred", "differs"),
    "f(1) = 1": (FULL, "squashing.fixed-points", "reproduced"),
    "f(1) < 1": (OTHER_SLOPE, "squashing.fixed-points", "differs"),
    "bends elsewhere": (OTHER_SLOPE, "squashing.curvature", "differs"),
    "least step of the first pass": (LATE_STEPS, "sdlm.rates:least", "reproduced"),
    "greatest step of the first pass": (LATE_STEPS, "sdlm.rates:greatest", "reproduced"),
    "other steps": (with_histories(steps(1, 1.1, 1.2, 1.3)), "sdlm.rates:least", "differs"),
    "subset": (FULL, "sdlm.subset", "reproduced"),
    "sensitive to the subset": (
        with_study("variance_curves.csv", varied("subsets", steps(70, 140, 210, 280, 350))),
        "sdlm.subset", "differs"),
    "cheap": (FULL, "sdlm.cost", "reproduced"),
    "dear": (with_study("bench.json", {"native": timed(curvature=0.5)}), "sdlm.cost", "differs"),
    "hardware": (FULL, "lenet5.training-time", "differs"),
    "collapse": (FULL, "loss.collapse", "reproduced"),
    "both collapse": (with_study("collapse.json", FLAT), "loss.collapse", "differs"),
}  # fmt: skip


@pytest.mark.parametrize(("evidence", "claim", "outcome"), DECIDED.values(), ids=DECIDED)
def test_what_the_evidence_decides(evidence, claim, outcome):
    assert found(evidence, claim).outcome == outcome


def test_another_count_differs_and_says_by_how_much():
    """That each published one is met, `test_specification.py` holds."""
    finding = found(replace(EMPTY, counts={"lenet5.parameters": 60010}), "lenet5.parameters")
    assert (finding.outcome, finding.mean) == ("differs", 60010)
    assert "+10" in finding.reason
    assert found(EMPTY, "lenet5.parameters").outcome == "reproduced"


@pytest.mark.parametrize(("ours", "published", "outcome"), [
    (2.578, 2.6, "reproduced"), (2578, 2600, "reproduced"), (2549, 2600, "differs"),
    (17.49, 17.0, "reproduced"), (24000.4, 24000.0, "reproduced"), (7.85, 4.0, "differs"),
    (7_457, 10_000, "differs"), (9_600, 10_000, "reproduced"), (98.4, 100.0, "reproduced"),
])  # fmt: skip
def test_rounded_count_is_equal_to_its_last_digit(ours, published, outcome):
    assert counts.compare_rounded(ours, published).outcome == outcome


def test_counts_beside_the_parameters_are_those_of_the_network():
    network = lenet5(PAPER)
    assert counts.tiled_side(network, "C3") == 20
    sides = [counts.output_side(network, name, 36) for name in ("C1", "S2", "C3", "C5")]
    assert sides == [32, 16, 12, 2]


def test_a_finding_has_the_numbers_that_decide_it():
    finding = found(FULL, "lenet5.test-error")
    assert (finding.mean, finding.sd) == (pytest.approx(0.96), pytest.approx(0.05))
    assert finding.ours == "0.96 % (sd 0.05)"
    assert finding.low < 0.95 < finding.high
    assert finding.replicates == 10
    assert 0.5 < finding.power < 1
    assert finding.shift == pytest.approx(0.15)  # 0.8 and 1.1 are the nearest that are not 0.95
    assert found(DECIDED["a wide interval"][0], "lenet5.test-error").power < 0.5
    assert found(FULL, "lenet5.training-time").mean == pytest.approx(120)


def test_rounding_of_the_published_number_counts():
    # 0.8 may be 0.85, which an interval that begins at 0.84 holds
    evidence = with_errors(spread(0.86, 0.008), experiment="lenet5-distorted")
    finding = found(evidence, "lenet5.distorted-test-error")
    assert finding.low > 0.8
    assert finding.outcome == "reproduced"


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


def test_holm_counts_the_tests_of_one_heading():
    tested = [
        one
        for one in judge_full()
        if one.finding.tests is not None and one.subject.claim.startswith("lenet5.")
    ]
    assert len(tested) > 3
    least = min(tested, key=lambda one: one.finding.tests.one_run).finding.tests
    assert least.one_run_holm == pytest.approx(min(1.0, least.one_run * len(tested)))


def test_no_data_between_the_papers_levels_have_its_variance():
    proof = found(EMPTY, "paper.variance")
    draws = np.random.default_rng(1).choice([-0.1, 1.175], size=(200, 50))
    assert proof.outcome == "reproduced"
    assert draws.var(axis=1).max() <= proof.mean == pytest.approx(0.4064, abs=1e-4)


def test_a_benchmark_of_another_form_is_no_evidence_and_says_so():
    earlier = with_study("bench.json", {"curvature_share_of_pass": {"median": 0.5}})
    for claim in ("sdlm.cost", "lenet5.training-time"):
        finding = found(earlier, claim)
        assert finding.outcome == "unmeasured"
        assert "bench.json" in finding.reason


def test_no_claim_has_two_checks():
    with pytest.raises(ValueError, match=r"lenet5\.curves"):
        claim_checks.merge_checks([curves.CHECKS, curves.CHECKS])


def test_exit_status_says_complete_incomplete_or_different():
    judged = judge_full()
    measured = [one for one in judged if one.finding.outcome != "unmeasured"]
    agreed = [one for one in measured if one.finding.outcome == "reproduced"]
    for some, incomplete, strict, status in (
        (judged, False, False, 3), (judged, True, False, 0), (measured, False, False, 0),
        (measured, False, True, 1), (agreed, False, True, 0),
    ):  # fmt: skip
        assert compare.exit_status(some, allow_incomplete=incomplete, strict=strict) == status
