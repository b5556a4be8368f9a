"""The audit of runs: nothing is faithful without a record, and what contradicts is caught."""

import hashlib
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from audited import changed, judged, small, trained_folders
from small import put, small_project, write_params

from replication.comparison.audit.behaviour import Behaviour
from replication.comparison.audit.setting import AUDIT
from replication.core import settings
from replication.core.learning.engine import Engine
from replication.core.runs import HISTORY, RECORD, WEIGHTS
from replication.core.systems import classifiers
from replication.files import write_json
from replication.pipeline import train
from replication.pipeline.cli import main


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny):
    """A small project whose experiments are trained."""
    folder = small_project(tmp_path_factory.mktemp("trained"), tiny)
    chosen = settings.load(write_params(folder / "params.yaml", small()))
    train.run(trained_folders(folder), chosen, tuple(chosen.experiments))
    return folder


@pytest.fixture
def project(trained, tmp_path):
    """A copy, for a test to plant something in."""
    return shutil.copytree(trained, tmp_path / "project")


@pytest.fixture
def known(monkeypatch):
    """What the code does is not at issue, and not looked at again."""
    same = Behaviour(0.0, 0.0, 0.0, "float32")
    monkeypatch.setattr("replication.comparison.audit.table.observe", lambda *_: same)


def edit(folder, change, experiment="lenet5", replicates=(0, 1)):
    """Let ``change`` mutate the records of some replicates."""
    for number in replicates:
        path = folder / "runs" / experiment / str(number) / RECORD
        record = json.loads(path.read_text())
        change(record)
        write_json(path, record)


def test_what_is_trained_as_printed_is_faithful_by_its_records(paper, project):
    found = judged(paper, small(), project)
    for name in ("lenet5.c3.table", "lenet5.rbf.codes", "sdlm.mu", "squashing.slope", "init.range",
                 "training.order", "training.online", "sdlm.update", "boosting.procedure",
                 "base.criterion.divisor", "base.criterion.distance"):  # fmt: skip
        assert found[name].status == "faithful", found[name]
        assert re.search(r"\(in (\d) of \1 runs\)", found[name].remark), found[name]
    assert found["code.precision"].in_force == "float32"
    assert found["code.tanh"].status == "departs"
    assert not [row for row in found.values() if row.status == "contradiction"]


@pytest.mark.usefixtures("known")
def test_without_a_record_nothing_is_faithful(paper, project):
    shutil.rmtree(project / "runs")
    found = judged(paper, small(), project)
    assert not [row for row in found.values() if row.status == "faithful"]
    assert found["init.range"].status == "unstated"


def test_momentum_in_the_training_is_seen_in_what_it_does(paper, project, monkeypatch):
    """The engine's number is as ever: five patterns beside the reference tell."""
    plain = Engine.train

    def with_momentum(engine, parameters, steps, images, labels, order):
        move = np.zeros_like(parameters)
        for number in order:
            before = parameters.copy()
            plain(engine, parameters, steps, images, labels, np.array([number]))
            move = 0.05 * move + parameters - before
            parameters[:] = before + move
        return 0, 0.0, -1

    monkeypatch.setattr(Engine, "train", with_momentum)
    found = judged(paper, small(), project)
    assert {found[name].status for name in ("training.online", "sdlm.update")} == {"departs"}
    assert found["squashing.slope"].status == "faithful"


# What is planted in the records of all replicates alike: a key, and a setting that it speaks of.
PLANTED = {
    "settings.sdlm.mu": ("sdlm.mu", 0.2),
    "settings.initialisation.range": ("init.range", 1.0),
    "settings.background": ("input.background", 0.0),
    "data.sha256": ("init.range", "f" * 64),
    "versions.engine": ("sdlm.update", 0),
    "evidence.initial_weights_sha256": ("init.range", "f" * 64),
    "evidence.first_pass_order_sha256": ("training.order", "f" * 64),
    "evidence.weights_sha256": ("sdlm.mu", "f" * 64),
    "key": ("sdlm.mu", "f" * 64),
    "streams.seed": ("base.streams", 7),
    "presentations": ("training.passes", 1),
    "parameters": ("lenet5.c3.table", 61706),
}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(("path", "expected"), PLANTED.items(), ids=PLANTED)
def test_records_that_contradict_are_caught_though_all_agree(paper, project, path, expected):
    claim, value = expected
    edit(project, lambda record: put(record, path, value))
    found = judged(paper, small(), project)
    assert found[claim].status == "contradiction", found[claim]
    assert found["experiments.lenet5"].status == "contradiction"
    place = f"results/runs/lenet5: {path.removeprefix('settings.')}"
    assert "in replicate 0 1" in found[place].in_force
    assert found["experiments.lenet5-distorted"].status != "contradiction"


@pytest.mark.usefixtures("known")
def test_evidence_that_is_missing_and_boosting_that_taught_something_else_are_caught(
    paper, project
):
    edit(project, lambda record: record.pop("evidence"))
    edit(project, lambda record: record["evidence"].update(second_taught_missed="0.3000"),
         "lenet4-boosted", (0,))  # fmt: skip
    found = judged(paper, small(), project)
    for name in ("init.range", "boosting.procedure"):
        assert found[name].status == "contradiction"


@pytest.mark.usefixtures("known")
def test_files_that_are_others_are_caught(paper, project):
    path = project / "runs/lenet5/0" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    found = judged(paper, small(), project)
    assert "replicate 0" in found["results/runs/lenet5: files"].in_force
    assert found["init.range"].status == "contradiction"


def rewritten(folder, column, value):
    """The history of replicate 1 with another last cell, and a record that sums it."""
    path = folder / "runs/lenet5/1" / HISTORY
    table = pd.read_csv(path)
    table.loc[len(table) - 1, column] = value
    table.to_csv(path, index=False)
    total = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(folder, lambda record: record["files"].update({HISTORY: total}), replicates=(1,))


@pytest.mark.usefixtures("known")
def test_the_schedule_is_that_of_the_history_whatever_the_record_says(paper, project):
    rewritten(project, "learning_rate", 5e-4)
    found = judged(paper, small(), project)
    assert found["training.schedule"].status == "contradiction"
    assert "replicate 1" in found["results/runs/lenet5: history.learning_rates"].in_force
    # A step cannot be greater than eta / mu.
    rewritten(project, "learning_rate", 2e-4)
    rewritten(project, "step_F6_max", 0.05)
    found = judged(paper, small(), project)
    assert [key for key in found if key.startswith("results/runs")] == [
        "results/runs/lenet5: history.greatest_step_by_rate"
    ]
    assert found["sdlm.mu"].status == "contradiction"


@pytest.mark.usefixtures("known")
def test_another_version_of_a_package_is_a_contradiction_between_replicates(paper, project):
    edit(project, lambda record: record["packages"].update(numpy="1.26"), replicates=(1,))
    found = judged(paper, small(), project)
    assert "results/runs/lenet5: packages.numpy" in found
    edit(project, lambda record: record["packages"].update(numpy="1.26"), replicates=(0,))
    assert "results/runs/lenet5: packages.numpy" not in judged(paper, small(), project)


@pytest.mark.usefixtures("known")
def test_keys_that_an_experiment_does_not_use_are_no_contradiction(paper, project):
    """The boosted networks' criterion has no j, whatever params.yaml says of it since."""
    document = changed(small(), **{"criterion.j": 5.0, "criterion.distance": 0.5})
    found = judged(paper, document, project)
    assert found["experiments.lenet4-boosted"].status != "contradiction"
    assert found["base.criterion.j"].status == "contradiction"


def command(folder, *options, params="params.yaml"):
    return main(["audit", "--root", str(folder), *options,
                 "--params", str(folder / params)])  # fmt: skip


@pytest.mark.usefixtures("known")
def test_a_variation_is_judged_alone_unless_its_runs_are_named(project, capsys):
    write_params(project / "mine.yaml", changed(small(), **{"criterion.j": 5.0}))
    out = project / "audit.csv"
    assert command(project, "--out", str(out), params="mine.yaml") == 0
    table = pd.read_csv(out).set_index("claim")
    assert tuple(table.reset_index().columns) == AUDIT.columns
    assert table.loc["base.criterion.j", "status"] == "unstated"
    assert "contradiction" not in set(table["status"])
    assert command(project, "--strict", params="mine.yaml") == 1
    assert command(project, "--runs", str(project / "runs")) == 0
    assert command(project, "--runs", str(project / "runs"), params="mine.yaml") == 1
    assert "mine.yaml has 5" in capsys.readouterr().out


def refused(project, capsys, params="mine.yaml"):
    """The one sentence in which the audit refuses."""
    assert command(project, params=params) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    return sentence


@pytest.mark.parametrize(("key", "value"), [
    ("network", "lenet6"), ("optimiser.name", "adam"), ("training_patterns", 201),
    ("criterion.name", "squared-error"),
])  # fmt: skip
def test_what_training_refuses_the_audit_refuses(project, capsys, key, value):
    write_params(project / "mine.yaml", changed(small(), **{key: value}))
    assert refused(project, capsys).startswith("replication: ")


def test_a_module_of_ones_own_that_is_broken_is_one_sentence(project, monkeypatch, capsys):
    own = project / "classifiers"
    own.mkdir()
    monkeypatch.setattr(classifiers, "__path__", [str(own)])
    (own / "unfinished.py").write_text('"""One of one\'s own."""\ndef System(:\n')
    (own / "empty.py").write_text('"""One of one\'s own."""\n')
    for system, expected in (
        ("unfinished", "unfinished.py, line 2"),
        ("empty", "empty.py define System"),
    ):
        document = small()
        document["experiments"]["own"] = {
            "system": system, "replicates": 1, "seed": None, "database": "regular", "options": {},
        }  # fmt: skip
        write_params(project / "mine.yaml", document)
        assert expected in refused(project, capsys)
    assert refused(project, capsys, params="data")


def test_a_difference_says_the_page_and_the_experiments_it_touches(project, capsys):
    document = changed(small(), **{"criterion.j": 5.0})
    document["experiments"]["more"] = {}
    document["compare"]["confidence"] = 0.9
    other = write_params(project / "other.yaml", document)
    assert main(["audit", "--diff", str(project / "params.yaml"), str(other)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (j,) = [line for line in lines if line.startswith("base.criterion.j: 0.25 -> 5; p. 9 ")]
    assert "lenet5, lenet5-distorted" in j
    assert "lenet4-boosted" not in j
    assert any(line.startswith("compare.confidence: 0.95 -> 0.9;") for line in lines)
    assert "more: added" in lines
    assert main(["audit", "--diff", str(other), str(other)]) == 0


def test_a_damaged_record_is_named(project, capsys):
    (project / "runs/lenet5/1" / RECORD).write_text("{}")
    assert command(project, "--runs", str(project / "runs")) == 2
    assert "1/record.json is damaged (no data, experiment" in capsys.readouterr().err
