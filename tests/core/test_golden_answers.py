"""Today's code begins each training, and answers by each classifier, as its number says."""

import json

import golden_answers
import pytest
from golden_answers import CLASSIFIERS, UPDATE, engine_file, same_as_before, updated

from replication.core.learning.identity import ENGINE, MARKS, mark_name
from replication.core.runs import RECORD
from replication.core.systems import jobs
from replication.core.systems.jobs import versions

EXPERIMENTS = {experiment.name: experiment for experiment in golden_answers.known()}
NETWORKS = [name for name, one in EXPERIMENTS.items() if one.network is not None]
OTHERS = [name for name in EXPERIMENTS if name not in NETWORKS]
SLOW = ("rs-svm-poly5",)  # half a minute, all others together as much
BEGINNINGS = golden_answers.read(engine_file())
ANSWERS = golden_answers.read(CLASSIFIERS)
ADD = f"`{UPDATE}` adds it: a new setting needs a new entry, not a new number"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_begins_as_its_engine_does(name):
    experiment = EXPERIMENTS[name]
    entry = BEGINNINGS.get(jobs.identity(experiment, 0))
    assert entry, f"{name} has no entry in {engine_file().name}: {ADD}"
    assert entry["sha256"] == {str(ENGINE): golden_answers.beginning(experiment)}, (
        f"{name} begins otherwise: bring the code of engine {ENGINE} back, or raise ENGINE"
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_record_says_that_its_training_began_so(name):
    experiment = EXPERIMENTS[name]
    record = json.loads(experiment.run(0).path(RECORD).read_text(encoding="utf-8"))
    stated = record["evidence"][mark_name(MARKS[-1])]
    entry = BEGINNINGS[jobs.identity(experiment, 0)]["sha256"]
    assert record["versions"]["engine"] == ENGINE
    assert entry[str(ENGINE)] == stated


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in OTHERS],
)
def test_a_classifier_answers_as_its_number_says(name):
    """Fitted to few patterns: classes, for the last bits of the scores are the machine's own."""
    experiment = EXPERIMENTS[name]
    (number,) = versions(experiment.recipe).values()
    entry = ANSWERS.get(golden_answers.fitted_identity(experiment))
    assert entry, f"{name} has no entry in {CLASSIFIERS.name}: {ADD}"
    assert entry["sha256"][str(number)] == golden_answers.answers(experiment), (
        f"{name} answers otherwise: bring its code back, or raise the VERSION of its module"
    )


def test_a_new_number_has_other_bytes():
    """An engine that trains the same bytes as the one before is that one."""
    hashes = {key: entry["sha256"][str(ENGINE)] for key, entry in BEGINNINGS.items()}
    before = golden_answers.read(engine_file(ENGINE - 1))
    earlier = {key: entry["sha256"][str(ENGINE - 1)] for key, entry in before.items()}
    assert not same_as_before(hashes, earlier), f"engine {ENGINE} is engine {ENGINE - 1}"
    of_system = {}
    for entry in ANSWERS.values():
        for number, value in entry["sha256"].items():
            system = versions(EXPERIMENTS[entry["experiment"]].recipe).popitem()[0]
            of_system.setdefault((system, int(number)), {})[entry["experiment"]] = value
    for (system, number), values in of_system.items():
        assert not same_as_before(values, of_system.get((system, number - 1), {})), system


def test_the_same_bytes_under_two_numbers_are_noticed():
    assert same_as_before({"a": "1", "b": "2"}, {"a": "1", "c": "3"})
    assert not same_as_before({"a": "1", "b": "2"}, {"a": "1", "b": "3"})
    assert not same_as_before({"a": "1"}, {})


def test_an_entry_is_added_but_not_changed():
    entries = updated({}, "mine", "identity", "1", "f" * 64)
    assert updated(entries, "mine", "identity", "1", "f" * 64) == entries
    assert updated(entries, "mine", "identity", "2", "e" * 64)["identity"]["sha256"] == {
        "1": "f" * 64, "2": "e" * 64,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"mine: .*ffffff.*eeeeee"):
        updated(entries, "mine", "identity", "1", "e" * 64)


def test_no_entry_is_of_another_engine():
    assert all(list(entry["sha256"]) == [str(ENGINE)] for entry in BEGINNINGS.values())
