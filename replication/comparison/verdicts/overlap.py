"""The 82 patterns of Figure 8, p. 11: is the network of 1998 like one of ours?

Networks trained by the same recipe miss much the same digits. 1998 would be one more of our
replicates if it shared about as many misses with them as they share among themselves. Since pairs
that have a network in common are not independent, one number for each network is compared: its mean
over its pairs.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from replication.comparison.evaluation.errors import Classes, find_misses, jaccard_index
from replication.comparison.paper import Claim
from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.evidence import (
    Check,
    Checks,
    Evidence,
    Finding,
    Outcome,
    Subject,
    experiments_for,
)
from replication.comparison.verdicts.rule import too_few
from replication.comparison.verdicts.statistics import Interval
from replication.core.networks.printed import RESTORE
from replication.core.runs import Answers
from replication.errors import ReplicationError

Measure = Callable[[Answers, Sequence[Answers], Classes], float]


def answers_1998(evidence: Evidence) -> Answers:
    """Return the answers of 1998: the label where it was right; no margins.

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


def mean_similarity(network: Answers, rest: Sequence[Answers], labels: Classes) -> float:
    """Return the mean Jaccard index, 0 to 1, of a network's misses and those of the rest."""
    wrong = find_misses(network.classes, labels)
    masks = [find_misses(other.classes, labels) for other in rest]
    return float(np.mean([jaccard_index(wrong, mask) for mask in masks]))


def mean_agreement(network: Answers, rest: Sequence[Answers], labels: Classes) -> float:
    """Return the mean share, 0 to 1, of the shared misses on which two networks' answers agree."""
    shares = []
    for other in rest:
        wrong = find_misses(network.classes, labels) & find_misses(other.classes, labels)
        same = network.classes[wrong] == other.classes[wrong]
        shares.append(same.mean() if same.size else 1.0)
    return float(np.mean(shares))


MEASURES: Mapping[str, tuple[str, Measure]] = {
    "patterns": ("the misses shared, as a share of those of either", mean_similarity),
    "answers": ("the share of the same wrong answer among misses shared", mean_agreement),
}


def measure_own(answers: Sequence[Answers], labels: Classes, measure: Measure) -> list[float]:
    """Return the measure of each replicate with the rest."""
    return [
        measure(replicate, [*answers[:place], *answers[place + 1 :]], labels)
        for place, replicate in enumerate(answers)
    ]


def replicate_interval(means: Sequence[float], confidence: float) -> Interval:
    """Return where one more replicate's mean with all of ours falls with this probability.

    ``means`` are the means of each of n >= 3 with the rest. They are not independent: a pair counts
    in two means, which draws them closer by (n - 2) / (n - 1), undone here. What varies: the seeds.
    """
    interval = statistics.prediction_interval(means, confidence)
    middle = (interval.low + interval.high) / 2
    half = interval.half_width * (len(means) - 1) / (len(means) - 2)
    return Interval(middle - half, middle + half)


def check_overlap(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check the patterns missed and the answers given, for either of the two experiments."""
    count = len(evidence.paper.misclassified)
    names = experiments_for(claim, evidence.choices)
    checks = []
    for key, name, control in zip(claim.answered_by, names, names[::-1], strict=True):
        about = f"how many of Figure 8's digits {evidence.wording.name(name)} misses too"
        from_claim = partial(Subject.from_claim, claim, value=count, number=count, unit="patterns")
        for entry, more in (("patterns", ""), ("answers", ", with the same answer")):
            role = claim.entry_role(key)
            subject = from_claim(f"{name}:{entry}", role=role, about=about + more)
            checks.append(Check(subject, partial(_judge, evidence, name, control, entry)))
    return checks


def _judge(evidence: Evidence, experiment: str, control: str, entry: str) -> Finding:
    """Judge whether 1998's mean with ours lies where that of one more replicate of ours would.

    The power is the share of the ``control`` experiment's replicates that lie outside: where it is
    below ``least_power``, the measure does not tell networks of two recipes apart.
    """
    choices, labels = evidence.choices, evidence.labels
    answers, past = evidence.require_answers(experiment), answers_1998(evidence)
    old = find_misses(past.classes, labels)
    counts = []
    for replicate in answers:
        shared = find_misses(replicate.classes, labels) & old
        if entry == "answers":
            shared &= replicate.classes == past.classes
        counts.append(int(shared.sum()))
    if len(answers) < max(3, choices.minimum_replicates):
        return too_few(counts, choices, "of the 82")
    what, measure = MEASURES[entry]
    place = measure(past, answers, labels)
    interval = replicate_interval(measure_own(answers, labels, measure), choices.confidence)
    foreign = [measure(other, answers, labels) for other in evidence.answers.get(control, ())]
    apart = [not interval.meets(value) for value in foreign]
    power = float(np.mean(apart)) if apart else 0.0
    theirs = f"{np.mean(foreign):.4g}" if foreign else "have not been run"
    outcome: Outcome = "differs"
    if interval.meets(place):
        outcome = "compatible" if power >= choices.least_power else "inconclusive"
    return Finding(
        outcome,
        f"{np.mean(counts):.4g} of the {int(old.sum())}",
        f"{what} is {place:.4g} on average for 1998 with ours, where one more of ours has "
        f"{interval.low:.4g} to {interval.high:.4g} (seeds vary), and those of "
        f"{evidence.wording.name(control)} {theirs}",
        float(min(counts)),
        float(max(counts)),
        len(answers),
        power=power,
    ).with_mean_and_sd(counts)


CHECKS = Checks(tables={"lenet5.misclassified": check_overlap})
