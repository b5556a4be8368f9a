"""Any network that the kernels accept equals the reference; what they cannot do is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks_of_tests import CRITERIA, NETWORKS, random_case, trained_by_reference
from test_kernels import check_everything, engine, reference

from replication.core.learning.engine import AT_ONCE, Engine
from replication.core.learning.kernels.layout import plan
from replication.core.networks.catalogue import windows
from replication.core.networks.specification import Network, Stack, full_table
from replication.errors import ReplicationError

EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@st.composite
def tables(draw: st.DrawFn, inputs: int, most: int) -> tuple[tuple[int, ...], ...]:
    """Rows of maps in any order; some maps may be read by no row, others by all."""
    row = st.lists(st.integers(0, inputs - 1), min_size=1, unique=True).map(tuple)
    return tuple(draw(st.lists(row, min_size=1, max_size=most)))


@st.composite
def networks(draw: st.DrawFn, rbf: bool) -> Network:
    """As many pairs of a convolution and a sub-sampling as the field allows, or fewer."""
    side = draw(st.integers(12, 48), label="field")
    stack, maps, first = Stack("random", side), 1, True
    pairs = draw(st.integers(1, 3), label="pairs")
    for pair in range(pairs):
        if side < 6:
            break
        rows = full_table(draw(st.integers(1, 11)), 1) if first else draw(tables(maps, 12))
        copies = draw(st.integers(1, 3))
        stack.convolution(f"C{pair}", rows).subsampling(f"S{pair}", copies)
        side, maps, first = (side - 4) // 2, len(rows) * copies, False
    if side == 5:
        stack.convolution("last", draw(tables(maps, 20)))
    elif draw(st.booleans()):
        stack.full("hidden", draw(st.integers(1, 20)))
    if not rbf:
        return stack.full("output", draw(st.integers(1, 18))).network()
    units, classes = draw(st.integers(1, 18)), draw(st.integers(2, 12))
    signs = st.lists(st.sampled_from([-1, 1]), min_size=units * classes, max_size=units * classes)
    codes = np.array(draw(signs), np.int8).reshape(classes, units)
    return stack.full("coded", units).rbf("RBF", codes)


@pytest.mark.parametrize("criterion", CRITERIA)
@EXAMPLES
@given(data=st.data(), seed=st.integers(0, 1000))
def test_penalties_gradients_and_curvatures(criterion: str, data: Any, seed: int) -> None:
    network = data.draw(networks(criterion != "squared-error"))
    case = random_case(network, seed, criterion, data.draw(st.sampled_from(["added", "averaged"])))
    check_everything(case, np.float64)


@EXAMPLES
@given(data=st.data(), seed=st.integers(0, 1000))
def test_consecutive_updates(data: Any, seed: int) -> None:
    rbf = data.draw(st.booleans())
    case = random_case(data.draw(networks(rbf)), seed)
    ours, steps = case.parameters.copy(), np.full(case.parameters.size, 1e-3)
    order = np.array([0, 1, 2, 3, 1, 0])
    engine(case, np.float64).train(ours, steps, case.images, case.labels, order)
    theirs = trained_by_reference(case, case.parameters, steps, order)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["lenet5", "lenet4"])
def test_passes_with_steps_estimated_before_each(name: str) -> None:
    """Appendix C in float64: the steps of the second pass come from where the first one ended."""
    case = random_case(NETWORKS[name], seed=7, patterns=20)
    ours, theirs = case.parameters.copy(), case.parameters.copy()
    kernels, model = engine(case, np.float64), reference(case)
    subset, order = np.arange(8), np.random.default_rng(1).permutation(20)
    for rate in (1e-4, 5e-5):
        steps = rate / (0.02 + kernels.curvature(ours, case.images, subset, case.sdlm))
        kernels.train(ours, steps, case.images, case.labels, order)
        second = model.curvature(torch.from_numpy(theirs), case.inputs()[:8], case.sdlm)
        theirs = trained_by_reference(case, theirs, rate / (0.02 + second), order)
    assert np.abs(ours - case.parameters).max() > 1e-2
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_parameters_keep_the_order_of_the_table_of_layers(name: str) -> None:
    """What goes in comes out: each has a place of its own, and steps of zero change none."""
    case = random_case(NETWORKS[name], seed=1)
    places = plan(case.network).places
    assert len(np.unique(places)) == len(places) == case.network.parameters
    parameters = np.linspace(-0.5, 0.5, case.network.parameters).astype(np.float32)
    before = parameters.copy()
    still = np.zeros_like(parameters)
    engine(case, np.float32).train(parameters, still, case.images, case.labels, np.arange(4))
    assert parameters.tobytes() == before.tobytes()


@pytest.mark.parametrize("name", ["lenet5", "lenet4"])  # a layer of ink: test_ink.py
def test_where_a_pass_is_cut_changes_no_byte(name: str) -> None:
    case = random_case(NETWORKS[name], seed=3, patterns=10)
    order = np.tile(np.arange(10), AT_ONCE // 8)
    whole, cut = case.parameters.astype(np.float32), case.parameters.astype(np.float32)
    steps = np.full_like(whole, 1e-3)
    kernels = engine(case, np.float32)
    kernels.train(whole, steps, case.images, case.labels, order)
    for some in np.split(order, [1, 7, 300]):
        kernels.train(cut, steps, case.images, case.labels, some)
    assert whole.tobytes() == cut.tobytes()


def stack(side: int = 32) -> Stack:
    return Stack("odd", side).convolution("C1", full_table(2, 1))


REFUSED = {
    "C3 would have maps of 0x0, as it reads 4x4: give the network a larger field than 12x12": (
        stack(12).subsampling("S2").convolution("C3", full_table(2, 2)).full("F", 3)
    ),
    "C1 has a kernel of 3x3: make it 5x5": (
        Stack("odd", 12).convolution("C1", full_table(2, 1), kernel=3).subsampling("S2")
    ),
    "C2 is a convolution that reads a convolution": stack().convolution("C2", full_table(2, 2)),
    "S3 is a sub-sampling that reads no convolution": stack().subsampling("S2").subsampling("S3"),
    "F2 has units that read a convolution": stack().full("F2", 3),
    "C3 has a table that names a map twice": (
        stack().subsampling("S2").convolution("C3", ((0, 0), (1,))).subsampling("S4").full("F", 3)
    ),
    "its outputs are maps: end it with a full connection": stack().subsampling("S2"),
}


@pytest.mark.parametrize("problem", sorted(REFUSED))
def test_what_the_kernels_cannot_do_is_refused(problem: str) -> None:
    with pytest.raises(ReplicationError, match=f"cannot run the network 'odd': .*{problem}"):
        plan(REFUSED[problem].network())


def test_levels_off_a_line_are_refused() -> None:
    case = random_case(NETWORKS["tiny"], seed=1)
    levels = case.levels.copy()
    levels[100] += 1e-3
    with pytest.raises(ReplicationError, match="256 grey levels do not lie on a line"):
        Engine(case.network, case.rules, levels)


@pytest.mark.parametrize("maps", range(1, 14))
def test_every_number_of_output_maps(maps: int) -> None:
    """Groups of every size, and odd ones where two maps are updated at once."""
    network = (
        Stack("groups", 17)
        .convolution("C1", full_table(maps, 1))
        .subsampling("S2")
        .convolution("C3", windows((1,) * maps, maps))
        .subsampling("S4")
        .full("output", 3)
    ).network()
    for dtype in (np.float32, np.float64):
        check_everything(random_case(network, maps), dtype)
