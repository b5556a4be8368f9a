"""Verdicts from fabricated evidence: nothing here has been measured."""

import re
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
from replication.comparison.verdicts.evidence import OUTCOMES
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
    assert set(table["verdict"]) <= set(OUTCOMES)
    assert set(table["role"]) == {
        "arithmetic",
        "fitted",
        "independent",
        "control",
        "repeat",
        "note",
    }
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


def with_writers(**changes):
    return replace(FULL, writers={**FULL.writers, **changes})


OFF_CENTRE = {"training": {"mean_distance": 2.0, "largest_distance": 5.0}}
FLAT = {name: {"code_spread": [0.001] * 3} for name in ("mle", "map")}
LATE_STEPS = elsewhere(lambda n: n > 1, step_C1_min=1e-9, step_F6_max=1.0)
OTHER_SLOPE = replace(FULL, amplitude=1.0, slope=1.0)
DECIDED = {
    "0.95 within the interval": (FULL, "lenet5.test-error", "compatible"),
    "0.95 below": (with_errors(spread(1.2, 0.05)), "lenet5.test-error", "differs"),
    "0.95 above": (with_errors(spread(0.7, 0.05)), "lenet5.test-error", "differs"),
    "two replicates": (with_errors([0.95, 0.96]), "lenet5.test-error", "inconclusive"),
    "a wide interval": (with_errors(spread(0.95, 0.5)), "lenet5.test-error", "inconclusive"),
    "after pass 19": (elsewhere(lambda n: n != 19, training_misses=30_000),
                      "lenet5.training-error", "compatible"),
    "mean 0": (FULL, "input.mean", "reproduced"),
    "variance 1": (FULL, "input.variance", "differs"),
    "centred": (FULL, "data.centred", "reproduced"),
    "off centre": (with_summary(centre_of_mass=OFF_CENTRE), "data.centred", "differs"),
    "sources": (FULL, "data.sources", "reproduced"),
    "one source": (with_writers(training={"SD-1": {"patterns": 60_000, "writers": 250}}),
                   "data.sources", "differs"),
    "250 writers": (FULL, "data.writers", "reproduced"),
    "another number of writers": (with_writers(training={"SD-1": {"writers": 249}}),
                                  "data.writers", "differs"),
    "no writer twice": (FULL, "data.disjoint", "reproduced"),
    "a writer in both": (with_writers(writers_in_training_and_test=1), "data.disjoint", "differs"),
    "f(1) = 1": (FULL, "squashing.fixed-points", "reproduced"),
    "f(1) < 1": (OTHER_SLOPE, "squashing.fixed-points", "differs"),
    "bends elsewhere": (OTHER_SLOPE, "squashing.curvature", "differs"),
    "least step of the first pass": (LATE_STEPS, "sdlm.rates:least", "compatible"),
    "greatest step of the first pass": (LATE_STEPS, "sdlm.rates:greatest", "compatible"),
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
    assert finding.shift == pytest.approx(0.1)  # the authors' own uncertainty
    assert 0.05 < finding.power_tenth < finding.power < 1
    assert 0.05 < finding.p_equivalence < 0.2
    assert found(FULL, "lenet5.training-time").mean == pytest.approx(120)


def test_rounding_of_the_published_number_counts():
    # 0.8 may be 0.85, which an interval that begins at 0.84 holds
    evidence = with_errors(spread(0.86, 0.008), experiment="lenet5-distorted")
    finding = found(evidence, "lenet5.distorted-test-error")
    assert finding.low > 0.8
    assert finding.outcome == "compatible"


@pytest.mark.parametrize(
    ("sd", "outcome"), [(0.1, "compatible"), (0.105, "inconclusive"), (0.001, "differs")]
)
def test_one_run_is_compatible_in_an_interval_of_a_quarter_of_the_number_and_never_reproduced(
    sd, outcome
):
    finding = found(with_errors(spread(1.0, sd)), "lenet5.test-error")
    assert finding.outcome == outcome
    assert ((finding.high - finding.low) / 2 <= 0.25 * 0.95) == (outcome != "inconclusive")


def test_the_least_of_several_runs_stands_beside_and_decides_nothing():
    finding = found(with_errors(spread(1.2, 0.06)), "lenet5.test-error")
    assert finding.outcome == "differs"
    low, high = re.search("least of 3 more would fall in (.+) to (.+)", finding.reason).groups()
    assert float(low) < 1.2 < float(high)  # around the best, below the mean
    assert float(low) + float(high) < 2.4
    assert "least of" not in found(FULL, "lenet5.distorted-test-error").reason


def test_a_published_number_counts_once():
    judged = {one.subject.claim: one.subject.role for one in judge_full()}
    for number, rows in {
        "lenet5.test-error": ("systems.error:lenet5/regular",
                              "lenet5.training-size:60000:test:lenet5"),
        "lenet5.distorted-test-error": ("systems.error:lenet5/distorted",
                              "lenet5.training-size:60000-distorted:test:lenet5-distorted"),
    }.items():  # fmt: skip
        assert judged[number] == "independent"
        assert {judged[name] for name in rows} == {"repeat"}


def test_notes_repetitions_and_contradictions_are_not_counted():
    judged = judge_full()
    counted = [one for one in judged if one.subject.counts]
    assert {one.subject.role for one in judged} - {one.subject.role for one in counted} == {
        "repeat", "note",
    }  # fmt: skip
    assert sum(claim_checks.tally(judged).values()) == len(counted)
    by_sort = claim_checks.tally_by_sort(judged)
    assert list(by_sort) == ["numbers", "effects", "statements"]
    assert sum(sum(each.values()) for each in by_sort.values()) == len(counted)


def test_only_the_training_curve_the_step_sizes_and_one_perceptron_are_fitted():
    fitted = {one.subject.claim for one in judge_full() if one.subject.role == "fitted"}
    assert fitted == {
        "lenet5.curves:training", "lenet5.training-error", "sdlm.rates:least",
        "sdlm.rates:greatest", "paper.pooling", "paper.passes", "systems.error:mlp-300/regular",
    }  # fmt: skip


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
    agreed = [one for one in measured if one.finding.outcome in ("reproduced", "compatible")]
    for some, incomplete, strict, status in (
        (judged, False, False, 3), (judged, True, False, 0), (measured, False, False, 0),
        (measured, False, True, 1), (agreed, False, True, 0),
    ):  # fmt: skip
        assert compare.exit_status(some, allow_incomplete=incomplete, strict=strict) == status
