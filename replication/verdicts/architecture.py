"""Counts: numbers that follow from the architecture, equal to the published ones or not."""

from __future__ import annotations

import math

from replication.networks import lenet1, lenet4, lenet5
from replication.networks.perceptrons import perceptron
from replication.networks.specification import Kind, Network
from replication.paper import Claim, Paper
from replication.verdicts import words
from replication.verdicts.evidence import Evidence, Finding, Judges, Unmeasured


def counts(paper: Paper) -> dict[str, int]:
    """What the tables of layers say, by the claim that states it (Sections II-B and III-C)."""
    network = lenet5.network(paper)
    numbers = {
        "lenet5.layers": len(network.layers),
        "lenet5.parameters": network.parameters,
        "lenet5.connections": network.connections,
        "lenet5.c3-centres": centres(network, "C3"),
        "lenet1.architecture": lenet1.network(paper).parameters,
        "lenet4.architecture": lenet4.network(paper).parameters,
        "linear.parameters": perceptron((), 28).parameters,
        "linear.deslanted-parameters": perceptron((), 20).parameters,
    }
    for layer in network.layers:
        numbers[f"lenet5.{layer.name.lower()}.parameters"] = layer.parameters
        numbers[f"lenet5.{layer.name.lower()}.connections"] = layer.connections
    return numbers


def centres(network: Network, name: str) -> int:
    """Side in pixels of the area that the receptive fields' centres of a layer's units tile.

    Neighbouring centres are as far apart as the sub-sampling before them makes them, and each
    stands for a square of that side: C3's 10x10 centres, two pixels apart, for 20x20 (p. 7).
    """
    step = 1
    for layer in network.layers:
        if layer.kind is Kind.SUBSAMPLING:
            step *= layer.kernel
        if layer.name == name:
            return layer.outputs[1] * step
    raise KeyError(name)


def output_side(network: Network, name: str, field: int) -> int:
    """Side of a layer's maps when the input field has another side: (W - F + 2P) / S + 1."""
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
    """Equal or not; a number the paper gives as "about" may differ in the digits it leaves out."""
    ours = evidence.counts.get(claim.id)
    if ours is None:
        raise Unmeasured("no specification in replication/networks counts this")
    if claim.about:
        return compare_rounded(float(ours), claim.number)
    gap = ours - int(claim.number)
    if gap:
        return Finding("differs", words.UNEQUAL, {"gap": gap}, mean=ours)
    return Finding("reproduced", words.EQUAL, mean=ours)


def compare_rounded(ours: float, published: float) -> Finding:
    """A count against a number that the paper rounds: equal to the last digit that it shows.

    Zeros at its end may be rounding or not: two digits at least are taken as meant.
    """
    digits = f"{published:.15g}"
    zeros = len(digits) - len(digits.rstrip("0")) if published == int(published) else 0
    half = 0.5 * 10.0 ** min(zeros, max(len(digits) - 2, 0))
    near = abs(ours - published) <= half or math.isclose(ours, published)
    if near:
        return Finding("reproduced", words.ROUNDED, {"half": half}, mean=ours)
    numbers = {"half": half, "gap": ours - published, "distance": abs(ours - published)}
    return Finding("differs", words.NOT_ROUNDED, numbers, mean=ours)


def judge_convolutional(evidence: Evidence, _: Claim) -> Finding:
    """C5's maps on its own input field and on one that is one S4 unit larger (p. 8)."""
    network = lenet5.network(evidence.paper)
    field, larger = network.field, network.field + 4
    usual, grown = (output_side(network, "C5", side) for side in (field, larger))
    convolution = network.layer("C5").kind is Kind.CONVOLUTION
    return Finding(
        "reproduced" if convolution and usual == 1 and grown > 1 else "differs",
        words.CONVOLUTIONAL,
        {"usual": usual, "field": field, "grown": grown, "larger": larger},
    )


JUDGES = Judges(claims={"lenet5.c5.convolutional": judge_convolutional})
