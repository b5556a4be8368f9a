"""Committed networks for programs of one's own: load, and the file that export writes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from small import REPOSITORY, mistake, refused

from replication import load
from replication.comparison.evaluation.errors import target_percent, threshold
from replication.core.runs import Run
from replication.pipeline import export
from replication.pipeline.cli import main


@pytest.fixture(scope="module")
def network():
    return load(replicate=0)


@pytest.fixture(scope="module")
def committed():
    return Run(REPOSITORY / "results/runs/lenet5/0").answers


def test_three_lines_of_python_answer_from_anywhere_without_running_what_is_in_weights(tmp_path):
    code = (
        "import pickle, numpy; pickle.Unpickler = pickle.load = pickle.loads = None\n"
        "from replication import load\n"
        "print(load(replicate=1).classify(numpy.zeros((2, 28, 28), numpy.uint8)).classes.shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})  # fmt: skip
    assert done.stdout == "(2,)\n", done.stderr


def test_its_answers_and_rejections_are_those_of_the_run(network, committed, regular, paper):
    some = network.classify(regular.test_images[:1000])
    assert np.array_equal(some.classes, committed.classes[:1000])
    assert np.allclose(some.margins, committed.margins[:1000], atol=1e-3)
    limit = threshold(committed, regular.test_labels, target_percent(paper))
    assert np.array_equal(some.rejected, committed.margins[:1000] <= limit)
    assert 0 < some.rejected.sum() < 100


def test_the_shapes_are_those_that_the_docstrings_state(network, regular):
    inputs = network.to_field(regular.test_images[:3])
    assert (inputs.shape, inputs.dtype) == ((3, 1, 32, 32), torch.float32)
    assert (float(inputs.min()), float(inputs.max())) == pytest.approx((-0.1, 1.175))
    assert network(inputs).shape == network.penalties(regular.test_images[:3]).shape == (3, 10)
    shapes = {name: tuple(values.shape) for name, values in network.state_dict().items()}
    assert shapes["C1.weight"] == (6, 1, 5, 5)
    assert shapes["C3.weight"] == (16, 6, 5, 5)
    assert shapes["S2.weight"] == shapes["S2.bias"] == (6,)
    assert shapes["codes"] == (10, 84)


def test_torch_trains_it_further_and_unconnected_weights_stay_zero(network):
    own = load(replicate=0)
    before = own.get_parameter("C3.weight").detach().clone()
    optimiser = torch.optim.SGD(own.parameters(), 1e-4, weight_decay=0.1)
    own(torch.rand(4, 1, 32, 32)).sum().backward()
    optimiser.step()
    after = own.get_parameter("C3.weight").detach()
    assert int((before == 0).sum()) == 36 * 25
    assert torch.equal(before == 0, after == 0)
    assert not torch.equal(before, after)
    assert sum(parameter.numel() for parameter in network.parameters()) == 60_000 + 36 * 25


@pytest.mark.parametrize("images", [
    np.zeros((28, 28), np.uint8), np.zeros((1, 28, 28), np.float32), [[0]],
    np.zeros((1, 40, 28), np.uint8),
])  # fmt: skip
def test_what_are_no_images_is_refused(network, images):
    with refused():
        network.classify(images)


def test_what_does_not_answer_by_one_network_is_refused(tmp_path):
    for name in ("lenet4-knn", "knn"):
        with refused(name, "output layer"):
            load(0, name)
    with refused("results/runs/lenet5/99"):
        load(99)
    with refused(str(tmp_path), "root"):
        load(root=tmp_path)


@pytest.mark.parametrize("name", ["lenet5", "lenet1"])
def test_the_exported_file_holds_what_gives_the_committed_answers(
    name, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["export", name, "--root", str(REPOSITORY)]) == 0
    assert "answers to the test patterns are numerically equal" in capsys.readouterr().out
    written = load_file(tmp_path / f"{name}-0.safetensors")
    stated = load(0, name).state_dict()
    assert written.keys() == stated.keys()
    assert all(torch.equal(written[key], stated[key]) for key in stated)
    mistake(capsys, ["export", "knn", "--root", str(REPOSITORY)], "knn")


def test_without_its_packages_onnx_says_how_to_install_them(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    given = ["export", "--onnx", "--root", str(REPOSITORY), "--out", str(tmp_path)]
    mistake(capsys, given, "onnxruntime", "pip install")


@pytest.mark.onnx
@pytest.mark.filterwarnings("default")
def test_onnx_runtime_gives_the_committed_answers(tmp_path, capsys):
    given = ["export", "--onnx", "--root", str(REPOSITORY), "--out", str(tmp_path)]
    assert main(given) == 0
    (said,) = [line for line in capsys.readouterr().out.splitlines() if ".onnx written" in line]
    assert "answers to the test patterns are numerically equal" in said
    assert (tmp_path / "lenet5-0.onnx").stat().st_size < 1_000_000


def test_predict_says_the_same_to_a_program(network, regular, tmp_path, capsys):
    Image.fromarray(regular.test_images[0]).save(tmp_path / "seven.png")
    given = ["predict", str(tmp_path / "seven.png"), "--root", str(REPOSITORY), "--json"]
    assert main(given) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert said["class"] == 7
    assert said["class"] == int(np.argmin(said["penalties"]))
    assert said["rejected"] is (said["margin"] <= network.limit)
