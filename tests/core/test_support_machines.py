import numpy as np
import pytest
from fitting import Watched, classifier, task_of
from sklearn.svm import SVC
from small import refused

from replication.core.learning.monitor import Stopped
from replication.core.systems.classifier import Patterns, flat
from replication.core.systems.classifiers import (
    reduced_support_vectors,
    support_vectors,
    virtual_support_vectors,
)
from replication.core.systems.classifiers.support_vectors import Decision, KernelOptions, Machine


def kernel_of(degree, constant, regularisation):
    return KernelOptions(degree=degree, constant=constant, regularisation=regularisation)


KINDS = [kernel_of(4, 0.0, 10.0), kernel_of(9, 1.0, 0.5)]


@pytest.fixture(scope="module")
def patterns(tiny):
    return Patterns(tiny.train_images, tiny.train_labels)


@pytest.fixture
def monitor():
    return Watched()


def system(module, **options):
    chosen = {"degree": 4, "constant": 0, "regularisation": 10, **options}
    if module is support_vectors:
        chosen = {"inputs": "length", **chosen}
    return module.System("mine", classifier("support-vectors", chosen, seed=1))


def at_once(images, targets, kind):
    """Scikit-learn's own polynomial machine, fitted to all images of length 1."""
    inputs = flat(images).astype(np.float64)
    inputs /= np.linalg.norm(inputs, axis=1, keepdims=True)
    scale = 1 / (1 + kind.constant)
    polynomial = {"kernel": "poly", "degree": kind.degree, "gamma": scale}
    solver = SVC(C=kind.regularisation, coef0=kind.constant * scale, tol=1e-5, **polynomial)
    solver.fit(inputs, targets)
    return lambda others: solver.decision_function(others.astype(np.float64))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("degree", [1, 2, 4, 5, 9])
def test_the_kernel_is_the_formula(kind, degree, tiny):
    kind = kind.model_copy(update={"degree": degree})
    some, others = (flat(images).astype(float) for images in (tiny.train_images, tiny.test_images))
    lengths = np.sqrt(np.outer((some**2).sum(axis=1), (others**2).sum(axis=1)))
    expected = ((some @ others.T / lengths + kind.constant) / (1 + kind.constant)) ** degree
    left, right = map(support_vectors.unit_inputs, (tiny.train_images, tiny.test_images))
    found = support_vectors.kernel(left, right, kind)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-9)
    assert not support_vectors.unit_inputs(np.zeros((1, 4, 4), np.uint8)).any()


@pytest.mark.parametrize(("kind", "joining"), [(KINDS[0], 10), (KINDS[0], 200), (KINDS[1], 200)])
def test_chunking_gives_the_machines_of_all_patterns(
    kind, joining, patterns, tiny, monitor, monkeypatch
):
    monkeypatch.setattr(support_vectors, "_JOINING", joining)
    inputs = support_vectors.unit_inputs(patterns.images)
    signs = support_vectors.class_signs(patterns.labels)
    first = support_vectors.first_patterns(patterns.labels, 2)
    assert len(first) == 20
    machines = support_vectors.train_by_chunking(inputs, signs, first, kind, monitor)
    decision = support_vectors.combine_machines(inputs, machines, kind)
    test = support_vectors.unit_inputs(tiny.test_images)
    for label in range(10):
        expected = at_once(patterns.images, patterns.labels == label, kind)
        np.testing.assert_allclose(decision.values(test)[:, label], expected(test), atol=5e-3)
    assert {len(machine.numbers) for machine in machines} != {20}


def test_on_pixels_the_machines_are_those_of_the_kernel_of_1995(patterns, tiny, monitor):
    bound, degree = 1e-7, 4
    images, test = flat(patterns.images), flat(tiny.test_images)
    scale = float((images.astype(np.float64) ** 2).sum(axis=1).mean()) + 1
    options = {"inputs": "pixels", "constant": 1, "regularisation": bound * scale**degree}
    found = system(support_vectors, **options).train(patterns, np.random.default_rng(0), monitor)
    expected = SVC(C=bound, kernel="poly", degree=degree, gamma=1, coef0=1, tol=1e-5)
    for label in range(10):
        expected.fit(images, patterns.labels == label)
        np.testing.assert_allclose(
            -found.penalties(tiny.test_images)[:, label],
            expected.decision_function(test),
            atol=5e-3,
        )


def test_a_vector_of_two_machines_is_counted_once():
    inputs = np.eye(3, 4, dtype=np.float32)
    machines = [
        Machine(np.array([0, 2]), np.array([2.0, -2.0]), 0.5),
        Machine(np.array([2]), np.array([3.0]), -1.0),
    ]
    decision = support_vectors.combine_machines(inputs, machines, kernel_of(2, 0.0, 1.0))
    # x = e0: K is 1 with the first vector and 0 with the third.
    np.testing.assert_allclose(decision.values(inputs[:1]), [[2.5, -1.0]])
    np.testing.assert_allclose(decision.values(inputs[2:]), [[-1.5, 2.0]])
    # Two vectors of four pixels, three weights, two biases.
    assert decision.cost() == (11 / 1e3, 13 / 1e3)


def test_the_answers_are_those_of_the_largest_decision_value(tiny, patterns, tmp_path, monitor):
    fitted = system(support_vectors).fit(task_of(tiny, tmp_path), monitor)
    test = support_vectors.unit_inputs(tiny.test_images)
    machines = [at_once(patterns.images, patterns.labels == n, KINDS[0]) for n in range(10)]
    values = np.sort(np.stack([machine(test) for machine in machines], axis=1), axis=1)
    np.testing.assert_allclose(fitted.answers.margins, values[:, -1] - values[:, -2], atol=5e-3)
    monitor.stop()
    with pytest.raises(Stopped):
        system(support_vectors).train(patterns, np.random.default_rng(0), monitor)


def test_the_virtual_vectors_are_the_shifted_images(tiny):
    image = tiny.train_images[:2]
    found = virtual_support_vectors.add_shifted(image, 1).reshape(2, 5, 28, 28)
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    moved = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    for place, (down, right) in enumerate(moved):
        expected = padded[:, 1 + down : 29 + down, 1 + right : 29 + right]
        np.testing.assert_array_equal(found[:, place], expected)


def test_a_virtual_machine_is_trained_on_its_vectors_and_their_shifts(patterns, tiny, monitor):
    kind = KINDS[0]
    inputs, machines = virtual_support_vectors.train_virtual_machines(patterns, kind, 1, monitor)
    found = support_vectors.combine_machines(inputs, machines, kind)
    test = support_vectors.unit_inputs(tiny.test_images)
    plain = support_vectors.train_by_chunking(
        support_vectors.unit_inputs(patterns.images),
        support_vectors.class_signs(patterns.labels),
        support_vectors.first_patterns(patterns.labels),
        kind,
        monitor,
    )
    for label in range(10):
        own = plain[label].numbers
        images = virtual_support_vectors.add_shifted(patterns.images[own], 1)
        expected = at_once(images, np.repeat(patterns.labels[own] == label, 5), kind)
        np.testing.assert_allclose(found.values(test)[:, label], expected(test), atol=5e-3)


@pytest.fixture(scope="module")
def normal_vector(patterns):
    """The support vectors and weights of the machine of class 3."""
    inputs = support_vectors.unit_inputs(patterns.images)
    table = support_vectors.kernel_table(inputs, KINDS[0])
    signs = support_vectors.class_signs(patterns.labels)[:, 3]
    machine = support_vectors.solve_machine(table, signs, KINDS[0])
    return inputs[machine.numbers], machine.weights


def test_more_vectors_and_more_steps_of_the_search_leave_less_over(normal_vector):
    vectors, weights = normal_vector

    def rest(count, steps):
        random = np.random.default_rng(0)
        found = reduced_support_vectors.find_reduced_set(
            vectors, weights, count, KINDS[0], random, steps=steps
        )
        return reduced_support_vectors.relative_distance(vectors, weights, *found, KINDS[0])

    of_counts = [rest(count, 50) for count in (1, 4, 16, len(vectors))]
    assert of_counts == sorted(of_counts, reverse=True)
    assert of_counts[0] > 0.3 > 1e-4 > abs(of_counts[-1])
    start, few, many = (rest(8, steps) for steps in (0, 5, 50))
    assert start > 1.2 * few > 1.2 * many


def test_what_is_left_over_is_the_distance_in_feature_space(normal_vector):
    # Degree 2 without constant has the feature space of all products of two pixels.
    vectors, weights = normal_vector
    kind = kernel_of(2, 0.0, 1.0)
    random = np.random.default_rng(0)
    z, b = reduced_support_vectors.find_reduced_set(vectors, weights, 3, kind, random, steps=2)

    def sum_of(points, factors):
        return np.einsum("n,ni,nj->ij", factors, points, points)

    normal = sum_of(vectors.astype(np.float64), weights)
    expected = ((normal - sum_of(z, b)) ** 2).sum() / (normal**2).sum()
    found = reduced_support_vectors.relative_distance(vectors, weights, z, b, kind)
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_reduced_machine_keeps_the_vectors_asked_for(patterns, tiny, monitor):
    tried = system(reduced_support_vectors, vectors=20, shift=0)
    model = tried.train(patterns, np.random.default_rng(0), monitor)
    assert isinstance(model, Decision)
    assert model.cost() == ((20 * 784 + 20) / 1e3, (20 * 784 + 20 + 10) / 1e3)
    again = tried.train(patterns, np.random.default_rng(0), monitor)
    np.testing.assert_array_equal(
        model.penalties(tiny.test_images), again.penalties(tiny.test_images)
    )


@pytest.mark.parametrize("shift", [0, 1])
def test_a_reduced_set_of_all_vectors_decides_as_the_machines(shift, patterns, tiny, monitor):
    tried = system(reduced_support_vectors, vectors=10000, shift=shift)
    model = tried.train(patterns, np.random.default_rng(0), monitor)
    full = (system(virtual_support_vectors, shift=1) if shift else system(support_vectors)).train(
        patterns, np.random.default_rng(0), monitor
    )
    np.testing.assert_allclose(
        model.penalties(tiny.test_images), full.penalties(tiny.test_images), atol=5e-3
    )


@pytest.mark.parametrize(("module", "options"), [
    (support_vectors, {"degree": 0}), (support_vectors, {"constant": -1}),
    (support_vectors, {"regularisation": 0}), (virtual_support_vectors, {"shift": 0}),
    (reduced_support_vectors, {"shift": 1, "vectors": 9}),
])  # fmt: skip
def test_options_that_cannot_be_are_refused(module, options):
    with refused("experiments.mine.options"):
        system(module, **options)
