"""Trainable codes: equation 8 lets them fall together, equation 9 keeps them apart (p. 9)."""

import json

import numpy as np
import pytest
import torch
from networks_of_tests import NETWORKS
from small import small_document, small_project, write_params

from replication.core import settings
from replication.errors import Diverged
from replication.pipeline.cli import main
from replication.studies.collapse.run import compute_least_distance, train

NETWORK = NETWORKS["tiny-rbf"]


def parts(name="mle", **collapse):
    document = small_document()
    document["collapse"] |= {"patterns": 40, "passes": 60, "batch": 10, "learning_rate": 0.02}
    document["collapse"] |= collapse
    chosen = settings.parse(document, "params.yaml")
    recipe = settings.change_recipe(chosen.base, {"criterion.name": name, "criterion.divisor": 1.0})
    generator = np.random.default_rng(5)
    labels = torch.from_numpy(generator.integers(0, 4, 40))
    # Each class is a bright quarter of the field, so that it can be learned.
    inputs = torch.from_numpy(generator.normal(0, 0.1, (40, 1, 16, 16)).astype(np.float32))
    for pattern, label in zip(inputs, labels, strict=True):
        row, column = divmod(int(label), 2)
        pattern[0, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] += 1.0
    return NETWORK, recipe, chosen.collapse, inputs, labels


def test_equation_8_collapses_and_equation_9_does_not():
    torch.set_num_threads(1)
    collapsed = train(*parts("mle", passes=200, learning_rate=0.05), 0)
    kept = train(*parts("map", passes=200, learning_rate=0.05), 0)
    assert collapsed.code_spread < 0.05
    assert kept.code_spread > 0.5
    assert kept.training_error_percent == 0


def test_the_same_replicate_comes_out_the_same():
    torch.set_num_threads(1)
    assert train(*parts(passes=2), 1) == train(*parts(passes=2), 1)
    assert train(*parts(passes=2), 1) != train(*parts(passes=2), 2)


def test_the_least_distance_is_between_the_two_nearest_codes():
    codes = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 3.5]])
    assert compute_least_distance(codes) == pytest.approx(0.5)


def test_a_divergence_is_named():
    network, recipe, choices, inputs, labels = parts(learning_rate=1e30)
    with pytest.raises(Diverged, match=r"under mle diverged in pass \d: lower collapse\."):
        train(network, recipe, choices, inputs, labels, 0)


def test_the_command_writes_what_the_verdict_reads(tmp_path, tiny, monkeypatch, capsys):
    folder = small_project(tmp_path / "project", tiny)
    monkeypatch.chdir(folder)
    document = small_document()
    document["collapse"] |= {"patterns": 20, "passes": 1, "batch": 10, "replicates": 2}
    write_params(folder / "params.yaml", document)
    assert main(["collapse"]) == 0
    found = json.loads((folder / "results" / "collapse.json").read_text())
    assert {len(found[name]["code_spread"]) for name in ("mle", "map")} == {2}
    assert "least distance between codes" in capsys.readouterr().out
    before = (folder / "results" / "collapse.json").read_bytes()
    main(["collapse"])
    assert (folder / "results" / "collapse.json").read_bytes() == before
