"""Verdicts on the places where the paper says two things.

``reproduced`` here means that our evidence bears out one of the two, which the verdict names;
``differs`` that it bears out neither; ``inconclusive`` that it does not tell them apart, or not in
all the numbers that the statement is about.
"""

from collections.abc import Mapping

import numpy as np

from replication.comparison.paper import Contradiction
from replication.comparison.verdicts.counts import compare_rounded
from replication.comparison.verdicts.curves import SERIES, percentages, published_curve
from replication.comparison.verdicts.evidence import (
    Checks,
    Evidence,
    Finding,
    Outcome,
    Unmeasured,
    experiment_for,
    experiments_for,
)
from replication.comparison.verdicts.rule import too_few
from replication.comparison.verdicts.systems import (
    ERROR,
    MEMORY,
    OPERATIONS,
    metric_values,
    published_column,
)
from replication.core.networks.catalogue import perceptron

FITS: Outcome = "reproduced"
# Side of the images that the perceptrons read, p. 12.
_FIELD = 28
_VIRTUAL = "v-svm-poly9/distorted"


def judge_operations(evidence: Evidence, _: Contradiction) -> Finding:
    """Judge LeNet-5's connections (p. 7) against its multiply-adds in Figure 11 (p. 14)."""
    connections = evidence.counts.get("lenet5.connections")
    if connections is None:
        raise Unmeasured(
            "no specification in replication/core/networks counts LeNet-5's connections"
        )
    figure = published_column(evidence, OPERATIONS)["lenet5/regular"]
    together = connections + evidence.counts["lenet5.parameters"]
    near = compare_rounded(together / 1000, figure).outcome == FITS
    text = connections == int(evidence.paper.claims["lenet5.connections"].number)
    return Finding(
        FITS if text else "differs",
        f"{connections} connections",
        f"{'this' if text else 'neither'} is what the layers give; connections and parameters "
        f"together make {together}, which {'is' if near else 'is not'} Figure 11's {figure:g} "
        "thousand",
        mean=float(connections),
    )


def judge_tangent_memory(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Judge 60,000 images of 16x16 pixels (pp. 10, 14) against Figure 12's variables (p. 15)."""
    (patterns,), (side,) = (contradiction.numbers[name] for name in ("patterns", "side"))
    figure = published_column(evidence, MEMORY)["tangent-distance/16x16"]
    images, larger = (patterns * pixels / 1000 for pixels in (side**2, 20**2 + side))
    near = compare_rounded(images, figure).outcome == FITS
    return Finding(
        FITS if near else "differs",
        f"{images:g} thousand",
        f"the images alone have {images:g} thousand pixels, where {patterns} x (20 x 20 + {side}) "
        f"makes {larger:g} thousand, which rounds to the figure's {figure:g}",
        mean=images,
    )


def judge_variance(_: Evidence, contradiction: Contradiction) -> Finding:
    """Judge by the greatest variance that data between the two levels can have (p. 7).

    Half of all pixels at each level; and with a mean m between them, (high - m) (m - low).
    """
    low, high = contradiction.numbers["levels"]
    mean, variance = contradiction.numbers["mean_and_variance"]
    most, then = (high - low) ** 2 / 4, (high - mean) * (mean - low)
    possible = most >= variance
    return Finding(
        "inconclusive" if possible else FITS,
        "either" if possible else "not the variance",
        f"no data between {low:g} and {high:g} have a variance above {most:.4g}, and with the mean "
        f"{mean:g} none above {then:.4g}",
        mean=most,
    )


def judge_passes(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Judge 20 passes, 21 points: is point k our error after pass k, or after pass k - 1?

    The points 2 to 20 are compared with our passes 2 to 20 and 1 to 19, for each replicate.
    """
    histories = evidence.history(experiment_for(contradiction, evidence.choices))
    closer, totals = 0, np.zeros(2)
    for history in histories:
        squares = np.zeros(2)
        for series in SERIES:
            ours = percentages([history], series, len(evidence.labels))[0]
            theirs = published_curve(evidence, series, len(ours))
            ours = ours[: len(theirs)]
            if len(ours) < 3:
                raise Unmeasured("too few passes to lay the curves beside each other")
            squares += [((part - theirs[1:]) ** 2).mean() for part in (ours[1:], ours[:-1])]
        closer += int(squares[0] < squares[1])
        totals += np.sqrt(squares / len(SERIES)) / len(histories)
    if len(histories) < evidence.choices.minimum_replicates:
        return too_few([float(totals[0])], evidence.choices, "points", len(histories))
    reading = {
        0: "point k is pass k - 1, so the first point comes before the first full pass",
        len(histories): "point k is pass k, so one more pass is drawn than the text has",
    }.get(closer)
    return Finding(
        FITS if reading else "inconclusive",
        reading or "either",
        f"distance of Figure 5's points to ours, root mean square: {totals[0]:.4g} points at pass "
        f"k, {totals[1]:.4g} at pass k - 1; pass k is closer for {closer} of {len(histories)} "
        "replicates",
        replicates=len(histories),
    )


def judge_hidden_layers(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Judge by the variables of Figure 12: 500-150 or 1000-150 hidden units (pp. 12, 13)?"""
    printed = published_column(evidence, MEMORY)["mlp-500-150/regular"]
    sizes = {
        "-".join(map(str, units)): perceptron(tuple(map(int, units)), _FIELD).parameters / 1000
        for units in contradiction.numbers.values()
    }
    outcome, ours = _choose_fitting(sizes, printed)
    described = ", ".join(f"{name} has {size:.1f} thousand" for name, size in sizes.items())
    reason = f"parameters with biases: {described}; Figure 12 prints {printed:g} thousand"
    return Finding(outcome, ours, reason)


def judge_support_vectors(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Judge whether ours is near one of each machine's two errors (pp. 12, 14)."""
    # The two numbers of a machine can be a margin apart.
    margin = evidence.choices.equivalence_margin_percent / 2
    machines, decided = [], True
    for system, pair in contradiction.numbers.items():
        ours = float(np.mean(metric_values(evidence, system, ERROR)))
        near = [value for value in pair if round(abs(ours - value), 9) < margin]
        decided &= len(near) == 1
        choice = f"{near[0]:g}" if len(near) == 1 else "neither or both"
        name = evidence.wording.name(system)
        machines.append(f"{name} {ours:.4g} %: {choice} of {pair[0]:g} and {pair[1]:g}")
    return Finding(
        FITS if decided else "inconclusive",
        "each is near one of its two numbers" if decided else "not decided",
        f"{'; '.join(machines)} (within {margin:g} points)",
    )


def judge_degree(evidence: Evidence, contradiction: Contradiction) -> Finding:
    """Judge by the variables of Figure 12: V-SVM of degree 9 or 5 (pp. 12, 15)?"""
    rival = experiments_for(contradiction, evidence.choices)[-1]
    first, second = contradiction.numbers["degree"]

    def means(name: str) -> dict[int | float, float]:
        values = metric_values(evidence, _VIRTUAL, name), evidence.metric(rival, name)
        return {first: float(np.mean(values[0])), second: float(np.mean(values[1]))}

    sizes, errors = means(MEMORY), means(ERROR)
    printed = published_column(evidence, MEMORY)[_VIRTUAL]
    nearest = min(sizes, key=lambda degree: abs(np.log(sizes[degree] / printed)))
    outcome, ours = _choose_fitting({f"degree {n}": size for n, size in sizes.items()}, printed)
    described = "; ".join(
        f"degree {degree} has {size:.0f} thousand and misses {errors[degree]:.4g} %"
        for degree, size in sizes.items()
    )
    reason = f"{described}; Figure 12 prints {printed:g} thousand, nearer to degree {nearest}"
    return Finding(outcome, ours, reason)


def _choose_fitting(sizes: Mapping[str, float], printed: float) -> tuple[Outcome, str]:
    """Return the outcome, and the only one of our two sizes that rounds to the printed one."""
    fitting = [n for n, size in sizes.items() if compare_rounded(size, printed).outcome == FITS]
    if len(fitting) == 1:
        return FITS, fitting[0]
    return ("inconclusive", "both") if fitting else ("differs", "neither")


CHECKS = Checks(
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
