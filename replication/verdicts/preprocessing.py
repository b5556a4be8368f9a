"""Verdicts on the data as they are prepared: Sections II-B, p. 7, and III-A, p. 10."""

from __future__ import annotations

import math
from typing import Any

from replication.paper import Claim
from replication.verdicts.evidence import Evidence, Finding, Judges, Unmeasured
from replication.verdicts.rule import shown

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
    published, tolerance = claim.number, evidence.choices.roughly
    image = _regular(evidence, f"image_{name}")
    beside = f"; {shown(float(image))} without the margin around the images"
    if abs(value - published) <= tolerance:
        reason = f"roughly {published:g}: within {tolerance:g} of it" + beside
        return Finding("reproduced", shown(value), reason, mean=value)
    direction = "higher" if value > published else "lower"
    reason = (
        f"ours is {direction}: not within {tolerance:g} of {published:g}, with the paper's own "
        "grey levels"
    )
    return Finding("differs", shown(value), reason + beside, mean=value)


def judge_patterns(evidence: Evidence, claim: Claim) -> Finding:
    """The number of training or test patterns (claims data.train and data.test)."""
    key = {"data.train": "training_patterns", "data.test": "test_patterns"}[claim.id]
    ours, published = int(_regular(evidence, key)), int(claim.number)
    if ours == published:
        return Finding("reproduced", str(ours), "equal", mean=ours)
    return Finding("differs", str(ours), f"ours is {ours - published:+d}", mean=ours)


def judge_centring(evidence: Evidence, claim: Claim) -> Finding:
    """Whether each image's centre of mass is at the centre of its field (claim data.centred)."""
    del claim
    centring = _regular(evidence, "centre_of_mass")
    try:
        largest = max(float(part["largest_distance"]) for part in centring.values())
        mean = float(centring["training"]["mean_distance"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unmeasured(f"summary.json says nothing of the centring: run {_PREPARE}") from error
    within = largest <= _ONE_PIXEL_EACH_WAY
    return Finding(
        "reproduced" if within else "differs",
        f"{shown(mean)} pixels off on average, {shown(largest)} at most",
        "every image is centred to a pixel in each direction (digits move by whole pixels)"
        if within
        else "some images are more than a pixel off in a direction",
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
    }
)
