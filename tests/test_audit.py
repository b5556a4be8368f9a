"""The audit of settings: what departs is caught wherever it departs, and nothing is left out."""

import re
from dataclasses import replace

import numpy as np
import pytest
from audited import DOCUMENT, LIBRARY, full, judged
from ruamel.yaml import YAML

from replication.comparison.audit import checks
from replication.comparison.audit.records import flatten
from replication.comparison.audit.setting import AUDIT, read_settings
from replication.core import settings
from replication.core.mnist import versions
from replication.errors import ReplicationError


def test_every_setting_has_a_row_and_every_key_an_entry(paper):
    found = judged(paper, full())
    stated = {name for name, claim in paper.claims.items() if claim.kind == "setting"}
    assert stated | {"code.precision", "code.tanh"} <= set(found)
    explained = {key for choice in paper.choices.values() for key in choice.keys}
    for key in flatten(settings.parse(DOCUMENT, "params.yaml").model_dump(exclude={"experiments"})):
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
        assert f"library.{source}" in found[name].remark, found[name]
    assert "minimised" in found["loss.mle"].in_force
    assert "no effect" in found["base.criterion.j"].remark


def test_every_source_that_settings_yaml_names_is_an_entry_of_beyond_yaml(paper, repository):
    beyond = YAML(typ="safe", pure=True).load((repository / "data/paper/beyond.yaml").read_text())
    text = (repository / "data/paper/settings.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"library\.[a-z-]+", text))
    assert {c.library.source for c in paper.choices.values() if c.library} <= named
    assert len(named) > 6
    assert named <= {entry["id"] for entry in beyond}


def test_moments_of_grey_pixels_depart_and_those_of_binary_ones_do_not(paper, monkeypatch):
    assert judged(paper, full())["data.deslanted"].status == "departs"
    binary = lambda images: versions.measure_slants(np.where(images > 0, 255, 0).astype(np.uint8))  # noqa: E731
    monkeypatch.setattr(checks, "measure_slants", binary)
    assert judged(paper, full())["data.deslanted"].status == "faithful"


def test_an_option_is_that_of_the_experiment_that_the_claim_is_about(paper):
    chosen = settings.parse(DOCUMENT, "params.yaml")
    about = checks.experiments_about(chosen, paper.choices["knn.neighbours"])
    assert list(about) == ["knn-deslanted"]
    document = full()
    assert judged(paper, document)["noise.salt-pepper"].status == "faithful"
    document["experiments"]["lenet5-noise"]["options"]["inverted"] = 0.2
    noise = judged(paper, document)["noise.salt-pepper"]
    assert noise[3:] == ("0.2 of the pixels", "departs", "the paper has 0.1")
    assert judged(paper, document)["knn.neighbours"].in_force == "not made"


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
    assert "training_patterns: 15000" in found.in_force


def test_a_key_without_an_entry_is_refused_and_an_entry_without_its_key(paper):
    lacking = {name: c for name, c in paper.choices.items() if name != "base.criterion.j"}
    with pytest.raises(ReplicationError, match=r"^base\.criterion\.j: "):
        judged(replace(paper, choices=lacking), full())
    added = paper.choices["train"].model_copy(update={"keys": ("base.momentum",)})
    with pytest.raises(ReplicationError, match=r"^base\.momentum: "):
        judged(replace(paper, choices={**paper.choices, "x": added}), full())


def test_a_new_setting_needs_an_entry_and_no_code(paper):
    """As one would be added: the paper prints 3 where 10 are in force."""
    entry = paper.choices["base.replicates"].model_copy(update={"printed": 3, "means": {}})
    found = judged(replace(paper, choices={**paper.choices, "base.replicates": entry}), full())
    assert found["base.replicates"][3:] == ("10", "departs", "the paper has 3")


def test_a_check_that_is_not_there_is_one_sentence(paper):
    entry = paper.choices["sdlm.mu"].model_copy(update={"check": "guess"})
    with pytest.raises(ReplicationError, match=r"sdlm\.mu names the check `guess`"):
        judged(replace(paper, choices={**paper.choices, "sdlm.mu": entry}), full())


def test_every_check_is_used_and_every_one_named_is_there(paper):
    assert {c.check for c in paper.choices.values() if c.check} == set(checks.CHECKS)


def test_the_table_that_is_written_is_read_again_as_it_was(paper, tmp_path):
    settings = tuple(judged(paper, full()).values())
    AUDIT.write(tmp_path, AUDIT.frame(settings))
    assert read_settings(tmp_path) == settings
    AUDIT.write(tmp_path, AUDIT.frame([settings[0]._replace(status="fine")]))
    with pytest.raises(ReplicationError, match=r"row 1, column status is 'fine'"):
        read_settings(tmp_path)
