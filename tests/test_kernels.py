"""The compiled kernels against the torch reference: two implementations must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks_of_tests import CRITERIA, NETWORKS, Case, random_case

from replication.learning import kernels
from replication.learning.engine import Engine
from replication.networks.reference import Reference
from replication.networks.specification import Stack

TOLERANCE = {np.float64: 1e-10, np.float32: 2e-4}


def engine(case: Case, dtype: type[np.floating[Any]]) -> Engine:
    return Engine(case.network, case.squashing, case.subsampling, case.criterion, case.table, dtype)


def reference(case: Case) -> Reference:
    return Reference(case.network, case.squashing, case.subsampling, case.criterion)


def assert_close(got: Any, expected: Any, dtype: type[np.floating[Any]]) -> None:
    scale = np.abs(expected).max() + 1e-12
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=TOLERANCE[dtype])


def gradients_of_reference(case: Case) -> tuple[Any, Any]:
    parameters = torch.from_numpy(case.parameters.copy()).requires_grad_()
    values = reference(case).criterion(parameters, case.inputs(), torch.from_numpy(case.labels))
    rows = [
        torch.autograd.grad(value, parameters, retain_graph=True)[0].numpy() for value in values
    ]
    return values.detach().numpy(), np.stack(rows)


def check_everything(case: Case, dtype: type[np.floating[Any]]) -> None:
    ours, theirs = engine(case, dtype), reference(case)
    parameters = case.parameters.astype(dtype)
    tensor = torch.from_numpy(case.parameters)
    penalties = theirs.penalties(tensor, case.inputs())[:, :, 0, 0].numpy()
    assert_close(ours.penalties(parameters, case.images), penalties, dtype)
    values, gradients = gradients_of_reference(case)
    for n in range(len(case.images)):
        value, gradient = ours.gradient(parameters, case.images[n], int(case.labels[n]))
        assert_close(value, values[n], dtype)
        assert_close(gradient, gradients[n], dtype)
    subset = np.arange(len(case.images))
    curvature = ours.curvature(parameters, case.images, subset)
    assert_close(curvature, theirs.curvature(tensor, case.inputs()), dtype)
    assert (curvature >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_scores_gradients_and_curvatures_equal_the_reference(name: str, dtype: Any) -> None:
    check_everything(random_case(NETWORKS[name], seed=3), dtype)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("reading", ["added", "averaged"])
def test_every_criterion_and_reading_equals_the_reference(criterion: str, reading: str) -> None:
    network = NETWORKS["tiny" if criterion == "squared-error" else "tiny-rbf"]
    case = random_case(network, seed=5, criterion=criterion, reading=reading)
    check_everything(case, np.float64)


@st.composite
def tables(draw: st.DrawFn, inputs: int) -> tuple[tuple[int, ...], ...]:
    rows = st.sets(st.integers(0, inputs - 1), min_size=1).map(lambda row: tuple(sorted(row)))
    return tuple(draw(st.lists(rows, min_size=1, max_size=5)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_random_connection_tables_equal_the_reference(data: st.DataObject) -> None:
    first = data.draw(st.integers(1, 3), label="first maps")
    copies = data.draw(st.integers(1, 2), label="copies")
    field = data.draw(st.sampled_from([16, 20, 24, 28]), label="field")
    second = data.draw(tables(first * copies), label="second")
    stack = (
        Stack("random", field)
        .convolution("C1", ((0,),) * first)
        .subsampling("S2", copies)
        .convolution("C3", second)
    )
    if field > 16:
        stack.subsampling("S4")
    if field == 28:
        stack.full("F5", data.draw(st.integers(1, 20), label="units"))
    elif field == 20:
        stack.full("F5", 7)
    elif field == 24:
        stack.full("F5", 3)
    else:
        stack.subsampling("S4")
    network = stack.full("output", 3).network()
    seed = data.draw(st.integers(0, 1000), label="seed")
    check_everything(random_case(network, seed, criterion="squared-error"), np.float64)


@pytest.mark.parametrize("name", ["lenet5", "lenet1", "perceptron"])
def test_a_thousand_consecutive_updates_equal_the_reference(name: str) -> None:
    """In float64, where differences can only come from the order of sums."""
    case = random_case(NETWORKS[name], seed=11, patterns=10)
    order = np.tile(np.arange(10), 100)
    steps = np.full(case.parameters.size, 1e-3)
    ours = case.parameters.copy()
    engine(case, np.float64).train(
        ours, steps, case.images, case.labels, order, np.zeros(2, np.int64)
    )
    theirs = torch.from_numpy(case.parameters.copy()).requires_grad_()
    model, inputs, labels = reference(case), case.inputs(), torch.from_numpy(case.labels)
    for n in order:
        value = model.criterion(theirs, inputs[n : n + 1], labels[n : n + 1])
        (gradient,) = torch.autograd.grad(value.sum(), theirs)
        theirs.data -= 1e-3 * gradient
    assert np.abs(ours - case.parameters).max() > 1e-3
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_equal_finite_differences(dtype: Any) -> None:
    case = random_case(NETWORKS["tiny-rbf"], seed=2)
    ours = engine(case, np.float64)
    _, gradient = engine(case, dtype).gradient(
        case.parameters.astype(dtype), case.images[0], int(case.labels[0])
    )
    picked = np.random.default_rng(0).choice(case.parameters.size, 40, replace=False)
    for k in picked:
        values = []
        for sign in (1, -1):
            moved = case.parameters.copy()
            moved[k] += sign * 1e-5
            values.append(ours.gradient(moved, case.images[0], int(case.labels[0]))[0])
        slope = (values[0] - values[1]) / 2e-5
        assert gradient[k] == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_the_mean_curvature_is_the_mean_of_single_patterns() -> None:
    case = random_case(NETWORKS["lenet5"], seed=4, patterns=12)
    ours = engine(case, np.float64)
    together = ours.curvature(case.parameters, case.images, np.arange(12))
    alone = [ours.curvature(case.parameters, case.images, np.array([n])) for n in range(12)]
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-10)


def test_the_squashing_approximation_is_within_5e_7_of_tanh_for_all_float32() -> None:
    """Every float32 whose tanh is neither its argument nor 1 in float32 precision, and beyond."""
    worst = 0.0
    for first in range(0, 2**31, 2**24):
        chunk = np.arange(first, first + 2**24, 97, dtype=np.int64).astype(np.uint32)
        values = chunk.view(np.float32)
        values = values[np.isfinite(values)]
        got, slopes = values.copy(), np.empty_like(values)
        kernels.squash(got, slopes, np.float32(1), np.float32(1))
        if values.size:
            worst = max(worst, float(np.abs(got - np.tanh(values.astype(np.float64))).max()))
        mirrored = -values
        kernels.squash(mirrored, slopes, np.float32(1), np.float32(1))
        np.testing.assert_array_equal(mirrored, -got)
    assert worst < 5e-7


def test_not_a_number_passes_through_the_squashing() -> None:
    values = np.array([np.nan, 0.5], np.float32)
    kernels.squash(values, np.empty_like(values), np.float32(1.7159), np.float32(2 / 3))
    assert np.isnan(values[0])
    assert np.isfinite(values[1])


def test_a_diverging_training_stops_at_the_presentation() -> None:
    case = random_case(NETWORKS["tiny-rbf"], seed=1, patterns=5)
    ours = engine(case, np.float32)
    parameters = case.parameters.astype(np.float32)
    steps = np.full_like(parameters, 1e38)
    signals = np.zeros(2, np.int64)
    _, _, failed = ours.train(
        parameters, steps, case.images, case.labels, np.tile(np.arange(5), 3), signals
    )
    assert failed > 0
    assert signals[0] == failed
    assert ours.first_unsound_layer(parameters, case.images[0]) in {"C1", "S2", "C3", "S4", "F5"}
