"""The tangent distance against least squares, and its tangents against deformed images."""

import math

import numpy as np
import pytest
from fitting import Watched, classifier, cut, task_of
from small import refused

from replication.core.systems.classifier import Patterns
from replication.core.systems.classifiers import tangent_distance
from replication.core.systems.classifiers.tangent_distance import System

SIDE, SIGMA = 16, 0.9
SILENT = Watched()
X_SHIFT, Y_SHIFT, SCALING, ROTATION, AXIS, DIAGONAL, THICKNESS = range(7)


def tangents(image, sigma=SIGMA):
    """(7, pixels), of length 1."""
    side = len(image)
    found = np.empty((7, side * side))
    work = np.empty((3, side, side))
    tangent_distance.fill_tangents(image, *tangent_distance.make_filters(side, sigma), work, found)
    return found


def distances(images, prototypes):
    """Of each image from each prototype, (n, m)."""
    found = np.empty((len(images), len(prototypes)))
    everyone = np.tile(np.arange(len(prototypes)), (len(images), 1))
    flat = [
        pictures.reshape(len(pictures), -1).astype(np.float32) for pictures in (images, prototypes)
    ]
    tangent_distance.fill_distances(
        *flat, everyone, *tangent_distance.make_filters(SIDE, SIGMA), found
    )
    return found


def pictures(count, seed):
    """Random strokes: float32 (count, 16, 16), smooth enough to have tangents."""
    random = np.random.default_rng(seed)
    smooth, _ = tangent_distance.make_filters(SIDE, 1.0)
    noise = smooth @ random.normal(size=(count, SIDE, SIDE)) @ smooth.T
    return np.clip(3.0 * noise, 0.0, 1.0).astype(np.float32)


def blob(deform=lambda x, y: (x, y), smoothing=0.0):
    """A slanted Gaussian off the middle of the image, drawn at coordinates that are deformed.

    Smoothing a Gaussian adds the variances.
    """
    steps = np.arange(SIDE) - 0.5 * (SIDE - 1)
    x, y = deform(*np.meshgrid(steps, steps))
    offset = np.stack([x - 0.8, y + 0.5])
    covariance = np.array([[2.5, -0.6], [-0.6, 1.2]])
    smoothed = covariance + smoothing**2 * np.eye(2)
    squares = np.einsum("iyx,ij,jyx->yx", offset, np.linalg.inv(smoothed), offset)
    return np.exp(-0.5 * squares) / math.sqrt(np.linalg.det(smoothed))


def derivative(deform, step=1e-4):
    """How the smoothed blob changes with a deformation."""
    ahead, behind = (
        blob(lambda x, y, amount=amount: deform(x, y, amount), SIGMA) for amount in (step, -step)
    )
    return (ahead - behind) / (2.0 * step)


def test_the_distance_is_that_of_least_squares():
    """Symmetric, nothing from itself; an empty image has no tangents."""
    empty = np.zeros((1, SIDE, SIDE), np.float32)
    images = np.concatenate([pictures(6, 1), empty])
    prototypes = np.concatenate([pictures(5, 2), empty, images[:2]])
    found = distances(images, prototypes)
    np.testing.assert_allclose(found, distances(prototypes, images).T, rtol=1e-9, atol=1e-12)
    for row, image in zip(found, images.astype(float), strict=True):
        for distance, prototype in zip(row, prototypes.astype(float), strict=True):
            both = np.vstack([tangents(image), tangents(prototype)]).T
            difference = (image - prototype).reshape(-1)
            best, *_ = np.linalg.lstsq(both, difference, rcond=None)
            expected = ((difference - both @ best) ** 2).sum()
            assert distance == pytest.approx(expected, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("tangent", range(7))
def test_a_step_along_a_tangent_is_nearly_free(tangent):
    image, other = pictures(2, 7)
    step = 0.05 * tangents(image.astype(float))[tangent].reshape(SIDE, SIDE)
    moved = (image + step).astype(np.float32)
    aside = image + 0.05 * np.eye(SIDE, dtype=np.float32) / math.sqrt(SIDE)
    near, beside = distances(image[np.newaxis], np.stack([moved, aside]))[0]
    assert near < 1e-6 < 0.05**2 / 10 < beside < 0.05**2
    before, after = distances(np.stack([image, moved]), other[np.newaxis])[:, 0]
    assert after == pytest.approx(before, rel=0.02)


@pytest.mark.parametrize(("tangent", "deform"), [
    (X_SHIFT, lambda x, y, e: (x + e, y)), (Y_SHIFT, lambda x, y, e: (x, y + e)),
    (SCALING, lambda x, y, e: (x + e * x, y + e * y)),
    (ROTATION, lambda x, y, e: (x + e * y, y - e * x)),
    (AXIS, lambda x, y, e: (x + e * x, y - e * y)),
    (DIAGONAL, lambda x, y, e: (x + e * y, y + e * x)),
])  # fmt: skip
def test_a_tangent_is_the_derivative_of_the_deformed_image(tangent, deform):
    expected = derivative(deform).reshape(-1)
    found = tangents(blob())
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(found[tangent], expected, atol=2e-3)
    assert np.abs(expected).max() > 0.2
    assert (np.delete(found, tangent, axis=0) @ expected < 0.99).all()


def test_the_thickness_tangent_is_the_squared_gradient():
    across, down = (derivative(lambda x, y, e, d=d: (x + e * d, y + e * (1 - d))) for d in (1, 0))
    expected = (across**2 + down**2).reshape(-1)
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(tangents(blob())[THICKNESS], expected, atol=2e-3)


def system(**options):
    options = {"neighbours": 1, "candidates": 20, "smoothing": SIGMA} | options
    return System("mine", classifier("tangent-distance", options))


def fitted(database, tmp_path, **options):
    return system(**options).fit(task_of(database, tmp_path), SILENT)


def small(database):
    """The regular database as 14x14: every other line and column."""
    return cut(database, slice(None, None, 2), slice(None, None, 2))


def test_the_nearest_of_the_candidates_decides(tiny, tmp_path):
    database = small(tiny)
    answers = fitted(database, tmp_path).answers
    prototypes = database.train_images.astype(float) / 255
    some = (database.test_images[:15] / 255, answers.classes[:15], answers.margins[:15])
    for image, given, margin in zip(*some, strict=True):
        squares = ((prototypes - image) ** 2).sum(axis=(1, 2))
        best = {}
        for number in np.argsort(squares, kind="stable")[:20]:
            both = np.vstack([tangents(image), tangents(prototypes[number])]).T
            difference = (image - prototypes[number]).reshape(-1)
            rest = difference - both @ np.linalg.lstsq(both, difference, rcond=None)[0]
            best.setdefault(int(database.train_labels[number]), []).append(np.linalg.norm(rest))
        farthest = max(max(found) for found in best.values())
        least = {label: min(found) for label, found in best.items()}
        first, second = sorted([*least.values(), farthest])[:2]
        assert given == min(least, key=least.__getitem__)
        assert margin == pytest.approx(second - first, rel=1e-4, abs=1e-5)


def test_it_misses_fewer_than_the_euclidean_distance(tiny, tmp_path):
    database = small(tiny)
    euclidean, tangent = (
        (fitted(database, tmp_path, candidates=count).answers.classes != tiny.test_labels).sum()
        for count in (1, 50)
    )
    assert tangent < euclidean < 50


def test_with_more_neighbours_the_nearest_by_tangent_distance_vote(tiny):
    database = small(tiny)
    patterns = Patterns(database.train_images, database.train_labels)
    tried = system(neighbours=3, candidates=30)
    model = tried.train(patterns, np.random.default_rng(1), SILENT)
    numbers, squares = model.distances(database.test_images)
    labels = database.train_labels[numbers]
    for own, far, row in zip(labels, squares, model.penalties(database.test_images), strict=True):
        expected = np.zeros(10)
        for number in sorted(range(30), key=far.__getitem__)[:3]:
            expected[own[number]] -= 1 / math.sqrt(far[number])
        np.testing.assert_allclose(row, expected, rtol=1e-4)


def test_all_patterns_are_candidates_where_there_are_fewer_than_asked_for(tiny, tmp_path):
    database = small(tiny)
    all_of_them = fitted(database, tmp_path, candidates=200)
    more = fitted(database, tmp_path, candidates=5000)
    np.testing.assert_array_equal(all_of_them.answers.margins, more.answers.margins)
    assert all_of_them.cost == more.cost


def test_the_cost_is_the_prefilter_and_the_tangents(tiny, tmp_path):
    database = small(tiny)
    one, two = (fitted(database, tmp_path, candidates=count).cost for count in (1, 2))
    assert one.memory_thousands == two.memory_thousands == 200 * 196 / 1e3
    tangents_of_one = 4 * 14**3 + 10 * 196 + 14 * 196 + 49 * 196
    pair = 196 + 14 * 196 + 49 * 196 + 14**3 // 6 + 14**2 // 2
    difference = two.operations_thousands - one.operations_thousands
    assert difference == pytest.approx((tangents_of_one + pair) / 1e3)
    assert one.operations_thousands == pytest.approx((200 * 196 + 2 * tangents_of_one + pair) / 1e3)


def test_images_that_are_not_square_are_refused(tiny, tmp_path):
    with refused("14x28"):
        fitted(cut(tiny, slice(None, None, 2)), tmp_path)
