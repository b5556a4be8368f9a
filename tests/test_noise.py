"""LeNet-4 trained on patterns with noise: which pixels are inverted, and when they are the same."""

import tracemalloc

import numpy as np
import pytest
from fitting import answers_by, check_against_scores, fit, recipe_of, system_of

from replication.core.systems.noisy import NoisyPool
from replication.core.systems.noisy import Options as Noise
from replication.errors import ReplicationError

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


def test_a_tenth_of_all_pixels_of_the_field_is_inverted(tiny):
    numbers = np.arange(0, 4000, 10)
    share = flipped(tiny, numbers, noisy_pool(tiny).show(numbers).images).mean(axis=0)
    # 400 patterns: one pixel's share has a standard deviation of 1.5 %, the mean's is 0.05 %.
    assert share.mean() == pytest.approx(0.1, abs=0.003)
    assert 0.02 < share.min() < share.max() < 0.2


def test_a_pattern_has_the_same_noise_whenever_it_is_shown(tiny):
    numbers = np.array([5, 3999, 205, 1234])
    batch = noisy_pool(tiny).show(numbers)
    np.testing.assert_array_equal(batch.labels, tiny.train_labels[numbers % 200])
    for image, number in zip(batch.images, numbers, strict=True):
        alone = noisy_pool(tiny).show(np.array([number])).images[0]
        np.testing.assert_array_equal(image, alone)


def test_versions_patterns_and_replicates_have_noise_of_their_own(tiny):
    numbers = [5, 205, 6]
    images = [noisy_pool(tiny).show(np.array([n])).images for n in numbers]
    images.append(noisy_pool(tiny, replicate=1).show(np.array([5])).images)
    masks = [flipped(tiny, [n], one) for n, one in zip([*numbers, 5], images, strict=True)]
    assert len({mask.tobytes() for mask in masks}) == 4


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
    with pytest.raises(ReplicationError, match="set distorted to false"):
        system_of(paper, "noisy", NOISE, distorted=True)
