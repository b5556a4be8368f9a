"""The study of images of no digit."""

from dataclasses import replace

import numpy as np
import pytest
from fabricated import FULL, found, noncharacters, with_study
from small import small_project

from replication.core.mnist.databases import centre_in_field
from replication.core.settings import load
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies.noncharacters import KINDS, PLAIN, RBF, REJECTED
from replication.studies.noncharacters import run as study

SIDE = 32


@pytest.fixture(scope="module")
def chosen(repository):
    return load(repository / "params.yaml")


def test_between_two_digits_lie_the_right_half_of_one_and_the_left_half_of_the_next(chosen, tiny):
    images = tiny.test_images[:3]
    shown = study.cut_between(images, chosen.noncharacters, SIDE)
    assert chosen.noncharacters.pitch == 20
    whole = centre_in_field(images, SIDE)
    assert shown.shape == (3, SIDE, SIDE)
    for number in range(3):
        following = whole[(number + 1) % 3]
        expected = np.zeros((SIDE, SIDE), np.uint8)
        expected[:, :22] = whole[number][:, 10:]
        expected[:, 10:] = np.maximum(expected[:, 10:], following[:, :22])
        np.testing.assert_array_equal(shown[number], expected)


def test_shuffled_images_have_the_ink_of_the_digits_elsewhere(chosen, tiny):
    images = tiny.test_images[:3]
    shown = study.shuffle_pixels(images, chosen.noncharacters, SIDE)
    inside = shown[:, 2:30, 2:30]
    assert shown.sum() == inside.sum()
    for before, after in zip(images, inside, strict=True):
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
        assert (before != after).any()
    assert (np.argsort(shown[0].ravel()) != np.argsort(shown[1].ravel())).any()


def test_each_network_has_the_threshold_that_rejects_the_share_of_digits():
    digits = np.column_stack([np.arange(100.0), np.full(100, 500.0)])
    others = np.array([[98.5, 700.0], [99.5, 98.0], [300.0, 99.5]])
    assert study.reject_percent(digits, others, 1.0) == pytest.approx(200 / 3)
    assert study.reject_percent(digits, others, 50.0) == 100.0


def test_the_command_counts_what_committed_networks_reject(chosen, tiny, tmp_path, repository):
    folder = small_project(tmp_path / "project", tiny)
    places = Folders.below(folder, runs=repository / "results/runs")
    few = chosen.noncharacters.model_copy(update={"patterns": 20, "replicates": 2})
    table = study.run(places, chosen.model_copy(update={"noncharacters": few}))
    assert tuple(table.columns) == REJECTED.columns
    assert set(table["outputs"]) == {RBF, PLAIN}
    assert len(table) == 2 * 2 * len(KINDS)
    assert table["rejected_percent"].between(0, 100).all()


def test_an_experiment_without_weights_is_one_sentence(chosen, tiny, tmp_path):
    folder = small_project(tmp_path / "project", tiny)
    places = Folders.below(folder, runs=tmp_path)
    with pytest.raises(ReplicationError, match=r"lenet5.* train lenet5"):
        study.run(places, chosen)


@pytest.mark.parametrize(("more", "outcome"), [(40.0, "reproduced"), (-40.0, "differs")])
def test_the_verdict_is_that_rbf_units_reject_more(more, outcome):
    evidence = with_study("noncharacters.csv", noncharacters(more))
    for kind in ("between-two-digits", "shuffled-pixels"):
        assert found(evidence, f"rbf.rejection:{kind}").outcome == outcome


def test_without_the_study_nothing_is_said_of_rejection():
    none = {name: table for name, table in FULL.studies.items() if name != REJECTED.name}
    finding = found(replace(FULL, studies=none), "rbf.rejection:shuffled-pixels")
    assert finding.outcome == "unmeasured"
    assert REJECTED.made_by in finding.reason
