"""The page to draw on, as far as it can be checked without a browser."""

import base64
import json
import re
import shutil
import zlib
from importlib import resources

import numpy as np
import pytest
from small import REPOSITORY

from replication.comparison.evaluation.errors import target_percent
from replication.core import settings
from replication.core.networks import lenet5
from replication.core.runs import experiment_runs
from replication.files import write_json
from replication.pipeline.cli import main
from replication.report import demonstration
from replication.report.demonstration.content import SCRIPTS

NAMES = ("lenet5-distorted", "lenet5")


@pytest.fixture(scope="module")
def runs():
    return {name: experiment_runs(REPOSITORY / "results" / "runs", name, 2) for name in NAMES}


@pytest.fixture(scope="module")
def make(paper, regular):
    chosen = settings.load(REPOSITORY / "params.yaml")

    def content(runs, **changes):
        return demonstration.content(
            paper, chosen.compare, chosen.invariance,
            regular.test_images, regular.test_labels, runs, **changes,
        )  # fmt: skip

    return content


@pytest.fixture(scope="module")
def found(make, runs):
    return make(runs)


@pytest.fixture(scope="module")
def page(found):
    return demonstration.page(found)


def data_of(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])


def test_the_weights_in_the_page_are_those_of_the_runs_bit_for_bit(page, runs, paper):
    shown = {one["name"]: one["parameters"] for one in data_of(page)["networks"]}
    assert list(shown) == [f"{name}/{number}" for number in (0, 1) for name in NAMES]
    for name in NAMES:
        for run in runs[name]:
            kept = np.frombuffer(base64.b64decode(shown[f"{name}/{run.folder.name}"]), "<f4")
            np.testing.assert_array_equal(kept, run.weights(lenet5.network(paper).parameters))


def test_table_and_codes_and_layers_are_the_papers(found, paper):
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["C3"]["table"] == paper.connection_table
    assert layers["F6"]["offset"] + layers["F6"]["weights"] + 84 == lenet5.network(paper).parameters
    codes = [[1 if mark == "#" else -1 for mark in code] for code in found["codes"]]
    np.testing.assert_array_equal(codes, paper.digit_codes)


def test_answers_beyond_the_margin_of_rejection_have_the_error_of_figure_10(
    found, runs, paper, regular
):
    for one in found["networks"]:
        answers = runs[one["name"].split("/")[0]][one["replicate"]].answers
        accepted = answers.margins > one["margin"]
        wrong = (answers.classes != regular.test_labels)[accepted].sum()
        assert 100 * wrong <= target_percent(paper) * accepted.sum()
        assert one["rejected"] == pytest.approx(100 * (1 - accepted.mean()))
        assert one["misses"] == (answers.classes != regular.test_labels).sum()


def test_the_digits_are_those_of_figure_8_with_the_answers_of_1998(found, paper, regular):
    assert len(found["missed"]) == len(paper.misclassified) == 82
    for digit in found["missed"]:
        pixels = np.frombuffer(base64.b64decode(digit["pixels"]), np.uint8)
        np.testing.assert_array_equal(pixels, regular.test_images[digit["index"]].ravel())
        assert digit["past"] != digit["label"] == regular.test_labels[digit["index"]]
    assert [digit["label"] for digit in found["ordinary"]] == list(range(10))


def test_a_network_is_computed_as_its_own_record_says(make, runs, tmp_path):
    copy = tmp_path / "lenet5" / "0"
    shutil.copytree(runs["lenet5"][0].folder, copy)
    record = json.loads((copy / "record.json").read_text(encoding="utf-8"))
    record["settings"] |= {
        "criterion": record["settings"]["criterion"] | {"distance": 0.5},
        "subsampling": {"reading": "averaged", "fan_in": 4},
        "squashing": {"amplitude": 1.5, "slope": 0.5},
    }
    write_json(copy / "record.json", record)
    (one,) = make({"lenet5": experiment_runs(tmp_path, "lenet5", 1)})["networks"]
    rules = [one[name] for name in ("distance", "share", "amplitude", "slope")]
    assert rules == [0.5, 0.25, 1.5, 0.5]


def test_every_replicate_is_listed_and_names_its_file_and_the_sum_of_its_weights(
    make, runs, paper, tmp_path
):
    found = make(runs, carried=1)["networks"]
    assert [one["name"] for one in found if "parameters" in one] == ["lenet5-distorted/0"]
    assert len(found) == 4
    for one in found:
        content = (REPOSITORY / "results" / one["file"]).read_bytes()
        assert zlib.crc32(content[-4 * lenet5.network(paper).parameters :]) == one["sum"]
    assert make({name: experiment_runs(tmp_path, name, 2) for name in NAMES}) is None


def test_the_page_asks_for_nothing_but_the_weights_of_a_replicate_that_is_chosen(page):
    markup = page.replace(re.search(r'<script type="application/json">.*?</script>', page)[0], "")
    asked = re.findall(r"https?:|@import|\bfetch\([^)]*|XMLHttpRequest|importScripts", markup)
    assert asked == ["fetch(`../${file}`"]
    assert all(link.startswith("data:") for link in re.findall(r'(?:src|href)="([^"]*)"', markup))


def test_a_page_with_all_its_networks_is_no_larger_than_four_megabytes(found):
    several = [found["networks"][0]] * demonstration.NETWORKS
    assert len(demonstration.page(found | {"networks": several}).encode()) < 4_000_000


def test_what_the_script_looks_for_is_there_and_every_script_is_in_the_page(page):
    script = "".join(
        resources.files(demonstration).joinpath(name).read_text(encoding="utf-8")
        for name in SCRIPTS
    )
    wanted = set(re.findall(r'find\("(\w+)"\)|data-lenet="(\w+)"\]', script))
    assert len(wanted) > 15
    for name in {one or other for one, other in wanted}:
        assert page.count(f'data-lenet="{name}"') == 1 + script.count(f'data-lenet="{name}"'), name
    folder = resources.files(demonstration)
    assert {one.name for one in folder.iterdir() if one.name.endswith(".js")} == set(SCRIPTS)


@pytest.mark.parametrize("level", [2, 3])
def test_a_fragment_has_no_heading_but_of_the_level_that_is_wanted(found, level):
    fragment = demonstration.fragment(found, level)
    assert set(re.findall(r"<h(\d)", fragment)) == {str(level)}
    assert fragment.count("<div") == fragment.count("</div>")


def test_without_weights_the_command_says_what_makes_them(tmp_path, capsys):
    places = {"--root": REPOSITORY, "--runs": tmp_path / "none", "--out": tmp_path / "out"}
    assert main(["demo", *(f"{name}={path}" for name, path in places.items())]) == 2
    assert "replication train lenet5" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
