"""The paper's counts check the code."""

import numpy as np
import pytest
import torch
from networks_of_tests import NETWORKS, PAPER, random_case
from small import refused

from replication.comparison.verdicts.counts import count_architectures
from replication.core.networks import catalogue
from replication.core.networks.reference import Reference
from replication.core.networks.specification import Stack

COUNTS = count_architectures(PAPER)
PUBLISHED = {
    name: claim.value
    for name, claim in PAPER.claims.items()
    if claim.kind == "count" and name.startswith("lenet5.")
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_published_count_of_lenet5_is_met(name):
    """Those of its layers among them; 840 connections of the 340,908 are the RBF layer's."""
    assert len(PUBLISHED) == 14
    assert COUNTS[name] == PUBLISHED[name]
    assert NETWORKS["lenet5"].layer("RBF").connections == 840


def test_a_wider_field_gives_a_row_of_outputs_each_the_network_on_its_window():
    """Section II-B, p. 8: C5 is a convolution. (W - F + 2P) / S + 1 at every layer."""
    case = random_case(NETWORKS["lenet5"], seed=1)
    reference = Reference(case.network, case.rules)
    parameters = torch.from_numpy(case.parameters)
    wide = torch.rand(1, 1, 32, 36, generator=torch.Generator().manual_seed(0)).double()
    assert [tuple(value.shape[1:]) for value in reference.maps(parameters, wide).values()] == [
        (6, 28, 32), (6, 14, 16), (16, 10, 12), (16, 5, 6), (120, 1, 2), (84, 1, 2),
    ]  # fmt: skip
    row = reference.penalties(parameters, wide)[0, :, 0]
    for position in range(2):
        window = wide[..., 4 * position : 4 * position + 32]
        alone = reference.penalties(parameters, window)[0, :, 0, 0]
        torch.testing.assert_close(row[:, position], alone)


def test_other_networks_have_their_published_counts():
    """LeNet-1's are published elsewhere, LeNet-4's are about so; perceptrons' follow."""
    lenet1, lenet4 = NETWORKS["lenet1"], NETWORKS["lenet4"]
    assert (lenet1.parameters, lenet1.connections) == (2578, 98442)
    assert round(lenet4.parameters, -3) == PAPER.claims["lenet4.architecture"].value
    assert round(lenet4.connections, -4) == 260_000
    perceptron = catalogue.network("perceptron-300-100", "regular", PAPER)
    assert perceptron.parameters == 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10


def test_parameters_of_the_layers_follow_one_another():
    for found in NETWORKS.values():
        ends = [0] + [layer.end for layer in found.layers]
        assert [layer.offset for layer in found.layers] == ends[:-1]


@pytest.mark.parametrize("name", ["lenet6", "reference", "catalogue"])
def test_what_describes_no_network_is_one_sentence_with_those_that_there_are(name):
    with refused(
        f"'{name}'", "lenet1, lenet4, lenet5, lenet5-library, lenet5-plain", f"networks/{name}.py"
    ):
        catalogue.network(name, "regular", PAPER)
    with pytest.raises(ValueError, match=r"\b6\b.*\b5\b"):
        Stack("wrong", 16).full("F1", 5).rbf("RBF", np.ones((2, 6), np.int8))
