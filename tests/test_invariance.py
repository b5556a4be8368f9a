"""Section III-E: patterns changed by a known amount, and fields wider than the network's own."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from fabricated import EMPTY, SETTINGS
from small import small_project

from replication.errors import ReplicationError
from replication.files import read_table
from replication.folders import Folders
from replication.mnist import databases, distortions
from replication.networks import lenet5
from replication.networks.reference import Reference
from replication.settings import Invariance, load
from replication.studies import invariance as study
from replication.studies.invariance import changes as invariance
from replication.studies.invariance import fields, pictures
from replication.studies.invariance import figure as chart
from replication.studies.invariance import verdict as verdicts
from replication.studies.invariance.run import run
from replication.verdicts.evidence import Unmeasured

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
    return invariance.changed(images, range(len(images)), kind, amount, choices, FIELD)


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
    together = invariance.inverted(images, numbers, 0.2, 5)
    alone = invariance.inverted(images[2:3], [2], 0.2, 5)
    assert np.array_equal(together[2], alone[0])
    assert not np.array_equal(together[2], invariance.inverted(images[2:3], [2], 0.2, 6)[0])
    flipped = together != images
    assert not np.array_equal(flipped[0], flipped[1])


def brightness(shown):
    """A network that answers 1 where there is much ink and 0 where there is little."""
    ink = shown.mean(axis=(1, 2))
    return np.stack([ink, np.full(len(ink), 25.0)], axis=1)


def test_the_study_counts_what_a_network_misses(tiny):
    images, labels = tiny.test_images[:20], np.zeros(20, np.uint8)
    dark = {("b", 1): brightness, ("a", 0): lambda shown: -brightness(shown)}
    found = invariance.study(dark, images, labels, CHOICES, FIELD)
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
    found = invariance.examples({"b": brightness}, images, CHOICES, FIELD)
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
    wide = invariance.in_one_field(tiny.test_images[:3], 24, FIELD)
    found = fields.outputs(reference, weights, TABLE, wide)
    assert fields.step(reference.network) == 4
    assert found.shape == (10, 13)
    for place in range(13):
        square = wide[:, 4 * place : 4 * place + FIELD]
        inputs = torch.from_numpy(TABLE[square][None, None])
        alone = reference.penalties(torch.from_numpy(weights), inputs)[0, :, 0, 0]
        assert found[:, place] == pytest.approx(alone.numpy(), rel=1e-4)


def test_digits_far_apart_are_answered_as_if_alone(tiny, network):
    reference, weights = network
    wide = invariance.in_one_field(tiny.test_images[:3], 32, FIELD)
    found = fields.outputs(reference, weights, TABLE, wide)
    inputs = torch.from_numpy(databases.fields(tiny.test_images[:3], FIELD, TABLE)[:, None])
    alone = reference.penalties(torch.from_numpy(weights), inputs)[:, :, 0, 0]
    for place, penalties in enumerate(alone.numpy()):
        assert found[:, 8 * place] == pytest.approx(penalties, rel=1e-4)


def test_where_digits_overlap_the_darker_ink_is_seen(tiny):
    wide = invariance.in_one_field(tiny.test_images[:2], 8, FIELD)
    first, second = padded(tiny.test_images[:2])
    assert wide.shape == (FIELD, 40)
    assert np.array_equal(wide[:, :8], first[:, :8])
    assert np.array_equal(wide[:, 8:32], np.maximum(first[:, 8:], second[:, :24]))
    assert np.array_equal(wide[:, 32:], second[:, 24:])


def test_a_field_of_another_height_is_refused(network):
    with pytest.raises(ValueError, match="it must be 32 high and no narrower"):
        fields.outputs(*network, TABLE, np.zeros((36, 40), np.uint8))


def test_rows_of_a_field_say_where_each_output_stands():
    found = fields.rows("a", {3: np.array([[1.0, 2.0], [5.0, 6.0]], np.float32)}, 4)
    expected = [("a", 3, 0, 0, 1.0), ("a", 3, 0, 1, 5.0), ("a", 3, 4, 0, 2.0), ("a", 3, 4, 1, 6.0)]
    assert list(found.itertuples(index=False, name=None)) == expected


def test_a_range_ends_where_the_error_first_exceeds_the_limit():
    steps = np.array([0.0, 10.0, 20.0, 30.0])
    assert verdicts.end(steps, np.array([1.0, 6.0, 16.0, 2.0]), 10.0) == pytest.approx(14.0)
    assert verdicts.end(steps, np.array([11.0, 6.0, 16.0, 2.0]), 10.0) == 0.0
    assert verdicts.end(steps, np.array([1.0, 6.0, 10.0, 2.0]), 10.0) == math.inf


def rows(kind, percent, experiment="lenet5", replicate=0):
    return [
        (experiment, replicate, kind, amount, round(10 * value), 1000)
        for amount, value in percent.items()
    ]


def frame(found):
    return pd.DataFrame(found, columns=list(study.COUNTS.columns))


def test_both_ways_count_together_and_scales_apart():
    shift = frame(rows("shift", {-0.5: 30.0, -0.25: 4.0, 0.0: 1.0, 0.25: 8.0, 0.5: 10.0}))
    found = verdicts.curve(shift, "shift")
    assert found.to_dict() == {0.0: 1.0, 0.25: 6.0, 0.5: 20.0}
    scale = frame(rows("scale", {0.4: 50.0, 0.6: 20.0, 1.0: 0.0, 1.5: 5.0, 2.0: 15.0}))
    found = verdicts.curve(scale, "scale")
    # 0.8 and 1.75 are missed by 10 %.
    assert verdicts.extent(found, "scale", 10.0) == pytest.approx(1.75 / 0.8)
    ends = [20.0 * (1 - 1 / math.sqrt(2)) / 0.4, 5.0 * (math.sqrt(2) - 1) / 0.5]
    assert verdicts.at_limit(found, "scale", 2.0) == pytest.approx(np.mean(ends))


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
    assert finding.facts["ranges"] == {"lenet5": np.mean(first), "other": np.mean(second)}
    assert finding.replicates == 3


def test_the_reason_states_the_error_at_the_published_limit(paper):
    finding = judged(paper, rotations([20, 20, 20]))
    assert finding.facts["limits"] == {"lenet5": pytest.approx(30)}
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
    assert judged(paper, whole).replicated == "lenet5: 30"


def test_without_evidence_the_ranges_are_unmeasured(paper):
    with pytest.raises(Unmeasured, match="run `python -m replication invariance`"):
        judged(paper, None)
    short = [row for n in range(3) for row in rows("shift", {0.0: 1.0, 0.3: 2.0}, "lenet5", n)]
    with pytest.raises(Unmeasured, match=r"add larger ones"):
        judged(paper, short, "invariance.shift")
    far = [row for n in range(3) for row in rows("shift", {0.0: 1.0, 0.6: 2.0}, "lenet5", n)]
    assert judged(paper, far, "invariance.shift").outcome == "reproduced"


def make(folder, runs, out):
    places = Folders.usual(
        paper=folder / "data/paper", raw=folder / "data/raw", prepared=folder / "data/prepared",
        runs=runs,
    )  # fmt: skip
    run(places, SETTINGS.model_copy(update={"invariance": CHOICES}), out)


FILES = {
    "invariance.csv": study.COUNTS.columns,
    "invariance_examples.csv": study.EXAMPLES.columns,
    "fields.csv": study.FIELDS.columns,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny):
    return small_project(tmp_path_factory.mktemp("invariance") / "project", tiny)


@pytest.fixture(scope="module")
def written(project, repository):
    make(project, repository / "results" / "runs", project / "results")
    return project / "results"


def test_the_command_reads_committed_weights_and_leaves_out_what_is_not_trained(written):
    tables = {name: read_table(written / name, FILES[name], "") for name in FILES}
    found = tables["invariance.csv"]
    assert list(dict.fromkeys(found["experiment"])) == ["lenet5", "lenet5-distorted"]
    assert len(found) == 4 * 11
    unchanged = found[(found["kind"] == "scale") & (found["amount"] == 1)]
    assert (unchanged["misses"] <= 1).all()
    assert set(found["patterns"]) == {30}
    # Five digits that every replicate knows, each above the middle of its own square.
    outputs = tables["fields.csv"]
    best = outputs.loc[outputs.groupby(["picture", "position"])["penalty"].idxmin()]
    shown = best[best["position"] % 24 == 0]
    assert list(shown["class"]) == [7, 2, 1, 0, 4]


def test_the_command_gives_the_same_bytes_again(written, project, repository):
    before = {name: (written / name).read_bytes() for name in FILES}
    make(project, repository / "results" / "runs", written)
    assert {name: (written / name).read_bytes() for name in FILES} == before


def test_without_any_weights_the_command_says_what_makes_them(project, tmp_path):
    with pytest.raises(ReplicationError, match=r"no weights of lenet5 or .*train lenet5` first"):
        make(project, tmp_path, tmp_path)


@pytest.fixture(scope="module")
def inputs(written, paper, tiny):
    return SimpleNamespace(
        paper=paper,
        choices=SimpleNamespace(accurate_percent=10.0),
        study=CHOICES,
        images=tiny.test_images,
        labels=tiny.test_labels,
        table=lambda output: output.read(written),
    )


def test_the_chart_has_every_amount_and_the_published_ranges(inputs):
    found = chart.curves(inputs)
    counts = inputs.table(study.COUNTS)
    expected = counts[(counts["experiment"] == "lenet5") & (counts["kind"] == "rotation")]
    total = 100 * expected.loc[expected["amount"] != 0, "misses"].sum() / (4 * 30)
    assert ("lenet5", "rotation", "30", f"{total:.4g}", "2") in found.table.rows
    assert len(found.table.rows) == 2 * (3 + 2 + 2 + 2)
    assert len(re.findall(r"stroke-dasharray", found.svg)) == 2 * 5  # wide and narrow
    assert found.svg == chart.curves(inputs).svg


def test_the_upright_lines_are_what_the_paper_states(paper):
    value = {kind: chart.named(paper, kind) for kind in invariance.KINDS}
    low, high = value["scale"]
    assert high / low == pytest.approx(paper.claims["invariance.scale"].value)
    assert low * high == pytest.approx(1.0)
    assert value["shift"] == [paper.claims["invariance.shift"].value]
    assert value["rotation"] == [paper.claims["invariance.rotation"].value]
    assert value["noise"] == [paper.claims["noise.salt-pepper"].value]


def test_digits_show_the_answers_and_mark_the_wrong_ones(inputs):
    found = pictures.digits(inputs)
    examples = inputs.table(study.EXAMPLES)
    wrong = examples["class"].to_numpy() != inputs.labels[examples["pattern"].to_numpy()]
    assert 0 < wrong.sum() < len(examples)
    assert found.svg.count("font-weight: 700") == 2 * wrong.sum()  # wide and narrow
    assert found.svg.count("<image") == 2 * 4 * CHOICES.examples
    assert len(found.table.rows) == len(examples)


def test_many_amounts_are_thinned_to_those_that_fit():
    assert pictures.spaced(3) == [0, 1, 2]
    assert pictures.spaced(17) == [0, 3, 5, 8, 11, 13, 16]


def test_wide_fields_show_a_square_for_every_output(inputs):
    found = pictures.wide_fields(inputs)
    assert found.svg.count("opacity") == 2 * len(inputs.table(study.FIELDS)) == 2 * 10 * (7 + 13)
    assert re.findall(r"font-weight: 700[^>]*>(\d)", found.svg)[0] == "7"
    assert "7 2: 7" in found.svg
    assert found.svg == pictures.wide_fields(inputs).svg


def test_without_the_study_there_are_no_figures(inputs):
    bare = SimpleNamespace(**{**vars(inputs), "table": lambda _: None})
    assert (chart.curves(bare), pictures.digits(bare), pictures.wide_fields(bare)) == (None,) * 3
