"""Misses and rejection, by hand and against a naive rewriting."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from replication.comparison import paper
from replication.comparison.evaluation import errors

PAPER = Path(__file__).parent.parent / "data" / "paper"
LABELS = np.array([0, 1, 2, 3, 4], dtype=np.uint8)
CLASSES = np.array([0, 7, 2, 8, 4], dtype=np.uint8)  # wrong at 1 and 3
MARGINS = np.array([5, 1, 4, 3, 2], dtype=np.float32)


def test_misses_are_the_answers_that_differ_from_the_labels():
    assert errors.find_misses(CLASSES, LABELS).tolist() == [False, True, False, True, False]
    assert errors.count_misses(CLASSES, LABELS) == 2


def test_answers_of_other_patterns_are_refused():
    with pytest.raises(ValueError, match=r"\b4\b.*\b5\b"):
        errors.find_misses(CLASSES[:4], LABELS)
    with pytest.raises(ValueError, match=r"\b4\b.*\b5\b"):
        errors.error_reject_curve(CLASSES, MARGINS[:4], LABELS)


def test_similarity_is_the_share_of_misses_of_either():
    first, second = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 1, 0], dtype=bool)
    assert errors.jaccard_index(first, second) == pytest.approx(1 / 3)
    assert errors.jaccard_index(first & second, first & second & ~first) == 0.0


def test_two_networks_without_misses_are_alike():
    none = np.zeros(3, dtype=bool)
    assert errors.jaccard_index(none, none) == 1.0


def test_the_least_sure_are_rejected_first():
    # by margin: pattern 1 (wrong), 4, 3 (wrong), 2, 0
    curve = errors.error_reject_curve(CLASSES, MARGINS, LABELS)
    assert curve.tolist() == [2, 1, 1, 0, 0, 0]


def test_of_equal_margins_the_first_pattern_goes_first():
    curve = errors.error_reject_curve(CLASSES, np.ones(5, dtype=np.float32), LABELS)
    assert curve.tolist() == [2, 2, 1, 1, 0, 0]


def test_error_after_rejection_is_relative_to_what_is_accepted():
    # 1 miss among 4 accepted is 25 percent, though 20 percent of all
    share = errors.rejected_share
    assert share(CLASSES, MARGINS, LABELS, 25.0) == pytest.approx(20.0)
    assert share(CLASSES, MARGINS, LABELS, 20.0) == pytest.approx(60.0)


def test_nothing_is_rejected_where_the_target_is_met():
    assert errors.rejected_share(CLASSES, MARGINS, LABELS, 40.0) == 0.0


def test_everything_is_rejected_where_the_surest_answer_is_wrong():
    wrong = (LABELS + 1).astype(np.uint8)
    assert errors.rejected_share(wrong, MARGINS, LABELS, 0.5) == 100.0


@given(
    arrays(np.uint8, 12, elements=st.integers(0, 2)),
    arrays(np.float32, 12, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])),
    st.sampled_from([0.0, 0.5, 10.0, 30.0]),
)
def test_rejection_agrees_with_trying_every_number(classes, margins, target):
    labels = np.ones(12, dtype=np.uint8)
    order = sorted(range(12), key=lambda i: (margins[i], i))
    for rejected in range(13):
        left = order[rejected:]
        if sum(classes[i] != 1 for i in left) * 100 <= target * len(left):
            break
    ours = errors.rejected_share(classes, margins, labels, target)
    assert ours == pytest.approx(100 * rejected / 12)


def test_target_is_the_one_of_figure_10():
    assert errors.target_percent(paper.load(PAPER)) == 0.5
