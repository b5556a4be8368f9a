"""The 82 patterns of Figure 8, p. 11: is the network of 1998 one of ours?

Networks that learn the same recipe miss much the same digits. 1998 would be one more of our
replicates if it shared about as many misses with them as they share with one another. Since pairs
that have a network in common are not independent, what is compared is one number a network: its
mean over the pairs it is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.errors import ReplicationError
from replication.evaluation.errors import Classes, Mask, missed, shared, similarity
from replication.paper import RESTORE, Claim
from replication.runs import Answers
from replication.verdicts import statistics
from replication.verdicts.answers import experiments
from replication.verdicts.evidence import Evidence, Finding, Judges, Outcome, Row, Subject
from replication.verdicts.rule import shown
from replication.verdicts.statistics import Interval


@dataclass(frozen=True)
class Network1998:
    """What 1998 is known to have answered: uint8 (n,) classes, the label where it was right."""

    classes: Classes
    missed: Mask


@dataclass(frozen=True)
class Shared:
    """What 1998 and one replicate have in common.

    patterns: missed by both; answers: of these, with the same wrong class; misses: by the
    replicate; similarity: Jaccard index of the misses; p: of McNemar's exact test.
    """

    patterns: int
    answers: int
    misses: int
    similarity: float
    only_1998: int
    only_ours: int
    p: float


def network_of_1998(evidence: Evidence) -> Network1998:
    """Figure 8 laid over the test labels; ReplicationError where a label is not the printed one."""
    table = evidence.paper.misclassified
    index = table["test_index"].to_numpy()
    if not np.array_equal(evidence.labels[index], table["label"].to_numpy()):
        raise ReplicationError(
            "data/paper/figure8_misclassified.csv gives other labels than the test set has: "
            f"{RESTORE}"
        )
    classes = evidence.labels.copy()
    classes[index] = table["predicted"].to_numpy(dtype=np.uint8)
    return Network1998(classes, missed(classes, evidence.labels))


def share_with_1998(past: Network1998, answers: Answers, labels: Classes) -> Shared:
    """Compare 1998 with one replicate."""
    wrong = missed(answers.classes, labels)
    test = statistics.mcnemar(past.missed, wrong)
    both = past.missed & wrong
    return Shared(
        shared(past.missed, wrong),
        int(np.sum(both & (answers.classes == past.classes))),
        int(wrong.sum()),
        similarity(past.missed, wrong),
        test.only_first,
        test.only_second,
        test.p,
    )


def own_similarities(wrong: Sequence[Mask]) -> NDArray[np.float64]:
    """Mean Jaccard index of each replicate's misses with those of the others: (replicates,)."""
    table = np.array([[similarity(one, other) for other in wrong] for one in wrong])
    return np.asarray((table.sum(axis=1) - 1) / (len(wrong) - 1), dtype=np.float64)


def own_agreements(answers: Sequence[Answers], labels: Classes) -> NDArray[np.float64]:
    """For each replicate the mean share, 0 to 1, of misses shared with another that agree."""
    wrong = [missed(one.classes, labels) for one in answers]
    table = np.array(
        [
            [
                _share(wrong[i] & wrong[j], answers[i].classes == answers[j].classes)
                for j in range(len(wrong))
            ]
            for i in range(len(wrong))
        ]
    )
    return np.asarray((table.sum(axis=1) - 1) / (len(wrong) - 1), dtype=np.float64)


def one_more(own: NDArray[np.float64], confidence: float) -> Interval:
    """Where one more replicate's mean with all of ours falls with probability ``confidence``.

    ``own`` are the means of each of n >= 3 with the others. They hang together: a pair counts in
    both, which draws them closer by (n - 2) / (n - 1), undone here. What varies: the seeds.
    """
    interval = statistics.prediction_interval(own, confidence)
    middle = (interval.low + interval.high) / 2
    half = interval.half_width * (len(own) - 1) / (len(own) - 2)
    return Interval(middle - half, middle + half)


def _share(both: Mask, same: Mask) -> float:
    count = int(both.sum())
    return int((both & same).sum()) / count if count else 1.0


def rows(evidence: Evidence, claim: Claim) -> list[Row]:
    """For the distorted and the undistorted experiment: which patterns, and which answers."""
    published = f"{len(evidence.paper.misclassified)} patterns"
    found: list[Row] = []
    for experiment in experiments(claim, evidence.choices):
        for entry, judge in (("patterns", _judge_patterns), ("answers", _judge_answers)):
            subject = Subject.of(claim, f"{experiment}:{entry}", published)
            found.append((subject, partial(judge, evidence, experiment)))
    return found


def _judge_patterns(evidence: Evidence, experiment: str) -> Finding:
    answers, labels = evidence.answered(experiment), evidence.labels
    past = network_of_1998(evidence)
    each = [share_with_1998(past, one, labels) for one in answers]
    counts = [one.patterns for one in each]
    wrong = [missed(one.classes, labels) for one in answers]
    pairs = [shared(wrong[i], wrong[j]) for i in range(len(wrong)) for j in range(i)]
    misses = float(np.mean([one.misses for one in each]))
    published = int(past.missed.sum())
    chance = statistics.independent_overlap(
        len(labels), published, round(misses), round(float(np.mean(counts)))
    )
    balance = sum(one.p < 1 - evidence.choices.confidence for one in each)
    beside = (
        f"by chance {shown(chance.expected)} (p = {chance.p:.1g}); McNemar finds unequal error "
        f"rates for {balance} of {len(each)} replicates (test patterns vary)"
    )
    if pairs:
        beside = f"two of ours share {min(pairs)} to {max(pairs)} of {shown(misses)}, {beside}"
    outcome, reason = _place(
        evidence,
        [one.similarity for one in each],
        own_similarities(wrong) if len(wrong) > 1 else np.zeros(0),
        "misses shared of those of either",
    )
    replicated = f"{shown(float(np.mean(counts)))} of the {published} missed"
    low, high = float(min(counts)), float(max(counts))
    found = Finding(outcome, replicated, f"{reason}; {beside}", low, high, len(answers))
    return found.over(counts)


def _judge_answers(evidence: Evidence, experiment: str) -> Finding:
    answers, labels = evidence.answered(experiment), evidence.labels
    past = network_of_1998(evidence)
    each = [share_with_1998(past, one, labels) for one in answers]
    agreements = [one.answers / one.patterns if one.patterns else 1.0 for one in each]
    outcome, reason = _place(
        evidence,
        agreements,
        own_agreements(answers, labels) if len(answers) > 1 else np.zeros(0),
        "same wrong answer on the shared misses",
    )
    counts = [one.answers for one in each]
    replicated = f"{shown(float(np.mean(counts)))} with the same wrong answer"
    low, high = float(min(counts)), float(max(counts))
    return Finding(outcome, replicated, reason, low, high, len(answers)).over(counts)


def _place(
    evidence: Evidence, with_1998: Sequence[float], own: NDArray[np.float64], what: str
) -> tuple[Outcome, str]:
    """Whether 1998's mean with ours lies where that of one more replicate of ours would."""
    if len(with_1998) < max(3, evidence.choices.minimum_replicates):
        return "inconclusive", f"{len(with_1998)} replicate(s): no pairs enough to compare with"
    place, interval = float(np.mean(with_1998)), one_more(own, evidence.choices.confidence)
    low, high = interval
    text = (
        f"{what}: 1998 with ours {shown(place)}, each of ours with the others "
        f"{shown(float(own.min()))} to {shown(float(own.max()))}, one more of ours "
        f"{shown(low)} to {shown(high)} with {100 * evidence.choices.confidence:g} % (seeds vary)"
    )
    if interval.meets(place):
        return "reproduced", f"1998 could be one of ours; {text}"
    side = "less" if place < low else "more"
    return "differs", f"1998 is {side} like ours than ours are among themselves; {text}"


def table(evidence: Evidence) -> pd.DataFrame:
    """results/misclassified.csv: a row a pattern of Figure 8, then those that all of ours miss.

    ``answer_1998`` is empty where 1998 was right: those that every replicate of both experiments
    misses. For each experiment run: ``missed_<experiment>``, the share of replicates, 0 to 1, that
    miss the pattern, and ``agree_<experiment>``, the share that give 1998's wrong answer (empty
    where it gave none). Columns of an experiment that has not been run are empty.
    """
    past, labels = network_of_1998(evidence), evidence.labels
    roles = evidence.choices.experiments
    wrong, same = {}, {}
    for experiment in (roles.undistorted, roles.distorted):
        classes = np.array([a.classes for a in evidence.answers.get(experiment, ())])
        if classes.size:
            wrong[experiment] = (classes != labels).mean(axis=0)
            same[experiment] = (classes == past.classes).mean(axis=0)
    always = np.zeros(len(labels), dtype=np.bool_)
    if wrong:
        always = np.all([share == 1.0 for share in wrong.values()], axis=0) & ~past.missed
    index = np.concatenate([np.flatnonzero(past.missed), np.flatnonzero(always)])
    known = past.missed[index]
    content: dict[str, object] = {
        "test_index": index,
        "label": labels[index],
        "answer_1998": pd.Series(past.classes[index], dtype="Int64").where(known),
    }
    for experiment in (roles.undistorted, roles.distorted):
        empty = np.full(len(labels), np.nan)
        content[f"missed_{experiment}"] = wrong.get(experiment, empty)[index]
        content[f"agree_{experiment}"] = np.where(known, same.get(experiment, empty)[index], np.nan)
    return pd.DataFrame(content)


JUDGES = Judges(tables={"lenet5.misclassified": rows})
