"""The audit: what departs is caught wherever it departs, and nothing is left out."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML
from small import write_params

from replication import settings
from replication.audit import rules
from replication.audit.records import flattened
from replication.audit.table import COLUMNS, audit
from replication.cli import main
from replication.errors import ReplicationError
from replication.files import write_json

PARAMS = Path(__file__).parents[1] / "params.yaml"
CHOSEN = settings.load(PARAMS)


def document(**base):
    """params.yaml with the undistorted and the distorted experiment; ``base`` changes keys."""
    found = YAML(typ="safe", pure=True).load(PARAMS.read_text(encoding="utf-8"))
    found["experiments"] = {"lenet5": {"replicates": 3}, "lenet5-distorted": {"distorted": True}}
    for path, value in base.items():
        *groups, key = path.split(".")
        section = found["base"]
        for group in groups:
            section = section[group]
        section[key] = value
    return found


def chosen(**base):
    return settings.parse(document(**base), "params.yaml")


def record(of, experiment="lenet5", replicate=0):
    """What a run of the settings ``of`` states."""
    recipe = of.experiments[experiment]
    levels = {"background": of.prepare.background, "foreground": of.prepare.foreground}
    return {
        "experiment": experiment,
        "replicate": replicate,
        "key": str(replicate),
        "settings": json.loads(json.dumps({**recipe.training(), **levels})),
        "streams": {"seed": recipe.seed, "replicate": replicate},
        "data": {"sha256": "0" * 64},
        "presentations": recipe.presentations(60000),
        "parameters": 60000,
        "packages": {"numpy": "2.0"},
    }


def runs(of, count=3):
    return {"lenet5": {number: record(of, replicate=number) for number in range(count)}}


def rows(found):
    return {row.claim: row for row in found.rows}


def test_every_setting_and_every_key_has_a_row(paper):
    found = rows(audit(paper, CHOSEN, {}))
    stated = {name for name, claim in paper.claims.items() if claim.kind == "setting"}
    assert stated <= set(found)
    assert {f"experiments.{name}" for name in CHOSEN.experiments} <= set(found)
    known = [*rules.CLAIMS.values(), *rules.OWN.values()]
    explained = {key for rule in known for key in rule.keys}
    for key in flattened(CHOSEN.model_dump(exclude={"experiments"})):
        assert any(key == one or key.startswith(f"{one}.") for one in explained), key


def test_the_recipe_as_printed_is_faithful_and_what_is_open_is_unstated(paper):
    printed = {"initialisation.power": 1.0, "criterion.divisor": 84.0}
    found = rows(audit(paper, chosen(**printed), {}))
    for name in ("lenet5.c3.table", "lenet5.rbf.codes", "sdlm.mu", "training.schedule",
                 "squashing.slope", "training.order", "subsampling.rule", "init.range",
                 "base.initialisation.power", "lenet5.distorted-training-set"):  # fmt: skip
        assert found[name].status == "faithful", found[name]
    for name in ("loss.map", "loss.mle", "base.criterion.j", "base.criterion.divisor", "base.seed"):
        assert found[name].status == "unstated", found[name]


def test_what_no_record_shows_is_not_called_faithful(paper):
    """These rows could never depart, whatever a run had done."""
    found = rows(audit(paper, settings.load(PARAMS), {}))
    for name in ("training.online", "sdlm.update", "boosting.procedure"):
        assert found[name].status == "unstated"
        assert "no evidence" in found[name].reason


DEPARTURES = {
    "sdlm.mu": ("sdlm.mu", 0.05),
    "sdlm.patterns": ("sdlm.samples", 100),
    "order": ("training.order", "fresh"),
    "subsampling.reading": ("subsampling.rule", "averaged"),
    "initialisation.power": ("base.initialisation.power", 0.5),
    "squashing.amplitude": ("squashing.amplitude", 1.0),
    "training_patterns": ("base.training_patterns", 59999),
    "distortions.copies": ("lenet5.distorted-training-set", 4),
    "learning_rates": ("training.schedule", [1e-4] * 20),
}


@pytest.mark.parametrize(("key", "expected"), DEPARTURES.items(), ids=DEPARTURES)
def test_a_setting_that_is_not_the_printed_one_departs(paper, key, expected):
    claim, value = expected
    found = rows(audit(paper, chosen(**{key: value}), {}))
    assert found[claim].status == "departs"


def test_a_size_of_figure_6_is_faithful_and_its_number_of_passes_is_open(paper):
    of = document()
    of["experiments"]["smaller"] = {"training_patterns": 15000}
    found = rows(audit(paper, settings.parse(of, "params.yaml"), {}))["experiments.smaller"]
    assert found.status == "unstated"
    assert "training_patterns: 15000" in found.ours
    assert "a size of Figure 6" in found.reason
    assert "for how many passes" in found.reason


def test_runs_that_did_what_the_params_say_are_no_departure(paper):
    of = chosen()
    found = audit(paper, of, runs(of))
    assert found.conflicts == ()
    assert rows(found)["sdlm.mu"].reason == "as printed (in 3 of 3 runs)"
    assert rows(audit(paper, of, {}))["sdlm.mu"].reason == "as printed (no run yet)"


def test_a_run_that_departs_from_the_committed_params_is_caught(paper):
    """One replicate was trained with another mu; params.yaml does not show it."""
    of, records = chosen(), runs(chosen())
    records["lenet5"][1]["settings"]["sdlm"]["mu"] = 0.2
    found = audit(paper, of, records)
    assert rows(found)["sdlm.mu"].status == "departs"
    assert rows(found)["results/runs/lenet5: sdlm.mu"].ours == (
        "0.2 in replicate 1; params.yaml has 0.02"
    )
    assert rows(found)["squashing.slope"].status == "faithful"


CHANGES = {
    "a key that is gone": ("settings.sdlm.mu", None),
    "fewer presentations": ("presentations", 600000),
    "another number of parameters": ("parameters", 61706),
    "another seed": ("streams.seed", 7),
    "other data": ("data.sha256", "f" * 64),
    "another version of a package": ("packages.numpy", "1.26"),
    "another input level": ("settings.background", 0.0),
}


@pytest.mark.parametrize(("path", "value"), CHANGES.values(), ids=CHANGES)
def test_a_replicate_unlike_the_others_is_caught(paper, path, value):
    of, records = chosen(), runs(chosen())
    *groups, key = path.split(".")
    section = records["lenet5"][0]
    for group in groups:
        section = section[group]
    if value is None:
        del section[key]
    else:
        section[key] = value
    (conflict,) = audit(paper, of, records).conflicts
    assert conflict.experiment == "lenet5"
    assert conflict.key == path.removeprefix("settings.")
    assert "in replicate 0;" in conflict.text


def with_claims(paper, changes):
    claims = dict(paper.claims)
    for name, claim in changes.items():
        if claim is None:
            del claims[name]
        else:
            claims[name] = claim
    return replace(paper, claims=claims)


def test_a_setting_without_a_rule_is_a_gap(paper):
    new = paper.claims["sdlm.mu"].model_copy(update={"id": "sdlm.nu"})
    with pytest.raises(ReplicationError, match=r"the setting sdlm\.nu of claims\.yaml has no rule"):
        audit(with_claims(paper, {"sdlm.nu": new}), CHOSEN, {})


def test_a_rule_for_a_setting_that_is_gone_is_a_gap(paper):
    with pytest.raises(ReplicationError, match=r"has a rule for sdlm\.mu, which is no setting"):
        audit(with_claims(paper, {"sdlm.mu": None}), CHOSEN, {})


def test_a_key_without_claim_or_reason_is_a_gap(paper, monkeypatch):
    kept = {key: rule for key, rule in rules.OWN.items() if key != "base.criterion.j"}
    monkeypatch.setattr("replication.audit.table.OWN", kept)
    expected = r"the key base\.criterion\.j of params\.yaml has neither a claim nor a reason"
    with pytest.raises(ReplicationError, match=expected):
        audit(paper, CHOSEN, {})


def test_a_rule_for_a_key_that_is_gone_is_a_gap(paper, monkeypatch):
    rule = rules.OWN["train"]._replace(keys=("base.momentum",))
    monkeypatch.setattr("replication.audit.table.OWN", rules.OWN | {"base.momentum": rule})
    with pytest.raises(ReplicationError, match=r"a rule for the key base\.momentum, which is not"):
        audit(paper, CHOSEN, {})


@pytest.fixture
def project(tmp_path, repository):
    """A folder with three runs of params.yaml; returns the audit's command line."""
    write_params(tmp_path / "params.yaml", document())
    for number, one in runs(chosen())["lenet5"].items():
        write_json(tmp_path / "runs" / "lenet5" / str(number) / "record.json", one)

    def command(*options, params="params.yaml"):
        return main([
            "audit", "--params", str(tmp_path / params), "--paper", str(repository / "data/paper"),
            "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "audit.csv"), *options,
        ])  # fmt: skip

    return tmp_path, command


def test_the_command_writes_the_table_and_ends_by_status(project, capsys):
    folder, command = project
    assert command() == 0
    table = pd.read_csv(folder / "audit.csv")
    assert tuple(table.columns) == COLUMNS
    assert set(table["status"]) == {"faithful", "unstated", "departs"}
    assert "0 contradictions between runs and params" in capsys.readouterr().out
    # boosting and noise are not replicated here
    assert command("--strict") == 1


def test_somebodys_variation_is_audited_and_not_backed_by_runs(project, capsys):
    folder, command = project
    write_params(folder / "other.yaml", document(**{"sdlm.mu": 0.05, "criterion.j": 3.0}))
    assert command(params="other.yaml") == 1
    said = capsys.readouterr().out
    assert "the paper has 0.02; but in lenet5, sdlm.mu is 0.02 in replicate 0 1 2" in said
    assert "other.yaml has 3" in said
    table = pd.read_csv(folder / "audit.csv").set_index("claim")
    assert table.loc["sdlm.mu", "ours"] == "0.05"
    assert table.loc["base.criterion.j", "status"] == "departs"


def test_a_run_that_departs_ends_the_command_with_status_1(project):
    folder, command = project
    path = folder / "runs" / "lenet5" / "2" / "record.json"
    changed = deepcopy(json.loads(path.read_text()))
    changed["settings"]["criterion"]["divisor"] = 84.0
    write_json(path, changed)
    assert command() == 1


def test_a_damaged_record_is_named(project, capsys):
    folder, command = project
    (folder / "runs" / "lenet5" / "1" / "record.json").write_text("{}")
    assert command() == 2
    assert "1/record.json is damaged (no data, experiment" in capsys.readouterr().err
