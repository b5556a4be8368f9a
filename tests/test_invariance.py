"""Section III-E: patterns changed by a known amount, and fields wider than the network's own."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fabricated import SETTINGS
from small import contents, small_project

from replication.comparison.verdicts.evidence import Wording
from replication.core.mnist import databases, distortions
from replication.core.networks import lenet5
from replication.core.networks.reference import Reference
from replication.core.settings import Invariance, load
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies import invariance as study
from replication.studies.invariance import changes as invariance
from replication.studies.invariance import figure as chart
from replication.studies.invariance import run as study_run

FIELD = 32
CHOICES = Invariance(
    experiments=("lenet5", "not-trained", "lenet5-distorted"),
    replicates=2,
    patterns=30,
    seed=5,
    character_pixels=20,
    scale=(0.5, 1.0, 1.5),
    shift=(0.0, 0.5),
    rotation=(0.0, 30.0),
    noise=(0.0, 0.3),
    examples=3,
    pitch=24,
    fields=((0, 1), (2, 3, 4)),
)
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


@pytest.mark.parametrize(
    ("kind", "amount", "row"),
    [
        ("scale", 0.55, (0.55, 0.55, 0, 0, 0)),
        ("scale", 1.7, (1.7, 1.7, 0, 0, 0)),
        ("shift", 0.37, (1, 1, 0, 0, 7.4)),
        ("shift", -0.5, (1, 1, 0, 0, -10)),
    ],
)
def test_scale_and_shift_are_those_of_the_training_distortions(tiny, kind, amount, row):
    parameters = np.tile(np.array(row, np.float32), (len(tiny.test_images), 1))
    expected = distortions.distort(tiny.test_images, parameters, FIELD)
    assert close(changed(tiny.test_images, kind, amount), expected)


def test_a_quarter_turn_is_clockwise_about_the_centre_of_mass(tiny):
    found = changed(tiny.test_images, "rotation", 90.0)
    # Turned about pixel (16, 16) of the field: what is of an odd side, that pixel in its middle.
    whole = padded(tiny.test_images)[:, 1:, 1:]
    assert np.array_equal(found[:, 1:, 1:], np.rot90(whole, k=-1, axes=(1, 2)))


def test_a_rotation_looks_each_pixel_up_where_it_comes_from(tiny):
    angle, image = math.radians(25.0), tiny.test_images[0].astype(float)
    around = np.pad(image, 30)
    expected = np.zeros((FIELD, FIELD))
    for row in range(FIELD):
        for column in range(FIELD):
            x, y = column - 16, row - 16
            source_x = math.cos(angle) * x + math.sin(angle) * y + 14 + 30
            source_y = -math.sin(angle) * x + math.cos(angle) * y + 14 + 30
            left, top = math.floor(source_x), math.floor(source_y)
            across, down = source_x - left, source_y - top
            above = (1 - across) * around[top, left] + across * around[top, left + 1]
            below = (1 - across) * around[top + 1, left] + across * around[top + 1, left + 1]
            expected[row, column] = (1 - down) * above + down * below
    assert close(changed(tiny.test_images[:1], "rotation", 25.0)[0], np.rint(expected))


def test_noise_inverts_the_stated_share_of_all_pixels(tiny):
    whole = padded(tiny.test_images)
    less, more = (changed(tiny.test_images, "noise", share) for share in (0.1, 0.3))
    for found, share in ((less, 0.1), (more, 0.3)):
        inverted = found != whole
        assert np.array_equal(found[inverted], 255 - whole[inverted])
        assert inverted.mean() == pytest.approx(share, abs=0.005)
    assert ((more != whole) | (less == whole)).all()


def test_noise_depends_on_the_seed_and_the_number_of_the_pattern_alone(tiny):
    images, numbers = padded(tiny.test_images[:4]), [0, 1, 2, 3]
    together = invariance.invert(images, numbers, 0.2, 5)
    alone = invariance.invert(images[2:3], [2], 0.2, 5)
    assert np.array_equal(together[2], alone[0])
    assert not np.array_equal(together[2], invariance.invert(images[2:3], [2], 0.2, 6)[0])
    flipped = together != images
    assert not np.array_equal(flipped[0], flipped[1])


def brightness(shown):
    """A network that answers 1 where there is much ink and 0 where there is little."""
    ink = shown.mean(axis=(1, 2))
    return np.stack([ink, np.full(len(ink), 25.0)], axis=1)


def test_the_study_counts_what_a_network_misses(tiny):
    images, labels = tiny.test_images[:20], np.zeros(20, np.uint8)
    dark = {("b", 1): brightness, ("a", 0): lambda shown: -brightness(shown)}
    found = invariance.count_misses(dark, images, labels, CHOICES, FIELD)
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


def test_examples_are_the_answers_of_the_study(tiny):
    images = tiny.test_images[:3]
    found = invariance.answer_examples({"b": brightness}, images, CHOICES, FIELD)
    assert tuple(found.columns) == study.EXAMPLES.columns
    assert len(found) == 11 * 3
    for row in found.itertuples(index=False):
        number = row[3]
        image = changed(images, row.kind, row.amount)[number]
        assert row[4] == int(image.mean() > 25)
        assert row.penalty == pytest.approx(min(image.mean(), 25.0))


@pytest.fixture(scope="module")
def network(paper, repository):
    base = load(repository / "params.yaml").base
    reference = Reference(lenet5.network(paper), base.rules)
    weights = np.random.default_rng(2).normal(0, 0.15, reference.network.parameters)
    return reference, weights.astype(np.float32)


def test_every_output_of_a_wide_field_is_that_of_the_square_below_it(tiny, network):
    reference, weights = network
    wide = invariance.join_images(tiny.test_images[:3], 24, FIELD)
    found = study_run.compute_outputs(reference, weights, TABLE, wide)
    assert study_run.get_step(reference.network) == 4
    assert found.shape == (10, 13)
    for place in range(13):
        square = wide[:, 4 * place : 4 * place + FIELD]
        inputs = torch.from_numpy(TABLE[square][None, None])
        alone = reference.penalties(torch.from_numpy(weights), inputs)[0, :, 0, 0]
        assert found[:, place] == pytest.approx(alone.numpy(), rel=1e-4)


def test_digits_far_apart_are_answered_as_if_alone(tiny, network):
    reference, weights = network
    wide = invariance.join_images(tiny.test_images[:3], 32, FIELD)
    found = study_run.compute_outputs(reference, weights, TABLE, wide)
    inputs = torch.from_numpy(databases.make_inputs(tiny.test_images[:3], FIELD, TABLE)[:, None])
    alone = reference.penalties(torch.from_numpy(weights), inputs)[:, :, 0, 0]
    for place, penalties in enumerate(alone.numpy()):
        assert found[:, 8 * place] == pytest.approx(penalties, rel=1e-4)


def test_where_digits_overlap_the_darker_ink_is_seen(tiny):
    wide = invariance.join_images(tiny.test_images[:2], 8, FIELD)
    first, second = padded(tiny.test_images[:2])
    assert wide.shape == (FIELD, 40)
    assert np.array_equal(wide[:, :8], first[:, :8])
    assert np.array_equal(wide[:, 8:32], np.maximum(first[:, 8:], second[:, :24]))
    assert np.array_equal(wide[:, 32:], second[:, 24:])


def test_a_field_of_another_height_is_refused(network):
    with pytest.raises(ValueError, match=r"\b32\b"):
        study_run.compute_outputs(*network, TABLE, np.zeros((36, 40), np.uint8))


def test_rows_of_a_field_say_where_each_output_stands():
    found = study_run.tabulate_outputs("a", {3: np.array([[1.0, 2.0], [5.0, 6.0]], np.float32)}, 4)
    expected = [("a", 3, 0, 0, 1.0), ("a", 3, 0, 1, 5.0), ("a", 3, 4, 0, 2.0), ("a", 3, 4, 1, 6.0)]
    assert list(found.itertuples(index=False, name=None)) == expected


def make(folder, runs, out):
    places = Folders.below(folder, runs=runs, out=out)
    study_run.run(places, SETTINGS.model_copy(update={"invariance": CHOICES}))


TABLES = (study.COUNTS, study.EXAMPLES, study.FIELDS)


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny):
    return small_project(tmp_path_factory.mktemp("invariance") / "project", tiny)


@pytest.fixture(scope="module")
def written(project, repository):
    make(project, repository / "results" / "runs", project / "results")
    return project / "results"


def test_the_command_reads_committed_weights_and_leaves_out_what_is_not_trained(written):
    found, _, outputs = (table.read(written) for table in TABLES)
    assert list(dict.fromkeys(found["experiment"])) == ["lenet5", "lenet5-distorted"]
    assert len(found) == 4 * 11
    unchanged = found[(found["kind"] == "scale") & (found["amount"] == 1)]
    assert (unchanged["misses"] <= 1).all()
    assert set(found["patterns"]) == {30}
    # Five digits that every replicate knows, each above the middle of its own square.
    best = outputs.loc[outputs.groupby(["picture", "position"])["penalty"].idxmin()]
    shown = best[best["position"] % 24 == 0]
    assert list(shown["class"]) == [7, 2, 1, 0, 4]


def test_the_command_gives_the_same_bytes_again(written, project, repository):
    before = contents(written)
    make(project, repository / "results" / "runs", written)
    assert contents(written) == before
    assert set(before) >= {table.name for table in TABLES}


def test_without_any_weights_the_command_says_what_makes_them(project, tmp_path):
    with pytest.raises(ReplicationError, match=r"lenet5 .*train lenet5`"):
        make(project, tmp_path, tmp_path)


@pytest.fixture(scope="module")
def inputs(written, paper, tiny):
    return SimpleNamespace(
        paper=paper,
        choices=SimpleNamespace(accurate_percent=10.0),
        wording=Wording(),
        study=CHOICES,
        images=tiny.test_images,
        labels=tiny.test_labels,
        table=lambda output: output.read(written),
    )


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
    value = {kind: chart.find_limits(paper, kind) for kind in invariance.KINDS}
    low, high = value["scale"]
    assert high / low == pytest.approx(paper.claims["invariance.scale"].value)
    assert low * high == pytest.approx(1.0)
    assert value["shift"] == [paper.claims["invariance.shift"].value]
    assert value["rotation"] == [paper.claims["invariance.rotation"].value]
    assert value["noise"] == [paper.claims["noise.salt-pepper"].value]


def test_digits_show_the_answers_and_mark_the_wrong_ones(inputs):
    found = chart.draw_digits(inputs)
    examples = inputs.table(study.EXAMPLES)
    wrong = examples["class"].to_numpy() != inputs.labels[examples["pattern"].to_numpy()]
    assert 0 < wrong.sum() < len(examples)
    assert found.svg.count("font-weight: 700") == 2 * wrong.sum()  # wide and narrow
    assert found.svg.count("<image") == 2 * 4 * CHOICES.examples
    assert len(found.table.rows) == len(examples)


def test_many_amounts_are_thinned_to_those_that_fit():
    assert chart.space_evenly(3) == [0, 1, 2]
    assert chart.space_evenly(17) == [0, 3, 5, 8, 11, 13, 16]


def test_wide_fields_show_a_square_for_every_output(inputs):
    found = chart.draw_wide_fields(inputs)
    assert found.svg.count("opacity") == 2 * len(inputs.table(study.FIELDS)) == 2 * 10 * (7 + 13)
    assert re.findall(r"font-weight: 700[^>]*>(\d)", found.svg)[0] == "7"
    assert "7 2: 7" in found.svg
    assert found.svg == chart.draw_wide_fields(inputs).svg


def test_without_the_study_there_are_no_figures(inputs):
    bare = SimpleNamespace(**{**vars(inputs), "table": lambda _: None})
    assert (chart.draw_curves(bare), chart.draw_digits(bare), chart.draw_wide_fields(bare)) == (
        None,
    ) * 3
