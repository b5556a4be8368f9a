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

from replication.comparison.verdicts import curves, overlap, tables
from replication.core.runs import Answers
from replication.errors import ReplicationError


def test_curves_of_the_paper_itself_are_reproduced():
    for series in curves.SERIES:
        finding = found(FULL, f"lenet5.curves:{series}")
        assert finding.outcome == "reproduced", finding
        assert finding.ours.endswith("points, root mean square")


def test_shifted_curves_differ_and_say_where():
    shifted = replace(FULL, histories={"lenet5": histories(shift=0.3)})
    finding = found(shifted, "lenet5.curves:test")
    assert (finding.outcome, finding.power) == ("differs", 1.0)


def test_distance_of_a_curve_is_to_the_mean_of_the_others():
    assert curves.distances(np.array([[0.0, 0], [2, 2], [4, 4]])).tolist() == [3.0, 0.0, 3.0]


def test_convergence_holds_where_late_passes_equal_the_last():
    assert found(FULL, "lenet5.convergence").outcome == "reproduced"


def test_convergence_fails_where_the_error_still_falls():
    falling = [history(np.linspace(3, 1, 20) + n / 100, np.ones(20)) for n in range(5)]
    finding = found(replace(FULL, histories={"lenet5": falling}), "lenet5.convergence")
    assert finding.outcome == "differs"


@pytest.mark.parametrize("replicates", [1, 2])
def test_one_or_two_replicates_decide_nothing_on_the_curves(replicates):
    few = replace(FULL, histories={"lenet5": histories(replicates)})
    for claim in ("convergence", "no-overtraining", "curves:test", "training-error"):
        finding = found(few, f"lenet5.{claim}")
        assert (finding.outcome, finding.replicates) == ("inconclusive", replicates)


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


def test_relative_of_our_replicates_could_be_one_of_them():
    finding = found(FULL, "lenet5.misclassified:lenet5-distorted:patterns")
    assert finding.outcome in ("reproduced", "inconclusive")
    assert 40 < finding.low < finding.high < 70
    member = relatives(11)
    past = member[10].classes
    wrong = np.flatnonzero(past != LABELS)
    table = pd.DataFrame({"test_index": wrong, "label": LABELS[wrong], "predicted": past[wrong]})
    others = {"lenet5-distorted": member[:10], "lenet5": strangers()}
    evidence = replace(FULL, paper=replace(PAPER, misclassified=table), answers=others)
    assert found(evidence, "lenet5.misclassified:lenet5-distorted:patterns").outcome == "reproduced"


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


def test_stranger_to_our_replicates_differs():
    evidence = replace(FULL, answers={"lenet5-distorted": strangers()})
    finding = found(evidence, "lenet5.misclassified:lenet5-distorted:patterns")
    assert finding.outcome == "differs"
    assert finding.mean == 0


def test_overlap_counts_patterns_and_equal_answers():
    past = overlap.answers_1998(FULL)
    relative = answers_like_1998(np.random.default_rng(1))
    assert overlap.mean_similarity(past, [relative], LABELS) == pytest.approx(50 / 114)
    assert overlap.mean_agreement(past, [relative], LABELS) == 1.0


def test_the_undistorted_network_is_the_control_of_figure_8():
    roles = {one.subject.claim: one.subject.role for one in judge_full()}
    assert roles["lenet5.misclassified:lenet5:patterns"] == "control"
    assert roles["lenet5.misclassified:lenet5-distorted:patterns"] == "independent"


def test_labels_that_are_not_the_printed_ones_are_refused():
    wrong = LABELS.copy()
    wrong[INDEX[0]] = (wrong[INDEX[0]] + 1) % 10
    with pytest.raises(ReplicationError, match=r"figure8_misclassified\.csv"):
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
    assert (
        table["agree_lenet5"]
        .iloc[:82]
        .equals(table["missed_lenet5"].iloc[:82].rename("agree_lenet5"))
    )
    assert table["missed_lenet5-distorted"].isna().all()


def test_readings_that_overlap_decide_nothing():
    table = FULL.studies["readings.csv"].assign(rms_low=0.1)
    assert found(with_study("readings.csv", table), "paper.pooling").outcome == "inconclusive"
