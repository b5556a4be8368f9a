"""The linear classifiers of Section III-C against slow, obvious least squares."""

import importlib

import numpy as np
import pytest
from fitting import Watched, classifier, cut, task_of
from small import refused

from replication.core import settings
from replication.core.learning.monitor import Stopped
from replication.core.systems.classifier import Patterns
from replication.core.systems.classifiers import linear_gradient, pca_quadratic, rbf_linear
from replication.core.systems.classifiers.pairwise_linear import PAIRS

SILENT = Watched()
OPTIONS = {
    "linear": {},
    "linear-gradient": {"units": "sigmoid", "passes": 5, "learning_rate": 0.005},
    "pairwise-linear": {"outputs": "sign", "ridge": 1e-8},
    "pca-quadratic": {"components": 8, "projected": "pattern", "ridge": 1e-8},
    "pairwise-gradient": {"units": "sigmoid", "passes": 5, "learning_rate": 0.005},
    "rbf-linear": {"centres_per_class": 5, "width": 1.0, "ridge": 1e-6},
}


def system(name, **options):
    module = importlib.import_module(
        f"replication.core.systems.classifiers.{name.replace('-', '_')}"
    )
    return module.System("mine", classifier(name, OPTIONS[name] | options, seed=4))


def trained(name, patterns, **options):
    return system(name, **options).train(patterns, np.random.default_rng(7), SILENT)


def noise(count=400, side=4):
    """Images whose classes differ by their mean image."""
    random = np.random.default_rng(11)
    labels = (np.arange(count) % 10).astype(np.uint8)
    means = random.uniform(40, 210, (10, side, side))
    images = means[labels] + random.normal(0, 30, (count, side, side))
    return Patterns(np.clip(images, 0, 255).astype(np.uint8), labels)


def with_constant(images):
    rows = images.reshape(len(images), -1) / 255.0
    return np.hstack([rows, np.ones((len(rows), 1))])


def wanted(labels):
    result = -np.ones((len(labels), 10))
    for number, label in enumerate(labels):
        result[number, label] = 1.0
    return result


@pytest.mark.parametrize("chunk", [37, 10_000])
def test_linear_is_the_least_squares_solution_and_knows_nothing_of_pixels_never_inked(
    chunk, monkeypatch
):
    monkeypatch.setattr("replication.core.systems.classifiers.linear._CHUNK", chunk)
    patterns = noise()
    patterns.images[:, 0, 0] = 0
    rows = with_constant(patterns.images)
    expected = np.linalg.lstsq(rows, wanted(patterns.labels), rcond=None)[0]
    found = trained("linear", patterns)
    inked = patterns.images.copy()
    inked[:, 0, 0] = 255
    for images in (patterns.images, inked):
        np.testing.assert_allclose(found.penalties(images), -(rows @ expected), atol=1e-4)
    assert found.cost() == (0.17, 0.17)


def test_gradient_descent_with_linear_units_tends_to_the_solution_of_the_linear_system():
    patterns = noise(100, side=2)
    solved = trained("linear", patterns).penalties(patterns.images)

    def distance(passes):
        options = {"units": "linear", "passes": passes, "learning_rate": 0.02}
        learned = trained("linear-gradient", patterns, **options).penalties(patterns.images)
        return np.abs(learned - solved).max()

    # The targets are +1 and -1.
    assert distance(1) > 0.9
    assert distance(300) < 0.05


def test_one_step_of_a_sigmoid_unit_is_the_gradient_of_its_squared_error():
    patterns = noise(1, side=3)
    rate = 1e-3
    learned = trained("linear-gradient", patterns, passes=1, learning_rate=rate)
    seen, aim = with_constant(patterns.images)[0], wanted(patterns.labels)[0]

    def error(weights):
        outputs = np.sqrt(3) * np.tanh(np.arctanh(1 / np.sqrt(3)) * (seen @ weights))
        return 0.5 * ((aim - outputs) ** 2).sum()

    for index in np.ndindex(learned.weights.shape):
        step = np.zeros_like(learned.weights)
        step[index] = 1e-6
        slope = (error(step) - error(-step)) / 2e-6
        assert learned.weights[index] == pytest.approx(-rate * slope, rel=1e-4, abs=1e-9)


def test_a_sigmoid_unit_gives_the_targets_for_sums_of_one_and_bends_most_there():
    sums = np.linspace(-2, 2, 401)
    values = linear_gradient.squash(sums)
    assert values[[100, 300]] == pytest.approx([-1, 1], abs=1e-6)
    bend = np.gradient(np.gradient(values, sums), sums)
    assert abs(sums[bend[5:-5].argmax() + 5] + 1) < 0.02


@pytest.mark.parametrize("outputs", ["linear", "bounded", "sign"])
def test_pairwise_scores_add_and_subtract_units_trained_on_two_classes_each(outputs):
    patterns = noise()
    of_unit = {
        "linear": lambda sums: sums,
        "bounded": lambda sums: np.minimum(np.maximum(sums, -1), 1),
        "sign": lambda sums: np.where(sums > 0, 1.0, -1.0),
    }[outputs]
    rows = with_constant(patterns.images)
    score = np.zeros((len(rows), 10))
    for i in range(10):
        for j in range(i + 1, 10):
            two = (patterns.labels == i) | (patterns.labels == j)
            aim = np.where(patterns.labels[two] == i, 1.0, -1.0)
            unit = of_unit(rows @ np.linalg.lstsq(rows[two], aim, rcond=None)[0])
            score[:, i] += unit
            score[:, j] -= unit
    found = trained("pairwise-linear", patterns, outputs=outputs)
    penalties = found.penalties(patterns.images)
    # A vote is 1; what parts classes with as many votes is less than half of it.
    np.testing.assert_allclose(penalties, -score, atol=0.499 if outputs == "sign" else 1e-4)
    assert len(np.unique(penalties, axis=0)) == len(patterns.labels)
    assert len(PAIRS) == 45
    assert found.cost() == ((45 * 17 + 90) / 1e3, 45 * 17 / 1e3)


def test_a_pairwise_unit_learns_as_if_its_two_classes_were_all_there_is():
    patterns = noise()
    two = np.isin(patterns.labels, (2, 5))
    some = Patterns(patterns.images[two], patterns.labels[two])
    options = settings.parse_options(linear_gradient.Options, OPTIONS["pairwise-gradient"])
    rows = with_constant(some.images).astype(np.float32)
    order = np.random.default_rng(7).permutation(len(patterns.labels))
    there = np.flatnonzero(two)
    own = np.array([np.searchsorted(there, number) for number in order if two[number]])
    aims = np.where(some.labels == 2, 1, -1).astype(np.float32)[:, np.newaxis]
    expected = linear_gradient.descend(rows, aims, own, options, SILENT)
    units = trained("pairwise-gradient", patterns).units
    np.testing.assert_allclose(units.weights[:, PAIRS.index((2, 5))], expected[0], atol=1e-6)


def test_pairwise_sigmoid_scores_are_the_plain_sums_of_the_units():
    patterns = noise()
    found = trained("pairwise-gradient", patterns)
    outputs = -found.units.penalties(patterns.images)
    assert np.abs(outputs).max() < np.sqrt(3)
    score = np.zeros((len(outputs), 10))
    for unit, (i, j) in enumerate(PAIRS):
        score[:, i] += outputs[:, unit]
        score[:, j] -= outputs[:, unit]
    np.testing.assert_allclose(found.penalties(patterns.images), -score, atol=1e-12)
    assert found.cost() == pytest.approx(((45 * 17 + 90) / 1e3, 45 * 17 / 1e3))


@pytest.mark.parametrize("projected", ["pattern", "deviation"])
def test_quadratic_inputs_are_all_products_of_two_projections(projected):
    patterns = noise()
    found = trained("pca-quadratic", patterns, components=5, projected=projected)
    rows = with_constant(patterns.images)[:, :-1]
    axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    numbers = (rows - (rows.mean(axis=0) if projected == "deviation" else 0)) @ axes[:5].T
    products = [numbers[:, i] * numbers[:, j] for i in range(5) for j in range(i, 5)]
    inputs = np.column_stack([*products, np.ones(len(rows))])
    expected = inputs @ np.linalg.lstsq(inputs, wanted(patterns.labels), rcond=None)[0]
    np.testing.assert_allclose(found.penalties(patterns.images), -expected, atol=1e-3)


def test_forty_components_give_821_inputs_and_the_stated_cost(tiny):
    features = pca_quadratic.Quadratic(np.eye(784, 40), np.zeros(40))
    assert features(tiny.test_images).shape == (100, 821)
    model = pca_quadratic.Polynomial(features, np.zeros((821, 10)))
    assert model.cost() == ((784 * 40 + 820 + 8210) / 1e3, (784 * 40 + 8210) / 1e3)


def test_radial_basis_functions_are_gaussians_around_the_centres():
    patterns = noise()
    chosen = rbf_linear.Options(centres_per_class=3, width=0.5, ridge=1e-6)
    gaussians = rbf_linear.place_gaussians(patterns, chosen, np.random.default_rng(2))
    assert gaussians.centres.shape == (30, 16)
    rows = with_constant(patterns.images)[:, :-1]
    squares = ((rows[:, np.newaxis] - gaussians.centres) ** 2).sum(axis=2)
    nearest_of_class = [
        squares[n, 3 * label : 3 * label + 3].min() for n, label in enumerate(patterns.labels)
    ]
    assert gaussians.variance == pytest.approx(0.25 * np.mean(nearest_of_class), rel=1e-3)
    found = gaussians(patterns.images)
    np.testing.assert_allclose(
        found[:, :-1], np.exp(-squares / (2 * gaussians.variance)), atol=1e-4
    )
    assert (found[:, -1] == 1).all()


def test_each_centre_is_the_mean_of_the_patterns_of_its_class_that_are_nearest_to_it():
    patterns = noise()
    chosen = rbf_linear.Options(centres_per_class=3, width=1.0, ridge=1e-6)
    centres = rbf_linear.place_gaussians(patterns, chosen, np.random.default_rng(2)).centres
    rows = with_constant(patterns.images)[:, :-1]
    for digit in range(10):
        own, members = centres[3 * digit : 3 * digit + 3], rows[patterns.labels == digit]
        closest = ((members[:, np.newaxis] - own) ** 2).sum(axis=2).argmin(axis=1)
        means = [members[closest == number].mean(axis=0) for number in range(3)]
        np.testing.assert_allclose(own, means, atol=1e-3)


def test_the_layer_over_radial_basis_functions_minimises_the_regularised_error():
    patterns = noise()
    found = trained("rbf-linear", patterns, ridge=0.01)
    inputs = found.features(patterns.images)
    extra = 0.01 * (inputs**2).sum() / inputs.shape[1]
    # Ridge regression as least squares with further rows that ask for small weights.
    rows = np.vstack([inputs, np.sqrt(extra) * np.eye(inputs.shape[1])])
    aims = np.vstack([wanted(patterns.labels), np.zeros((inputs.shape[1], 10))])
    expected = np.linalg.lstsq(rows, aims, rcond=None)[0]
    np.testing.assert_allclose(found.weights, expected, atol=1e-8)
    assert found.cost() == ((50 * 16 + 51 * 10) / 1e3, (50 * 16 + 51 * 10 + 1) / 1e3)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_classifier_learns_digits_and_is_the_same_for_the_same_replicate(name, tiny, tmp_path):
    middle = slice(4, 24)  # 20x20 pixels, the size of the deslanted images

    def fitted(replicate):
        task = task_of(cut(tiny, middle, middle), tmp_path, replicate)
        return system(name).fit(task, SILENT)

    first, again = fitted(0), fitted(0)
    assert (first.answers.classes == tiny.test_labels).mean() > 0.5
    np.testing.assert_array_equal(first.answers.classes, again.answers.classes)
    np.testing.assert_array_equal(first.answers.margins, again.answers.margins)
    changed = (fitted(1).answers.margins != first.answers.margins).any()
    assert changed == (name in ("linear-gradient", "pairwise-gradient", "rbf-linear"))


@pytest.mark.parametrize(("name", "options", "named"), [
    ("linear", {"method": "gradient"}, ("experiments.mine.options.method",)),
    ("linear-gradient", {"units": "cubic"}, ("units", "linear", "sigmoid")),
    ("linear-gradient", {"passes": 0}, ("passes",)),
    ("pairwise-linear", {"outputs": "tanh"}, ("outputs", "bounded", "sign")),
    ("pca-quadratic", {"projected": "mean"}, ("projected", "pattern", "deviation")),
    ("pca-quadratic", {"components": 17}, ("17", "16")),
    ("rbf-linear", {"width": 0.0}, ("width",)),
    ("rbf-linear", {"centres_per_class": 41}, ("41", "class 0", "40")),
])  # fmt: skip
def test_an_option_that_cannot_be_is_refused(name, options, named):
    with refused(*named):
        trained(name, noise(), **options)
    monitor = Watched()
    monitor.stop()
    with pytest.raises(Stopped):
        system("linear-gradient").train(noise(), np.random.default_rng(1), monitor)
