"""params.yaml: what stands in it is what is in force, and a mistake is one sentence."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from replication import settings
from replication.__main__ import main
from replication.errors import ReplicationError
from replication.settings import Modern, Recipe

PARAMS = Path(__file__).parents[1] / "params.yaml"
DOCUMENT = YAML(typ="safe", pure=True).load(PARAMS.read_text())
MODERN = DOCUMENT["experiments"]["lenet5-modern"]


def changed(path, value):
    """The document with one key, such as ``base.sdlm.mu``, set to another value."""
    document = deepcopy(DOCUMENT)
    *groups, key = path.split(".")
    section = document
    for group in groups:
        section = section[group]
    section[key] = value
    return document


def without(path):
    document = deepcopy(DOCUMENT)
    *groups, key = path.split(".")
    section = document
    for group in groups:
        section = section[group]
    del section[key]
    return document


def renamed(path, name):
    """The document with one key spelt otherwise."""
    *groups, key = path.split(".")
    section = without(path)
    result = section
    original = DOCUMENT
    for group in groups:
        section, original = section[group], original[group]
    section[name] = original[key]
    return result


def sentence(document):
    with pytest.raises(ReplicationError) as caught:
        settings.parse(document, "params.yaml")
    return str(caught.value)


def test_params_as_committed_are_accepted():
    chosen = settings.load(PARAMS)
    assert set(chosen.experiments) == set(DOCUMENT["experiments"])
    assert chosen.base.learning_rates == tuple(DOCUMENT["base"]["learning_rates"])


def test_an_experiment_differs_from_base_in_what_it_lists_alone():
    document = changed("experiments.other", {"seed": 3, "sdlm": {"mu": 0.5}})
    chosen = settings.parse(document, "params.yaml")
    other = chosen.experiment("other")
    assert isinstance(other, Recipe)
    assert (other.seed, other.sdlm.mu) == (3, 0.5)
    restored = {"seed": chosen.base.seed, "sdlm": chosen.base.sdlm}
    assert other.model_copy(update=restored) == chosen.base


def test_the_modern_experiment_stands_alone():
    chosen = settings.load(PARAMS).experiment("lenet5-modern")
    assert isinstance(chosen, Modern)
    assert chosen.model_dump() == MODERN


def test_the_number_of_replicates_is_no_part_of_the_training():
    for name in ("lenet5", "lenet5-modern"):
        recipe = settings.load(PARAMS).experiment(name)
        more = recipe.model_copy(update={"replicates": recipe.replicates + 2})
        other = recipe.model_copy(update={"seed": recipe.seed + 1})
        assert more.training() == recipe.training()
        assert other.training() != recipe.training()


def test_presentations_are_counted_by_pass_or_by_epoch():
    chosen = settings.load(PARAMS)
    base = chosen.base
    assert base.presentations(7) == base.passes * base.presentations_per_pass
    assert chosen.experiment("lenet5-modern").presentations(7) == MODERN["epochs"] * 7
    assert chosen.experiment("lenet4-boosted").presentations(7) == 3 * base.presentations(7)
    assert chosen.experiment("lenet4-knn").presentations(7) == base.presentations(7)


REFUSED = {
    "unknown key": (
        changed("base.momentum", 0.9),
        "params.yaml: unknown key base.momentum: correct or remove it",
    ),
    "unknown section": (
        changed("optimiser", {}),
        "params.yaml: unknown key optimiser: correct or remove it",
    ),
    "misspelt key": (
        renamed("base.passes", "pases"),
        "params.yaml: unknown key base.pases (did you mean 'passes'?): correct or remove it",
    ),
    "misspelt key in a group": (
        renamed("base.sdlm.patterns", "patern"),
        "params.yaml: unknown key base.sdlm.patern (did you mean 'patterns'?): correct or remove "
        "it",
    ),
    "misspelt key of an experiment": (
        changed("experiments.lenet5", {"learning_rate": [0.1]}),
        "params.yaml: unknown key experiments.lenet5.learning_rate (did you mean "
        "'learning_rates'?): correct or remove it",
    ),
    "misspelt key of the modern experiment": (
        renamed("experiments.lenet5-modern.epochs", "epoch"),
        "params.yaml: unknown key experiments.lenet5-modern.epoch (did you mean 'epochs'?): "
        "correct or remove it",
    ),
    "a key of base in the modern experiment": (
        changed("experiments.lenet5-modern.passes", 20),
        "params.yaml: unknown key experiments.lenet5-modern.passes: correct or remove it",
    ),
    "missing key": (
        without("base.passes"),
        "params.yaml: the key base.passes is missing: add it",
    ),
    "missing key in a group": (
        without("base.sdlm.mu"),
        "params.yaml: the key base.sdlm.mu is missing: add it",
    ),
    "missing key of the modern experiment": (
        without("experiments.lenet5-modern.batch"),
        "params.yaml: the key experiments.lenet5-modern.batch is missing: add it",
    ),
    "missing section": (
        without("train"),
        "params.yaml: the key train is missing: add it",
    ),
    "19 rates for 20 passes": (
        changed("experiments.lenet5", {"learning_rates": DOCUMENT["base"]["learning_rates"][:19]}),
        "params.yaml: experiments.lenet5: learning_rates has 19 entries but passes is 20; give "
        "one learning rate a pass",
    ),
    "19 rates in base": (
        changed("base.learning_rates", DOCUMENT["base"]["learning_rates"][:19]),
        "params.yaml: base: learning_rates has 19 entries but passes is 20; give one learning "
        "rate a pass",
    ),
    "mu below zero": (
        changed("base.sdlm.mu", -1),
        "params.yaml: base.sdlm.mu is -1, but it should be greater than 0: correct it",
    ),
    "mu below zero in an experiment": (
        changed("experiments.lenet5", {"sdlm": {"mu": -1}}),
        "params.yaml: experiments.lenet5.sdlm.mu is -1, but it should be greater than 0: "
        "correct it",
    ),
    "j of zero": (
        changed("base.criterion.j", 0),
        "params.yaml: base.criterion.j is 0, but it should be greater than 0: correct it",
    ),
    "learning rate of zero": (
        changed("base.learning_rates", [0, *DOCUMENT["base"]["learning_rates"][1:]]),
        "params.yaml: base.learning_rates.0 is 0, but it should be greater than 0: correct it",
    ),
    "learning rate of zero in the modern experiment": (
        changed("experiments.lenet5-modern.learning_rate", 0.0),
        "params.yaml: experiments.lenet5-modern.learning_rate is 0.0, but it should be greater "
        "than 0: correct it",
    ),
    "no replicates": (
        changed("experiments.lenet5", {"replicates": 0}),
        "params.yaml: experiments.lenet5.replicates is 0, but it should be greater than 0: "
        "correct it",
    ),
    "no workers": (
        changed("train.workers", 0),
        "params.yaml: train.workers is 0, but it should be greater than 0: correct it",
    ),
    "half a pass": (
        changed("base.passes", 19.5),
        "params.yaml: base.passes is 19.5, but it should be a valid integer: correct it",
    ),
    "a rate that is no number": (
        changed("base.sdlm.mu", float("nan")),
        "params.yaml: base.sdlm.mu is nan, but it should be a finite number: correct it",
    ),
    "an order that does not exist": (
        changed("base.order", "sorted"),
        "params.yaml: base.order is 'sorted', but it should be 'constant' or 'fresh': correct it",
    ),
    "a system that does not exist": (
        changed("experiments.lenet5-modern.system", "modren"),
        "params.yaml: experiments.lenet5-modern.system is 'modren' (did you mean 'modern'?), but "
        f"there are {', '.join(settings.SYSTEMS)}: correct it",
    ),
    "an experiment that is no table": (
        changed("experiments.lenet5", 3),
        "params.yaml: experiments.lenet5 is 3, but it must list the settings that differ from "
        "base, or be {}: correct it",
    ),
    "an option that is a list": (
        changed("experiments.knn.options", {"neighbours": [3]}),
        "params.yaml: experiments.knn.options.neighbours is [3], but it should be a number, a "
        "word, true or false: correct it",
    ),
    "a factor that the first centre lacks": (
        changed("readings.factors", {**DOCUMENT["readings"]["factors"], "sdlm.mu": [0.1]}),
        "params.yaml: readings: the first centre has no sdlm.mu, which factors or factorial "
        "vary; give every factor a value there",
    ),
    "an image without ink": (
        changed("prepare.foreground", DOCUMENT["prepare"]["background"]),
        "params.yaml: prepare: background and foreground are equal, so every image would be blank",
    ),
    "no settings at all": (
        None,
        "params.yaml holds no settings: restore it from the repository",
    ),
}


@pytest.mark.parametrize(("document", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_in_params_is_one_exact_sentence(document, expected):
    assert sentence(document) == expected


def test_an_experiment_with_an_unusable_name_is_named():
    said = sentence(changed("experiments.LeNet_5", {}))
    assert said.startswith("params.yaml: experiments.LeNet_5 is 'LeNet_5', but it should match ")


def test_an_unknown_experiment_is_named_with_its_nearest():
    expected = r"there is no experiment 'lenet6' \(did you mean 'lenet5'\?\): params\.yaml has "
    with pytest.raises(ReplicationError, match=expected):
        settings.load(PARAMS).experiment("lenet6")


def test_a_missing_params_file_is_named(tmp_path):
    path = tmp_path / "params.yaml"
    expected = f"^{re.escape(str(path))} is missing: restore it from the repository$"
    with pytest.raises(ReplicationError, match=expected):
        settings.load(path)


@pytest.mark.parametrize("content", [b"base: [1, 2", b"a: 1\na: 2\n", b"\xff\xfe\x00"])
def test_params_that_are_no_yaml_are_named(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ReplicationError, match=r"params\.yaml is not valid YAML \(.*\): correct"):
        settings.load(path)


def test_a_mistake_in_params_ends_the_command_with_status_2(tmp_path, capsys):
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS.read_text().replace("mu: 0.02", "mu: -1"))
    assert main(["train", "lenet5", "--params", str(path)]) == 2
    said = capsys.readouterr().err
    rule = "base.sdlm.mu is -1, but it should be greater than 0: correct it"
    assert said == f"replication: {path}: {rule}\n"


def test_changed_gives_other_values_and_checks_them():
    base = settings.load(PARAMS).base
    assert settings.changed(base, {"criterion.j": 5.0}).criterion.j == 5.0
    with pytest.raises(ReplicationError, match=r"there is no setting 'criterion\.k'"):
        settings.changed(base, {"criterion.k": 5.0})
    for path in ("seed.x", "order.x.y", "nothing.at.all"):
        with pytest.raises(ReplicationError, match=rf"there is no setting '{path}'"):
            settings.changed(base, {path: 5.0})
    with pytest.raises(ReplicationError, match=r"criterion\.j is -1\.0, but it should be greater"):
        settings.changed(base, {"criterion.j": -1.0})
