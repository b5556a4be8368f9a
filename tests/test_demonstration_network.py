"""The network of the page to draw on, run by the Node that playwright brings along."""

import base64
import json
import subprocess
from importlib import resources
from pathlib import Path

import numpy as np
import playwright
import pytest
import torch
from small import REPOSITORY

from replication.core import settings
from replication.core.mnist import databases
from replication.core.networks import lenet5
from replication.core.networks.reference import Reference
from replication.core.runs import experiment_runs
from replication.core.settings import Rules
from replication.report import demonstration

NAMES = ("lenet5-distorted", "lenet5")
NODE = Path(playwright.__file__).parent / "driver" / "node"
# Every rule another one than that of the committed networks.
OTHER = {"distance": 0.5, "share": 0.25, "amplitude": 1.5, "slope": 0.5}
PROGRAM = """
const { layers, codes, given, patterns, height, width } = JSON.parse(require("fs").readFileSync(0));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
given.parameters = new Float32Array(bytes(given.parameters).buffer);
const network = new Network(layers, codes, given), grey = bytes(patterns), answers = [];
for (let at = 0; at < grey.length; at += height * width) {
  const found = network.run(grey.subarray(at, at + height * width), height, width);
  const { digit, margin } = network.answer(found);
  answers.push({ digit, margin, penalties: [...found.RBF.values] });
}
console.log(JSON.stringify(answers));
"""


@pytest.fixture(scope="module")
def runs():
    return {name: experiment_runs(REPOSITORY / "results" / "runs", name, 1) for name in NAMES}


@pytest.fixture(scope="module")
def content(paper, regular, runs):
    chosen = settings.load(REPOSITORY / "params.yaml")
    return demonstration.content(
        paper, chosen.compare, chosen.invariance, regular.test_images, regular.test_labels, runs
    )


@pytest.fixture(scope="module")
def answers(content, tmp_path_factory):
    """What the page's code answers to patterns, with rules of a network changed."""
    script = tmp_path_factory.mktemp("node") / "answers.js"
    network = resources.files(demonstration).joinpath("network.js").read_text(encoding="utf-8")
    script.write_text(network + PROGRAM, encoding="utf-8")

    def run(name, patterns, **rules):
        (given,) = [one for one in content["networks"] if one["name"] == f"{name}/0"]
        _, height, width = patterns.shape
        message = {
            "layers": content["layers"], "codes": content["codes"], "given": {**given, **rules},
            "patterns": base64.b64encode(np.ascontiguousarray(patterns).tobytes()).decode(),
            "height": height, "width": width,
        }  # fmt: skip
        done = subprocess.run(
            [NODE, script], input=json.dumps(message), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def padded(images):
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))


@pytest.mark.parametrize("name", NAMES)
def test_the_answers_are_the_committed_ones(name, answers, runs, regular):
    committed = runs[name][0].answers
    found = answers(name, padded(regular.test_images[:300]))
    assert [one["digit"] for one in found] == committed.classes[:300].tolist()
    margins = [one["margin"] for one in found]
    np.testing.assert_allclose(margins, committed.margins[:300], rtol=0, atol=2e-3)


@pytest.mark.parametrize("rules", [{}, OTHER], ids=["as it was trained", "every other rule"])
def test_the_penalties_of_a_wide_field_are_those_of_the_reference(
    rules, answers, runs, regular, paper
):
    wide = padded(regular.test_images[:4]).transpose(1, 0, 2).reshape(1, 32, 128)
    (found,) = answers("lenet5", wide, **rules)
    run = runs["lenet5"][0]
    stated = run.record["settings"]
    if rules:
        stated = stated | {
            "squashing": {"amplitude": 1.5, "slope": 0.5},
            "subsampling": {"reading": "averaged", "fan_in": 4},
            "criterion": stated["criterion"] | {"distance": 0.5},
        }
    network, prepared = lenet5.network(paper), settings.load(REPOSITORY / "params.yaml").prepare
    levels = databases.grey_levels(prepared.background, prepared.foreground)
    weights = torch.from_numpy(run.weights(network.parameters))
    inputs = torch.from_numpy(levels[wide][:, None])
    expected = Reference(network, Rules.stated(stated)).penalties(weights, inputs)[0, :, 0]
    assert expected.shape == (10, 25)
    np.testing.assert_allclose(found["penalties"], expected.numpy().ravel(), rtol=1e-4, atol=1e-3)
