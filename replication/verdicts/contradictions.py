"""Where the paper says two things: what ours can say to it.

``reproduced`` here means that our evidence bears out one of the two, which the verdict names;
``differs`` that it bears out neither; ``inconclusive`` that it does not tell them apart, or not in
all the numbers that the statement is about.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from replication.networks.perceptrons import perceptron
from replication.paper import Contradiction
from replication.verdicts import words
from replication.verdicts.answers import experiment, experiments
from replication.verdicts.architecture import compare_rounded
from replication.verdicts.curves import SERIES, percentages, published_curve
from replication.verdicts.evidence import Evidence, Finding, Judges, Outcome, Unmeasured
from replication.verdicts.rule import too_few
from replication.verdicts.systems import ERROR, MEMORY, OPERATIONS, published_column, values_of

FITS: Outcome = "reproduced"
# Side of the images that the perceptrons read, p. 12.
_FIELD = 28
_VIRTUAL = "v-svm-poly9/distorted"


def judge_operations(evidence: Evidence, _: Contradiction) -> Finding:
    """LeNet-5's connections (p. 7) against its multiply-adds in Figure 11 (p. 14)."""
    connections = evidence.counts.get("lenet5.connections")
    if connections is None:
        raise Unmeasured("no specification in replication/networks counts LeNet-5's connections")
    figure = published_column(evidence, OPERATIONS)["lenet5/regular"]
    together = connections + evidence.counts["lenet5.parameters"]
    near = compare_rounded(together / 1000, figure).outcome == FITS
    text = connections == int(evidence.paper.claims["lenet5.connections"].number)
    return Finding(
        FITS if text else "differs",
        words.OPERATIONS,
        {"text": text, "together": together, "near": near, "figure": figure},
        mean=float(connections),
    )


def judge_tangent_memory(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """60,000 images of 16x16 pixels (pp. 10, 14) against the variables of Figure 12 (p. 15)."""
    (patterns,), (side,) = (contradiction.numbers[name] for name in ("patterns", "side"))
    figure = published_column(evidence, MEMORY)["tangent-distance/16x16"]
    images, other = (patterns * pixels / 1000 for pixels in (side**2, 20**2 + side))
    near = compare_rounded(images, figure).outcome == FITS
    return Finding(
        FITS if near else "differs",
        words.TANGENT_MEMORY,
        {"patterns": patterns, "side": side, "other": other, "figure": figure},
        mean=images,
    )


def judge_variance(_: Evidence, contradiction: Contradiction) -> Finding:
    """The greatest variance that any data between the two levels can have (p. 7).

    Half of all pixels at each level; and with a mean m between them, (high - m) (m - low).
    """
    low, high = contradiction.numbers["levels"]
    mean, variance = contradiction.numbers["mean_and_variance"]
    most, then = (high - low) ** 2 / 4, (high - mean) * (mean - low)
    possible = most >= variance
    return Finding(
        "inconclusive" if possible else FITS,
        words.VARIANCE,
        {"possible": possible, "lowest": low, "highest": high, "given_mean": mean, "then": then},
        mean=most,
    )


def judge_passes(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """20 passes, 21 points: does point k lie on our curve after pass k, or after pass k - 1?

    The points 2 to 20 are held against our passes 2 to 20 and 1 to 19, for each replicate.
    """
    histories = evidence.history(experiment(contradiction, evidence.choices))
    closer, totals = 0, np.zeros(2)
    for history in histories:
        squares = np.zeros(2)
        for series in SERIES:
            ours = percentages([history], series, len(evidence.labels))[0]
            theirs = published_curve(evidence, series, len(ours))
            ours = ours[: len(theirs)]
            if len(ours) < 3:
                raise Unmeasured("too few passes to lay the curves beside each other")
            squares += [
                ((ours[1:] - theirs[1:]) ** 2).mean(),
                ((ours[:-1] - theirs[1:]) ** 2).mean(),
            ]
        closer += int(squares[0] < squares[1])
        totals += np.sqrt(squares / len(SERIES)) / len(histories)
    if len(histories) < evidence.choices.minimum_replicates:
        return too_few([float(totals[0])], evidence.choices, "points")
    reading = {0: words.PASS_BEFORE, len(histories): words.PASS_K}.get(closer)
    return Finding(
        FITS if reading else "inconclusive",
        words.PASSES,
        {
            "reading": reading or "either",
            "same": totals[0],
            "before": totals[1],
            "closer": closer,
        },
        replicates=len(histories),
    )


def judge_hidden_layers(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """500-150 or 1000-150 hidden units (pp. 12, 13): which has the variables of Figure 12?"""
    printed = published_column(evidence, MEMORY)["mlp-500-150/regular"]
    sizes = {
        "-".join(map(str, units)): perceptron(tuple(map(int, units)), _FIELD).parameters / 1000
        for units in contradiction.numbers.values()
    }
    fitting = [n for n, size in sizes.items() if compare_rounded(size, printed).outcome == FITS]
    outcome, decided = _one_of_two(fitting)
    numbers = {"fitting": decided, "sizes": sizes, "printed": printed}
    return Finding(outcome, words.HIDDEN_LAYERS, numbers)


def judge_support_vectors(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Two errors for each support vector machine (pp. 12, 14): is ours near one of them?"""
    # The two numbers of a machine can be a margin apart.
    margin = evidence.choices.equivalence_margin_percent / 2
    systems, decided = {}, True
    for system, pair in contradiction.numbers.items():
        ours = float(np.mean(values_of(evidence, system, ERROR)))
        near = [value for value in pair if round(abs(ours - value), 9) < margin]
        decided &= len(near) == 1
        choice = f"{near[0]:g}" if len(near) == 1 else "neither or both"
        systems[system] = (ours, choice, *pair)
    return Finding(
        FITS if decided else "inconclusive",
        words.SUPPORT_VECTORS,
        {"decided": decided, "systems": systems, "margin": margin},
    )


def judge_degree(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """V-SVM of degree 9 or 5 (pp. 12, 15): which of the two has Figure 12's variables?"""
    other = experiments(contradiction, evidence.choices)[-1]
    first, second = contradiction.numbers["degree"]

    def means(name: str) -> dict[int | float, float]:
        values = values_of(evidence, _VIRTUAL, name), evidence.metric(other, name)
        return {first: float(np.mean(values[0])), second: float(np.mean(values[1]))}

    sizes, errors = means(MEMORY), means(ERROR)
    printed = published_column(evidence, MEMORY)[_VIRTUAL]
    fitting = [
        f"degree {n}" for n, size in sizes.items() if compare_rounded(size, printed).outcome == FITS
    ]
    nearest = min(sizes, key=lambda degree: abs(np.log(sizes[degree] / printed)))
    outcome, decided = _one_of_two(fitting)
    numbers = {
        "fitting": decided,
        "degrees": {degree: (sizes[degree], errors[degree]) for degree in sizes},
        "printed": printed,
        "nearest": nearest,
    }
    return Finding(outcome, words.DEGREE, numbers)


def _one_of_two(fitting: Sequence[str]) -> tuple[Outcome, str]:
    """The outcome where these of the paper's two numbers fit, and which it is."""
    if len(fitting) == 1:
        return FITS, fitting[0]
    return ("inconclusive", "both") if fitting else ("differs", "neither")


JUDGES = Judges(
    contradictions={
        "paper.svm": judge_support_vectors,
        "paper.mlp": judge_hidden_layers,
        "paper.vsvm-degree": judge_degree,
        "paper.operations": judge_operations,
        "paper.tangent-memory": judge_tangent_memory,
        "paper.variance": judge_variance,
        "paper.passes": judge_passes,
    }
)
