"""The audit of settings and of runs: what departs or contradicts is caught where it is planted."""

import hashlib
import json
import re
import shutil
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from small import (
    REPOSITORY,
    mistake,
    parameters,
    put,
    refused,
    small_document,
    small_project,
    write_params,
)

from replication.comparison.audit import checks
from replication.comparison.audit.behaviour import Behaviour
from replication.comparison.audit.records import flatten
from replication.comparison.audit.setting import AUDIT, read_settings
from replication.comparison.audit.table import audit
from replication.core import settings
from replication.core.learning.engine import Engine
from replication.core.mnist import versions
from replication.core.runs import HISTORY, RECORD, WEIGHTS
from replication.core.systems import classifiers
from replication.core.systems.jobs import prepare_experiments
from replication.files import write_json
from replication.folders import Folders
from replication.pipeline import stages
from replication.pipeline.cli import main

PARAMS = REPOSITORY / "params.yaml"
DOCUMENT = parameters()
SQUARED = {"name": "squared-error", "divisor": 1.0}
# What is faithful to the letter, so that a planted departure shows.
PRINTED = {
    "initialisation.power": 1.0,
    "initialisation.range": 2.4,
    "criterion.name": "map",
    "criterion.distance": 1.0,
    "criterion.divisor": 1.0,
    "initialisation.coefficients": "random",
    "sdlm.curvature_start": "exact",
    "sdlm.patterns_drawn": "random",
}
# What the authors' later library answers.
LIBRARY = {
    "criterion.name": "mle",
    "criterion.distance": 0.5,
    "criterion.divisor": 1.0,
    "sdlm.curvature_start": 5.0,
    "sdlm.patterns_drawn": "consecutive",
    "initialisation.range": 0.93,
    "initialisation.power": 0.5,
    "initialisation.biases": "zero",
    "initialisation.coefficients": "constant",
}


def changed(document, **base):
    """``document`` with other keys of base."""
    for path, value in base.items():
        put(document["base"], path, value)
    return document


def full(**base):
    """params.yaml as printed, with the undistorted, the distorted and a boosted experiment."""
    found = deepcopy(DOCUMENT)
    kept = ("lenet5-noise", "lenet4-boosted", "linear-deslanted")
    others = {name: found["experiments"][name] for name in kept}
    found["experiments"] = {"lenet5": {}, "lenet5-distorted": {"distorted": True}, **others}
    return changed(found, **{**PRINTED, **base})


def trained_folders(folder):
    """Where a small project has its data, and what is trained of it."""
    return Folders.below(folder, runs=folder / "runs", checkpoints=folder / "checkpoints")


def judged(paper, document, folder=None):
    """The settings by id; with the runs of ``folder`` if there is one."""
    chosen = settings.parse(document, "params.yaml")
    places = Folders.below() if folder is None else trained_folders(folder)
    ready = prepare_experiments(chosen.experiments, chosen, places)
    found = audit(paper, chosen, ready, "params.yaml", runs=folder is not None)
    return {setting.id: setting for setting in found.settings}


def small():
    document = changed(small_document(), **PRINTED)
    document["experiments"] = {
        "lenet5": {},
        "lenet5-distorted": {"distorted": True, "replicates": 1},
        "lenet4-boosted": {
            "system": "boosted", "network": "lenet4", "distorted": True, "replicates": 1,
            "criterion": SQUARED,
            "options": {"patterns": 40, "candidates": 400, "lost_percent": 1.0},
        },
    }  # fmt: skip
    return document


def test_every_setting_has_a_row_and_every_key_an_entry(paper):
    found = judged(paper, full())
    stated = {name for name, claim in paper.claims.items() if claim.kind == "setting"}
    assert stated | {"code.precision", "code.tanh"} <= set(found)
    explained = {key for choice in paper.choices.values() for key in choice.keys}
    for key in flatten(settings.parse(DOCUMENT, "params.yaml").model_dump(exclude={"experiments"})):
        assert any(key == one or key.startswith(f"{one}.") for one in explained), key


# By key of base: the claim it touches, another value, and how that stands.
VALUES = {
    "sdlm.mu": ("sdlm.mu", 0.05, "departs"),
    "sdlm.patterns": ("sdlm.samples", 100, "departs"),
    "sdlm.curvature_start": ("base.sdlm.curvature_start", 1.0, "unstated"),
    "order": ("training.order", "fresh", "departs"),
    "subsampling.reading": ("subsampling.rule", "averaged", "departs"),
    "initialisation.power": ("init.range", 0.5, "departs"),
    "initialisation.range": ("init.range", 1.0, "departs"),
    "criterion.divisor": ("base.criterion.divisor", 4200.0, "departs"),
    "criterion.distance": ("base.criterion.distance", 0.5, "departs"),
    "criterion.j": ("base.criterion.j", 5.0, "unstated"),
    "squashing.amplitude": ("squashing.amplitude", 1.0, "departs"),
    "training_patterns": ("base.training_patterns", 59999, "departs"),
    "distortions.copies": ("lenet5.distorted-training-set", 4, "departs"),
    "distortions.shear": ("lenet5.distorted-training-set", {"low": 0.0, "high": 0.0}, "departs"),
    "learning_rates": ("training.schedule", [1e-4] * 20, "departs"),
    "optimiser.name": ("sdlm.update", "sgd", "departs"),
}


@pytest.mark.parametrize(("key", "expected"), VALUES.items(), ids=VALUES)
def test_another_value_is_a_departure_where_the_paper_states_one(paper, key, expected):
    claim, value, status = expected
    assert judged(paper, full(**{key: value}))[claim].status == status


def test_the_reading_of_the_authors_library_is_named_by_its_ids(paper):
    found = judged(paper, full(**LIBRARY))
    stands = {
        "init.range": ("departs", "initial-range"),
        "base.criterion.distance": ("departs", "distance"),
        "base.criterion.divisor": ("faithful", "map"),
        "base.sdlm.curvature_start": ("unstated", "curvature-start"),
        "base.sdlm.patterns_drawn": ("unstated", "hessian-patterns"),
        "base.initialisation.biases": ("unstated", "biases"),
        "base.initialisation.coefficients": ("unstated", "coefficients"),
        "loss.mle": ("unstated", "map"),
    }
    for name, (status, source) in stands.items():
        assert found[name].status == status, found[name]
        assert f"library.{source}" in found[name].remark, found[name]
    assert "minimised" in found["loss.mle"].in_force
    assert "no effect" in found["base.criterion.j"].remark


def test_every_source_that_settings_yaml_names_is_an_entry_of_beyond_yaml(paper, repository):
    beyond = YAML(typ="safe", pure=True).load((repository / "data/paper/beyond.yaml").read_text())
    text = (repository / "data/paper/settings.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"library\.[a-z-]+", text))
    assert {c.library.source for c in paper.choices.values() if c.library} <= named
    assert len(named) > 6
    assert named <= {entry["id"] for entry in beyond}


def test_moments_of_grey_pixels_depart_and_those_of_binary_ones_do_not(paper, monkeypatch):
    assert judged(paper, full())["data.deslanted"].status == "departs"
    binary = lambda images: versions.measure_slants(np.where(images > 0, 255, 0).astype(np.uint8))  # noqa: E731
    monkeypatch.setattr(checks, "measure_slants", binary)
    assert judged(paper, full())["data.deslanted"].status == "faithful"


def test_an_option_is_that_of_the_experiment_that_the_claim_is_about(paper):
    chosen = settings.parse(DOCUMENT, "params.yaml")
    about = checks.experiments_about(chosen, paper.choices["knn.neighbours"])
    assert list(about) == ["knn-deslanted"]
    document = full()
    assert judged(paper, document)["noise.salt-pepper"].status == "faithful"
    document["experiments"]["lenet5-noise"]["options"]["inverted"] = 0.2
    noise = judged(paper, document)["noise.salt-pepper"]
    assert noise[3:] == ("0.2 of the pixels", "departs", "the paper has 0.1")
    assert judged(paper, document)["knn.neighbours"].in_force == "not made"


def test_boosting_something_else_departs_or_is_refused(paper):
    document = full()
    document["experiments"]["lenet4-boosted"]["network"] = "perceptron-300"
    assert judged(paper, document)["boosting.procedure"].status == "departs"
    document["experiments"]["lenet4-boosted"]["distorted"] = False
    with refused("distorted"):
        judged(paper, document)


def test_a_key_without_an_entry_is_refused_and_an_entry_without_its_key(paper):
    lacking = {name: c for name, c in paper.choices.items() if name != "base.criterion.j"}
    with refused("base.criterion.j: "):
        judged(replace(paper, choices=lacking), full())
    added = paper.choices["train"].model_copy(update={"keys": ("base.momentum",)})
    with refused("base.momentum: "):
        judged(replace(paper, choices={**paper.choices, "x": added}), full())


def test_a_new_setting_needs_an_entry_and_no_code(paper):
    """As one would be added: the paper prints 3 where 10 are in force."""
    entry = paper.choices["base.replicates"].model_copy(update={"printed": 3, "means": {}})
    found = judged(replace(paper, choices={**paper.choices, "base.replicates": entry}), full())
    assert found["base.replicates"][3:] == ("10", "departs", "the paper has 3")


def test_every_check_is_used_and_every_one_named_is_there(paper):
    assert {c.check for c in paper.choices.values() if c.check} == set(checks.CHECKS)
    entry = paper.choices["sdlm.mu"].model_copy(update={"check": "guess"})
    with refused("sdlm.mu", "`guess`"):
        judged(replace(paper, choices={**paper.choices, "sdlm.mu": entry}), full())


def test_the_table_that_is_written_is_read_again_as_it_was(paper, tmp_path):
    settings = tuple(judged(paper, full()).values())
    AUDIT.write(tmp_path, AUDIT.frame(settings))
    assert read_settings(tmp_path) == settings
    AUDIT.write(tmp_path, AUDIT.frame([settings[0]._replace(status="fine")]))
    with refused("row 1", "status", "'fine'"):
        read_settings(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny):
    """A small project whose experiments are trained."""
    folder = small_project(tmp_path_factory.mktemp("trained"), tiny)
    chosen = settings.load(write_params(folder / "params.yaml", small()))
    stages.train_experiments(trained_folders(folder), chosen, tuple(chosen.experiments))
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


# What is planted in the records of all replicates: a key, and a setting that it speaks of.
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
def test_a_replicate_that_is_a_copy_of_another_is_caught(paper, project):
    """Though its record says that it is the other: two seeds do not give the same weights."""
    runs = project / "runs" / "lenet5"
    original = json.loads((runs / "1" / RECORD).read_text())
    shutil.rmtree(runs / "1")
    shutil.copytree(runs / "0", runs / "1")
    copied = json.loads((runs / "1" / RECORD).read_text())
    forged = {**original, "files": copied["files"]}
    forged["evidence"]["weights_sha256"] = copied["evidence"]["weights_sha256"]
    write_json(runs / "1" / RECORD, forged)
    row = judged(paper, small(), project)["results/runs/lenet5: evidence.weights_sha256.equal"]
    assert (row.in_force, row.status) == ("in replicates 0 1", "contradiction")


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


def arguments(folder, *options, params="params.yaml"):
    return ["audit", "--root", str(folder), *options, "--params", str(folder / params)]


def command(*given, **changes):
    return main(arguments(*given, **changes))


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


@pytest.mark.parametrize(("key", "value"), {
    "network": "lenet6", "optimiser.name": "adam", "training_patterns": 201,
    "criterion.name": "squared-error",
}.items())  # fmt: skip
def test_what_training_refuses_the_audit_refuses(project, capsys, key, value):
    write_params(project / "mine.yaml", changed(small(), **{key: value}))
    mistake(capsys, arguments(project, params="mine.yaml"))


def test_a_module_of_ones_own_that_is_broken_is_one_sentence(project, monkeypatch, capsys):
    own = project / "classifiers"
    own.mkdir()
    monkeypatch.setattr(classifiers, "__path__", [str(own)])
    (own / "unfinished.py").write_text('"""One of one\'s own."""\ndef System(:\n')
    (own / "empty.py").write_text('"""One of one\'s own."""\n')
    entry = {"replicates": 1, "seed": None, "database": "regular", "options": {}}
    for system, named in (("unfinished", "unfinished.py, line 2"), ("empty", "empty.py")):
        document = small()
        document["experiments"]["own"] = {"system": system, **entry}
        write_params(project / "mine.yaml", document)
        mistake(capsys, arguments(project, params="mine.yaml"), named)
    mistake(capsys, arguments(project, params="data"))
    (project / "runs/lenet5/1" / RECORD).write_text("{}")
    mistake(capsys, arguments(project, "--runs", str(project / "runs")), "1/record.json", "data")


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
