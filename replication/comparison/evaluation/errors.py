"""Misses of a classifier on the test patterns, counted, and rejection as in Figure 10, p. 14.

The least confident answers are rejected first: the larger the difference between the two best
scores, the more confident the answer. The figure gives the share of the test patterns to reject
before the error on the rest is 0.5 percent.
"""

import numpy as np
from numpy.typing import NDArray

from replication.comparison.paper import Paper
from replication.core.runs import Answers

Classes = NDArray[np.uint8]
Margins = NDArray[np.float32]
Mask = NDArray[np.bool_]


def find_misses(classes: Classes, labels: Classes) -> Mask:
    """Return the mask of the patterns that got another class than their label: bool (n,).

    Raises ValueError when the numbers of answers and labels differ.
    """
    if classes.shape != labels.shape:
        raise ValueError(f"{len(classes)} answers for {len(labels)} labels")
    return np.asarray(classes != labels, dtype=np.bool_)


def count_misses(classes: Classes, labels: Classes) -> int:
    """Return the number of missed patterns."""
    return int(np.sum(find_misses(classes, labels)))


def jaccard_index(first: Mask, second: Mask) -> float:
    """Return the shared misses as a share, 0 to 1, of the misses of either: the Jaccard index.

    It does not grow with the number of misses as the plain count does. Two classifiers without
    any miss are equal: 1.
    """
    either = int(np.sum(first | second))
    return int(np.sum(first & second)) / either if either else 1.0


def to_percent(count: float, of: int) -> float:
    """Return a count as a percentage."""
    return 100.0 * count / of


def target_percent(paper: Paper) -> float:
    """Return the error on the rest, in percent, that Figure 10 asks for."""
    return float(paper.claims["systems.rejection"].numbers["error_percent_on_the_rest"])


def error_reject_curve(classes: Classes, margins: Margins, labels: Classes) -> NDArray[np.int64]:
    """Count the misses among the rest when the 0, 1, ... n least confident answers are rejected.

    Args:
        classes: uint8 (n,), the answers.
        margins: float32 (n,), not negative, larger is more confident.
        labels: uint8 (n,).

    Returns:
        int64 (n + 1,): entry k is the number of misses left among the n - k accepted answers. Of
        equal margins the pattern that comes first in the file is rejected first.
    """
    wrong = find_misses(classes, labels)
    if margins.shape != classes.shape:
        raise ValueError(f"{len(margins)} margins for {len(classes)} answers")
    order = np.argsort(margins, kind="stable")
    rejected = np.cumsum(wrong[order], dtype=np.int64)
    return int(wrong.sum()) - np.insert(rejected, 0, 0)


def rejected_share(classes: Classes, margins: Margins, labels: Classes, target: float) -> float:
    """Return the least share of the patterns, in percent, to reject for ``target`` percent error.

    The error is relative to the accepted answers ("on the rest"), the share to all patterns. It is
    0 when the error is low enough without rejection, and 100 when all have to be rejected.
    Arguments as for `error_reject_curve`.
    """
    curve, patterns = error_reject_curve(classes, margins, labels), len(labels)
    enough = 100.0 * curve <= target * np.arange(patterns, -1, -1)
    return to_percent(float(np.argmax(enough)), patterns)


def threshold(answers: Answers, labels: Classes, target: float) -> float:
    """Return the margin up to which answers are rejected for ``target`` percent error on the rest.

    Negative, unlike any margin, when no answer has to be rejected.
    """
    share = rejected_share(answers.classes, answers.margins, labels, target)
    rejected = round(share * len(labels) / 100)
    return float(np.sort(answers.margins)[rejected - 1]) if rejected else -1.0
