"""The 82 patterns of Figure 8, p. 11: is the network of 1998 one of ours?

Networks that learn the same recipe miss much the same digits. 1998 would be one more of our
replicates if it shared about as many misses with them as they share with one another. Since pairs
that have a network in common are not independent, what is compared is one number for each network:
its mean over the pairs it is in.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from replication.comparison.evaluation.errors import Classes, missed, similarity
from replication.comparison.paper import Claim
from replication.comparison.verdicts import statistics
from replication.comparison.verdicts.claim_experiments import experiments_for
from replication.comparison.verdicts.evidence import Check, Checks, Evidence, Finding, Subject
from replication.comparison.verdicts.rule import agreement, too_few
from replication.comparison.verdicts.statistics import Interval
from replication.core.networks.printed import RESTORE
from replication.core.runs import Answers
from replication.errors import ReplicationError

Measure = Callable[[Answers, Sequence[Answers], Classes], float]


def network_of_1998(evidence: Evidence) -> Answers:
    """Return what 1998 is known to have answered: the label where it was right; no margins.

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


def similarities(network: Answers, rest: Sequence[Answers], labels: Classes) -> float:
    """Return the mean Jaccard index, 0 to 1, of a network's misses with those of the rest."""
    wrong = missed(network.classes, labels)
    return float(np.mean([similarity(wrong, missed(each.classes, labels)) for each in rest]))


def agreements(network: Answers, rest: Sequence[Answers], labels: Classes) -> float:
    """Return the mean share, 0 to 1, of the shared misses on which two networks' answers agree."""
    wrong = missed(network.classes, labels)
    both = [wrong & missed(each.classes, labels) for each in rest]
    same = [network.classes[b] == each.classes[b] for b, each in zip(both, rest, strict=True)]
    return float(np.mean([part.mean() if part.size else 1.0 for part in same]))


MEASURES: Mapping[str, tuple[str, Measure]] = {
    "patterns": ("the misses shared, as a share of those of either", similarities),
    "answers": ("the share of the same wrong answer among misses shared", agreements),
}


def measure_own(answers: Sequence[Answers], labels: Classes, measure: Measure) -> list[float]:
    """Return for each replicate the measure of it with the rest."""
    return [
        measure(each, [*answers[:place], *answers[place + 1 :]], labels)
        for place, each in enumerate(answers)
    ]


def one_more(means: Sequence[float], confidence: float) -> Interval:
    """Return where one more replicate's mean with all of ours falls with this probability.

    ``means`` are the means of each of n >= 3 with the rest. They depend on one another: a pair
    counts in both, which draws them closer by (n - 2) / (n - 1), undone here. What varies: the
    seeds.
    """
    interval = statistics.prediction_interval(means, confidence)
    middle = (interval.low + interval.high) / 2
    half = interval.half_width * (len(means) - 1) / (len(means) - 2)
    return Interval(middle - half, middle + half)


def checks(evidence: Evidence, claim: Claim) -> list[Check]:
    """Check which patterns and which answers, for either of the two experiments."""
    published = len(evidence.paper.misclassified)
    names = dict(zip(claim.answered_by, experiments_for(claim, evidence.choices), strict=True))
    entries = []
    for key, name in names.items():
        (control,) = (each for each in names.values() if each != name)
        about = f"how many of Figure 8's digits {evidence.wording.name(name)} misses too"
        for entry, more in (("patterns", ""), ("answers", ", with the same answer")):
            subject = Subject.of(
                claim, f"{name}:{entry}", value=published, number=published, unit="patterns",
                role=claim.role_of(key), about=about + more,
            )  # fmt: skip
            entries.append(Check(subject, partial(_judge, evidence, name, control, entry)))
    return entries


def _judge(evidence: Evidence, experiment: str, control: str, entry: str) -> Finding:
    """Judge whether 1998's mean with ours lies where that of one more replicate of ours would.

    The power is the share of the replicates of the ``control`` experiment that are told apart so.
    """
    choices, labels = evidence.choices, evidence.labels
    answers, past = evidence.answered(experiment), network_of_1998(evidence)
    old = missed(past.classes, labels)
    wrong = [missed(each.classes, labels) & old for each in answers]
    if entry == "answers":
        wrong = [
            both & (each.classes == past.classes) for both, each in zip(wrong, answers, strict=True)
        ]
    counts = [int(both.sum()) for both in wrong]
    if len(answers) < max(3, choices.minimum_replicates):
        return too_few(counts, choices, "of the 82")
    what, measure = MEASURES[entry]
    place = measure(past, answers, labels)
    interval = one_more(measure_own(answers, labels, measure), choices.confidence)
    foreign = [measure(each, answers, labels) for each in evidence.answers.get(control, ())]
    apart = [not interval.meets(value) for value in foreign]
    power = float(np.mean(apart)) if apart else 0.0
    theirs = f"{np.mean(foreign):.4g}" if foreign else "have not been run"
    return Finding(
        agreement(interval.meets(place), power, choices),
        f"{np.mean(counts):.4g} of the {int(old.sum())}",
        f"{what} is {place:.4g} on average for 1998 with ours, where one more of ours has "
        f"{interval.low:.4g} to {interval.high:.4g} (seeds vary), and those of "
        f"{evidence.wording.name(control)} {theirs}",
        float(min(counts)),
        float(max(counts)),
        len(answers),
        power=power,
    ).with_mean_and_sd(counts)


CHECKS = Checks(tables={"lenet5.misclassified": checks})
