"""Settings of one's own, by --params and --set: refused in one sentence, kept apart, compared."""

import json
from pathlib import Path

import pytest
from small import (
    REPOSITORY,
    contents,
    mistake,
    parameters,
    small_document,
    small_project,
    write_params,
)

from replication.core.settings import load
from replication.folders import Folders
from replication.pipeline.cli import main
from replication.pipeline.options import vary

SET = "base.criterion.j=0.5"


@pytest.fixture
def project(tmp_path, tiny, monkeypatch):
    """A small project, which is entered."""
    small_project(tmp_path, tiny)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_variation_is_trained_evaluated_compared_and_audited_in_a_folder_of_its_own(
    tmp_path, monkeypatch, capsys
):
    """With all of MNIST, since Figure 8 is about certain test patterns."""
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    write_params(tmp_path / "params.yaml", small_document())
    monkeypatch.chdir(tmp_path)
    before = contents(tmp_path)
    own = Path("variations", SET)
    assert main(["train", "lenet5", "--set", SET]) == 0
    assert main(["compare", "--set", SET]) == 0
    assert (own / "metrics.json").exists()
    assert (own / "verdicts.csv").exists()
    assert (own / "runs/lenet5/1/weights.safetensors").exists()
    capsys.readouterr()
    assert main(["audit", "--set", SET]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{own}/params.yaml: 1 setting differs from params.yaml\n  base.crit")
    assert said.splitlines()[-1].endswith(f"judged: {own}/params.yaml, and {own}/runs")
    assert main(["train", "lenet5", "--params", f"{own}/params.yaml", "--forecast"]) == 0
    assert "nothing is to be trained" in capsys.readouterr().out
    kept = {name: content for name, content in contents(tmp_path).items()
            if not name.startswith(("variations", ".checkpoints"))}  # fmt: skip
    assert kept == before


def test_a_file_of_ones_own_has_its_folder_too_and_one_that_is_named_stays(project):
    write_params(project / "mine.yaml", small_document(replicates=1))
    varied = vary(Folders.below(params=Path("mine.yaml")), ())
    own = Path("variations/mine")
    assert (varied.runs, varied.results, varied.out) == (own / "runs", own, own)
    assert varied.are_of_variation
    named = vary(Folders.below(params=Path("mine.yaml"), runs=Path("r"), out=Path("o")), ())
    assert (named.runs, named.results, named.out) == (Path("r"), Path("o"), Path("o"))
    assert vary(Folders.below(), ()) == Folders.below()
    assert not Folders.below().are_of_variation


def test_the_order_of_changes_does_not_matter_and_others_have_another_folder(project):
    assert project
    one, two, other, long = (
        vary(Folders.below(), changes)
        for changes in ((SET, "base.passes=2"), ("base.passes = 2", SET), (SET, "base.seed=7"),
                        (SET, f"base.learning_rates=[{'1.0e-4, ' * 20}]", "base.passes=20"))
    )  # fmt: skip
    assert one == two
    assert one.out != other.out
    assert load(other.params).base.seed == 7
    assert load(long.params).base.learning_rates == (1e-4,) * 20
    assert len(long.out.name) < 100


def test_what_an_experiment_takes_from_base_can_be_set_for_it_alone(project):
    assert project
    settings = load(vary(Folders.below(), ["experiments.lenet5.sdlm.mu=0.5"]).params)
    assert settings.experiment("lenet5").sdlm.mu == 0.5
    assert settings.base.sdlm.mu == 0.02


REFUSED = {
    "an unknown key, criterion": "base.criterio.j=1",
    "an unknown last key, passes": "base.pases=3",
    "an unknown group, did you mean 'base'": "bse.passes=3",
    "an unknown experiment, did you mean 'lenet5'": "experiments.lenet6.passes=3",
    "a word for a number, base.criterion.j is 'x'": "base.criterion.j=x",
    "a text for a number, should be": "base.passes='2'",
    "a key below a number, has no keys": "base.passes.more=3",
    "no value, KEY=VALUE": "base.passes",
    "an empty key, KEY=VALUE": "=3",
    "an alias, undefined alias": "base.criterion.j=*b",
    "what does not fit, give one learning rate a pass": "base.passes=10",
    "no YAML, cannot be read as YAML": "base.passes=[1",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_set_is_refused_in_one_sentence_and_nothing_is_written(
    name, project, capsys
):
    for command in (["train", "lenet5"], ["audit"], ["compare"]):
        mistake(capsys, [*command, "--set", REFUSED[name]], *name.split(", ")[1:])
    assert not (project / "variations").exists()


def test_two_values_for_a_key_contradict_each_other(project, capsys):
    assert project
    mistake(capsys, ["audit", "--set", SET, "--set", "base.criterion.j=1"], "two values")


def test_what_a_yaml_alias_shares_cannot_be_set_for_one_alone(project, capsys):
    document = parameters()
    document["experiments"] = {name: {"sdlm": document["base"]["sdlm"]} for name in ("a", "b")}
    write_params(project / "mine.yaml", document)
    assert "&id001" in (project / "mine.yaml").read_text()
    given = ["audit", "--params", "mine.yaml", "--set", "experiments.a.sdlm.mu=1"]
    mistake(capsys, given, "experiments.a.sdlm", "YAML alias")


def test_runs_by_other_settings_than_the_variations_are_none_of_its_runs(project, capsys):
    write_params(project / "mine.yaml", small_document(replicates=1))
    assert main(["train", "lenet5", "--params", "mine.yaml"]) == 0
    write_params(project / "mine.yaml", small_document(replicates=1, seed=7))
    mistake(capsys, ["compare", "--params", "mine.yaml"], "variations/mine/runs", "train NAME")


def test_audit_says_the_same_to_a_program(project, capsys):
    assert project
    assert main(["audit", "--set", SET, "--json"]) == 0
    settings = {each["id"]: each for each in json.loads(capsys.readouterr().out)}
    assert settings["base.criterion.j"]["in_force"] == "0.5"
    assert main(["audit", "--diff", "params.yaml", f"variations/{SET}/params.yaml", "--json"]) == 0
    (changed,) = json.loads(capsys.readouterr().out)
    assert changed.startswith("base.criterion.j: 0.25 -> 0.5; ")


def test_audit_refuses_what_has_no_meaning_beside_two_files(project, capsys):
    assert project
    diff = ["audit", "--diff", "params.yaml", "params.yaml"]
    for more in (["--strict"], ["--set", SET], ["--params", "params.yaml"], ["--out", "a.csv"]):
        mistake(capsys, [*diff, *more], "--diff", more[0], "contradict")
