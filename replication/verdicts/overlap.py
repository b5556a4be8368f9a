"""The 82 patterns of Figure 8, p. 11: is the network of 1998 one of ours?

Networks that learn the same recipe miss much the same digits. 1998 would be one more of our
replicates if it shared about as many misses with them as they share with one another. Since pairs
that have a network in common are not independent, what is compared is one number a network: its
mean over the pairs it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.evaluation.errors import Classes, missed, similarity
from replication.paper import RESTORE, Claim
from replication.runs import Answers
from replication.verdicts import statistics, words
from replication.verdicts.answers import experiments
from replication.verdicts.evidence import Evidence, Finding, Judges, Row, Subject
from replication.verdicts.rule import agreement, too_few
from replication.verdicts.statistics import Interval

Measure = Callable[[Answers, Sequence[Answers], Classes], float]


def network_of_1998(evidence: Evidence) -> Answers:
    """What 1998 is known to have answered: the label where it was right; no margins.

    Raises ReplicationError where a label is not the printed one.
    """
    table = evidence.paper.misclassified
    index = table["test_index"].to_numpy()
    if not np.array_equal(evidence.labels[index], table["label"].to_numpy()):
        raise ReplicationError(
            "data/paper/figure8_misclassified.csv gives other labels than the test set has: "
            f"{RESTORE}"
        )
    classes = evidence.labels.copy()
    classes[index] = table["predicted"].to_numpy(dtype=np.uint8)
    return Answers(classes, np.zeros(len(classes), dtype=np.float32))


def similarities(one: Answers, others: Sequence[Answers], labels: Classes) -> float:
    """Mean Jaccard index, 0 to 1, of the misses of one network with those of others."""
    wrong = missed(one.classes, labels)
    return float(np.mean([similarity(wrong, missed(o.classes, labels)) for o in others]))


def agreements(one: Answers, others: Sequence[Answers], labels: Classes) -> float:
    """Mean share, 0 to 1, of the misses that two networks share on which their answers agree."""
    wrong = missed(one.classes, labels)
    both = [wrong & missed(other.classes, labels) for other in others]
    same = [one.classes[b] == other.classes[b] for b, other in zip(both, others, strict=True)]
    return float(np.mean([part.mean() if part.size else 1.0 for part in same]))


MEASURES: Mapping[str, tuple[str, Measure]] = {
    "patterns": ("the misses shared, as a share of those of either", similarities),
    "answers": ("the share of the same wrong answer among misses shared", agreements),
}


def own(answers: Sequence[Answers], labels: Classes, measure: Measure) -> list[float]:
    """For each replicate the measure of it with the others."""
    return [
        measure(one, [*answers[:place], *answers[place + 1 :]], labels)
        for place, one in enumerate(answers)
    ]


def one_more(means: Sequence[float], confidence: float) -> Interval:
    """Where one more replicate's mean with all of ours falls with probability ``confidence``.

    ``means`` are the means of each of n >= 3 with the others. They hang together: a pair counts in
    both, which draws them closer by (n - 2) / (n - 1), undone here. What varies: the seeds.
    """
    interval = statistics.prediction_interval(means, confidence)
    middle = (interval.low + interval.high) / 2
    half = interval.half_width * (len(means) - 1) / (len(means) - 2)
    return Interval(middle - half, middle + half)


def rows(evidence: Evidence, claim: Claim) -> list[Row]:
    """For the distorted and the undistorted experiment: which patterns, and which answers."""
    published = len(evidence.paper.misclassified)
    names = dict(zip(claim.answered_by, experiments(claim, evidence.choices), strict=True))
    entries: list[Row] = []
    for key, name in names.items():
        (other,) = (one for one in names.values() if one != name)
        for entry in MEASURES:
            subject = Subject.of(
                claim, f"{name}:{entry}", f"{published} patterns", published, claim.role_of(key)
            )
            entries.append((subject, partial(_judge, evidence, name, other, entry)))
    return entries


def _judge(evidence: Evidence, experiment: str, other: str, entry: str) -> Finding:
    """Whether 1998's mean with ours lies where that of one more replicate of ours would.

    The power is the share of the replicates of the ``other`` experiment that are told apart so.
    """
    choices, labels = evidence.choices, evidence.labels
    answers, past = evidence.answered(experiment), network_of_1998(evidence)
    old = missed(past.classes, labels)
    wrong = [missed(one.classes, labels) & old for one in answers]
    if entry == "answers":
        wrong = [
            both & (one.classes == past.classes) for both, one in zip(wrong, answers, strict=True)
        ]
    counts = [int(both.sum()) for both in wrong]
    if len(answers) < max(3, choices.minimum_replicates):
        return too_few(counts, choices, "of the 82")
    what, measure = MEASURES[entry]
    place = measure(past, answers, labels)
    interval = one_more(own(answers, labels, measure), choices.confidence)
    foreign = [measure(one, answers, labels) for one in evidence.answers.get(other, ())]
    power = float(np.mean([not interval.meets(one) for one in foreign])) if foreign else 0.0
    return Finding(
        agreement(interval.meets(place), power, choices),
        words.OVERLAP,
        {
            "missed": int(old.sum()),
            "what": what,
            "place": place,
            "least": interval.low,
            "most": interval.high,
            "other": other,
            "foreign": float(np.mean(foreign)) if foreign else words.NOT_RUN,
        },
        float(min(counts)),
        float(max(counts)),
        len(answers),
        power=power,
    ).over(counts)


def table(evidence: Evidence) -> pd.DataFrame:
    """results/misclassified.csv: a row a pattern of Figure 8, then those that all of ours miss.

    ``answer_1998`` is empty where 1998 was right: those that every replicate of both experiments
    misses. For each experiment run: ``missed_<experiment>``, the share of replicates, 0 to 1, that
    miss the pattern, and ``agree_<experiment>``, the share that give 1998's wrong answer (empty
    where it gave none). Columns of an experiment that has not been run are empty.
    """
    past, labels = network_of_1998(evidence), evidence.labels
    missed_then = missed(past.classes, labels)
    roles = evidence.choices.experiments
    wrong, same = {}, {}
    for experiment in (roles.undistorted, roles.distorted):
        classes = np.array([a.classes for a in evidence.answers.get(experiment, ())])
        if classes.size:
            wrong[experiment] = (classes != labels).mean(axis=0)
            same[experiment] = (classes == past.classes).mean(axis=0)
    always = np.zeros(len(labels), dtype=np.bool_)
    if wrong:
        always = np.all([share == 1.0 for share in wrong.values()], axis=0) & ~missed_then
    index = np.concatenate([np.flatnonzero(missed_then), np.flatnonzero(always)])
    known = missed_then[index]
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
