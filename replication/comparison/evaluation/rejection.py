"""Rejection as in Figure 10, p. 14: the least confident answers are refused first.

The larger the difference between the two best scores, the more confident the answer. The figure
gives the share of the test patterns to refuse before the error on the rest is 0.5 percent.
"""

import numpy as np
from numpy.typing import NDArray

from replication.comparison.evaluation.errors import Classes, missed, percent
from replication.comparison.paper import Paper
from replication.core.runs import Answers

Margins = NDArray[np.float32]


def target_percent(paper: Paper) -> float:
    """Return the error on the rest, in percent, that Figure 10 asks for."""
    return float(paper.claims["systems.rejection"].numbers["error_percent_on_the_rest"])


def error_reject_curve(classes: Classes, margins: Margins, labels: Classes) -> NDArray[np.int64]:
    """Count the misses among the rest when the 0, 1, ... n least confident answers are rejected.

    Args:
        classes: uint8 (n,), the answers.
        margins: float32 (n,), not negative, larger is surer.
        labels: uint8 (n,).

    Returns:
        int64 (n + 1,): entry k is the number of misses left among the n - k accepted answers. Of
        equal margins the pattern that comes first in the file is rejected first.
    """
    wrong = missed(classes, labels)
    if margins.shape != classes.shape:
        raise ValueError(f"{len(margins)} margins for {len(classes)} answers")
    order = np.argsort(margins, kind="stable")
    left = int(wrong.sum()) - np.cumsum(wrong[order], dtype=np.int64)
    return np.concatenate([np.array([wrong.sum()], dtype=np.int64), left])


def rejected_share(classes: Classes, margins: Margins, labels: Classes, target: float) -> float:
    """Return the least share of the patterns, in percent, to reject for ``target`` percent error.

    The error is relative to the accepted answers ("on the rest"), the share to all patterns. A
    network that errs no more than the target without rejecting has 0; one that only reaches it
    with nothing accepted has 100. Arguments as for `error_reject_curve`.
    """
    curve = error_reject_curve(classes, margins, labels)
    patterns = len(labels)
    accepted = patterns - np.arange(patterns + 1)
    enough = 100.0 * curve <= target * accepted
    return percent(float(np.argmax(enough)), patterns)


def threshold(answers: Answers, labels: Classes, target: float) -> float:
    """Return the margin up to which answers are rejected for ``target`` percent error on the rest.

    Negative when none has to be: no margin is.
    """
    share = rejected_share(answers.classes, answers.margins, labels, target)
    rejected = round(share * len(labels) / 100)
    return float(np.sort(answers.margins)[rejected - 1]) if rejected else -1.0
