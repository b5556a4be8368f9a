"""Verdicts on Section III-B, from fabricated evidence: curves, and the digits of Figure 8."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fabricated import (
    FULL,
    INDEX,
    LABELS,
    PAPER,
    PATTERNS,
    answers_like_1998,
    found,
    histories,
    history,
    judge_full,
    relatives,
    with_study,
)
from small import refused

from replication.comparison.verdicts import curves, overlap, tables
from replication.core.runs import Answers


def courses(test, replicates=5):
    """Histories with this course of the test error."""
    made = [history(np.asarray(test) + n / 100, np.ones(len(test))) for n in range(replicates)]
    return replace(FULL, histories={"lenet5": made})


RISING = np.concatenate([np.linspace(3, 1, 10), np.linspace(1, 1.5, 10)])
SHIFTED = replace(FULL, histories={"lenet5": histories(shift=0.3)})
OVERLAP = FULL.studies["readings.csv"].assign(rms_low=0.1)
DECIDED = {
    **{f"the paper's {name} curve": (FULL, f"lenet5.curves:{name}", "compatible")
       for name in curves.SERIES},
    "shifted": (SHIFTED, "lenet5.curves:test", "differs"),
    "settled": (FULL, "lenet5.convergence", "reproduced"),
    "falls to the end": (courses(np.linspace(3, 1, 20)), "lenet5.convergence", "differs"),
    "too short": (courses(np.ones(5), 3), "lenet5.convergence", "unmeasured"),
    "stays": (FULL, "lenet5.no-overtraining", "reproduced"),
    "rises": (courses(RISING), "lenet5.no-overtraining", "differs"),
    "readings that overlap": (with_study("readings.csv", OVERLAP), "paper.pooling", "inconclusive"),
}  # fmt: skip


@pytest.mark.parametrize(("evidence", "claim", "outcome"), DECIDED.values(), ids=DECIDED)
def test_what_the_evidence_decides(evidence, claim, outcome):
    assert found(evidence, claim).outcome == outcome


def test_distance_of_a_curve_is_to_the_mean_of_the_others():
    assert curves.distances(np.array([[0.0, 0], [2, 2], [4, 4]])).tolist() == [3.0, 0.0, 3.0]


@pytest.mark.parametrize("replicates", [1, 2])
def test_one_or_two_replicates_decide_nothing_on_the_curves(replicates):
    few = replace(FULL, histories={"lenet5": histories(replicates)})
    for claim in ("convergence", "no-overtraining", "curves:test", "training-error"):
        finding = found(few, f"lenet5.{claim}")
        assert (finding.outcome, finding.replicates) == ("inconclusive", replicates)


def test_settled_pass_is_the_first_that_stays():
    assert curves.settled_pass(np.array([3.0, 1.0, 1.2, 1.0, 1.05]), 0.1) == 4
    assert curves.settled_pass(np.ones(4), 0.1) == 1


def test_training_sizes_have_a_row_for_each_reading():
    names = [one.subject.claim for one in judge_full()]
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


def test_relative_of_our_replicates_could_be_one_of_them_and_a_stranger_not():
    claim = "lenet5.misclassified:lenet5-distorted:patterns"
    roles = {one.subject.claim: one.subject.role for one in judge_full()}
    assert (roles[claim], roles["lenet5.misclassified:lenet5:patterns"]) == (
        "independent", "control",
    )  # fmt: skip
    finding = found(FULL, claim)
    assert finding.outcome in ("compatible", "inconclusive")
    assert 40 < finding.low < finding.high < 70
    member = relatives(11)
    past = member[10].classes
    wrong = np.flatnonzero(past != LABELS)
    table = pd.DataFrame({"test_index": wrong, "label": LABELS[wrong], "predicted": past[wrong]})
    others = {"lenet5-distorted": member[:10], "lenet5": strangers()}
    evidence = replace(FULL, paper=replace(PAPER, misclassified=table), answers=others)
    assert found(evidence, claim).outcome == "compatible"
    stranger = found(replace(FULL, answers={"lenet5-distorted": strangers()}), claim)
    assert (stranger.outcome, stranger.mean) == ("differs", 0)


def test_one_more_relative_is_recognised_nineteen_times_in_twenty():
    generator = np.random.default_rng(11)
    inside = []
    for _ in range(300):
        # some digits are hard for all, and some networks are better than others
        hard, skill = generator.beta(0.3, 3, 500), generator.normal(0, 0.1, 11)
        misses = generator.random((11, 500)) < hard * np.exp(skill)[:, None]
        labels = np.zeros(500, dtype=np.uint8)
        answers = [Answers(m.astype(np.uint8), np.zeros(500, np.float32)) for m in misses]
        own = overlap.measure_own(answers[:10], labels, overlap.mean_similarity)
        last = overlap.mean_similarity(answers[10], answers[:10], labels)
        inside.append(overlap.replicate_interval(own, 0.95).meets(last))
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def strangers():
    """Five replicates that miss none of 1998's digits."""
    pool = np.setdiff1d(np.arange(PATTERNS), INDEX)[:100]
    made = []
    for seed in range(5):
        classes = LABELS.copy()
        chosen = np.random.default_rng(seed).choice(pool, 80, replace=False)
        classes[chosen] = (LABELS[chosen] + 1) % 10
        made.append(Answers(classes, np.ones(PATTERNS, dtype=np.float32)))
    return made


def test_overlap_counts_patterns_and_equal_answers():
    past = overlap.answers_1998(FULL)
    relative = answers_like_1998(np.random.default_rng(1))
    assert overlap.mean_similarity(past, [relative], LABELS) == pytest.approx(50 / 114)
    assert overlap.mean_agreement(past, [relative], LABELS) == 1.0


def test_labels_that_are_not_the_printed_ones_are_refused():
    wrong = LABELS.copy()
    wrong[INDEX[0]] = (wrong[INDEX[0]] + 1) % 10
    with refused("figure8_misclassified.csv"):
        overlap.answers_1998(replace(FULL, labels=wrong))


def test_table_of_digits_has_the_82_and_what_all_of_ours_miss():
    everybody = int(np.setdiff1d(np.arange(PATTERNS), INDEX)[0])
    answers = [answers_like_1998(np.random.default_rng(seed)) for seed in range(4)]
    for one in answers:
        one.classes[everybody] = (LABELS[everybody] + 1) % 10
    table = tables.misclassified(replace(FULL, answers={"lenet5": answers}))
    assert table["test_index"].tolist() == [*sorted(INDEX), everybody]
    assert table["answer_1998"].notna().sum() == 82
    assert table["missed_lenet5"].iloc[-1] == 1.0
    assert np.isnan(table["agree_lenet5"].iloc[-1])
    assert table["missed_lenet5"].iloc[:82].mean() == pytest.approx(50 / 82)
    assert table["agree_lenet5"].tolist()[:82] == table["missed_lenet5"].tolist()[:82]
    assert table["missed_lenet5-distorted"].isna().all()
