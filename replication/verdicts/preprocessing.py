"""Verdicts on the data as they are prepared: Sections II-B, p. 7, and III-A, p. 10."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replication.paper import Claim
from replication.verdicts import words
from replication.verdicts.evidence import Evidence, Finding, Judges, Unmeasured

_PREPARE = "`python -m replication prepare`"
# Digits can be shifted by whole pixels only, and the paper does not say which of the four pixels
# around the middle of a field of even side is its centre: one pixel in each direction.
_ONE_PIXEL_EACH_WAY = math.sqrt(2)


def judge_input(evidence: Evidence, claim: Claim) -> Finding:
    """Mean or variance of the inputs (claims input.mean and input.variance): "roughly" 0 or 1.

    Of all pixels of the training set in the network's field; no run is involved.
    """
    name = claim.id.removeprefix("input.")
    value = float(_regular(evidence, name))
    image = float(_regular(evidence, f"image_{name}"))
    published, tolerance = claim.number, evidence.choices.roughly
    return Finding(
        "reproduced" if abs(value - published) <= tolerance else "differs",
        words.INPUT,
        {"gap": value - published, "tolerance": tolerance, "image": image},
        published - tolerance,
        published + tolerance,
        mean=value,
    )


def judge_patterns(evidence: Evidence, claim: Claim) -> Finding:
    """The number of training or test patterns (claims data.train and data.test)."""
    key = {"data.train": "training_patterns", "data.test": "test_patterns"}[claim.id]
    ours, published = int(_regular(evidence, key)), int(claim.number)
    if ours == published:
        return Finding("reproduced", words.AS_MANY, mean=ours, power=1.0)
    gap = {"gap": ours - published}
    return Finding("differs", words.NOT_AS_MANY, gap, mean=ours, power=1.0)


def judge_aspect(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the ink fills its box in the longer direction only (claim data.aspect-ratio).

    Had both sides been fitted, every digit would be as wide as it is high.
    """
    ink = evidence.images > 0
    if not len(ink):
        raise Unmeasured("the test images have not been read")
    sides = np.sort([_extent(np.asarray(ink.any(axis=axis))) for axis in (1, 2)], axis=0)
    longer, shorter = (sides == int(claim.numbers["box"])).mean(axis=1)[::-1]
    return Finding(
        "reproduced" if longer > 0.5 > shorter else "differs",
        words.ASPECT,
        {"longer": 100 * longer, "shorter": 100 * shorter},
        power=1.0,
    )


def _extent(ink: NDArray[np.bool_]) -> NDArray[np.int64]:
    """From the first to the last line with ink, (n, lines) to (n,); 0 where there is none."""
    reach = ink.shape[1] - ink.argmax(axis=1) - ink[:, ::-1].argmax(axis=1)
    return np.where(ink.any(axis=1), reach, 0)


def judge_centring(evidence: Evidence, _: Claim) -> Finding:
    """Whether each image's centre of mass is at the centre of its field (claim data.centred)."""
    centring = _regular(evidence, "centre_of_mass")
    try:
        largest = max(float(part["largest_distance"]) for part in centring.values())
        mean = float(centring["training"]["mean_distance"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unmeasured(f"summary.json says nothing of the centring: run {_PREPARE}") from error
    within = largest <= _ONE_PIXEL_EACH_WAY
    return Finding(
        "reproduced" if within else "differs",
        words.CENTRED,
        {"average": mean, "largest": largest, "within": within},
        power=1.0,
    )


def _regular(evidence: Evidence, key: str) -> Any:
    try:
        return evidence.summary["databases"]["regular"][key]
    except (KeyError, TypeError) as error:
        raise Unmeasured(f"summary.json lacks `{key}` of `regular`: run {_PREPARE}") from error


JUDGES = Judges(
    claims={
        "input.mean": judge_input,
        "input.variance": judge_input,
        "data.train": judge_patterns,
        "data.test": judge_patterns,
        "data.centred": judge_centring,
        "data.aspect-ratio": judge_aspect,
    }
)
