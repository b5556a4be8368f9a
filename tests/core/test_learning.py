"""Criteria, initialisation, step sizes, streams and orders, each against what the paper says."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks_of_tests import CRITERIA, NETWORKS
from small import REPOSITORY

from replication.core import settings
from replication.core.learning.optimisers import sdlm
from replication.core.learning.presentations import (
    choose_hessian_patterns,
    generator,
    present_order,
)
from replication.core.learning.trainer import draw_initial_parameters
from replication.core.networks import criteria
from replication.core.networks.specification import Kind
from replication.core.settings import Criterion, Recipe

BASE = settings.load(REPOSITORY / "params.yaml").base


def recipe(**changes) -> Recipe:
    return settings.change_recipe(BASE, changes)


def rules(**changes) -> Criterion:
    return Criterion.model_validate(
        {"name": "map", "distance": 1.0, "j": 1.0, "divisor": 1.0} | changes
    )


def random_outputs(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(seed)
    codes = np.where(draw.random((4, 6)) < 0.5, -1.0, 1.0)
    outputs = codes[1] + draw.normal(0, 0.6, 6)
    return torch.from_numpy(outputs[np.newaxis]), torch.from_numpy(codes)


def value(chosen: Criterion, outputs: torch.Tensor, codes: torch.Tensor, label: int) -> float:
    penalty = criteria.penalties(chosen, outputs, codes)
    return float(criteria.value(chosen, penalty, torch.tensor([label])))


@pytest.mark.parametrize("name", CRITERIA)
@given(
    seed=st.integers(0, 10_000), j=st.floats(0.5, 20), divisor=st.floats(1, 100),
    distance=st.sampled_from([0.5, 1.0]),
)  # fmt: skip
def test_gradient_and_curvature_are_those_of_the_value(name, seed, j, divisor, distance):
    """By finite differences, in float64."""
    outputs, codes = random_outputs(seed)
    codes = codes[:0] if name == "squared-error" else codes
    chosen = rules(name=name, j=j, divisor=divisor, distance=distance)
    variable = outputs.clone().requires_grad_()
    criteria.value(
        chosen, criteria.penalties(chosen, variable, codes), torch.tensor([1])
    ).backward()
    curvature = criteria.curvature(chosen, outputs, codes)[0]
    for k in range(6):
        step = torch.zeros_like(outputs)
        step[0, k] = 1e-4
        up, here, down = (value(chosen, outputs + sign * step, codes, 1) for sign in (1, 0, -1))
        assert float(variable.grad[0, k]) == pytest.approx((up - down) / 2e-4, rel=1e-5, abs=1e-6)
        assert float(curvature[k]) == pytest.approx(
            (up - 2 * here + down) / 1e-8, rel=1e-3, abs=1e-4
        )


@given(seed=st.integers(0, 10_000), j=st.floats(0.5, 20))
def test_the_curvature_of_equation_9_is_never_negative(seed, j):
    assert (criteria.curvature(rules(j=j), *random_outputs(seed)) >= 0).all()


def test_equation_9_with_a_far_class_of_rubbish_is_the_log_of_the_posterior():
    outputs, codes = random_outputs(1)
    distance = ((outputs - codes) ** 2).sum(dim=1)
    posterior = torch.exp(-distance[2]) / torch.exp(-distance).sum()
    assert value(rules(j=700.0), outputs, codes, 2) == pytest.approx(-float(torch.log(posterior)))


def test_equation_9_by_hand():
    """One unit, codes +1 and -1, output 0: both distances are 1, both penalties the factor."""
    codes, output = torch.tensor([[1.0], [-1.0]]), torch.tensor([[0.0]])
    assert value(rules(), output, codes, 0) == pytest.approx(1.0 + np.log(3 * np.exp(-1.0)))
    half = rules(distance=0.5)
    expected = 0.5 + np.log(np.exp(-1.0) + 2 * np.exp(-0.5))
    assert value(half, output, codes, 0) == pytest.approx(expected)


def initial(seed=0, **rules):
    """Initial parameters of LeNet-5 with other rules of ``initialisation``."""
    chosen = recipe(**{f"initialisation.{name}": value for name, value in rules.items()})
    return draw_initial_parameters(NETWORKS["lenet5"], chosen, np.random.default_rng(seed))


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_initial_weights_fill_the_range_of_their_fan_in(power):
    values = initial(power=power, biases="random")
    fan_ins = {"C1": 25, "S2": 4, "C5": 400, "F6": 120}
    for name, fan_in in fan_ins.items():
        layer = NETWORKS["lenet5"].layer(name)
        drawn = np.abs(values[layer.offset : layer.end])
        bound = BASE.initialisation.range / fan_in**power
        assert drawn.max() <= np.float32(bound)
        if drawn.size > 100:
            assert drawn.max() > 0.97 * bound


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_each_map_of_c3_has_the_fan_in_of_its_own_row_of_table_1(power):
    """75 for three maps, 100 for four, 150 for six; many draws nearly reach each bound."""
    layer = NETWORKS["lenet5"].layer("C3")
    draws = [initial(seed, power=power, biases="random") for seed in range(20)]
    greatest = np.abs(np.stack(draws)[:, layer.offset : layer.end]).max(axis=0)
    sizes = [25 * len(row) for row in layer.table]
    assert set(sizes) == {75, 100, 150}
    start = 0
    for number, size in enumerate(sizes):
        bound = np.float32(BASE.initialisation.range / size**power)
        assert 0.98 * bound < greatest[start : start + size].max() <= bound
        assert greatest[layer.weights + number] <= bound
        start += size


def test_zero_biases_and_constant_coefficients_leave_all_else_as_it_is():
    """A constant coefficient is the range over the fan-in, as the authors' library has it."""
    chosen = {"biases": "random", "coefficients": "random"}
    drawn, zeroed, constant = (
        initial(**chosen | other)
        for other in ({}, {"biases": "zero"}, {"coefficients": "constant"})
    )
    for layer in NETWORKS["lenet5"].trainable:
        biases = slice(layer.offset + layer.weights, layer.end)
        weights = slice(layer.offset, layer.offset + layer.weights)
        assert drawn[biases].any()
        assert not zeroed[biases].any()
        np.testing.assert_array_equal(zeroed[weights], drawn[weights])
        same = drawn[weights]
        if layer.kind is Kind.SUBSAMPLING:
            same = np.float32(BASE.initialisation.range / 4**0.5)
        np.testing.assert_array_equal(constant[weights], np.full(layer.weights, same))


@given(h=st.floats(0, 1e3), eta=st.floats(1e-6, 1), mu=st.floats(1e-3, 1))
def test_step_sizes_follow_equation_19(h, eta, mu):
    (step,) = sdlm.step_sizes(np.array([h], np.float32), eta, mu)
    assert step == pytest.approx(eta / (mu + float(np.float32(h))), rel=1e-6)
    assert 0 < step <= np.float32(eta / mu)


def test_each_stream_is_its_own_unless_it_is_shared():
    draws = {
        (number, name): generator(BASE, number, name).random()
        for number in range(3)
        for name in ("initialisation", "order", "hessian", "distortions")
    }
    assert len(set(draws.values())) == len(draws)
    assert generator(BASE, 1, "order").random() == draws[1, "order"]
    assert generator(BASE, 1, "order", 1).random() != draws[1, "order"]
    shared = recipe(**{"streams.order": "shared"})
    assert generator(shared, 4, "order").random() == generator(shared, 0, "order").random()
    own = [generator(shared, n, "initialisation").random() for n in range(3)]
    assert len(set(own)) == 3


def small(**changes) -> Recipe:
    document = {**BASE.model_dump(), "passes": 4, "learning_rates": (1e-4,) * 4, **changes}
    document["sdlm"]["patterns"] = 1
    return Recipe.model_validate(document)


def test_the_random_order_is_constant_unless_it_is_fresh():
    """Appendix C, p. 41."""
    constant, fresh = (small(presentations_per_pass=10, order=o) for o in ("constant", "fresh"))
    passes = [tuple(present_order(fresh, 0, 10, turn)) for turn in range(4)]
    first = present_order(constant, 0, 10, 0)
    assert all(sorted(one) == list(range(10)) for one in (first, *passes))
    np.testing.assert_array_equal(present_order(constant, 0, 10, 3), first)
    assert list(present_order(constant, 1, 10, 0)) != list(first)
    assert len(set(passes)) == 4
    of_file = small(presentations_per_pass=10, order="file")
    np.testing.assert_array_equal(present_order(of_file, 1, 20, 1), np.arange(10, 20))


@given(
    pool=st.integers(1, 40),
    length=st.integers(1, 60),
    order=st.sampled_from(["constant", "fresh", "file"]),
)
def test_passes_go_through_the_pool_again_and_again(pool, length, order):
    """Every pattern is shown as often as any other, give or take one."""
    chosen = small(presentations_per_pass=length, order=order)
    shown = np.concatenate([present_order(chosen, 0, pool, turn) for turn in range(4)])
    assert shown.size == 4 * length
    times = np.bincount(shown, minlength=pool)
    assert times.max() - times.min() <= 1


def test_the_hessian_is_estimated_on_other_patterns_before_each_pass():
    """Or on the first of the pass; on all where there are fewer."""
    drawn, consecutive = (
        settings.change_recipe(BASE, {"sdlm.patterns_drawn": how})
        for how in ("random", "consecutive")
    )
    first, second = (choose_hessian_patterns(drawn, 0, 60_000, turn) for turn in (0, 1))
    assert len(set(first)) == BASE.sdlm.patterns
    assert set(first) != set(second)
    assert set(choose_hessian_patterns(BASE, 0, 30, 0)) == set(range(30))
    np.testing.assert_array_equal(
        choose_hessian_patterns(consecutive, 0, 60_000, 2),
        present_order(consecutive, 0, 60_000, 2)[:500],
    )
