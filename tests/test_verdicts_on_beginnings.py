"""Verdicts on how training begins, from fabricated numbers: nothing here has been measured."""

import numpy as np
import pandas as pd
import pytest
from fabricated import found, with_study

from replication.core.settings import Squashing
from replication.studies.beginnings.run import Training, train


def beginnings(sums=(1.0, 1.5), weights=(1.0, 0.9, 1.1), ends=(0.2, 0.4, 0.6)):
    rows = []
    for number in range(4):
        off = number / 1000
        for variant, second in (("power 1", sums[1]), ("power 0.5", 3.0)):
            rows += [("sums", variant, number, "C1", sums[0] + off),
                     ("sums", variant, number, "F6", second + off)]  # fmt: skip
        rows += [("weights", "mlp", number, str(n), w + off) for n, w in enumerate(weights)]
        for subject, variant, end in (
            ("squashing", "symmetric", ends[0]), ("squashing", "never negative", ends[1]),
            ("updates", "stochastic", ends[0]), ("updates", "batch", ends[2]),
        ):  # fmt: skip
            rows += [
                (subject, variant, number, "0", 1.0),
                (subject, variant, number, "1", end + off),
            ]
    columns = ["subject", "variant", "replicate", "step", "value"]
    return pd.DataFrame(rows, columns=columns)


def outcome(claim, **changes):
    return found(with_study("beginnings.csv", beginnings(**changes)), claim).outcome


@pytest.mark.parametrize(
    ("claim", "against"),
    [
        ("init.weighted-sums", {"sums": (0.001, 1.0)}),
        ("perceptrons.weights-shrink:shrink", {"weights": (1.0, 1.1, 1.2)}),
        ("perceptrons.weights-shrink:grow", {"weights": (1.0, 0.9, 0.8)}),
        ("squashing.symmetric", {"ends": (0.4, 0.2, 0.6)}),
        ("training.stochastic", {"ends": (0.4, 0.5, 0.2)}),
    ],
)
def test_each_claim_on_the_first_passes_can_hold_and_fail(claim, against):
    assert outcome(claim) == "reproduced"
    assert outcome(claim, **against) != "reproduced"


def test_the_small_perceptron_learns_either_way():
    generator = np.random.default_rng(1)
    inputs, labels = generator.normal(size=(60, 20)), generator.integers(0, 10, 60)
    targets = np.where(labels[:, None] == np.arange(10), 1.0, -1.0)
    squash = Squashing(amplitude=1.7159, slope=2 / 3)
    for how in (
        Training(0.0, False, 0.02),
        Training(1.7159, False, 0.02),
        Training(0.0, True, 0.3),
    ):
        errors = train(inputs, targets, how, 5, squash, 1)
        assert len(errors) == 6
        assert errors[-1] < errors[0]
