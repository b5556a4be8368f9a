"""The page to draw on: what it carries, and its network run by the Node that playwright brings."""

import base64
import json
import re
import shutil
import subprocess
import zlib
from importlib import resources
from pathlib import Path

import numpy as np
import playwright
import pytest
import torch
from small import REPOSITORY, mistake

from replication.comparison.evaluation.errors import target_percent
from replication.core.mnist import databases
from replication.core.networks.catalogue import lenet5
from replication.core.networks.reference import Reference
from replication.core.runs import experiment_runs
from replication.core.settings import Rules
from replication.files import write_json
from replication.report import demonstration
from replication.report.demonstration import SCRIPTS

NAMES = ("lenet5-distorted", "lenet5")
DATA = re.compile(r'<script type="application/json">(.*?)</script>')
# Every rule another one than that of the committed networks: as the page has it, as a record has.
OTHER = {"distance": 0.5, "share": 0.25, "amplitude": 1.5, "slope": 0.5}


def with_other_rules(stated):
    return stated | {
        "squashing": {"amplitude": 1.5, "slope": 0.5},
        "subsampling": {"reading": "averaged", "fan_in": 4},
        "criterion": stated["criterion"] | {"distance": 0.5},
    }


@pytest.fixture(scope="module")
def runs():
    return {name: experiment_runs(REPOSITORY / "results" / "runs", name, 2) for name in NAMES}


@pytest.fixture(scope="module")
def make(paper, regular, chosen):
    settings = (chosen.compare, chosen.invariance)
    return lambda runs, **changes: demonstration.content(
        paper, *settings, regular.test_images, regular.test_labels, runs, **changes
    )


@pytest.fixture(scope="module")
def found(make, runs):
    return make(runs)


@pytest.fixture(scope="module")
def page(found):
    return demonstration.page(found)


def test_the_weights_in_the_page_are_those_of_the_runs_bit_for_bit(page, runs, paper):
    networks = json.loads(DATA.search(page)[1])["networks"]
    shown = {one["name"]: one["parameters"] for one in networks}
    assert list(shown) == [f"{name}/{number}" for number in (0, 1) for name in NAMES]
    for name in NAMES:
        for run in runs[name]:
            kept = np.frombuffer(base64.b64decode(shown[f"{name}/{run.folder.name}"]), "<f4")
            np.testing.assert_array_equal(kept, run.weights(lenet5(paper).parameters))


def test_table_and_codes_and_layers_are_the_papers(found, paper):
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert layers["C3"]["table"] == paper.connection_table
    assert layers["F6"]["offset"] + layers["F6"]["weights"] + 84 == lenet5(paper).parameters
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
    record["settings"] = with_other_rules(record["settings"])
    write_json(copy / "record.json", record)
    (one,) = make({"lenet5": experiment_runs(tmp_path, "lenet5", 1)})["networks"]
    assert {name: one[name] for name in OTHER} == OTHER


def test_every_replicate_is_listed_and_names_its_file_and_the_sum_of_its_weights(
    make, runs, paper, tmp_path
):
    found = make(runs, carried=1)["networks"]
    assert [one["name"] for one in found if "parameters" in one] == ["lenet5-distorted/0"]
    assert len(found) == 4
    for one in found:
        content = (REPOSITORY / "results" / one["file"]).read_bytes()
        assert zlib.crc32(content[-4 * lenet5(paper).parameters :]) == one["sum"]
    assert make({name: experiment_runs(tmp_path, name, 2) for name in NAMES}) is None


def test_the_page_asks_for_nothing_but_weights_that_are_chosen_and_is_small(page, found):
    markup = DATA.sub("", page)
    asked = re.findall(r"https?:|@import|\bfetch\([^)]*|XMLHttpRequest|importScripts", markup)
    assert asked == ["fetch(`../${file}`"]
    assert all(link.startswith("data:") for link in re.findall(r'(?:src|href)="([^"]*)"', markup))
    several = [found["networks"][0]] * demonstration.NETWORKS
    assert len(demonstration.page(found | {"networks": several}).encode()) < 4_000_000


def test_what_the_script_looks_for_is_there_and_every_script_is_in_the_page(page):
    folder = resources.files(demonstration)
    assert {one.name for one in folder.iterdir() if one.name.endswith(".js")} == set(SCRIPTS)
    script = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)
    wanted = set(re.findall(r'find\("(\w+)"\)|data-lenet="(\w+)"\]', script))
    assert len(wanted) > 15
    for name in {one or other for one, other in wanted}:
        assert page.count(f'data-lenet="{name}"') == 1 + script.count(f'data-lenet="{name}"'), name


@pytest.mark.parametrize("level", [2, 3])
def test_a_fragment_has_no_heading_but_of_the_level_that_is_wanted(found, level):
    fragment = demonstration.fragment(found, level)
    assert set(re.findall(r"<h(\d)", fragment)) == {str(level)}
    assert fragment.count("<div") == fragment.count("</div>")


def test_without_weights_the_command_says_what_makes_them(tmp_path, capsys):
    places = {"--root": REPOSITORY, "--runs": tmp_path / "none", "--out": tmp_path / "out"}
    arguments = ["demo", *(f"{name}={path}" for name, path in places.items())]
    mistake(capsys, arguments, "train lenet5")
    assert not (tmp_path / "out").exists()


PROGRAM = """
const { layers, codes, given, patterns, height, width } = JSON.parse(require("fs").readFileSync(0));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
given.parameters = new Float32Array(bytes(given.parameters).buffer);
const network = new Network(layers, codes, given), grey = bytes(patterns), answers = [];
for (let at = 0; at < grey.length; at += height * width) {
  const found = network.run(grey.subarray(at, at + height * width), height, width);
  const maps = ["C1", "S2", "C3", "S4", "C5", "F6", "RBF"].map((name) => [...found[name].values]);
  answers.push({ ...network.answer(found), maps: at ? [] : maps });
}
console.log(JSON.stringify(answers));
"""


@pytest.fixture(scope="module")
def answers(found, tmp_path_factory):
    """What the page's code answers to patterns, with rules of a network changed."""
    script = tmp_path_factory.mktemp("node") / "answers.js"
    network = resources.files(demonstration).joinpath("network.js").read_text(encoding="utf-8")
    script.write_text(network + PROGRAM, encoding="utf-8")
    node = Path(playwright.__file__).parent / "driver" / "node"

    def run(name, patterns, **rules):
        (given,) = [one for one in found["networks"] if one["name"] == f"{name}/0"]
        _, height, width = patterns.shape
        message = {
            "layers": found["layers"], "codes": found["codes"], "given": {**given, **rules},
            "patterns": base64.b64encode(np.ascontiguousarray(patterns).tobytes()).decode(),
            "height": height, "width": width,
        }  # fmt: skip
        how = {"capture_output": True, "text": True}
        done = subprocess.run([node, script], input=json.dumps(message), **how)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def padded(images):
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))


@pytest.mark.parametrize("name", NAMES)
def test_the_answers_in_the_page_are_the_committed_ones(name, answers, runs, regular):
    committed = runs[name][0].answers
    given = answers(name, padded(regular.test_images[:300]))
    assert [one["digit"] for one in given] == committed.classes[:300].tolist()
    margins = [one["margin"] for one in given]
    np.testing.assert_allclose(margins, committed.margins[:300], rtol=0, atol=2e-3)


@pytest.mark.parametrize("rules", [{}, OTHER], ids=["as it was trained", "every other rule"])
def test_every_map_and_penalty_of_a_wide_field_is_that_of_the_reference(
    rules, answers, runs, regular, paper, chosen
):
    wide = padded(regular.test_images[:4]).transpose(1, 0, 2).reshape(1, 32, 128)
    (given,) = answers("lenet5", wide, **rules)
    run, network = runs["lenet5"][0], lenet5(paper)
    stated = run.record["settings"]
    reference = Reference(network, Rules.stated(with_other_rules(stated) if rules else stated))
    levels = databases.grey_levels(*chosen.base.inputs.ends)
    weights = torch.from_numpy(run.weights(network.parameters))
    inputs = torch.from_numpy(levels[wide][:, None])
    expected = [*reference.maps(weights, inputs).values(), reference.penalties(weights, inputs)]
    assert expected[-1].shape == (1, 10, 1, 25)
    for values, tensor in zip(given["maps"], expected, strict=True):
        np.testing.assert_allclose(values, tensor.numpy().ravel(), rtol=1e-4, atol=1e-3)
