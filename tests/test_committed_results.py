"""What is committed under results/: whole, and confirmed by a second implementation."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from small import REPOSITORY

from replication import paper as paper_module
from replication import settings
from replication.files import read_table
from replication.mnist import databases
from replication.mnist.databases import fields, grey_levels
from replication.networks.catalogue import network
from replication.networks.reference import Reference
from replication.runs import read_answers, read_cost, read_record

CHOSEN = settings.load(REPOSITORY / "params.yaml")
PAPER = paper_module.load(REPOSITORY / "data" / "paper")
RUNS = REPOSITORY / "results" / "runs"
NETWORKS = sorted(
    name
    for name, recipe in CHOSEN.experiments.items()
    if isinstance(recipe, settings.Recipe)
    and network(recipe.network, recipe.database, PAPER).parameters <= CHOSEN.train.kept_parameters
)
METRICS = json.loads((REPOSITORY / "results" / "metrics.json").read_text(encoding="utf-8"))


@cache
def inputs(database, field):
    """The test patterns as a network of this field sees them, (patterns, 1, field, field)."""
    images = databases.build(database, REPOSITORY / "data" / "raw").test_images
    table = grey_levels(CHOSEN.prepare.background, CHOSEN.prepare.foreground)
    return torch.from_numpy(fields(images, field, table)[:, None])


def penalties_of(experiment, weights):
    """The test patterns' penalties (patterns, classes) by the reference, in float32."""
    recipe = CHOSEN.experiments[experiment]
    layers = network(recipe.network, recipe.database, PAPER)
    reference = Reference(layers, recipe.squashing, recipe.subsampling, recipe.criterion)
    with torch.no_grad():
        return torch.cat([
            reference.penalties(torch.from_numpy(weights), batch)[:, :, 0, 0]
            for batch in inputs(recipe.database, layers.field).split(500)
        ]).numpy()  # fmt: skip


def margins_of(penalties):
    two = np.partition(penalties, 1, axis=1)[:, :2]
    return two[:, 1] - two[:, 0]


@pytest.mark.parametrize("experiment", NETWORKS)
def test_the_reference_gives_the_committed_answers_from_the_committed_weights(experiment, regular):
    """Replicate 0, all 10,000 patterns; `verify --answers-only --all` does every replicate."""
    folder = RUNS / experiment / "0"
    penalties = penalties_of(experiment, load_file(folder / "weights.safetensors")["parameters"])
    committed = read_answers(folder / "answers.npz")
    np.testing.assert_array_equal(penalties.argmin(axis=1), committed.classes)
    misses = int((penalties.argmin(axis=1) != regular.test_labels).sum())
    assert misses == METRICS[experiment]["test_misses"][0]
    np.testing.assert_allclose(margins_of(penalties), committed.margins, rtol=0, atol=2e-2)


def test_the_reference_gives_the_boosted_answers_from_the_three_committed_networks():
    """Replicate 0: where the first is sure it answers alone, elsewhere the three are added."""
    folder = RUNS / "lenet4-boosted" / "0"
    weights = load_file(folder / "weights.safetensors")
    first, *others = (
        penalties_of("lenet4-boosted", weights[name]) for name in ("first", "second", "third")
    )
    together = first + sum(others)
    committed = read_answers(folder / "answers.npz")
    ratio = read_cost(folder / "cost.json")["operations_thousands"] / (
        network("lenet4", "regular", PAPER).connections / 1e3
    )
    called = round((ratio - 1) / 2 * len(first))
    unsure = np.argsort(margins_of(first))[:called]
    alone = np.ones(len(first), bool)
    alone[unsure] = False
    answers = np.where(alone[:, None], 3 * first, together)
    np.testing.assert_array_equal(answers.argmin(axis=1), committed.classes)
    np.testing.assert_allclose(margins_of(answers), committed.margins, rtol=0, atol=2e-2)
    assert 0 < called < len(first)


@pytest.mark.parametrize("experiment", ["lenet4-knn", "lenet4-local"])
def test_what_replaces_the_last_layer_of_lenet4_stands_on_the_same_lenet4(experiment):
    """The verdicts pair them by their number."""
    for number in range(CHOSEN.experiments[experiment].replicates):
        own, plain = (
            (RUNS / name / str(number) / "weights.safetensors").read_bytes()
            for name in (experiment, "lenet4")
        )
        assert own == plain


def test_every_row_of_figure_9_is_measured():
    found = read_table(REPOSITORY / "results" / "verdicts.csv", ("claim", "verdict"), "compare")
    rows = found[found["claim"].str.startswith("systems.error:")]
    assert len(rows) == len(PAPER.systems) + 1  # and their order
    assert "unmeasured" not in set(rows["verdict"])


@pytest.mark.parametrize("experiment", sorted(CHOSEN.experiments))
def test_every_replicate_was_made_with_the_committed_settings(experiment):
    recipe = CHOSEN.experiments[experiment]
    for number in range(recipe.replicates):
        record = read_record(RUNS / experiment / str(number) / "record.json")
        in_force = {key: record["settings"][key] for key in recipe.training()}
        assert in_force == json.loads(json.dumps(recipe.training()))
    assert METRICS[experiment]["replicates"] == recipe.replicates


def test_training_and_test_errors_are_not_the_same_numbers():
    """A known blunder of replications: one of the two computed from the other's data."""
    entry = METRICS["lenet5"]
    assert entry["training_error_percent"]["values"] != entry["test_error_percent"]["values"]
    assert entry["training_error_percent"]["mean"] < entry["test_error_percent"]["mean"]
