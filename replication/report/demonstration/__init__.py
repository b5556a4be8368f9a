"""LeNet-5 to draw on: the whole network live, as one page or as a part of another.

`content` gathers its data as JSON, `fragment` is the part for another page, `page` its own page.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from replication.comparison.evaluation.errors import (
    count_misses,
    rejected_share,
    target_percent,
    threshold,
)
from replication.comparison.paper import Paper
from replication.core.networks.catalogue import lenet5
from replication.core.networks.specification import Network
from replication.core.runs import WEIGHTS, Run
from replication.core.settings import Compare, Invariance, Rules
from replication.report.texts import read_text, templates

Bytes = NDArray[np.uint8]
Json = dict[str, Any]

# The weights of a network are 320,000 characters: the page stays under four million.
NETWORKS = 11
# In the order in which they build upon each other.
_PARTS = ("weights", "network", "pattern", "drawing", "pad", "wiring", "inspector", "outputs")
SCRIPTS = tuple(f"{part}.js" for part in (*_PARTS, "address", "main"))


def content(
    published: Paper,
    choices: Compare,
    study: Invariance,
    images: Bytes,
    labels: Bytes,
    runs: Mapping[str, Sequence[Run]],
    carried: int = NETWORKS,
) -> Json | None:
    """Return the page's data, ready for JSON; None when no LeNet-5 has weights.

    ``images``, uint8 (n, 28, 28), and ``labels``, uint8 (n,), are the test patterns, ``runs`` the
    replicates by experiment. The weights of the first ``carried`` networks are in the page, those
    with and without distortions taking turns; it reads others from their runs. Raises
    ReplicationError for a damaged run.
    """
    network = lenet5(published)
    names = (choices.experiments.distorted, choices.experiments.undistorted)
    available = [[run for run in runs.get(name, ()) if run.has(WEIGHTS)] for name in names]
    turns = [run for run in chain.from_iterable(zip_longest(*available)) if run is not None]
    if not turns:
        return None
    target = target_percent(published)
    figure8 = published.misclassified[["test_index", "predicted"]].to_numpy().tolist()
    past = {place: digit for place, digit in figure8 if place < len(labels)}
    digits = sorted(set(labels.tolist()))
    layer_keys = ("name", "table", "kernel", "outputs", "offset", "weights")
    return {
        "field": network.field,
        "layers": [
            {"kind": layer.kind.value, **{key: getattr(layer, key) for key in layer_keys}}
            for layer in network.layers
        ],
        "codes": ["".join("#" if part > 0 else "." for part in code) for code in network.codes],
        "networks": [
            _describe_run(run, labels, target) | _weights(run, network, place < carried)
            for place, run in enumerate(turns)
        ],
        "target": target,
        "character": study.character_pixels,
        "pitch": study.pitch,
        "changes": _changes(published, study),
        "ordinary": [_digit(images, labels, int(np.argmax(labels == digit))) for digit in digits],
        "missed": [_digit(images, labels, place) | {"past": past[place]} for place in past],
    }


def _describe_run(run: Run, labels: Bytes, target: float) -> Json:
    """Return the settings of a replicate by its own record, and its errors."""
    settings, answers = run.record["settings"], run.answers
    rules = Rules.stated(settings)
    return {
        "name": f"{run.folder.parent.name}/{run.folder.name}",
        "distorted": bool(settings["distorted"]),
        "replicate": int(run.folder.name),
        "patterns": len(labels),
        "misses": count_misses(answers.classes, labels),
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
    """Return the file in results that ends with the weights, their CRC-32, and they if carried."""
    weights = run.weights(network.parameters).astype("<f4").tobytes()
    place = run.path(WEIGHTS).relative_to(run.folder.parent.parent).as_posix()
    entry: Json = {"file": f"runs/{place}", "sum": zlib.crc32(weights)}
    return entry | {"parameters": base64.b64encode(weights).decode("ascii")} if carried else entry


def _changes(published: Paper, study: Invariance) -> list[Json]:
    """Return the four changes of Section III-E: their ranges here, and the paper's (p. 16).

    Shifts are in heights of a character, rotations in degrees, noise is the probability with which
    a pixel is inverted.
    """
    claims = published.claims
    factor, shift, angle = (
        float(claims[f"invariance.{name}"].number) for name in ("scale", "shift", "rotation")
    )
    noise = float(claims["noise.salt-pepper"].number)
    both_shifts, both_angles = max(study.shift), max(study.rotation)
    rows = (
        ("scale", min(study.scale), max(study.scale), 1.0, 0.05, (1.0 / factor, factor)),
        ("shift", -both_shifts, both_shifts, 0.0, 0.05, (-shift, shift)),
        ("rotation", -both_angles, both_angles, 0.0, 1.0, (-angle, angle)),
        ("noise", 0.0, max(study.noise), 0.0, 0.01, (0.0, noise)),
    )
    keys = ("name", "low", "high", "none", "step", "paper")
    return [{"label": row[0].capitalize(), **dict(zip(keys, row, strict=True))} for row in rows]


def _digit(images: Bytes, labels: Bytes, index: int) -> Json:
    pixels = base64.b64encode(images[index].tobytes()).decode("ascii")
    return {"index": index, "label": int(labels[index]), "pixels": pixels}


def fragment(data: Mapping[str, Any], level: int = 3) -> Markup:
    """Return the demonstration for another page, as HTML that asks the network for nothing.

    Everything is below one element of the class ``lenet``; it fits any width from 320 pixels on,
    and is light or dark as the page's ``color-scheme`` is. ``level`` is that of its headings, 2 or
    3: one more than the heading above.
    """
    script = "".join(read_text(__package__, name) for name in SCRIPTS)
    template = templates(__package__).get_template("fragment.html.j2")
    html = template.render(
        found=data,
        level=level,
        style=Markup(read_text(__package__, "demonstration.css")),
        # A "</script>" in a string would end the element.
        data=Markup(json.dumps(data, sort_keys=True).replace("</", "<\\/")),
        script=Markup(f'(() => {{\n"use strict";\n{script}}})();'),
    )
    return Markup(html)


def page(data: Mapping[str, Any]) -> str:
    """Return the demonstration as a page of its own."""
    template = templates(__package__).get_template("page.html.j2")
    return template.render(fragment=fragment(data, level=2))
