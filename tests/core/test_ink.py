"""The layer that touches the ink alone, against the reference and the plain full connection."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks_of_tests import Case, random_case, trained_by_reference
from test_kernels import check_everything

from replication.core.arithmetic.blocks import zeros
from replication.core.arithmetic.llvm import LANES
from replication.core.compiled import kernel
from replication.core.learning import engine as engines
from replication.core.learning.engine import Engine
from replication.core.learning.kernels import ink
from replication.core.learning.kernels.layout import INK, Levels, plan
from replication.core.networks.catalogue import perceptron
from replication.core.networks.specification import Stack


def sparse(
    generator: np.random.Generator, patterns: int, side: int, densities: list[float]
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Images of which the given parts are ink, one density after the other."""
    greys = generator.integers(1, 256, (patterns, side, side), dtype=np.uint8)
    chosen = np.resize(densities, patterns)[:, None, None]
    return np.where(generator.random(greys.shape) < chosen, greys, np.uint8(0))


def case_of(units: list[int], field: int, margin: int, densities: list[float], seed: int) -> Case:
    """Full layers of ``units``, with weights small enough that no unit is saturated."""
    stack = Stack("full", field)
    for number, size in enumerate(units):
        stack.full(f"full{number}", size)
    case = random_case(stack.network(), seed, patterns=6)
    generator = np.random.default_rng(seed)
    images = sparse(generator, 6, field - 2 * margin, densities)
    return replace(case, images=images, parameters=case.parameters / field)


perceptrons = st.builds(
    case_of,
    units=st.lists(st.integers(1, 200), min_size=1, max_size=3),
    field=st.integers(12, 48),
    margin=st.integers(0, 5),
    densities=st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0]), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(perceptrons, st.integers(0, 1000))
def test_every_perceptron_is_trained_as_the_reference_trains_it(case: Case, seed: int) -> None:
    generator = np.random.default_rng(seed)
    steps = generator.uniform(0, 0.05, case.parameters.size) / case.network.field
    order = generator.integers(0, len(case.images), 15)
    ours = case.parameters.copy()
    Engine(case.network, case.rules, case.levels, np.float64).train(
        ours, steps, case.images, case.labels.astype(np.uint8), order
    )
    expected = trained_by_reference(case, case.parameters, steps, order)
    assert np.abs(expected - case.parameters).max() > 1e-6
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(perceptrons)
def test_penalties_gradients_and_curvatures_of_every_perceptron_equal_the_reference(
    case: Case,
) -> None:
    check_everything(replace(case, images=case.images[:2], labels=case.labels[:2]), np.float64)


def digits(patterns: int, side: int, seed: int) -> tuple[Any, Any]:
    """Images with a fifth of ink, each the prototype of its label with some pixels changed."""
    generator = np.random.default_rng(seed)
    prototypes = sparse(generator, 10, side, [0.2])
    labels = generator.integers(0, 10, patterns)
    images = prototypes[labels]
    noise = generator.random(images.shape) < 0.4
    images[noise] = sparse(generator, patterns, side, [0.2])[noise]
    return images, labels.astype(np.uint8)


def learning(dtype: type[np.floating[Any]], units: int = 70) -> tuple[Engine, Any, Any]:
    """A perceptron on 20x20 pixels with its first parameters and steps."""
    network = perceptron((units,), 20)
    case = random_case(network, 3)
    first, rest = np.split(np.random.default_rng(3).normal(size=network.parameters), [units * 401])
    parameters = np.concatenate([0.05 * first, 0.1 * rest])
    steps = np.random.default_rng(4).uniform(1e-3, 1e-2, network.parameters)
    parameters, steps = (some.astype(np.float32).astype(dtype) for some in (parameters, steps))
    return Engine(network, case.rules, case.levels, dtype), parameters, steps


def test_the_rounding_of_float32_does_not_add_up_over_a_pass() -> None:
    """Of 5,000 updates: against the plain full connection's gradients in float64."""
    images, labels = digits(5000, 20, seed=7)
    exact, expected, steps = learning(np.float64)
    begun = expected.copy()
    for image, label in zip(images, labels, strict=True):
        expected -= steps * exact.gradient(expected, image, int(label))[1]
    ours, parameters, steps = learning(np.float32)
    done = ours.train(parameters, steps, images, labels, np.arange(5000))
    assert 20 < done.misses < 2500
    assert np.abs(expected - begun).max() > 0.3
    np.testing.assert_allclose(parameters, expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_pass_cut_and_read_out_anywhere_gives_the_same_bytes(
    dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = digits(50, 20, seed=8)
    order = np.arange(50)
    ours, begun, steps = learning(dtype)
    expected = begun.copy()
    ours.train(expected, steps, images, labels, order)
    monkeypatch.setattr(engines, "AT_ONCE", 7)
    places = ours._plan.places[: 70 * 400]
    readings = {}

    def read(presented: int) -> None:
        weights = np.zeros(ours._plan.kept, dtype)
        ink.read_out(ours._training, ours._memory.ink, weights)
        readings[presented] = weights[places]

    parameters = begun.copy()
    ours.train(parameters, steps, images, labels, order, read)
    np.testing.assert_array_equal(parameters, expected)
    assert sorted(readings) == [7, 14, 21, 28, 35, 42, 49, 50]
    for presented, reading in readings.items():
        parameters = begun.copy()
        ours.train(parameters, steps, images, labels, order[:presented])
        np.testing.assert_array_equal(parameters[: 70 * 400], reading)


def _swept(length: int) -> Any:
    @kernel
    def swept(layers: Any, image: Any, levels: Any, state: Any, deltas: Any) -> None:
        ink.show(layers[0], image, levels, state)
        units, pixels = layers[1].maps, image.size
        ink.gather(units, pixels, state, zeros(state.columns, 2, length, LANES))
        ink.spread(units, pixels, state, deltas, zeros(state.columns, 1, length, LANES))

    return swept


def test_the_number_of_units_in_registers_changes_no_byte() -> None:
    laid = ink.training_plan(plan(perceptron((100,), 20)))
    draw = np.random.default_rng(5)
    image = sparse(draw, 1, 20, [0.3])[0]
    weights, steps = draw.normal(size=(2, laid.kept)).astype(np.float32)
    deltas = draw.normal(size=128).astype(np.float32)
    results = []
    for length in (1, 2, 4):
        state = ink.state(plan(perceptron((100,), 20)))
        ink.begin(laid, weights, steps, state)
        levels = Levels(np.float32(-0.1), np.float32(0.005))
        _swept(length)(laid.layers, image, levels, state, deltas)
        results.append([state.columns, state.ink_weights, state.ink_steps])
    assert all(np.abs(array).max() > 0 for array in results[0])
    for result in results[1:]:
        for one, other in zip(results[0], result, strict=True):
            np.testing.assert_array_equal(one, other)


def test_only_a_full_connection_that_reads_the_field_is_a_layer_of_ink() -> None:
    stack = Stack("mixed", 16).convolution("C1", ((0,), (0,))).subsampling("S2").full("F3", 4)
    assert INK not in ink.training_plan(plan(stack.network())).layers["kind"]
    kinds = ink.training_plan(plan(perceptron((5, 6), 16))).layers["kind"]
    assert [n for n, kind in enumerate(kinds) if kind == INK] == [1]


def test_a_perceptron_that_diverges_stops_at_the_presentation() -> None:
    images, labels = digits(50, 20, seed=9)
    ours, parameters, steps = learning(np.float32)
    failed = ours.train(parameters, steps * np.float32(1e37), images, labels, np.arange(50)).failed
    assert 0 < failed < 50
    assert ours.first_unsound_layer(parameters, images[0]) in {"hidden1", "output"}
