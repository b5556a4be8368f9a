"""What the demonstration shows: networks with their weights, codes, Table I and digits, as JSON."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from replication.comparison.evaluation.errors import misses
from replication.comparison.evaluation.rejection import rejected_share, target_percent, threshold
from replication.comparison.paper import Paper
from replication.core.networks import lenet5
from replication.core.networks.specification import Network
from replication.core.runs import WEIGHTS, Run
from replication.core.settings import Compare, Invariance, Rules

Bytes = NDArray[np.uint8]
Json = dict[str, Any]

# The weights of a network are 320,000 characters: so many in the page stay under four million.
NETWORKS = 11


def content(
    published: Paper,
    choices: Compare,
    study: Invariance,
    images: Bytes,
    labels: Bytes,
    runs: Mapping[str, Sequence[Run]],
    carried: int = NETWORKS,
) -> Json | None:
    """Everything that the page needs, ready for JSON; None when no LeNet-5 has weights.

    Args:
        published: for the codes, Table I, Figure 8 and the error of Figure 10.
        choices: name the experiments with and without distortions.
        study: how digits are changed, and how far apart they stand in a wide field.
        images: uint8 (n, 28, 28), the test patterns. labels: uint8 (n,).
        runs: by experiment, in the order of the replicates.
        carried: how many networks have their weights in the page, the two experiments taking
            turns; those of the others it reads from their runs.

    Raises ReplicationError for a damaged run.
    """
    network = lenet5.network(published)
    names = (choices.experiments.distorted, choices.experiments.undistorted)
    there = [[run for run in runs.get(name, ()) if run.has(WEIGHTS)] for name in names]
    turns = [run for run in chain.from_iterable(zip_longest(*there)) if run is not None]
    if not turns:
        return None
    target = target_percent(published)
    return {
        "field": network.field,
        "layers": [_layer(network, number) for number in range(len(network.layers))],
        "codes": ["".join("#" if part > 0 else "." for part in code) for code in network.codes],
        "networks": [_trained(run, labels, target) | _weights(run, network, at < carried)
                     for at, run in enumerate(turns)],
        "target": target,
        "character": study.character_pixels,
        "pitch": study.pitch,
        "changes": _changes(published, study),
        "ordinary": [_digit(images, labels, int(np.argmax(labels == one)))
                     for one in range(10) if (labels == one).any()],
        "missed": [_digit(images, labels, int(row["test_index"])) | {"past": int(row["predicted"])}
                   for row in published.misclassified.to_dict("records")
                   if int(row["test_index"]) < len(labels)],
    }  # fmt: skip


def _layer(network: Network, number: int) -> Json:
    layer = network.layers[number]
    return {
        "name": layer.name,
        "kind": layer.kind.value,
        "table": layer.table,
        "kernel": layer.kernel,
        "outputs": layer.outputs,
        "offset": layer.offset,
        "weights": layer.weights,
    }


def _trained(run: Run, labels: Bytes, target: float) -> Json:
    """A replicate: how it is computed by its own record, and how well it does."""
    settings, answers = run.record["settings"], run.answers
    rules = Rules.stated(settings)
    return {
        "name": f"{run.folder.parent.name}/{run.folder.name}",
        "distorted": bool(settings["distorted"]),
        "replicate": int(run.folder.name),
        "patterns": len(labels),
        "misses": misses(answers.classes, labels),
        "rejected": rejected_share(answers.classes, answers.margins, labels, target),
        "margin": threshold(answers, labels, target),
        "background": settings["background"],
        "foreground": settings["foreground"],
        "amplitude": rules.squashing.amplitude,
        "slope": rules.squashing.slope,
        "share": rules.subsampling.share,
        "distance": rules.criterion.distance,
    }


def _weights(run: Run, network: Network, carried: bool) -> Json:
    """The file in results that ends with the weights, their CRC-32, and themselves if carried."""
    weights = run.weights(network.parameters).astype("<f4").tobytes()
    place = run.path(WEIGHTS).relative_to(run.folder.parent.parent).as_posix()
    found: Json = {"file": f"runs/{place}", "sum": zlib.crc32(weights)}
    return found | {"parameters": base64.b64encode(weights).decode("ascii")} if carried else found


def _changes(published: Paper, study: Invariance) -> list[Json]:
    """The four changes of Section III-E: how far they go here, and how far the paper goes (p. 16).

    Shifts are in heights of a character, rotations in degrees, noise is the probability with which
    a pixel is inverted.
    """

    def said(claim: str) -> float:
        return float(published.claims[claim].number)

    factor, shift, angle = (said(f"invariance.{name}") for name in ("scale", "shift", "rotation"))
    noise = said("noise.salt-pepper")
    scale = (min(study.scale), max(study.scale))
    return [
        _slider("scale", "Scale", scale, 1.0, 0.05, (1.0 / factor, factor)),
        _slider("shift", "Shift", _both(study.shift), 0.0, 0.05, (-shift, shift)),
        _slider("rotation", "Rotation", _both(study.rotation), 0.0, 1.0, (-angle, angle)),
        _slider("noise", "Noise", (0.0, max(study.noise)), 0.0, 0.01, (0.0, noise)),
    ]  # fmt: skip


def _both(amounts: Sequence[float]) -> tuple[float, float]:
    return -float(max(amounts)), float(max(amounts))


def _slider(
    name: str, label: str, ends: tuple[float, float], none: float, step: float,
    paper: tuple[float, float],
) -> Json:  # fmt: skip
    low, high = ends
    return {"name": name, "label": label, "low": low, "high": high, "none": none, "step": step,
            "paper": paper}  # fmt: skip


def _digit(images: Bytes, labels: Bytes, index: int) -> Json:
    pixels = base64.b64encode(images[index].tobytes()).decode("ascii")
    return {"index": index, "label": int(labels[index]), "pixels": pixels}
