"""The study of readings: its candidates, its distance, its rule, and that it shows no test."""

import dataclasses
import math
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from report_files import write_studies
from small import small_project

from replication.core import settings
from replication.core.systems.jobs import Experiment
from replication.folders import Folders
from replication.studies.readings import CURVES, RANKING, STEPS, draw_ranking
from replication.studies.readings import run as study
from replication.studies.readings.protocol import (
    Scale,
    Stage,
    Trained,
    build_recipe,
    choose_ranges,
    count_departures,
    decide,
    is_adopted,
    list_candidates,
    list_variations,
    rank_readings,
    read_evidence,
    select_trained,
)
from replication.studies.variants import shorten_key


@pytest.fixture(scope="module")
def known(paper):
    return read_evidence(paper, 0.03)


def steps_table(study) -> pd.DataFrame:
    """For start c the range 1 / c is made the nearest."""
    pairs = product(study.curvature_starts, study.ranges)
    return STEPS.frame(
        (start, value, 7e-5, 0.016, abs(value - 1 / start)) for start, value in pairs
    )


def like_1998(known, replicates=5, shift=0.0, spread=0.1) -> Trained:
    """Replicates whose curves lie symmetrically about Figure 5's, ``shift`` points above."""
    offsets = np.linspace(-spread, spread, replicates)[:, np.newaxis]
    steps = np.tile(known.steps, (replicates, 1)) + offsets / 10.0
    return Trained(known.training + offsets + shift, steps)


def curves_of(name: str, one: Trained) -> pd.DataFrame:
    """A finalist's curves."""
    replicates, passes = np.indices(one.errors.shape).reshape(2, -1)
    low, high = 10.0 ** one.steps[replicates].T
    return pd.DataFrame({
        "stage": "final", "reading": name, "replicate": replicates, "key": "", "pass": passes + 1,
        "training_error": one.errors.ravel(), "step_low": low, "step_high": high,
    })  # fmt: skip


def test_the_printed_digits_leave_half_a_unit_open(known):
    """7e-5 stands for 6.5e-5 to 7.5e-5, 0.016 for 0.0155 to 0.0165, uniformly."""
    expected = np.array([0.5e-5 / 7e-5, 0.0005 / 0.016]) / math.log(10) / math.sqrt(3)
    assert known.rounding == pytest.approx(expected)


def test_units_add_the_spread_between_replicates_to_what_the_print_leaves_open(known):
    unit = Scale.pool({"a": like_1998(known), "b": like_1998(known, shift=1.0)}, known)
    spread = np.linspace(-0.1, 0.1, 5).std(ddof=1)
    assert unit.curve == pytest.approx(np.hypot(spread, 0.03))
    assert unit.steps == pytest.approx(np.hypot(spread / 10.0, known.rounding))


def test_a_shift_by_one_unit_adds_half_a_squared_unit(known):
    """The curve counts half; all its passes are shifted equally. The rms is in points."""
    still = like_1998(known)
    unit = Scale.pool({"a": still}, known)
    near = unit.squares(still).mean()
    assert near == pytest.approx(
        0.5 * (np.mean(still.errors.var(axis=0) / unit.curve**2)
               + np.mean(still.steps.var(axis=0) / unit.steps**2))
    )  # fmt: skip
    for moved in (Trained(still.errors + unit.curve, still.steps),
                  Trained(still.errors, still.steps + unit.steps)):  # fmt: skip
        assert unit.squares(moved).mean() == pytest.approx(near + 0.5)
    found = unit.describe(like_1998(known, shift=0.3, spread=0.0))
    assert found["rms"] == pytest.approx(0.3)
    assert found["training_error"] == pytest.approx(known.training[-1] + 0.3)


def test_ties_are_what_paired_replicates_leave_open(known):
    best = like_1998(known)
    unit = Scale.pool({"a": best}, known)
    assert unit.is_tied(best, best)
    assert not unit.is_tied(Trained(best.errors + 1.0, best.steps), best)
    noisy = Trained(np.roll(best.errors, 1, axis=0), best.steps)
    assert not np.allclose(unit.squares(noisy), unit.squares(best))
    assert unit.is_tied(noisy, best)


def test_a_reading_of_which_a_replicate_diverged_has_no_numbers(known, tmp_path):
    fine, lost = (curves_of(name, like_1998(known)) for name in ("fine", "lost"))
    lost = lost[(lost["replicate"] != 3) | (lost["pass"] < 7)]
    assert set(select_trained(pd.concat([fine, lost]), 5)) == {"fine"}
    write_studies(tmp_path)
    drawn = draw_ranking(SimpleNamespace(table=lambda output: output.read(tmp_path)))
    names = [row[0] for row in drawn.table.rows]
    assert names == ["nearest", "ours", "a fresh order each pass", "printed"]
    assert "printed" in drawn.caption  # it diverged


def test_candidates_are_every_criterion_by_every_start_at_two_ranges(chosen):
    study, first = chosen.readings, steps_table(chosen.readings)
    found = list_candidates(study, first)
    taken = choose_ranges(first, study)
    assert taken[1.0] == [1.0]
    assert taken[2.0] == [0.5, 1.0]
    assert len(found) == len(study.criteria) * sum(map(len, taken.values()))
    assert len({one.name for one in found}) == len(found)
    short = build_recipe(found[0], chosen.base, study)
    assert (short.passes, len(short.learning_rates)) == (study.screening.passes,) * 2
    assert short.seed == study.seed != chosen.base.seed
    around = found[0]._replace(stage="final")
    for one in list_variations(study, around):
        (key,) = [key for key in one.values if one.values[key] != around.values.get(key)]
        assert one.change == f"{key}={one.values[key]}"
    library = around._replace(values={**study.library})
    assert [count_departures(library, own) for own in (study.library, study.printed)] == [0, 3]


def test_of_readings_that_are_tied_the_nearest_to_the_library_is_decided_for(chosen, known):
    """The nearest has equation 8 and another curvature; the tied one is the library itself."""
    study = chosen.readings
    readings = [
        one._replace(stage="final")
        for one in list_candidates(study, steps_table(study))
        if one.name in ("equation 8, curvature 2, range 0.5",
                        "equation 9 with j 1, curvature 1, range 1",
                        "equation 9 with j 1, curvature 5, range 1")
    ]  # fmt: skip
    assert len(readings) == 3
    near, library = (like_1998(known, spread=0.05, shift=shift) for shift in (0.0, 0.001))
    far = like_1998(known, shift=1.0)
    for second, best in ((library, 1), (far, 0)):
        made = zip(readings, (near, second, far), strict=True)
        curves = pd.concat([curves_of(one.name, own) for one, own in made])
        stage = Stage(readings, curves, 5, known)
        assert decide(stage, stage.scale(), study).name == readings[best].name


@pytest.fixture
def params(tmp_path, tiny, monkeypatch) -> settings.Settings:
    """Of a small project, which is entered, with two readings of two criteria."""
    small_project(tmp_path, tiny)
    monkeypatch.chdir(tmp_path)
    loaded = settings.load(Path("params.yaml"))
    return loaded.model_copy(update={"readings": loaded.readings.model_copy(update={
        "replicates": 2,
        "criteria": loaded.readings.criteria[:2], "curvature_starts": (1.0, 5.0),
        "ranges": (1.0,), "controls": {"earlier": loaded.readings.controls["earlier"]},
        "variations": {"order": ("fresh",)},
        "screening": loaded.readings.screening.model_copy(update={"passes": 1, "finalists": 2}),
    })})  # fmt: skip


def test_no_network_of_the_study_is_shown_a_test_pattern(params, monkeypatch):
    """The whole study of a small project, first with test patterns, then with none to be had."""
    before = study.list_missing(Folders.below(), params)
    table = study.run(Folders.below(), params)
    keys = CURVES.read(Path("results"))["key"].unique()
    assert len(before) == len({shorten_key(job) for job in before}) == len(keys)
    assert study.list_missing(Folders.below(), params) == []
    assert set(table["stage"]) == {"screening", "final", "control", "variation"}

    on = study.read_context(Folders.below(), params)
    images, labels = on.database.test_images[:0], on.database.test_labels[:0]
    blind = dataclasses.replace(on.database, test_images=images, test_labels=labels)
    monkeypatch.setattr(study, "read_context", lambda *_: on._replace(database=blind))
    monkeypatch.setattr(Experiment, "database", blind)
    again = study.run(Folders.below(checkpoints=Path("others"), out=Path("again")), params)
    pd.testing.assert_frame_equal(again, table)
    curves, steps = CURVES.read(Path("results")), STEPS.read(Path("results"))
    pd.testing.assert_frame_equal(
        rank_readings(curves, steps, params, on.evidence), table, check_dtype=False, rtol=1e-4
    )

    def refused(*_: object) -> None:
        raise AssertionError("what stands in the table was trained again")

    monkeypatch.setattr(study, "_train_one", refused)
    kept = study.run(Folders.below(checkpoints=Path("none")), params)
    pd.testing.assert_frame_equal(kept, table, check_dtype=False, rtol=1e-4)


def test_a_stage_can_be_trained_alone(params, monkeypatch):
    """The other stages stay as they are, though their keys are not those of the present code."""
    study.run(Folders.below(), params)
    before = CURVES.read(Path("results"))
    CURVES.write(Path("results"), before.assign(key=""))
    folders, names = Folders.below(checkpoints=Path("none")), []

    def watched(job, monitor):
        names.append(job.name.split()[0])
        return trained_one(job, monitor)

    trained_one = study._train_one
    monkeypatch.setattr(study, "_train_one", watched)
    study.run(folders, params, ["variation"])
    assert names == ["variation"] * 2
    after = CURVES.read(Path("results"))
    pd.testing.assert_frame_equal(after.drop(columns="key"), before.drop(columns="key"))
    assert after["key"].notna().tolist() == (after["stage"] == "variation").tolist()


def test_the_committed_ranking_and_the_reading_in_force_are_those_of_the_committed_curves(
    repository, chosen, paper
):
    """What params.yaml's base has is what the rule of the protocol gives, and nothing else."""
    results = repository / "results"
    known, steps = read_evidence(paper, chosen.readings.resolution_points), STEPS.read(results)
    found = rank_readings(CURVES.read(results), steps, chosen, known)
    committed = RANKING.read(results)
    for column in ("reading", "adopted"):
        assert found[column].tolist() == committed[column].tolist()
    distances = committed["distance"].tolist()
    assert found["distance"].tolist() == pytest.approx(distances, rel=1e-4, nan_ok=True)
    final = committed[(committed["stage"] == "final") & committed["tied"]]
    first = final.sort_values(["from_text", "from_library", "distance"], kind="stable").iloc[0]
    assert first["adopted"]
    values = {one.name: one.values for one in list_candidates(chosen.readings, steps)}
    assert is_adopted(values[first["reading"]], chosen.base)
