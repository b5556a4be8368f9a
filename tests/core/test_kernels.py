"""The compiled kernels against the torch reference: two implementations must agree."""

from typing import Any

import numpy as np
import pytest
import torch
from networks_of_tests import CRITERIA, NETWORKS, Case, random_case, trained_by_reference
from numpy.typing import NDArray

from replication.core.learning.engine import AT_ONCE, Engine, Presented
from replication.core.learning.identity import sha256
from replication.core.learning.kernels import criterion
from replication.core.learning.kernels.layout import plan
from replication.core.learning.kernels.squashing import squash
from replication.core.learning.optimisers.sdlm import step_sizes
from replication.core.networks.reference import Reference

TOLERANCE = {np.float64: 1e-10, np.float32: 2e-4}


def engine(case: Case, dtype: type[np.floating[Any]]) -> Engine:
    return Engine(case.network, case.rules, case.levels, dtype)


def reference(case: Case) -> Reference:
    return Reference(case.network, case.rules)


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
    curvature = ours.curvature(parameters, case.images, subset, case.sdlm)
    assert_close(curvature, theirs.curvature(tensor, case.inputs(), case.sdlm), dtype)
    assert (curvature >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_scores_gradients_and_curvatures_equal_the_reference(name: str, dtype: Any) -> None:
    check_everything(random_case(NETWORKS[name], seed=3), dtype)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("reading", ["added", "averaged"])
@pytest.mark.parametrize("coefficients", ["sum_squared", "squares_summed"])
@pytest.mark.parametrize("start", ["exact", 5.0])
@pytest.mark.parametrize("distance", [1.0, 0.5])
def test_every_reading_equals_the_reference(
    criterion: str, reading: str, coefficients: str, start: Any, distance: float
) -> None:
    network = NETWORKS["tiny" if criterion == "squared-error" else "tiny-rbf"]
    case = random_case(
        network, 5, criterion, reading, distance=distance,
        coefficient_curvature=coefficients, curvature_start=start,
    )  # fmt: skip
    check_everything(case, np.float64)


def test_a_start_of_four_is_a_quarter_of_the_printed_rate_and_mu_to_the_last_bit() -> None:
    """The curvature is proportional to its start, and four is a power of two."""
    case = random_case(NETWORKS["lenet5"], seed=4, patterns=12, curvature_start=4.0)
    ours, images = engine(case, np.float32), (case.parameters, case.images, np.arange(12))
    four = ours.curvature(*images, case.sdlm)
    one = ours.curvature(*images, case.sdlm.model_copy(update={"curvature_start": 1.0}))
    np.testing.assert_array_equal(four, 4 * one)
    np.testing.assert_array_equal(step_sizes(four, 5e-4, 0.02), step_sizes(one, 5e-4 / 4, 0.02 / 4))
    assert len(np.unique(one)) > 10_000


def test_a_curvature_that_starts_from_a_number_knows_no_divisor() -> None:
    """The library's: 1 at every output of F6, whatever the pattern and the criterion."""
    case = random_case(NETWORKS["tiny-rbf"], 5, curvature_start=1.0)
    criterion = case.rules.criterion.model_copy(update={"divisor": 30.0, "name": "mle"})
    other = Engine(case.network, case.rules._replace(criterion=criterion), case.levels, np.float64)
    found = [
        one.curvature(case.parameters, case.images, np.arange(4), case.sdlm)
        for one in (engine(case, np.float64), other)
    ]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("name", ["lenet5", "lenet4", "lenet1", "perceptron"])
def test_consecutive_updates_equal_the_reference(name: str) -> None:
    """In float64, where differences can only come from the order of sums."""
    case = random_case(NETWORKS[name], seed=11, patterns=10)
    order = np.tile(np.arange(10), 100)
    assert len(order) > AT_ONCE
    steps = np.full(case.parameters.size, 1e-3)
    ours = case.parameters.copy()
    engine(case, np.float64).train(ours, steps, case.images, case.labels, order)
    theirs = trained_by_reference(case, case.parameters, steps, order)
    assert np.abs(ours - case.parameters).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


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


def test_the_squashing_approximation_is_within_5e_7_of_tanh_for_all_float32() -> None:
    """Every float32 whose tanh is neither its argument nor 1 in float32 precision, and beyond."""
    worst = 0.0
    for first in range(0, 2**31, 2**24):
        chunk = np.arange(first, first + 2**24, 97, dtype=np.int64).astype(np.uint32)
        values = chunk.view(np.float32)
        values = values[np.isfinite(values)]
        got = values.copy()
        squash(got, np.float32(1), np.float32(1))
        if values.size:
            worst = max(worst, float(np.abs(got - np.tanh(values.astype(np.float64))).max()))
        mirrored = -values
        squash(mirrored, np.float32(1), np.float32(1))
        np.testing.assert_array_equal(mirrored, -got)
    assert worst < 5e-7


def test_shares_below_the_normal_numbers_change_no_bit_of_the_slopes() -> None:
    """Left out for speed: what they would add is far below the last place of what is there."""
    shape = plan(NETWORKS["lenet5"])
    last, first = shape.layers[-1], shape.layers[-1]["start"]
    values, deltas = (np.zeros(size, np.float32) for size in (shape.values, shape.slopes))
    values[first : first + 84] = np.random.default_rng(3).uniform(-1.7, 1.7, 84)
    single = np.float32
    rule = criterion.Criterion(criterion.MAP, single(0.5), 0.5, single(1), shape.codes)
    shares = np.full(10, 1e-38)
    answer = criterion.Answer(np.zeros(10, single), shares)
    criterion.gradient(rule, last, values, answer, 3, deltas)
    away = values[first : first + 84, None].astype(float) - shape.codes.T[:84]
    wanted = away[:, 3] - (shares * away).sum(axis=1)
    found = deltas[last["deltas"] : last["deltas"] + 84]
    np.testing.assert_array_equal(found, wanted.astype(single))


def test_shares_are_good_to_the_last_places_of_float64() -> None:
    """Equation 9 in a float32 network: the exponential of a penalty is taken in float64."""
    single = np.float32
    penalties = np.array([3.7, 12.3, 40.0, 0.1], single)
    codes = np.ones((4, 16), single)
    rule = criterion.Criterion(criterion.MAP, single(1), 0.25, single(1), codes)
    answer = criterion.Answer(penalties, np.zeros(4))
    everything = criterion.share(rule, answer)
    exact = np.exp(-penalties.astype(np.float64))
    assert everything == pytest.approx(0.25 + exact.sum(), rel=1e-15)
    np.testing.assert_allclose(answer.shares, exact / (0.25 + exact.sum()), rtol=1e-15)


def test_not_a_number_passes_through_the_squashing() -> None:
    values = np.array([np.nan, 0.5], np.float32)
    squash(values, np.float32(1.7159), np.float32(2 / 3))
    assert np.isnan(values[0])
    assert np.isfinite(values[1])


def test_a_diverging_training_stops_at_the_presentation() -> None:
    case = random_case(NETWORKS["tiny-rbf"], seed=1, patterns=5)
    ours = engine(case, np.float32)
    parameters = case.parameters.astype(np.float32)
    steps = np.full_like(parameters, 1e38)
    done = ours.train(parameters, steps, case.images, case.labels, np.tile(np.arange(5), 3))
    assert done.failed > 0
    assert ours.first_unsound_layer(parameters, case.images[0]) in {"C1", "S2", "C3", "S4", "F5"}


def test_a_pass_that_is_stopped_leaves_the_parameters_alone() -> None:
    case = random_case(NETWORKS["tiny-rbf"], seed=1, patterns=5)
    parameters = case.parameters.astype(np.float32)
    before, shown = parameters.copy(), []

    def watch(presented: int) -> None:
        shown.append(presented)
        if len(shown) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        engine(case, np.float32).train(
            parameters, np.full_like(parameters, 1e-3), case.images, case.labels,
            np.zeros(3 * AT_ONCE, np.int64), watch,
        )  # fmt: skip
    assert shown == [AT_ONCE, 2 * AT_ONCE]
    np.testing.assert_array_equal(parameters, before)


def test_reading_the_weights_out_changes_none_of_them() -> None:
    """Marks before, at and after the places where the engine stops anyway."""
    case = random_case(NETWORKS["tiny-rbf"], seed=1, patterns=5)
    order = np.tile(np.arange(5), 2 * AT_ONCE // 5 + 3)
    marks = (1, 100, AT_ONCE, AT_ONCE + 1, len(order))

    def trained(count: int, marks: tuple[int, ...] = ()) -> tuple[Presented, NDArray[np.float32]]:
        parameters = case.parameters.astype(np.float32)
        steps = np.full_like(parameters, 1e-3)
        done = engine(case, np.float32).train(
            parameters, steps, case.images, case.labels, order[:count], marks=marks
        )
        return done, parameters

    done, parameters = trained(len(order), marks)
    plain, alone = trained(len(order))
    assert (done.misses, done.failed, plain.hashes) == (plain.misses, -1, ())
    assert done.losses == pytest.approx(plain.losses, rel=1e-12)
    np.testing.assert_array_equal(parameters, alone)
    assert done.hashes == tuple(sha256(trained(mark)[1]) for mark in marks)
    assert len(set(done.hashes)) == len(marks)
