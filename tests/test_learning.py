"""Criteria, initialisation, step sizes, streams and orders, each against what the paper says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks_of_tests import CRITERIA, NETWORKS

from replication import settings
from replication.learning import criteria, sdlm
from replication.learning.presentations import hessian_patterns, presented
from replication.learning.streams import generator
from replication.networks.initialisation import initial_parameters
from replication.settings import Recipe

BASE = settings.load(Path(__file__).parents[1] / "params.yaml").base


def recipe(**changes) -> Recipe:
    return settings.changed(BASE, changes)


def random_outputs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    codes = np.where(draw.random((4, 6)) < 0.5, -1.0, 1.0)
    return codes[1] + draw.normal(0, 0.6, 6), codes


@pytest.mark.parametrize("name", CRITERIA)
@given(seed=st.integers(0, 10_000), j=st.floats(0.5, 20), divisor=st.floats(1, 100))
def test_gradient_and_curvature_are_those_of_the_value(name, seed, j, divisor):
    """By finite differences, in float64."""
    outputs, codes = random_outputs(seed)
    rules = (codes, 1, j, divisor)
    gradient = criteria.gradient(name, outputs, *rules)
    curvature = criteria.curvature(name, outputs, codes, j, divisor)
    for k in range(outputs.size):
        step = np.zeros_like(outputs)
        step[k] = 1e-4
        up, here, down = (
            criteria.value(name, outputs + sign * step, *rules) for sign in (1, 0, -1)
        )
        assert gradient[k] == pytest.approx((up - down) / 2e-4, rel=1e-5, abs=1e-6)
        assert curvature[k] == pytest.approx((up - 2 * here + down) / 1e-8, rel=1e-3, abs=1e-4)


@given(seed=st.integers(0, 10_000), j=st.floats(0.5, 20))
def test_the_curvature_of_equation_9_is_never_negative(seed, j):
    outputs, codes = random_outputs(seed)
    assert (criteria.curvature("map", outputs, codes, j, 1.0) >= 0).all()


def test_equation_9_with_a_far_class_of_rubbish_is_the_log_of_the_posterior():
    outputs, codes = random_outputs(1)
    distance = criteria.distances(outputs, codes)
    posterior = np.exp(-distance[2]) / np.exp(-distance).sum()
    value = criteria.value("map", outputs, codes, 2, 700.0, 1.0)
    assert value == pytest.approx(-np.log(posterior))


def test_equation_9_by_hand():
    """One unit, codes +1 and -1, output 0: both distances are 1."""
    codes = np.array([[1.0], [-1.0]])
    value = criteria.value("map", np.array([0.0]), codes, 0, 1.0, 1.0)
    assert value == pytest.approx(1.0 + np.log(3 * np.exp(-1.0)))


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_initial_weights_fill_the_range_of_their_fan_in(power):
    network = NETWORKS["lenet5"]
    chosen = recipe(**{"initialisation.power": power, "initialisation.biases": "random"})
    values = initial_parameters(network, chosen, np.random.default_rng(0))
    fan_ins = {"C1": 25, "S2": 4, "C5": 400, "F6": 120}
    for name, fan_in in fan_ins.items():
        layer = network.layer(name)
        own = np.abs(values[layer.offset : layer.end])
        bound = 2.4 / fan_in**power
        assert own.max() <= np.float32(bound)
        if own.size > 100:
            assert own.max() > 0.97 * bound
    c3 = network.layer("C3")
    own = np.abs(values[c3.offset : c3.end])
    bound = np.float32(2.4 / 75**power)
    assert own[: 3 * 25].max() <= bound < own[-16 - 6 * 25 :].max() * 3


def test_zero_biases_leave_the_weights_as_they_are():
    network = NETWORKS["lenet5"]
    drawn = initial_parameters(network, recipe(), np.random.default_rng(0))
    zeroed = initial_parameters(
        network, recipe(**{"initialisation.biases": "zero"}), np.random.default_rng(0)
    )
    for layer in network.trainable:
        biases = slice(layer.offset + layer.weights, layer.end)
        weights = slice(layer.offset, layer.offset + layer.weights)
        assert not zeroed[biases].any()
        np.testing.assert_array_equal(zeroed[weights], drawn[weights])


@given(h=st.floats(0, 1e3), eta=st.floats(1e-6, 1), mu=st.floats(1e-3, 1))
def test_step_sizes_follow_equation_19(h, eta, mu):
    (step,) = sdlm.step_sizes(np.array([h], np.float32), eta, mu)
    assert step == pytest.approx(eta / (mu + float(np.float32(h))), rel=1e-6)
    assert 0 < step <= np.float32(eta / mu)


def test_each_stream_is_its_own():
    draws = {
        (number, name): generator(BASE, number, name).random()
        for number in range(3)
        for name in ("initialisation", "order", "hessian", "distortions")
    }
    assert len(set(draws.values())) == len(draws)
    assert generator(BASE, 1, "order").random() == draws[1, "order"]
    assert generator(BASE, 1, "order", 1).random() != draws[1, "order"]


def test_a_shared_stream_is_the_same_for_all_replicates():
    shared = recipe(**{"streams.order": "shared"})
    assert generator(shared, 4, "order").random() == generator(shared, 0, "order").random()
    own = [generator(shared, n, "initialisation").random() for n in range(3)]
    assert len(set(own)) == 3


def small(**changes) -> Recipe:
    document = {**BASE.model_dump(), "passes": 4, "learning_rates": (1e-4,) * 4, **changes}
    return Recipe.model_validate(document)


def test_the_random_order_is_constant():
    """Appendix C, p. 41."""
    chosen = small(presentations_per_pass=10)
    first = presented(chosen, 0, 10, 0)
    assert sorted(first) == list(range(10))
    np.testing.assert_array_equal(presented(chosen, 0, 10, 3), first)
    assert list(presented(chosen, 1, 10, 0)) != list(first)


def test_a_fresh_order_is_another_permutation():
    chosen = small(presentations_per_pass=10, order="fresh")
    passes = [tuple(presented(chosen, 0, 10, turn)) for turn in range(4)]
    assert len(set(passes)) == 4
    assert all(sorted(one) == list(range(10)) for one in passes)


@given(
    pool=st.integers(1, 40),
    length=st.integers(1, 60),
    order=st.sampled_from(["constant", "fresh"]),
)
def test_passes_go_through_the_pool_again_and_again(pool, length, order):
    """Every pattern is shown as often as any other, give or take one."""
    chosen = small(presentations_per_pass=length, order=order)
    shown = np.concatenate([presented(chosen, 0, pool, turn) for turn in range(4)])
    assert shown.size == 4 * length
    times = np.bincount(shown, minlength=pool)
    assert times.max() - times.min() <= 1


def test_the_hessian_is_estimated_on_other_patterns_before_each_pass():
    first, second = (hessian_patterns(BASE, 0, 60_000, turn) for turn in (0, 1))
    assert len(set(first)) == BASE.sdlm.patterns
    assert set(first) != set(second)
    assert set(hessian_patterns(BASE, 0, 30, 0)) == set(range(30))
