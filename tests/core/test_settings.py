"""params.yaml: what stands in it is what is in force, and a mistake is one sentence."""

import importlib
import inspect
import itertools
import pkgutil
import re
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.events import AliasEvent
from small import REPOSITORY, mistake, parameters, put, write_params

from replication.core import plugins, settings, systems
from replication.core.learning import optimisers
from replication.core.settings import Classifier, Combined, Modern, Recipe
from replication.core.systems import classifiers
from replication.core.systems.jobs import CLASSIFIERS
from replication.errors import ReplicationError
from replication.pipeline import options
from replication.pipeline.cli import main

PARAMS = Path(__file__).parents[2] / "params.yaml"
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
MODERN_KEY = "experiments.lenet5-modern"
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
        renamed(f"{MODERN_KEY}.epochs", "epoch"), f"{MODERN_KEY}.epoch ", "did you mean 'epochs'?",
    ),
    "a key of base in the modern experiment": (
        changed(f"{MODERN_KEY}.passes", 20), f"{MODERN_KEY}.passes",
    ),
    "missing key": (renamed("base.passes"), "base.passes is missing"),
    "missing key in a group": (renamed("base.sdlm.mu"), "base.sdlm.mu is missing"),
    "missing key of the modern experiment": (
        renamed(f"{MODERN_KEY}.batch"), f"{MODERN_KEY}.batch is missing",
    ),
    "missing section": (renamed("train"), "train is missing"),
    "19 rates for 20 passes": (
        changed("experiments.lenet5", {"learning_rates": RATES[:19]}),
        "experiments.lenet5: learning_rates has 19 entries but passes is 20",
    ),
    "19 rates in base": (changed("base.learning_rates", RATES[:19]), "base: learning_rates", "19"),
    "learning rate of zero": (
        changed("base.learning_rates", [0, *RATES[1:]]), "base.learning_rates.0 is 0",
    ),
    "mu below zero in an experiment": (
        changed("experiments.lenet5", {"sdlm": {"mu": -1}}), "experiments.lenet5.sdlm.mu is -1",
    ),
    "no replicates": (
        changed("experiments.lenet5", {"replicates": 0}), "experiments.lenet5.replicates is 0",
    ),
    "an order that does not exist": (
        changed("base.order", "sorted"), "base.order is 'sorted'", "'constant'", "'fresh'",
    ),
    "a system that does not exist": (
        changed(f"{MODERN_KEY}.system", "modren"),
        f"{MODERN_KEY}.system is 'modren'", "did you mean 'modern'?",
    ),
    "an experiment with an unusable name": (
        changed("experiments.LeNet 5!", {}), "'LeNet 5!'", "small letters and digits",
    ),
    "a candidate without a criterion": (
        changed("readings.criteria", [{"criterion.j": 1.0}]),
        "readings: an entry of criteria needs criterion.name",
    ),
    "an image without ink": (
        changed("base.inputs.foreground", DOCUMENT["base"]["inputs"]["background"]),
        "base.inputs: background and foreground are equal",
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
    """The one meaning of each key stands beside it, or above it, in replication/core/settings."""
    kinds = (base for kind in KINDS for base in kind.__mro__ if issubclass(base, settings.Section))
    waiting, silent = [settings.Settings, *kinds], []
    for section in waiting:
        kinds = (field.annotation for field in section.model_fields.values())
        waiting += [kind for kind in kinds if isinstance(kind, type) and
                    issubclass(kind, settings.Section) and kind not in waiting]  # fmt: skip
        lines = inspect.getsource(section).splitlines()
        for above, line in itertools.pairwise(lines):
            key = re.match(r"    (\w+): ", line)
            if key and not ("  # " in line or above.startswith("    # ")):
                silent.append(f"{section.__name__}.{key[1]}")
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
    assert main(["train", "lenet5", "--params", str(path), "--runs", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"replication: {path}: base.sdlm.mu is -1")
    assert said.count("\n") == 1


def test_a_classifier_that_does_not_exist_is_named_with_its_nearest():
    with pytest.raises(ReplicationError, match=r"'linaer' \(did you mean 'linear'\?\)"):
        plugins.find(CLASSIFIERS, "linaer", "System")


def test_changed_gives_other_values_and_checks_them():
    base = settings.load(PARAMS).base
    assert settings.change_recipe(base, {"criterion.j": 5.0}).criterion.j == 5.0
    with pytest.raises(ReplicationError, match=r"'criterion\.k'"):
        settings.change_recipe(base, {"criterion.k": 5.0})
    for path in ("seed.x", "order.x.y", "nothing.at.all"):
        with pytest.raises(ReplicationError, match=rf"'{path}'"):
            settings.change_recipe(base, {path: 5.0})
    with pytest.raises(ReplicationError, match=r"criterion\.j is -1\.0"):
        settings.change_recipe(base, {"criterion.j": -1.0})


def leaves(value):
    """Every value in a structure, keys too."""
    if isinstance(value, dict):
        return [leaf for pair in value.items() for part in pair for leaf in leaves(part)]
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def sections() -> list[type[settings.Section]]:
    """All groups of settings that there are, those of modules that settings name too."""
    for package in (systems, classifiers, optimisers):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    waiting, found = [settings.Section], []
    while waiting:
        waiting += waiting.pop().__subclasses__()
        found = [*dict.fromkeys([*found, *waiting])]
    return [one for one in found if one.__module__.startswith("replication")]


@pytest.mark.parametrize("number", [True, False, "1", "15000", "2.5", 1.5e400, float("nan")])
def test_nothing_but_a_number_is_a_number(number):
    """Of every key of every group, in whatever it may stand: what is taken is taken as it is."""
    shapes = (number, [number], [[number]], {"a": number}, {number: ["a"]}, {"a": [number]})
    seen, wrong = 0, []
    for section in sections():
        for name, field in section.model_fields.items():
            kind = Annotated[(field.annotation, *field.metadata)] if field.metadata else None
            adapter = TypeAdapter(kind or field.annotation)
            for shape in shapes:
                seen += 1
                try:
                    taken = adapter.validate_python(shape)
                except ValidationError:
                    continue
                pairs = zip(leaves(shape), leaves(taken), strict=True)
                if any(type(given) is not type(got) for given, got in pairs):
                    wrong.append(f"{section.__name__}.{name} takes {shape} as {taken}")
    assert wrong == []
    assert seen > 500


MISTAKEN = {
    "base.sdlm.curvature_start": [-1, "often", True],
    "base.sdlm.mu": [-1, True, "0.02", float("nan")],
    "base.subsampling.fan_in": [True, 4.0, "4"],
    "base.criterion.j": [0],
    "base.passes": [19.5],
    "experiments.lenet5": [3],
    "experiments.lenet5-modern.learning_rate": [0.0],
    "experiments.knn.options.neighbours": [[3]],
    "experiments.lenet5-noise.options": [{"inverted": [0.1]}],
    "train.workers": [0, 2.0, True, "all"],
    "train.scheduler": ["tcp:8786", 8786],
    "compare.training_sizes": [{"15000": ["lenet5"]}, {True: ["lenet5"]}],
    "readings.printed": [{"criterion.distance": [1.0]}, {"criterion.distance": True}],
    "causes.hypotheses.knn-size.vary": [{"training_patterns": [True]}],
    "causes.hypotheses.knn-size.choose": ["9" * 5000],
}


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in MISTAKEN.items() for value in values]
)
def test_a_mistake_names_the_key_and_the_value_and_no_other(path, value):
    said = sentence(changed(path, value))
    assert path.partition(".")[2] in said
    if not isinstance(value, dict) and len(str(value)) < 80 and "fan_in" not in path:
        assert re.search(rf"{path}( is|:) {re.escape(repr(value))}[, ]", said)
    for word in ("literal[", ".int", ".str", ".float", "constrained", "function", "rename it"):
        assert word not in said
    assert len(said) < 300


def test_more_patterns_for_the_curvatures_than_there_are_are_refused():
    """And those that follow each other have to be in one pass."""
    for changes, there in (
        ({"sdlm.patterns": 60001}, 60000),
        ({"sdlm.patterns": 600001, "distorted": True, "sdlm.patterns_drawn": "random"}, 600000),
        ({"sdlm.patterns": 101, "sdlm.patterns_drawn": "consecutive",
          "presentations_per_pass": 100}, 100),
    ):  # fmt: skip
        with pytest.raises(ReplicationError, match=rf"there are {there} patterns.*lower it"):
            settings.change_recipe(settings.load(PARAMS).base, changes)


def test_no_alias_stands_below_what_dvc_may_set():
    """``dvc exp run -S`` of a key below one is lost, and nothing says so."""
    events = YAML(typ="rt", pure=True).parse(PARAMS.read_text(encoding="utf-8"))
    assert [event for event in events if isinstance(event, AliasEvent)] == []


def test_lines_of_dvc_lock_are_not_merged_by_git():
    done = subprocess.run(
        ["git", "check-attr", "merge", "dvc.lock"], cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert "merge: unset" in done.stdout or done.returncode  # an archive has no git
    assert "dvc.lock -merge" in (REPOSITORY / ".gitattributes").read_text(encoding="utf-8")


WRITERS = {
    "train": ["train", "linear", "--params", "mine.yaml"],
    "evaluate": ["evaluate", "--params", "mine.yaml"],
    "evaluate with runs alone": ["evaluate", "--params", "mine.yaml", "--runs", "r"],
    "a study": ["readings", "--params", "mine.yaml"],
    "verify": ["verify", "--params", "mine.yaml"],
    "article": ["article", "--params", "mine.yaml"],
    "compare": ["compare", "--params", "mine.yaml"],
    "demo": ["demo", "--params", "mine.yaml"],
}


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
def test_other_settings_never_write_where_the_committed_results_lie(
    arguments, tmp_path, monkeypatch, capsys
):
    """What each command is given to write into, looked at before it writes."""
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(PARAMS.read_bytes())
    monkeypatch.chdir(REPOSITORY)
    given, vary = [], options.vary

    def watched(folders, changes):
        given.append(vary(folders, changes))
        raise ReplicationError("seen")

    monkeypatch.setattr(options, "vary", watched)
    words = [str(mine) if word == "mine.yaml" else word for word in arguments]
    mistake(capsys, words, "seen")
    (folders,) = given
    results = Path("results").resolve()
    for place in (folders.runs, folders.out, folders.results):
        assert not place.resolve().is_relative_to(results)


def test_a_mistake_found_late_names_the_file_that_was_given(tmp_path, monkeypatch, capsys):
    mine = tmp_path / "mine.yaml"
    document = parameters()
    put(document, "base.criterion.name", "squared-error")
    write_params(mine, document)
    monkeypatch.chdir(REPOSITORY)
    assert main(["audit", "--params", str(mine), "--out", str(tmp_path / "audit.csv")]) == 2
    said = capsys.readouterr().err
    assert str(mine) in said
    assert " params.yaml" not in said


HARD = {
    "an impossible date": "seed: 2001-99-99", "a time": "seed: 2001-01-01 25:00:00",
    "no number": "seed: !!int abc", "no fraction": "seed: !!float abc",
    "5,000 digits": f"seed: {'9' * 5000}", "4,000 digits": f"seed: {'9' * 4000}",
    "deep": "[" * 500, "deep blocks": "\n".join(" " * n + "- " for n in range(1500)),
    "of itself": "base: &b {x: *b}", "no hash": "? {a: b}\n: c", "no end": "{a: b",
    "a tag": "!!python/object/apply:os.system [true]", "two": "a: b\n---\nc: d\n",
    "many": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{n}: &{n} [{','.join([f'*{m}'] * 10)}]\n" for m, n in zip("abcdefg", "bcdefgh",
                                                                        strict=True)),
}  # fmt: skip


@pytest.mark.parametrize("content", HARD.values(), ids=HARD)
def test_whatever_stands_in_a_file_of_settings_is_one_short_sentence(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReplicationError) as caught:
        settings.load(path)
    said = str(caught.value).replace(str(tmp_path), "")
    assert "\n" not in said
    assert len(said) < 300


def test_a_file_without_an_end_is_refused():
    with pytest.raises(ReplicationError, match="larger than"):
        settings.load(Path("/dev/zero"))
