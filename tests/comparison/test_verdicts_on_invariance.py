"""Verdicts on Section III-E: how far a digit may be changed, from fabricated evidence."""

import math
from dataclasses import replace

import numpy as np
import pytest
from fabricated import EMPTY

from replication.comparison.verdicts.evidence import Unmeasured
from replication.studies import invariance as study
from replication.studies import invariance as verdicts


def test_a_range_ends_where_the_error_first_exceeds_the_limit():
    steps = np.array([0.0, 10.0, 20.0, 30.0])
    assert verdicts.find_end(steps, np.array([1.0, 6.0, 16.0, 2.0]), 10.0) == pytest.approx(14.0)
    assert verdicts.find_end(steps, np.array([11.0, 6.0, 16.0, 2.0]), 10.0) == 0.0
    assert verdicts.find_end(steps, np.array([1.0, 6.0, 10.0, 2.0]), 10.0) == math.inf


def rows(kind, percent, experiment="lenet5", replicate=0):
    return [
        (experiment, replicate, kind, amount, round(10 * value), 1000)
        for amount, value in percent.items()
    ]


def frame(found):
    return study.COUNTS.frame(found)


def test_both_ways_count_together_and_scales_apart():
    shift = frame(rows("shift", {-0.5: 30.0, -0.25: 4.0, 0.0: 1.0, 0.25: 8.0, 0.5: 10.0}))
    found = verdicts.compute_curve(shift, "shift")
    assert found.to_dict() == {0.0: 1.0, 0.25: 6.0, 0.5: 20.0}
    scale = frame(rows("scale", {0.4: 50.0, 0.6: 20.0, 1.0: 0.0, 1.5: 5.0, 2.0: 15.0}))
    found = verdicts.compute_curve(scale, "scale")
    # 0.8 and 1.75 are missed by 10 %.
    assert verdicts.compute_extent(found, "scale", 10.0) == pytest.approx(1.75 / 0.8)
    ends = [20.0 * (1 - 1 / math.sqrt(2)) / 0.4, 5.0 * (math.sqrt(2) - 1) / 0.5]
    assert verdicts.interpolate_error(found, "scale", 2.0) == pytest.approx(np.mean(ends))


def rotations(ends, experiment="lenet5"):
    """Replicates that miss 10 % at these degrees."""
    return [
        row
        for number, end in enumerate(ends)
        for row in rows("rotation", {0.0: 0.0, end: 10.0, 2 * end: 50.0}, experiment, number)
    ]


def judged(paper, found, claim="invariance.rotation"):
    update = {"accurate_percent": 10.0, "minimum_replicates": 3, "roughly": 0.25}
    choices = EMPTY.choices.model_copy(update=update)
    studies = {} if found is None else {study.COUNTS.name: frame(found)}
    evidence = replace(EMPTY, choices=choices, studies=studies)
    return verdicts.judge(evidence, paper.claims[claim])


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ((29, 30, 31), (35, 36, 37), "reproduced"),
        ((29, 30, 31), (58, 60, 62), "reproduced"),  # "up to": to reach further is to agree
        ((15, 16, 17), (14, 15, 16), "differs"),
        ((29, 30, 31), (15, 16, 17), "inconclusive"),
    ],
)
def test_every_network_is_held_against_the_published_range(paper, first, second, outcome):
    finding = judged(paper, rotations(first) + rotations(second, "other"))
    assert finding.outcome == outcome
    assert finding.ours == f"lenet5: {np.mean(first):.4g}; other: {np.mean(second):.4g}"
    assert finding.replicates == 3


def test_the_reason_states_the_error_at_the_published_limit(paper):
    finding = judged(paper, rotations([20, 20, 20]))
    assert "30 % by lenet5" in finding.reason


def test_noise_in_training_has_to_help_at_every_amount():
    names = EMPTY.choices.experiments
    plain = {0.0: 1.0, 0.1: 10.0, 0.2: 40.0}
    for noisy, outcome in (
        ({0.0: 1.0, 0.1: 2.0, 0.2: 5.0}, "reproduced"),
        ({0.0: 1.0, 0.1: 12.0, 0.2: 5.0}, "inconclusive"),
        ({0.0: 1.0, 0.1: 20.0, 0.2: 60.0}, "differs"),
    ):
        table = [
            row
            for number in range(3)
            for name, curve in ((names.undistorted, plain), (names.noisy, noisy))
            for row in rows("noise", curve, name, number)
        ]
        evidence = replace(EMPTY, studies={study.COUNTS.name: frame(table)})
        claim = EMPTY.paper.claims["noise.resistance"]
        assert verdicts.judge_noise(evidence, claim).outcome == outcome


def test_a_network_of_too_few_replicates_decides_nothing(paper):
    assert judged(paper, rotations([30, 30])).outcome == "inconclusive"
    whole = rotations([30, 30, 30]) + rotations([10], "other")
    assert judged(paper, whole).ours == "lenet5: 30"


def test_without_evidence_the_ranges_are_unmeasured(paper):
    def shifts(most):
        return [row for n in range(3) for row in rows("shift", {0.0: 1.0, most: 2.0}, "lenet5", n)]

    with pytest.raises(Unmeasured, match="replication invariance"):
        judged(paper, None)
    with pytest.raises(Unmeasured, match="larger"):
        judged(paper, shifts(0.3), "invariance.shift")
    assert judged(paper, shifts(0.6), "invariance.shift").outcome == "reproduced"
