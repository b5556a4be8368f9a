"""The audit of settings: what departs is caught wherever it departs, and nothing is left out."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from audited import DOCUMENT, LIBRARY, PRINTED, full, judged
from ruamel.yaml import YAML

from replication import settings
from replication.audit import judges, rules
from replication.audit.records import flattened
from replication.errors import ReplicationError
from replication.mnist import versions


def test_every_setting_and_every_key_has_a_row(paper):
    found = judged(paper, full())
    stated = {name for name, claim in paper.claims.items() if claim.kind == "setting"}
    assert stated | {"code.precision", "code.tanh"} <= set(found)
    explained = {key for rule in (*rules.CLAIMS.values(), *rules.OWN.values()) for key in rule.keys}
    for key in flattened(
        settings.parse(DOCUMENT, "params.yaml").model_dump(exclude={"experiments"})
    ):
        assert any(key == one or key.startswith(f"{one}.") for one in explained), key


# By key of base: the claim it touches, another value, and how that stands.
VALUES = {
    "sdlm.mu": ("sdlm.mu", 0.05, "departs"),
    "sdlm.patterns": ("sdlm.samples", 100, "departs"),
    "sdlm.curvature_start": ("base.sdlm.curvature_start", 1.0, "unstated"),
    "order": ("training.order", "fresh", "departs"),
    "subsampling.reading": ("subsampling.rule", "averaged", "departs"),
    "initialisation.power": ("init.range", 0.5, "departs"),
    "initialisation.range": ("init.range", 1.0, "departs"),
    "criterion.divisor": ("base.criterion.divisor", 4200.0, "departs"),
    "criterion.distance": ("base.criterion.distance", 0.5, "departs"),
    "criterion.j": ("base.criterion.j", 5.0, "unstated"),
    "squashing.amplitude": ("squashing.amplitude", 1.0, "departs"),
    "training_patterns": ("base.training_patterns", 59999, "departs"),
    "distortions.copies": ("lenet5.distorted-training-set", 4, "departs"),
    "distortions.shear": ("lenet5.distorted-training-set", {"low": 0.0, "high": 0.0}, "departs"),
    "learning_rates": ("training.schedule", [1e-4] * 20, "departs"),
    "optimiser.name": ("sdlm.update", "sgd", "departs"),
}


@pytest.mark.parametrize(("key", "expected"), VALUES.items(), ids=VALUES)
def test_another_value_is_a_departure_where_the_paper_states_one(paper, key, expected):
    claim, value, status = expected
    assert judged(paper, full(**{key: value}))[claim].status == status


def test_the_reading_of_the_authors_library_is_named_by_its_ids(paper):
    found = judged(paper, full(**LIBRARY))
    stands = {
        "init.range": ("departs", "initial-range"),
        "base.criterion.distance": ("departs", "distance"),
        "base.criterion.divisor": ("faithful", "map"),
        "base.sdlm.curvature_start": ("unstated", "curvature-start"),
        "base.sdlm.patterns_drawn": ("unstated", "hessian-patterns"),
        "base.initialisation.biases": ("unstated", "biases"),
        "base.initialisation.coefficients": ("unstated", "coefficients"),
        "loss.mle": ("unstated", "map"),
    }
    for name, (status, source) in stands.items():
        assert found[name].status == status, found[name]
        assert f"library.{source}" in found[name].reason, found[name]
    assert "minimised" in found["loss.mle"].ours
    assert "no effect" in found["base.criterion.j"].reason


def test_the_ids_in_the_reasons_are_those_of_beyond_yaml(paper, repository):
    beyond = YAML(typ="safe", pure=True).load((repository / "data/paper/beyond.yaml").read_text())
    reasons = [
        row.reason for base in (PRINTED, LIBRARY) for row in judged(paper, full(**base)).values()
    ]
    named = {name for reason in reasons for name in re.findall(r"library\.[a-z-]+", reason)}
    assert len(named) > 6
    assert named <= {entry["id"] for entry in beyond}


def test_moments_of_grey_pixels_depart_and_those_of_binary_ones_do_not(paper, monkeypatch):
    assert judged(paper, full())["data.deslanted"].status == "departs"
    binary = lambda images: versions.slants(np.where(images > 0, 255, 0).astype(np.uint8))  # noqa: E731
    monkeypatch.setattr(judges, "slants", binary)
    assert judged(paper, full())["data.deslanted"].status == "faithful"


def test_boosting_something_else_departs_or_is_refused(paper):
    document = full()
    document["experiments"]["lenet4-boosted"]["network"] = "perceptron-300"
    assert judged(paper, document)["boosting.procedure"].status == "departs"
    document["experiments"]["lenet4-boosted"]["distorted"] = False
    with pytest.raises(ReplicationError, match="set distorted to true"):
        judged(paper, document)


def test_a_size_of_figure_6_is_faithful_and_its_number_of_passes_is_open(paper):
    of = full()
    of["experiments"]["smaller"] = {"training_patterns": 15000}
    found = judged(paper, of)["experiments.smaller"]
    assert found.status == "unstated"
    assert "training_patterns: 15000" in found.ours


def with_claims(paper, changes):
    claims = {**paper.claims, **{name: claim for name, claim in changes.items() if claim}}
    kept = {name: claim for name, claim in claims.items() if changes.get(name, claim)}
    return replace(paper, claims=kept)


def test_a_setting_or_a_key_without_its_counterpart_is_a_gap(paper, monkeypatch):
    new = paper.claims["sdlm.mu"].model_copy(update={"id": "sdlm.nu"})
    with pytest.raises(ReplicationError, match=r"^sdlm\.nu: "):
        judged(with_claims(paper, {"sdlm.nu": new}), full())
    with pytest.raises(ReplicationError, match=r"^sdlm\.mu: "):
        judged(with_claims(paper, {"sdlm.mu": None}), full())
    kept = {key: rule for key, rule in rules.OWN.items() if key != "base.criterion.j"}
    monkeypatch.setattr("replication.audit.table.OWN", kept)
    with pytest.raises(ReplicationError, match=r"^base\.criterion\.j: "):
        judged(paper, full())
    more = {"x": rules.OWN["train"]._replace(keys=("base.momentum",))}
    monkeypatch.setattr("replication.audit.table.OWN", {**rules.OWN, **more})
    with pytest.raises(ReplicationError, match=r"^base\.momentum: "):
        judged(paper, full())
