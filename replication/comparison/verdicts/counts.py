"""Verdicts that need no training: counts of the architecture, the data as prepared, squashing.

Sections II-B, p. 7, and III-A, p. 10, and Appendix A, p. 41.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replication.comparison.paper import Claim, Paper
from replication.comparison.verdicts.evidence import (
    Checks,
    Evidence,
    Finding,
    Outcome,
    Unmeasured,
    Wording,
)
from replication.core.networks.catalogue import lenet1, lenet4, lenet5, perceptron
from replication.core.networks.specification import Kind, Network

_PREPARE = "`python -m replication prepare`"
# Digits can be shifted by whole pixels only, and the paper does not say which of the four pixels
# around the middle of a field of even side is its centre: one pixel in each direction.
_ONE_PIXEL_EACH_WAY = math.sqrt(2)
# f(1) with the printed 1.7159, of five digits, and S = 2/3 is 1 to the digits of the former.
_FIXED_POINT_TOLERANCE = 5e-5
# "Largest at 1": the same to the one digit that the paper prints.
_CURVATURE_TOLERANCE = 0.05
_LABELS = "by the labels of QMNIST (data/writers)"


def count_architectures(paper: Paper) -> dict[str, int]:
    """Return the counts of the tables of layers, by the claim that states them (II-B, III-C)."""
    network = lenet5(paper)
    numbers = {
        "lenet5.layers": len(network.layers),
        "lenet5.parameters": network.parameters,
        "lenet5.connections": network.connections,
        "lenet5.c3-centres": tiled_side(network, "C3"),
        "lenet1.architecture": lenet1(paper).parameters,
        "lenet4.architecture": lenet4(paper).parameters,
        "linear.parameters": perceptron((), 28).parameters,
        "linear.deslanted-parameters": perceptron((), 20).parameters,
    }
    for layer in network.layers:
        numbers[f"lenet5.{layer.name.lower()}.parameters"] = layer.parameters
        numbers[f"lenet5.{layer.name.lower()}.connections"] = layer.connections
    return numbers


def tiled_side(network: Network, name: str) -> int:
    """Return the side in pixels of the area that a layer's receptive fields' centres tile.

    The sub-sampling before the layer sets the distance of neighbouring centres, and each stands for
    a square of that side: C3's 10x10 centres, two pixels apart, for 20x20 (p. 7).
    """
    layer = network.layer(name)
    until = network.layers[: network.layers.index(layer) + 1]
    steps = [part.kernel for part in until if part.kind is Kind.SUBSAMPLING]
    return layer.outputs[1] * math.prod(steps)


def output_side(network: Network, name: str, field: int) -> int:
    """Return the side of a layer's maps for another input field: (W - F + 2P) / S + 1."""
    side = field
    for layer in network.layers:
        if layer.kind is Kind.CONVOLUTION:
            side = side - layer.kernel + 1
        elif layer.kind is Kind.SUBSAMPLING:
            side //= layer.kernel
        if layer.name == name:
            return side
    raise KeyError(name)


def judge_count(evidence: Evidence, claim: Claim) -> Finding:
    """Judge a count: equal or not; with "about" only to the digits that are printed."""
    ours = evidence.counts.get(claim.id)
    if ours is None:
        raise Unmeasured("no specification in replication/core/networks counts this")
    if claim.about:
        return compare_rounded(float(ours), claim.number, evidence.wording)
    gap = ours - int(claim.number)
    counted = "counted from the table of layers"
    if gap:
        return Finding("differs", f"{ours}", f"ours is {gap:+d}, {counted}", mean=ours)
    return Finding("reproduced", f"{ours}", f"equal, {counted}", mean=ours)


def compare_rounded(ours: float, published: float, wording: Wording | None = None) -> Finding:
    """Compare a count with a number that the paper rounds: equal to the last digit that it shows.

    Zeros at its end may be rounding or not: at least two digits count as exact.
    """
    digits = f"{published:.15g}"
    zeros = len(digits) - len(digits.rstrip("0")) if published == int(published) else 0
    half = 0.5 * 10.0 ** min(zeros, max(len(digits) - 2, 0))
    rounding = f"the rounding of the published number, {half:g}"
    if abs(ours - published) <= half or math.isclose(ours, published):
        return Finding("reproduced", f"{ours:.6g}", f"within {rounding}", mean=ours)
    direction = "higher" if ours > published else "lower"
    distance = (wording or Wording()).number(abs(ours - published))
    reason = f"ours is {direction} by {distance}, more than {rounding}"
    return Finding("differs", f"{ours:.6g}", reason, mean=ours)


def judge_convolutional(evidence: Evidence, _: Claim) -> Finding:
    """Judge C5's maps on its own input field and on one that is one S4 unit larger (p. 8)."""
    network = lenet5(evidence.paper)
    field, larger = network.field, network.field + 4
    usual, grown = (output_side(network, "C5", side) for side in (field, larger))
    convolution = network.layer("C5").kind is Kind.CONVOLUTION
    return Finding(
        "reproduced" if convolution and usual == 1 and grown > 1 else "differs",
        f"{usual}x{usual} at {field}x{field}, {grown}x{grown} at {larger}x{larger}",
        "from the table of layers: the same convolution applied to a larger input",
    )


def judge_input(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the mean or variance of the inputs, "roughly" 0 or 1 (input.mean, input.variance).

    Of all pixels of the training set in the network's field; no run is involved.
    """
    name = claim.id.removeprefix("input.")
    value = float(_regular(evidence, name))
    image = float(_regular(evidence, f"image_{name}"))
    published, tolerance = claim.number, evidence.choices.roughly
    return Finding(
        "reproduced" if abs(value - published) <= tolerance else "differs",
        f"{value:.4g}",
        f"ours is {'higher' if value > published else 'lower'}, and roughly allows {tolerance:g} "
        f"either way; without the margin around the images it is {image:.4g}",
        published - tolerance,
        published + tolerance,
        mean=value,
    )


def judge_patterns(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the number of training or test patterns (data.train and data.test)."""
    key = {"data.train": "training_patterns", "data.test": "test_patterns"}[claim.id]
    ours, published = int(_regular(evidence, key)), int(claim.number)
    if ours == published:
        return Finding("reproduced", f"{ours}", "equal", mean=ours, power=1.0)
    return Finding("differs", f"{ours}", f"ours is {ours - published:+d}", mean=ours, power=1.0)


def judge_aspect(evidence: Evidence, claim: Claim) -> Finding:
    """Judge whether the ink fills its box in the longer direction only (data.aspect-ratio).

    Had both sides been fitted, every digit would be as wide as it is high.
    """
    ink = evidence.images > 0
    if not len(ink):
        raise Unmeasured("the test images have not been read")
    sides = np.sort([_extent(np.asarray(ink.any(axis=axis))) for axis in (1, 2)], axis=0)
    longer, shorter = (sides == int(claim.numbers["box"])).mean(axis=1)[::-1]
    return Finding(
        "reproduced" if longer > 0.5 > shorter else "differs",
        f"{100 * longer:.1f} % fill the box one way, {100 * shorter:.1f} % both ways",
        "by the extent of the ink of the test images, in which smoothing may blur an edge",
        power=1.0,
    )


def _extent(ink: NDArray[np.bool_]) -> NDArray[np.int64]:
    """From the first to the last line with ink, (n, lines) to (n,); 0 where there is none."""
    reach = ink.shape[1] - ink.argmax(axis=1) - ink[:, ::-1].argmax(axis=1)
    return np.where(ink.any(axis=1), reach, 0)


def judge_centring(evidence: Evidence, _: Claim) -> Finding:
    """Judge whether each image's centre of mass is at the centre of its field (data.centred)."""
    centring = _regular(evidence, "centre_of_mass")
    try:
        largest = max(float(part["largest_distance"]) for part in centring.values())
        mean = float(centring["training"]["mean_distance"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unmeasured(f"summary.json says nothing of the centring: run {_PREPARE}") from error
    ours = f"{mean:.4g} pixels off on average, {largest:.4g} at most"
    if largest <= _ONE_PIXEL_EACH_WAY:
        reason = "every image is centred to a pixel in each direction (digits move by whole pixels)"
        return Finding("reproduced", ours, reason, power=1.0)
    reason = "some images are more than a pixel off in a direction"
    return Finding("differs", ours, reason, power=1.0)


def judge_sources(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the patterns of each source, to a twentieth: the paper says "nearly" (data.sources)."""
    parts = {part: _by_source(evidence, part) for part in ("training", "test")}
    wanted = {"training": claim.numbers["series"], "test": claim.numbers["tested"]}
    near = all(
        abs(entry["patterns"] - wanted[part]) <= wanted[part] / 20
        for part, sources in parts.items()
        for entry in sources.values()
    )
    described = (
        f"{' and '.join(str(entry['patterns']) for entry in sources.values())} in {part}"
        for part, sources in parts.items()
    )
    outcome: Outcome = "reproduced" if near else "differs"
    return Finding(outcome, "; ".join(described), f"SD-1 and SD-3, {_LABELS}", power=1.0)


def judge_writers(evidence: Evidence, claim: Claim) -> Finding:
    """Judge the number of SD-1's writers in the training set (data.writers)."""
    ours = _by_source(evidence, "training")["SD-1"]["writers"]
    outcome: Outcome = "reproduced" if ours == claim.number else "differs"
    return Finding(outcome, f"{ours}", _LABELS, mean=ours, power=1.0)


def judge_disjoint(evidence: Evidence, _: Claim) -> Finding:
    """Judge whether training and test patterns are by different writers (data.disjoint)."""
    _by_source(evidence, "training")
    shared = int(evidence.writers["writers_in_training_and_test"])
    outcome: Outcome = "differs" if shared else "reproduced"
    return Finding(outcome, f"{shared} writers in both", _LABELS, power=1.0)


def _by_source(evidence: Evidence, part: str) -> Mapping[str, Mapping[str, int]]:
    if not evidence.writers:
        raise Unmeasured("data/writers has not been read")
    sources: Mapping[str, Mapping[str, int]] = evidence.writers[part]
    return sources


def _regular(evidence: Evidence, key: str) -> Any:
    try:
        return evidence.summary["databases"]["regular"][key]
    except (KeyError, TypeError) as error:
        raise Unmeasured(f"summary.json lacks `{key}` of `regular`: run {_PREPARE}") from error


def judge_fixed_points(evidence: Evidence, _: Claim) -> Finding:
    """Judge f(1) = 1 and f(-1) = -1, f(a) = A tanh(S a) (Appendix A, p. 41)."""
    at_one = float(evidence.amplitude * np.tanh(evidence.slope))
    off = abs(at_one - 1.0)
    close = off <= _FIXED_POINT_TOLERANCE
    return Finding(
        "reproduced" if close else "differs",
        f"f(1) = {at_one:.6f}, f(-1) = -{at_one:.6f}",
        f"off by {off:.1g}, {'nothing to the digits of A' if close else 'more than rounding'}",
    )


def judge_curvature(evidence: Evidence, _: Claim) -> Finding:
    """Judge where the absolute second derivative of f is largest, searched on a grid (p. 41)."""
    points = np.linspace(0.0, 4.0, 400_001)
    tanh = np.tanh(evidence.slope * points)
    second = 2 * evidence.amplitude * evidence.slope**2 * tanh * (1 - tanh**2)
    place = float(points[np.argmax(second)])
    close = abs(place - 1.0) <= _CURVATURE_TOLERANCE
    return Finding(
        "reproduced" if close else "differs",
        f"largest at +-{place:.4f}",
        "1 to the digit printed; exactly there it is not" if close else "not at 1",
    )


CHECKS = Checks(
    claims={
        "lenet5.c5.convolutional": judge_convolutional,
        "input.mean": judge_input,
        "input.variance": judge_input,
        "data.train": judge_patterns,
        "data.test": judge_patterns,
        "data.centred": judge_centring,
        "data.sources": judge_sources,
        "data.writers": judge_writers,
        "data.disjoint": judge_disjoint,
        "data.aspect-ratio": judge_aspect,
        "squashing.fixed-points": judge_fixed_points,
        "squashing.curvature": judge_curvature,
    }
)
