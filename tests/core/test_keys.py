"""A key means what it says: settings that have an effect, seed, data and numbers of code."""

from dataclasses import replace
from functools import cache
from typing import Annotated, Any

import numpy as np
import pytest
from golden_answers import FOLDERS
from hypothesis import given
from hypothesis import strategies as st
from safetensors import numpy as tensors
from small import parameters, put

from replication.comparison.audit.records import covers, unused_keys
from replication.comparison.paper import load
from replication.core import settings
from replication.core.networks import catalogue as networks
from replication.core.networks.specification import Stack
from replication.core.runs import weights_bytes
from replication.core.settings import Neutral, Section
from replication.core.systems import jobs
from replication.core.systems.jobs import prepare_experiments

PAPER = load(FOLDERS.paper)


def ready(**changes: Any):
    """Return the experiments of params.yaml with changes of base, by name."""
    content = parameters()
    for path, value in changes.items():
        put(content, f"base.{path.replace('__', '.')}", value)
    chosen = settings.parse(content, "params.yaml")
    return {one.name: one for one in prepare_experiments(chosen.experiments, chosen, FOLDERS)}


def keys(**changes: Any) -> dict[str, str]:
    """Return the key of replicate 0 of each experiment."""
    return {name: jobs.key(one, 0) for name, one in ready(**changes).items()}


@cache
def today() -> dict[str, str]:
    return keys()


# What each change makes stale, by what is asked of the recipe: no other replicate.
CHANGES = {
    "criterion.j": (0.5, lambda r: r.criterion.name == "map"),
    "criterion.distance": (0.75, lambda r: r.criterion.name != "squared-error"),
    "subsampling.fan_in": (1, lambda r: "perceptron" not in r.network),
    "initialisation.coefficients": ("random", lambda r: "perceptron" not in r.network),
    "sdlm.coefficient_curvature": ("squares_summed", lambda r: "perceptron" not in r.network),
    "sdlm.mu": (0.03, lambda _: True),
    "streams.hessian": ("shared", lambda r: r.sdlm.patterns_drawn == "random"),
    "streams.distortions": ("shared", lambda r: r.distorted or r.system == "noisy"),
    "distortions.anchor": (11.0, lambda r: r.distorted),
    "order": ("fresh", lambda r: r.order == "constant"),
    "squashing.amplitude": (1.7, lambda _: True),
}


@pytest.mark.parametrize(("path", "change"), CHANGES.items(), ids=CHANGES)
def test_a_setting_makes_stale_what_it_has_an_effect_on_and_nothing_else(path, change):
    value, touches = change
    changed = {name for name, key in keys(**{path: value}).items() if key != today()[name]}
    known = {n: e for n, e in ready().items() if e.network is not None}
    assert changed == {name for name, one in known.items() if touches(one.recipe)}
    own = parameters()["experiments"]
    audited = {
        name
        for name, one in known.items()
        if not covers(unused_keys(one.recipe, PAPER), path) and path not in own[name]
    }
    assert changed == audited


def test_settings_of_another_optimiser_have_no_effect():
    plain = {"optimiser": {"name": "sgd", "options": {}}}
    assert keys(**plain) == keys(**plain, sdlm__mu=0.5, sdlm__patterns=1)
    assert keys(**plain)["lenet5"] != today()["lenet5"]


def test_one_value_written_otherwise_or_left_at_what_it_is_anyway_is_the_same_key():
    assert keys(initialisation__range=1, sdlm__curvature_start=4) == today()
    content = parameters()
    said = {"constant": 0.0, "regularisation": 10.0, "inputs": "length"}
    content["experiments"]["svm-poly4"]["options"] |= said
    chosen = settings.parse(content, "params.yaml")
    (one,) = prepare_experiments({"svm-poly4": chosen.experiments["svm-poly4"]}, chosen, FOLDERS)
    assert jobs.key(one, 0) == today()["svm-poly4"]
    assert jobs.hash_document({"a": True}) != jobs.hash_document({"a": 1})


class Before(Section):
    """A group of keys."""

    rate: float


class Below(Section):
    """A group of keys in another."""

    share: Annotated[float, Neutral(0.0)] = 0.0


class After(Before):
    """The same, to which a setting was added."""

    decay: Annotated[float, Neutral(0.0)] = 0.0
    below: Below = Below()


def test_a_setting_that_is_added_is_left_out_where_it_changes_nothing():
    assert After(rate=1, decay=0).effective() == {"rate": 1.0}
    assert After(rate=1, decay=0.1, below=Below(share=1)).effective() == {
        "rate": 1.0, "decay": 0.1, "below": {"share": 1.0},
    }  # fmt: skip


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(), numbers | st.text() | st.lists(numbers)))
def test_the_order_of_keys_and_the_kind_of_a_number_change_no_hash(values):
    def whole(value):
        return int(value) if isinstance(value, float) and value.is_integer() else value

    reversed_ = {key: whole(value) for key, value in reversed(values.items())}
    assert jobs.hash_document(values) == jobs.hash_document(reversed_)


# Computed by Python 3.11; those of 3.12 and 3.13 have to be the same.
EXPECTED = {
    "lenet5": "c215b40182533c4c8eccf0021d85cbd40e20d6f9627f1cec290f87bb109905a1",
    "svm-poly4": "efe2c109d18413faf2a46e933d76fbd1a51f1584abe6bf337f3ad664e0f64b86",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_key_is_the_same_in_every_python(name):
    assert today()[name] == EXPECTED[name]


def test_an_edited_connection_table_is_another_network():
    tables = (((0,), (0, 1)), ((0, 1), (0,)), ((0,), (0, 2)))
    hashes = {
        Stack("a", 12).convolution("C1", ((0,),) * 3).convolution("C3", table).network().sha256
        for table in tables
    }
    assert len(hashes) == 3
    one, other = (Stack(name, 8).full("F1", 3).network().sha256 for name in "ab")
    assert one == other


def test_levels_are_no_part_of_what_does_not_read_them():
    before = ready()
    lighter = before["lenet5"].inputs.model_copy(update={"background": 0.0})
    after = {name: jobs.key(replace(one, inputs=lighter), 0) for name, one in before.items()}
    changed = {name for name, key in after.items() if key != today()[name]}
    assert changed == {name for name, one in before.items() if one.network is not None}


def test_an_experiment_builds_its_network_once(monkeypatch):
    built, build = [], networks.network
    monkeypatch.setattr(networks, "network", lambda *given: built.append(given) or build(*given))
    one = ready()["lenet5"]
    for decided in (one.system, one.presentations, jobs.key(one, 0), jobs.key(one, 1)):
        assert decided
    assert len(built) == 1


def test_arrays_that_are_not_contiguous_are_written_as_they_are():
    """safetensors 0.8.0 itself writes other values."""
    values = np.arange(6, dtype=np.float32).reshape(2, 3).T
    (read,) = tensors.load(weights_bytes({"a": values})).values()
    np.testing.assert_array_equal(read, values)
    assert weights_bytes({}) == b""
