"""The last layer of LeNet-4 replaced: K-NN and local learning on its hidden units."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fitting import (
    LENET4,
    TABLE,
    check_against_scores,
    fit,
    recipe_of,
    same_bytes,
    system_of,
    task_of,
)
from watching import Watched

from replication.core.learning.monitor import Stopped
from replication.core.mnist import databases
from replication.core.networks.reference import Reference
from replication.errors import ReplicationError

NEIGHBOURS = {"method": "neighbours", "neighbours": 7}
LOCAL = {"method": "local", "neighbours": 30, "decay": 0.05}


@pytest.fixture(scope="module")
def plain(paper, tiny, tmp_path_factory):
    """What LeNet-4 learns alone."""
    return fit(paper, tiny, tmp_path_factory.mktemp("plain"), "network")


@pytest.fixture(scope="module")
def activations(plain, tiny):
    """C5 of the training and of the test patterns by the torch reference, float64 (n, 120)."""
    recipe = recipe_of("network")
    reference = Reference(LENET4, recipe.rules)
    weights = torch.from_numpy(plain.weights["parameters"]).double()

    def of(images):
        inputs = torch.from_numpy(databases.make_inputs(images, 32, TABLE)[:, None]).double()
        return reference.maps(weights, inputs)["C5"][:, :, 0, 0].numpy()

    return of(tiny.train_images), of(tiny.test_images)


def nearest_by_sorting(pattern, known, count):
    distances = np.sqrt(((known - pattern) ** 2).sum(axis=1))
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]


def test_neighbours_vote_as_their_distances_in_the_last_hidden_layer_say(
    paper, tiny, activations, tmp_path
):
    fitted = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS)
    known, asked = activations
    scores = np.zeros((len(asked), 10))
    for row, pattern in zip(scores, asked, strict=True):
        for number, distance in zip(*nearest_by_sorting(pattern, known, 7), strict=True):
            row[tiny.train_labels[number]] += 1.0 / (distance + 1e-6)
    check_against_scores(fitted.answers, scores)


def ridge(pattern, neighbours, targets, decay):
    """Least squares with a row of its own for each weight that decays."""
    units = neighbours.shape[1]
    share = np.sqrt(1.0 / len(neighbours))
    rows = share * np.column_stack([neighbours, np.ones(len(neighbours))])
    decaying = np.sqrt(decay) * np.eye(units, units + 1)
    wanted = np.vstack([share * targets, np.zeros((units, targets.shape[1]))])
    found = np.linalg.lstsq(np.vstack([rows, decaying]), wanted, rcond=None)[0]
    return np.append(pattern, 1.0) @ found


def test_local_learning_is_a_ridge_regression_on_the_neighbours_of_each_pattern(
    paper, tiny, activations, tmp_path
):
    fitted = fit(paper, tiny, tmp_path, "last-layer", LOCAL)
    known, asked = activations
    scores = []
    for pattern in asked:
        near, _ = nearest_by_sorting(pattern, known, 30)
        targets = np.where(tiny.train_labels[near, None] == np.arange(10), 1.0, -1.0)
        scores.append(ridge(pattern, known[near], targets, 0.05))
    check_against_scores(fitted.answers, np.stack(scores))


@pytest.mark.parametrize("options", [NEIGHBOURS, LOCAL])
def test_the_weights_are_those_of_the_network_alone(paper, tiny, plain, tmp_path, options):
    fitted = fit(paper, tiny, tmp_path, "last-layer", options)
    assert list(fitted.weights) == ["parameters"]
    assert fitted.weights["parameters"].tobytes() == plain.weights["parameters"].tobytes()
    assert fitted.history.empty
    assert (fitted.parameters, fitted.presentations) == (plain.parameters, plain.presentations)


def test_only_patterns_of_the_training_set_in_force_are_neighbours(paper, tiny, tmp_path):
    halved = {"training_patterns": 90}
    fitted = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS, **halved)
    fewer = replace(tiny, train_images=tiny.train_images[:90], train_labels=tiny.train_labels[:90])
    (tmp_path / "fewer").mkdir()
    same_bytes(fitted, fit(paper, fewer, tmp_path / "fewer", "last-layer", NEIGHBOURS, **halved))


def test_the_cost_counts_the_layers_below_and_all_patterns_kept(paper, tiny, tmp_path):
    below = sum(layer.connections for layer in LENET4.layers if layer.name != "output")
    kept = 200 * 120
    cost = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS).cost
    assert cost.operations_thousands == (below + kept) / 1e3
    assert cost.memory_thousands == (LENET4.parameters - 1210 + kept) / 1e3
    dearer = fit(paper, tiny, tmp_path, "last-layer", LOCAL).cost
    assert dearer.memory_thousands == cost.memory_thousands
    solving = 30 * 120 * 121 / 2 + 120**3 / 6 + 10 * (30 * 120 + 120 * 120 + 120)
    assert dearer.operations_thousands - cost.operations_thousands == solving / 1e3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "local", "neighbours": 5}, "add decay"),
        ({**NEIGHBOURS, "decay": 0.1}, "remove decay"),
        ({"method": "nearest", "neighbours": 5}, "options.method is 'nearest'"),
    ],
)
def test_options_that_cannot_be_are_refused(paper, options, message):
    with pytest.raises(ReplicationError, match=message):
        system_of(paper, "last-layer", options)


def test_asked_to_stop_after_the_last_pass_the_network_is_kept(paper, tiny, tmp_path):
    system = system_of(paper, "last-layer", NEIGHBOURS)
    monitor = Watched(listen=lambda told: monitor.stop() if "pass 2" in told.line else None)
    with pytest.raises(Stopped):
        system.fit(task_of(tiny, tmp_path), monitor)
    again = Watched()
    same_bytes(
        system.fit(task_of(tiny, tmp_path), again),
        fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS),
    )
    assert not any("pass" in line for line in again.lines)
