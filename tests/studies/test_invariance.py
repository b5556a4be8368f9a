"""Section III-E: patterns changed by a known amount, and fields wider than the network's own."""

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fabricated import SETTINGS
from scipy import ndimage
from small import contents, refused, small_project

from replication.comparison.verdicts.evidence import Wording
from replication.core.mnist import databases, distortions
from replication.core.networks.catalogue import lenet5
from replication.core.networks.reference import Reference
from replication.core.settings import Invariance
from replication.folders import Folders
from replication.studies import invariance as study
from replication.studies.invariance import changes as invariance
from replication.studies.invariance import figure as chart
from replication.studies.invariance import run as study_run

FIELD = 32
CHOICES = Invariance(
    experiments=("lenet5", "not-trained", "lenet5-distorted"), replicates=2, patterns=30, seed=5,
    character_pixels=20, scale=(0.5, 1.0, 1.5), shift=(0.0, 0.5), rotation=(0.0, 30.0),
    noise=(0.0, 0.3), examples=3, pitch=24, fields=((0, 1), (2, 3, 4)),
)  # fmt: skip
TABLE = databases.grey_levels(-0.1, 1.175)


def padded(images):
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))


def changed(images, kind, amount, **other):
    choices = CHOICES.model_copy(update=other)
    return invariance.change(images, range(len(images)), kind, amount, choices, FIELD)


def close(one, other):
    """The same but for the rounding of sums made in another precision."""
    return np.abs(one.astype(int) - other.astype(int)).max() <= 1


@pytest.mark.parametrize("kind", invariance.KINDS)
def test_no_change_is_the_pattern_in_its_field(tiny, kind):
    found = changed(tiny.test_images, kind, invariance.UNCHANGED[kind])
    assert np.array_equal(found, padded(tiny.test_images))


@pytest.mark.parametrize(("kind", "amount", "row"), [
    ("scale", 0.55, (0.55, 0.55, 0, 0, 0)), ("scale", 1.7, (1.7, 1.7, 0, 0, 0)),
    ("shift", 0.37, (1, 1, 0, 0, 7.4)), ("shift", -0.5, (1, 1, 0, 0, -10)),
])  # fmt: skip
def test_scale_and_shift_are_those_of_the_training_distortions(tiny, kind, amount, row):
    parameters = np.tile(np.array(row, np.float32), (len(tiny.test_images), 1))
    expected = distortions.distort(tiny.test_images, parameters, FIELD)
    assert close(changed(tiny.test_images, kind, amount), expected)


def test_a_rotation_is_clockwise_and_looks_each_pixel_up_where_it_comes_from(tiny):
    quarter = changed(tiny.test_images, "rotation", 90.0)
    # Turned about pixel (16, 16) of the field: what is of an odd side, that pixel in its middle.
    whole = padded(tiny.test_images)[:, 1:, 1:]
    assert np.array_equal(quarter[:, 1:, 1:], np.rot90(whole, k=-1, axes=(1, 2)))
    angle, around = math.radians(25.0), np.pad(tiny.test_images[0].astype(float), 30)
    y, x = np.mgrid[:FIELD, :FIELD] - 16
    across = math.cos(angle) * x + math.sin(angle) * y + 44
    down = -math.sin(angle) * x + math.cos(angle) * y + 44
    expected = ndimage.map_coordinates(around, [down, across], order=1)
    assert close(changed(tiny.test_images[:1], "rotation", 25.0)[0], np.rint(expected))


def test_noise_inverts_the_stated_share_of_all_pixels_by_seed_and_number_of_the_pattern(tiny):
    whole = padded(tiny.test_images)
    less, more = (changed(tiny.test_images, "noise", share) for share in (0.1, 0.3))
    for found, share in ((less, 0.1), (more, 0.3)):
        inverted = found != whole
        assert np.array_equal(found[inverted], 255 - whole[inverted])
        assert inverted.mean() == pytest.approx(share, abs=0.005)
    assert ((more != whole) | (less == whole)).all()
    alone, other = (invariance.invert(whole[2:3], [2], 0.1, CHOICES.seed + n)[0] for n in (0, 1))
    assert np.array_equal(alone, less[2])
    assert not np.array_equal(alone, other)
    assert not np.array_equal((less != whole)[0], (less != whole)[1])


def brightness(shown):
    """A network that answers 1 where there is much ink and 0 where there is little."""
    ink = shown.mean(axis=(1, 2))
    return np.stack([ink, np.full(len(ink), 25.0)], axis=1)


def test_the_study_counts_what_a_network_misses_and_shows_examples_of_its_answers(tiny):
    images, labels = tiny.test_images[:20], np.zeros(20, np.uint8)
    dark = {("b", 1): brightness, ("a", 0): lambda shown: -brightness(shown)}
    found = study_run.count_missed(dark, images, labels, CHOICES, FIELD)
    assert tuple(found.columns) == study.COUNTS.columns
    ways = [("scale", 0.5), ("scale", 1.0), ("scale", 1.5), ("shift", -0.5), ("shift", 0.0),
            ("shift", 0.5), ("rotation", -30.0), ("rotation", 0.0), ("rotation", 30.0),
            ("noise", 0.0), ("noise", 0.3)]  # fmt: skip
    assert list(zip(found["kind"], found["amount"], strict=True)) == ways * 2
    assert list(found["experiment"]) == ["b"] * 11 + ["a"] * 11
    for row in found.itertuples():
        ink = changed(images, row.kind, row.amount).mean(axis=(1, 2))
        expected = (ink > 25).sum() if row.experiment == "b" else (ink < 25).sum()
        assert (row.misses, row.patterns) == (expected, 20)
    shown = study_run.answer_examples({"b": brightness}, images[:3], CHOICES, FIELD)
    assert tuple(shown.columns) == study.EXAMPLES.columns
    assert len(shown) == 11 * 3
    for row in shown.itertuples(index=False):
        ink = changed(images[:3], row.kind, row.amount)[row[3]].mean()
        assert (row[4], row.penalty) == (int(ink > 25), pytest.approx(min(ink, 25.0)))


@pytest.fixture(scope="module")
def network(paper, chosen):
    reference = Reference(lenet5(paper), chosen.base.rules)
    weights = np.random.default_rng(2).normal(0, 0.15, reference.network.parameters)
    return reference, weights.astype(np.float32)


def test_every_output_of_a_wide_field_is_that_of_the_square_below_it(tiny, network):
    reference, weights = network
    wide = invariance.join_images(tiny.test_images[:3], 24, FIELD)
    found = study_run.compute_outputs(reference, weights, TABLE, wide)
    assert (study_run.get_step(reference.network), found.shape) == (4, (10, 13))
    squares = np.stack([wide[:, 4 * place : 4 * place + FIELD] for place in range(13)])
    inputs = torch.from_numpy(TABLE[squares][:, None])
    alone = reference.penalties(torch.from_numpy(weights), inputs)[:, :, 0, 0]
    np.testing.assert_allclose(found.T, alone.numpy(), rtol=1e-4)
    rows = study_run.tabulate_outputs("a", {3: found}, 4)
    assert set(rows.itertuples(index=False, name=None)) == {
        ("a", 3, 4 * place, digit, found[digit, place]) for digit, place in np.ndindex(10, 13)
    }


def test_where_digits_overlap_the_darker_ink_is_seen(tiny):
    wide = invariance.join_images(tiny.test_images[:2], 8, FIELD)
    first, second = padded(tiny.test_images[:2])
    assert wide.shape == (FIELD, 40)
    assert np.array_equal(wide[:, :8], first[:, :8])
    assert np.array_equal(wide[:, 8:32], np.maximum(first[:, 8:], second[:, :24]))
    assert np.array_equal(wide[:, 32:], second[:, 24:])


def make(folders):
    study_run.run(folders, SETTINGS.model_copy(update={"invariance": CHOICES}))


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tiny, repository):
    """A small project with the committed runs, in which the study has been made."""
    project = small_project(tmp_path_factory.mktemp("invariance") / "project", tiny)
    made = Folders.below(project, runs=repository / "results" / "runs")
    make(made)
    return made


def test_the_command_reads_committed_weights_and_leaves_out_what_is_not_trained(folders, tmp_path):
    found, outputs = study.COUNTS.read(folders.out), study.FIELDS.read(folders.out)
    assert list(dict.fromkeys(found["experiment"])) == ["lenet5", "lenet5-distorted"]
    assert len(found) == 4 * 11
    unchanged = found[(found["kind"] == "scale") & (found["amount"] == 1)]
    assert (unchanged["misses"] <= 1).all()
    assert set(found["patterns"]) == {30}
    # Five digits that every replicate knows, each above the middle of its own square.
    best = outputs.loc[outputs.groupby(["picture", "position"])["penalty"].idxmin()]
    shown = best[best["position"] % 24 == 0]
    assert list(shown["class"]) == [7, 2, 1, 0, 4]
    before = contents(folders.out)
    assert set(before) >= {study.COUNTS.name, study.EXAMPLES.name, study.FIELDS.name}
    make(folders)
    assert contents(folders.out) == before
    with refused("train lenet5"):
        make(replace(folders, runs=tmp_path, out=tmp_path))


@pytest.fixture(scope="module")
def inputs(folders, paper, tiny):
    return SimpleNamespace(
        paper=paper, choices=SimpleNamespace(accurate_percent=10.0), wording=Wording(),
        study=CHOICES, images=tiny.test_images, labels=tiny.test_labels,
        table=lambda output: output.read(folders.out),
    )  # fmt: skip


def test_the_chart_has_every_amount_and_the_published_ranges(inputs):
    found = chart.draw_curves(inputs)
    counts = inputs.table(study.COUNTS)
    expected = counts[(counts["experiment"] == "lenet5") & (counts["kind"] == "rotation")]
    total = 100 * expected.loc[expected["amount"] != 0, "misses"].sum() / (4 * 30)
    assert ("lenet5", "rotation", "30", f"{total:.4g}", "2") in found.table.rows
    assert len(found.table.rows) == 2 * (3 + 2 + 2 + 2)
    assert len(re.findall(r"stroke-dasharray", found.svg)) == 2 * 5  # wide and narrow
    assert found.svg == chart.draw_curves(inputs).svg


def test_the_upright_lines_are_what_the_paper_states(paper):
    low, high = chart.find_limits(paper, "scale")
    assert high / low == pytest.approx(paper.claims["invariance.scale"].value)
    assert low * high == pytest.approx(1.0)
    for kind, claim in (("shift", "invariance.shift"), ("rotation", "invariance.rotation"),
                        ("noise", "noise.salt-pepper")):  # fmt: skip
        assert chart.find_limits(paper, kind) == [paper.claims[claim].value]
