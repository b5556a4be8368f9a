"""LeNet-4 as a system: alone, its last layer replaced, and trained on patterns with noise."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from fitting import (
    LENET4,
    TABLE,
    Watched,
    answers_by,
    check_against_scores,
    fit,
    recipe_of,
    same_bytes,
    system_of,
    task_of,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom
from small import refused

from replication.core.learning.engine import Engine
from replication.core.learning.monitor import Stopped
from replication.core.mnist import databases
from replication.core.mnist.distortions import invert
from replication.core.networks.reference import Reference
from replication.core.systems.noisy import NoisyPool
from replication.core.systems.noisy import Options as Noise


@pytest.fixture
def classified(monkeypatch):
    """How many images each classification was of."""
    sizes = []
    penalties = Engine.penalties

    def counted(self, parameters, images):
        sizes.append(len(images))
        return penalties(self, parameters, images)

    monkeypatch.setattr(Engine, "penalties", counted)
    return sizes


def test_the_test_patterns_are_classified_once_a_pass(paper, tiny, tmp_path, classified):
    fitted = fit(paper, tiny, tmp_path, "network")
    assert classified == [100, 100]
    wrong = int((fitted.answers.classes != tiny.test_labels).sum())
    assert fitted.history["test_misses"].iloc[-1] == wrong
    answer = answers_by(recipe_of("network"), fitted.weights["parameters"])
    check_against_scores(fitted.answers, -answer(tiny.test_images))


def test_interrupted_after_its_last_pass_it_gives_the_same_answers(
    paper, tiny, tmp_path, classified
):
    fitted = fit(paper, tiny, tmp_path, "network")
    del classified[:]
    same_bytes(fit(paper, tiny, tmp_path, "network"), fitted)
    assert classified == [100]


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


def test_the_weights_are_those_of_the_network_alone(paper, tiny, plain, tmp_path):
    fitted = fit(paper, tiny, tmp_path, "last-layer", NEIGHBOURS)
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


@pytest.mark.parametrize(("options", "named"), [
    ({"method": "local", "neighbours": 5}, "decay"), ({**NEIGHBOURS, "decay": 0.1}, "decay"),
    ({"method": "nearest", "neighbours": 5}, "options.method"),
])  # fmt: skip
def test_options_that_cannot_be_are_refused(paper, options, named):
    with refused(named):
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


NOISE = {"inverted": 0.1, "versions": 20}


def noisy_pool(tiny, replicate=0, versions=20):
    recipe = recipe_of("noisy", NOISE).network_recipe()
    noise = Noise(inverted=0.1, versions=versions)
    return NoisyPool(tiny.train_images, tiny.train_labels, recipe, replicate, noise, 32)


def flipped(tiny, numbers, images):
    """Which pixels of the field are inverted; all others are checked to be as they were."""
    clean = np.pad(tiny.train_images, ((0, 0), (2, 2), (2, 2)))[np.asarray(numbers) % 200]
    inverted = images != clean
    np.testing.assert_array_equal(images[inverted], 255 - clean[inverted])
    return inverted


def splitmix64(key, index):
    """Draw ``index`` of a stream, in whole numbers."""
    bits = (key + (index + 1) * 0x9E3779B97F4A7C15) % 2**64
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB % 2**64
    return bits ^ (bits >> 31)


def test_the_draws_are_those_of_splitmix64():
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [splitmix64(1234567, index) for index in range(3)] == published


@given(
    st.integers(0, 2**64 - 1), st.floats(2**-40, 1, exclude_max=True), st.integers(0, 2**40),
    arrays(np.uint8, (2, 5, 3)),
)  # fmt: skip
def test_each_pixel_is_inverted_by_its_own_draw(key, share, number, images):
    numbers = np.array([number, number + 7])
    expected = images.copy()
    for image, own in zip(expected, numbers.tolist(), strict=True):
        for pixel, place in enumerate(np.ndindex(image.shape)):
            if splitmix64(key, own * image.size + pixel) < int(share * 2**64):
                image[place] = 255 - image[place]
    invert(images, numbers, share, np.uint64(key))
    np.testing.assert_array_equal(images, expected)


def test_inverted_pixels_are_as_many_as_chance_allows():
    """In all, at each place, in each pattern, and two side by side or in successive patterns."""
    patterns, area, share = 4000, 32 * 32, 0.1
    images = np.zeros((patterns, 32, 32), np.uint8)
    invert(images, np.arange(patterns), share, np.uint64(1998))
    inverted = images.reshape(patterns, area) == 255
    both = share**2
    counts = {
        "all": (inverted.sum(), patterns * area, share),
        "places": (inverted.sum(axis=0), patterns, share),
        "patterns": (inverted.sum(axis=1), area, share),
        "beside": ((inverted[:, ::2] & inverted[:, 1::2]).sum(), patterns * area // 2, both),
        "successive": ((inverted[::2] & inverted[1::2]).sum(), patterns * area // 2, both),
    }
    for name, (count, draws, chance) in counts.items():
        # One of all of these is outside with a chance of a millionth.
        tail = 1e-6 / (len(counts) * np.size(count))
        low, high = binom.ppf([tail / 2, 1 - tail / 2], draws, chance)
        assert ((low <= count) & (count <= high)).all(), name
        assert np.min(count) != np.max(count) or np.size(count) == 1, name


def test_a_pattern_has_the_same_noise_whenever_it_is_shown_and_each_its_own(tiny):
    numbers = np.array([5, 3999, 205, 6])
    batch = noisy_pool(tiny).show(numbers)
    np.testing.assert_array_equal(batch.labels, tiny.train_labels[numbers % 200])
    alone = [noisy_pool(tiny).show(numbers[[place]]).images[0] for place in range(4)]
    np.testing.assert_array_equal(batch.images, alone)
    other = noisy_pool(tiny, replicate=1).show(np.array([5])).images
    masks = [*flipped(tiny, numbers, batch.images), *flipped(tiny, [5], other)]
    assert len({mask.tobytes() for mask in masks}) == 5


def test_showing_many_versions_takes_little_more_than_the_images(tiny):
    pool = noisy_pool(tiny, versions=30_000)
    assert pool.size == 6_000_000
    numbers = np.arange(0, pool.size, 6000)
    tracemalloc.start()
    shown = pool.show(numbers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(shown.images) == 1000
    assert peak < 2 * shown.images.nbytes


def test_a_network_trained_on_noise_answers_patterns_without(paper, tiny, tmp_path):
    fitted = fit(paper, tiny, tmp_path, "noisy", NOISE)
    (tmp_path / "plain").mkdir()
    plain = fit(paper, tiny, tmp_path / "plain", "network")
    assert fitted.weights["parameters"].tobytes() != plain.weights["parameters"].tobytes()
    answer = answers_by(recipe_of("noisy", NOISE), fitted.weights["parameters"])
    check_against_scores(fitted.answers, -answer(tiny.test_images))
    wrong = int((fitted.answers.classes != tiny.test_labels).sum())
    assert fitted.history["test_misses"].iloc[-1] == wrong


def test_noise_and_distortions_are_not_combined(paper):
    with refused("distorted"):
        system_of(paper, "noisy", NOISE, distorted=True)
