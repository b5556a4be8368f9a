"""The study of readings: what is varied, how it is scored, how it is ranked."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pandas as pd
import pytest
import study_files
from ruamel.yaml import YAML

from replication import settings
from replication.errors import ReplicationError
from replication.studies.readings.figure import ranking
from replication.studies.readings.ranking import all_readings, published, rank, score


def yaml_of(repository):
    text = (repository / "params.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe", pure=True).load(text)


@pytest.fixture(scope="module")
def chosen(repository):
    return settings.load(repository / "params.yaml")


@pytest.fixture(scope="module")
def figure(paper):
    return published(paper, 20)


def history(training, test, low=7e-5, high=0.016) -> pd.DataFrame:
    """A replicate with the given percentages, and one layer with the given step sizes."""
    passes = range(1, len(training) + 1)
    return pd.DataFrame({
        "pass": passes,
        "learning_rate": 1e-4,
        "training_presentations": 60_000,
        "training_misses": [round(600 * value) for value in training],
        "test_misses": [round(100 * value) for value in test],
        "mean_criterion": 1.0,
        "step_C1_min": low,
        "step_C1_max": high,
    })  # fmt: skip


def test_the_paper_itself_is_at_distance_zero(figure, chosen):
    own = history(figure.training, figure.test, *figure.steps)
    found = score([own, own, own], figure, chosen.readings.scales)
    assert found["rms"] == pytest.approx(0, abs=1e-9)
    assert found["distance"] == pytest.approx(0, abs=1e-6)


def test_the_distance_of_shifted_curves_is_the_shift(figure, chosen):
    """Both curves 0.3 points off: rms 0.3; final errors 0.3 off; step sizes right."""
    own = history(figure.training + 0.3, figure.test + 0.3, *figure.steps)
    scales = chosen.readings.scales
    found = score([own, own, own], figure, scales)
    assert found["rms"] == pytest.approx(0.3)
    parts = (0.3 / scales.curves_points, 0.3 / scales.errors_points)
    assert found["distance"] == pytest.approx(math.sqrt((parts[0] ** 2 + parts[1] ** 2) / 3))


def test_ten_times_the_step_sizes_is_a_decade(figure, chosen):
    low, high = figure.steps
    own = history(figure.training, figure.test, 10 * low, 10 * high)
    found = score([own, own, own], figure, chosen.readings.scales)
    expected = 1 / chosen.readings.scales.steps_decades / math.sqrt(3)
    assert found["distance"] == pytest.approx(expected, rel=1e-6)


def test_each_reading_is_there_once_and_named_by_what_differs(chosen):
    found = all_readings(chosen.readings)
    assert len({reading.name for reading in found}) == len(found)
    first = chosen.readings.centres["printed"]
    assert found[0].name == "printed"
    for reading in found[1:]:
        changes = {key: value for key, value in reading.values.items() if first[key] != value}
        assert reading.name == " ".join(f"{key}={value}" for key, value in changes.items())


def test_every_level_has_a_place_around_the_last_centre_and_some_around_the_first(chosen):
    study = chosen.readings
    places = [place for reading in all_readings(study) for place in reading.places]
    assert len(places) == len(set(places))
    first, last = study.centres
    for centre, factors in ((first, study.around_first), (last, study.factors)):
        found = {(factor, level) for name, factor, level in places if name == centre}
        wanted = {(name, str(level)) for name in factors for level in study.factors[name]}
        assert found == wanted
    combinations = math.prod(len(levels) for levels in study.factorial.values())
    assert sum(name == "factorial" for name, _, _ in places) == combinations


def test_the_last_centre_is_the_reading_in_force(chosen):
    study = chosen.readings
    first, last = (study.centres[name] for name in study.centres)
    for key, value in {**first, **last}.items():
        assert settings.value_at(chosen.base, key) == value


def test_a_factor_without_levels_is_refused(repository):
    document = yaml_of(repository)
    document["readings"]["around_first"] = ["criterion.jay"]
    with pytest.raises(ReplicationError, match=r"readings: around_first names criterion\.jay"):
        settings.parse(document, "params.yaml")


def test_the_nearest_reading_comes_first_and_a_diverged_one_last(chosen, figure, paper):
    tables = []
    for shift, reading in enumerate(all_readings(chosen.readings)[:3]):
        for replicate in range(chosen.readings.replicates):
            table = history(figure.training + shift, figure.test + shift, *figure.steps)
            tables.append(table.assign(reading=reading.name, replicate=replicate))
    ranked = rank(pd.concat(tables, ignore_index=True), chosen, paper)
    assert ranked["reading"].iloc[0] == "printed"
    assert ranked["distance"].dropna().is_monotonic_increasing
    last = ranked.iloc[-1]
    assert math.isnan(last["distance"])
    assert last["replicates"] == 0


def test_a_misspelt_factor_is_refused(chosen):
    with pytest.raises(ReplicationError, match=r"no setting 'criterion\.jay'"):
        settings.changed(chosen.base, {"criterion.jay": 1.0})
    with pytest.raises(ReplicationError, match=r"no setting 'criterion\.jay'"):
        settings.value_at(chosen.base, "criterion.jay")


def test_the_committed_ranking_is_that_of_the_committed_curves(repository, chosen, paper):
    curves = pd.read_csv(repository / "results" / "readings_curves.csv")
    committed = pd.read_csv(repository / "results" / "readings.csv")
    found = rank(curves, chosen, paper)
    assert found["reading"].tolist() == committed["reading"].tolist()
    assert found["distance"].tolist() == pytest.approx(
        committed["distance"].tolist(), rel=1e-4, nan_ok=True
    )


def test_readings_are_ranked_and_those_that_diverged_come_last(tmp_path):
    study_files.write(tmp_path)
    figure = ranking(SimpleNamespace(table=lambda output: output.read(tmp_path)))
    names = [row[0] for row in figure.table.rows]
    assert names == ["order fresh", "printed", "j 20, biases zero", "order lost"]
    assert "Ours, printed, is number 2" in figure.svg
    assert "1 readings diverged" in figure.caption
