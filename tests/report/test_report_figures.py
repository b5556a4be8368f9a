"""The figures of the page, each against the files that it is drawn from."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from fabricated import timed
from report_files import load, project
from small import REPOSITORY

from replication.comparison.figures.inputs import name_system
from replication.comparison.verdicts.benchmark import Benchmark, read
from replication.report import charts, pictures, rejections, systems, tables
from replication.studies import sensitivity


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return load(project(tmp_path_factory.mktemp("project")))


def test_gallery_shows_figure_8_with_the_share_of_ours(found):
    shown, past = charts.gallery(found), found.paper.misclassified
    figure8 = [one for one in shown.digits if one.past is not None]
    assert [one.index for one in figure8] == sorted(past["test_index"])
    wrong = np.array([one.classes != found.labels for one in found.answers(shown.experiment)])
    for one in shown.digits:
        assert one.missed == wrong[:, one.index].sum()
        assert (one.label, one.replicates) == (found.labels[one.index], len(wrong))
        assert one.past is not None or one.missed == len(wrong)


def test_figure_5_has_1998_and_the_mean_of_ours_in_its_table(found):
    figure, late = charts.learning_curves(found)
    assert figure.table == late.table
    histories = found.histories("lenet5")
    ours = np.mean([one["test_misses"].to_numpy() / 100 for one in histories], axis=0)
    past = found.paper.learning_curves["test_error_percent"]
    for number, row in enumerate(figure.table.rows):
        assert row[0] == str(number + 1)
        assert float(row[5]) == pytest.approx(past[number], rel=1e-3)
        assert float(row[6]) == pytest.approx(ours[number], rel=1e-3)


def test_four_figures_have_every_system_in_the_order_of_the_paper(found):
    drawn = systems.systems(found)
    assert [one.name for one in drawn] == ["figure9", "figure10", "figure11", "figure12"]
    rows = found.paper.systems.to_dict("records")
    for figure, shown in zip(drawn, systems.FIGURES, strict=True):
        for row, printed in zip(figure.table.rows, rows, strict=True):
            name, past = f"{printed['system']}/{printed['database']}", printed[shown.column]
            values = found.values(found.choices.systems.get(name, ""), shown.metric)
            verdict = found.verdict(f"{shown.claim}:{name}")
            assert row[0] == name_system(name)
            assert row[1] == (verdict.finding.outcome if verdict else "")
            assert (row[2] == "") == np.isnan(past)
            numbers = [] if np.isnan(past) else [past]
            numbers += [np.mean(values), min(values), max(values), len(values)] if values else []
            assert [float(row[place]) for place in (2, 3, 5, 6, 7) if row[place]] == pytest.approx(
                numbers, rel=1e-3
            )
            sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
            assert row[4] == ("" if sd is None else f"{sd:.4g}")


def test_errors_after_rejection_are_those_counted_one_by_one(found):
    curves, answers = rejections.errors(found, "lenet4"), found.answers("lenet4")
    assert curves.shape == (len(answers), len(found.labels))
    one = answers[0]
    # The last of equal margins is the last to be rejected.
    surest = sorted(range(len(found.labels)), key=lambda place: (-one.margins[place], -place))
    wrong = one.classes != found.labels
    for rejected in (0, 1, 50, 1234, len(found.labels) - 1):
        accepted = surest[: len(found.labels) - rejected]
        assert curves[0, rejected] == pytest.approx(100 * wrong[accepted].mean())


def test_curves_of_all_systems_with_answers_are_in_one_figure(found):
    named = [system for family in rejections.FAMILIES.values() for system in family]
    assert sorted(named) == sorted(set(found.paper.systems["system"]))
    figure = rejections.curves(found)
    there = [line for line in systems.lines(found, systems.REJECTION)
             if found.answers(line.experiment)]  # fmt: skip
    assert [row[0] for row in figure.table.rows] == [name_system(line.name) for line in there]
    for line, row in zip(there, figure.table.rows, strict=True):
        assert f">{row[0]}</text>" in figure.svg
        misses = found.metrics[line.experiment]["test_misses"]
        assert float(row[1]) == pytest.approx(np.mean(misses) / 100, rel=1e-3)


def test_speed_is_sentences_with_the_medians(found):
    said = tables.speed(found)
    for target in found.bench.targets().values():
        time = target.lenet5.microseconds_per_pattern.median
        compiled = target.machine.compiled_for
        assert f"Compiled for {compiled}, a training pattern takes {time:.3g} " in said
    assert "bench" in tables.speed(replace(found, bench=None))
    without = replace(found, bench=read({"native": timed()}))
    assert "of the time of the kernels" not in tables.speed(without)
    rows = {row[0]: row for row in tables.experiments(found).rows}
    assert float(rows["linear"][2]) > 0
    assert rows["linear"][3] == ""  # nothing is trained in passes


def test_of_the_peers_the_strongest_is_named_first(found):
    slow_c = read({"native": timed()})
    ratios = {"times_faster_than_c": slow_c.native.lenet5.times_faster_than_eager,
              "times_faster_than_eager": slow_c.native.lenet5.times_faster_than_c}  # fmt: skip
    lenet5 = slow_c.native.lenet5.model_copy(update=ratios)
    slow_torch = Benchmark(native=slow_c.native.model_copy(update={"lenet5": lenet5}))
    for bench, order in ((slow_c, ("loops in C", "torch")), (slow_torch, ("torch", "loops in C"))):
        said = tables.speed(replace(found, bench=bench))
        first, second = (f"times as fast as {name}" for name in order)
        assert f"9 {first}; 90 {second}" in said


def test_pictures_of_readme_are_svg_files_in_their_own_colours_and_stand_in_it(found):
    drawn = pictures.draw_pictures(found)
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for name, svg in drawn.items():
        root = ElementTree.fromstring(svg)
        assert len(root.get("aria-label")) > 40
        used = set(re.findall(r"var\((--\w+)\)", svg))
        assert all(f"{colour}:" in svg for colour in used)
        assert f'src="results/{name}"' in readme
    assert drawn[pictures.NETWORK] == pictures.draw_pictures(found)[pictures.NETWORK]
    assert list(pictures.draw_pictures(replace(found, runs={}))) == [pictures.FIGURE_9]


def test_figure_9_has_two_intervals_for_a_mean_and_one_for_what_is_not_random(found):
    rows = systems.lines(found, systems.ERROR)
    own = systems.intervals(found, rows)
    for line in rows:
        mean = np.mean(line.values)
        assert own[line.name].patterns.meets(mean)
        assert (own[line.name].run is None) == (len(line.values) == 1)
    (figure9, *_) = systems.systems(found)
    assert figure9.table.columns[-3:] == ("one more training", "other test digits", "why")


def test_what_each_setting_matters_is_drawn_once_it_is_trained_and_says_what_diverged(
    found, tmp_path
):
    there = replace(found, results=tmp_path)
    assert sensitivity.draw_sensitivity(there) is None
    rows = [("sdlm.mu", "0.08", number, "", 1.0, error) for number, error in enumerate((1, 2))]
    rows.append(("faster", "4.0", 0, "", np.nan, np.nan))
    sensitivity.SENSITIVITY.write(tmp_path, sensitivity.SENSITIVITY.frame(rows))
    figure = sensitivity.draw_sensitivity(there)
    assert figure.table.rows == (("sdlm.mu: 0.08", "1.5", "2"), ("faster: 4.0", "", "0"))
    assert "sdlm.mu: 0.08 1.5; faster: 4.0 diverged." in figure.svg
