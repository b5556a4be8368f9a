"""params.yaml: what stands in it is what is in force, and a mistake is one sentence."""

import re
from copy import deepcopy
from pathlib import Path

import pytest
from small import parameters, put

from replication import plugins, settings
from replication.cli import main
from replication.errors import ReplicationError
from replication.settings import Classifier, Combined, Modern, Recipe
from replication.systems.catalogue import CLASSIFIERS

PARAMS = Path(__file__).parents[1] / "params.yaml"
DOCUMENT = parameters()
KINDS = (Recipe, Combined, Classifier, Modern)
MODERN = DOCUMENT["experiments"]["lenet5-modern"]


def changed(path, value):
    """The document with one key, such as ``base.sdlm.mu``, set to another value."""
    document = deepcopy(DOCUMENT)
    put(document, path, value)
    return document


def renamed(path, name=None):
    """The document with one key spelt otherwise, or without it where there is no name."""
    document = deepcopy(DOCUMENT)
    *groups, key = path.split(".")
    section = document
    for group in groups:
        section = section[group]
    value = section.pop(key)
    section.update({name: value} if name else {})
    return document


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
        assert more.training(subsampled=True) == recipe.training(subsampled=True)
        assert other.training(subsampled=True) != recipe.training(subsampled=True)


def test_presentations_are_counted_by_pass_or_by_epoch():
    chosen = settings.load(PARAMS)
    base = chosen.base
    assert base.presentations(7) == base.passes * base.presentations_per_pass
    assert chosen.experiment("lenet5-modern").presentations(7) == MODERN["epochs"] * 7
    assert chosen.experiment("lenet4-knn").presentations(7) == base.presentations(7)


RATES = DOCUMENT["base"]["learning_rates"]
# What is wrong, and what the sentence has to name: the key, and the value or what was meant.
REFUSED = {
    "unknown key": (changed("base.momentum", 0.9), "unknown key base.momentum"),
    "unknown section": (changed("optimisers", {}), "unknown key optimisers"),
    "misspelt key": (renamed("base.passes", "pases"), "base.pases", "did you mean 'passes'?"),
    "misspelt key in a group": (
        renamed("base.sdlm.patterns", "patern"), "base.sdlm.patern", "did you mean 'patterns'?",
    ),
    "misspelt key of an experiment": (
        changed("experiments.lenet5", {"learning_rate": [0.1]}),
        "experiments.lenet5.learning_rate", "did you mean 'learning_rates'?",
    ),
    "misspelt key of the modern experiment": (
        renamed("experiments.lenet5-modern.epochs", "epoch"),
        "experiments.lenet5-modern.epoch ", "did you mean 'epochs'?",
    ),
    "a key of base in the modern experiment": (
        changed("experiments.lenet5-modern.passes", 20), "experiments.lenet5-modern.passes",
    ),
    "missing key": (renamed("base.passes"), "base.passes is missing"),
    "missing key in a group": (renamed("base.sdlm.mu"), "base.sdlm.mu is missing"),
    "missing key of the modern experiment": (
        renamed("experiments.lenet5-modern.batch"), "experiments.lenet5-modern.batch is missing",
    ),
    "missing section": (renamed("train"), "train is missing"),
    "19 rates for 20 passes": (
        changed("experiments.lenet5", {"learning_rates": RATES[:19]}),
        "experiments.lenet5: learning_rates has 19 entries but passes is 20",
    ),
    "19 rates in base": (changed("base.learning_rates", RATES[:19]), "base: learning_rates", "19"),
    "mu below zero": (changed("base.sdlm.mu", -1), "base.sdlm.mu is -1"),
    "mu below zero in an experiment": (
        changed("experiments.lenet5", {"sdlm": {"mu": -1}}), "experiments.lenet5.sdlm.mu is -1",
    ),
    "j of zero": (changed("base.criterion.j", 0), "base.criterion.j is 0"),
    "learning rate of zero": (
        changed("base.learning_rates", [0, *RATES[1:]]), "base.learning_rates.0 is 0",
    ),
    "learning rate of zero in the modern experiment": (
        changed("experiments.lenet5-modern.learning_rate", 0.0),
        "experiments.lenet5-modern.learning_rate is 0.0",
    ),
    "no replicates": (
        changed("experiments.lenet5", {"replicates": 0}), "experiments.lenet5.replicates is 0",
    ),
    "no workers": (changed("train.workers", 0), "train.workers: 0 is neither auto nor a whole"),
    "workers by half": (changed("train.workers", 2.0), "train.workers: 2.0 is neither auto"),
    "workers that are a truth": (changed("train.workers", True), "train.workers: True is neither"),
    "workers by another word": (changed("train.workers", "all"), "train.workers: 'all' is neither"),
    "half a pass": (changed("base.passes", 19.5), "base.passes is 19.5"),
    "a rate that is no number": (changed("base.sdlm.mu", float("nan")), "base.sdlm.mu is nan"),
    "an order that does not exist": (
        changed("base.order", "sorted"), "base.order is 'sorted'", "'constant'", "'fresh'",
    ),
    "a system that does not exist": (
        changed("experiments.lenet5-modern.system", "modren"),
        "experiments.lenet5-modern.system is 'modren'", "did you mean 'modern'?",
    ),
    "an experiment that is no table": (
        changed("experiments.lenet5", 3), "experiments.lenet5 is 3",
    ),
    "an experiment with an unusable name": (
        changed("experiments.LeNet 5!", {}), "'LeNet 5!'", "small letters and digits",
    ),
    "an option that is a list": (
        changed("experiments.knn.options", {"neighbours": [3]}),
        "experiments.knn.options.neighbours is [3]",
    ),
    "a candidate without a criterion": (
        changed("readings.criteria", [{"criterion.j": 1.0}]),
        "readings: an entry of criteria needs criterion.name",
    ),
    "an image without ink": (
        changed("prepare.foreground", DOCUMENT["prepare"]["background"]),
        "prepare: background and foreground are equal",
    ),
    "no settings at all": (None, "holds no settings"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "named"), [(d, n) for d, *n in REFUSED.values()], ids=REFUSED)
def test_a_mistake_in_params_is_one_sentence_that_names_it(document, named):
    said = sentence(document)
    assert said.startswith("params.yaml")
    assert "\n" not in said
    assert [words for words in named if words not in said] == []


def test_every_key_says_what_it_means():
    """The one meaning of each key stands beside it in replication/settings."""
    waiting, silent = [settings.Settings, *KINDS], []
    for section in waiting:
        for key, field in section.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, settings.Section):
                waiting.append(kind)
            if not field.description:
                silent.append(f"{section.__name__}.{key}")
    assert silent == []


def test_an_unknown_experiment_is_named_with_its_nearest():
    expected = r"there is no experiment 'lenet6' \(did you mean 'lenet5'\?\): params\.yaml has "
    with pytest.raises(ReplicationError, match=expected):
        settings.load(PARAMS).experiment("lenet6")


@pytest.mark.parametrize("name", ["mine.yaml", "."])
def test_a_params_file_that_is_not_there_or_a_folder_is_named(name, tmp_path):
    with pytest.raises(
        ReplicationError, match=f"^{re.escape(str(tmp_path / name))} (cannot be|is missing)"
    ):
        settings.load(tmp_path / name)


@pytest.mark.parametrize("content", [b"base: [1, 2", b"a: 1\na: 2\n", b"\xff\xfe\x00"])
def test_params_that_are_no_yaml_are_named(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ReplicationError, match=r"params\.yaml .*YAML"):
        settings.load(path)


def test_a_mistake_in_params_ends_the_command_with_status_2(tmp_path, capsys):
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS.read_text().replace("mu: 0.02", "mu: -1"))
    assert main(["train", "lenet5", "--params", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"replication: {path}: base.sdlm.mu is -1")
    assert said.count("\n") == 1


def test_a_classifier_that_does_not_exist_is_named_with_its_nearest():
    with pytest.raises(ReplicationError, match=r"'linaer' \(did you mean 'linear'\?\)"):
        plugins.source(CLASSIFIERS, "linaer", "System")


def test_changed_gives_other_values_and_checks_them():
    base = settings.load(PARAMS).base
    assert settings.changed(base, {"criterion.j": 5.0}).criterion.j == 5.0
    with pytest.raises(ReplicationError, match=r"'criterion\.k'"):
        settings.changed(base, {"criterion.k": 5.0})
    for path in ("seed.x", "order.x.y", "nothing.at.all"):
        with pytest.raises(ReplicationError, match=rf"'{path}'"):
            settings.changed(base, {path: 5.0})
    with pytest.raises(ReplicationError, match=r"criterion\.j is -1\.0"):
        settings.changed(base, {"criterion.j": -1.0})
