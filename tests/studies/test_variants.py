"""Studies of changed settings: what they train, and that nothing is trained twice."""

import pandas as pd
import pytest
from small import small_document, small_project, write_params

from replication.core.settings import load
from replication.core.systems.jobs import key
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.studies.causes.trials import alter_recipe
from replication.studies.multiverse.run import draw_readings
from replication.studies.sensitivity import SENSITIVITY
from replication.studies.sensitivity import run as sensitivity
from replication.studies.variants import Variant, make_experiment


@pytest.fixture(scope="module")
def settings(repository):
    return load(repository / "params.yaml")


@pytest.fixture(scope="module")
def folders(repository):
    return Folders.below(repository)


def test_every_value_of_the_sensitivity_trains_another_network_than_that_in_force(
    settings, folders
):
    seed = settings.sensitivity.seed
    keys = [key(make_experiment(variant, "lenet5", seed, settings, folders), 0)
            for variant in (Variant({}, {}, 1), *sensitivity.list_variants(settings))]  # fmt: skip
    assert len(set(keys)) == len(keys)


def test_the_random_readings_are_different_and_take_each_value_about_equally_often(settings):
    readings = list(draw_readings(settings))
    table = pd.DataFrame([reading.changes for reading in readings])
    assert not table.duplicated().any()
    for column, values in settings.multiverse.settings.items():
        shares = table[column].value_counts(normalize=True)
        assert set(shares.index) == set(values)
        # five standard deviations of a binomial share
        bound = 5 * (len(values) - 1) ** 0.5 / len(values) / len(table) ** 0.5
        assert (abs(shares - 1 / len(values)) < bound).all()


@pytest.mark.parametrize(
    ("passes", "taken"), [(10, slice(0, 20, 2)), (20, slice(None)), (5, slice(0, 20, 4))]
)
def test_fewer_passes_take_every_so_manieth_learning_rate(settings, passes, taken):
    recipe = alter_recipe(settings.base, {"passes": passes}, settings.base.training_patterns)
    assert recipe.learning_rates == settings.base.learning_rates[taken]
    assert recipe.passes == passes


def test_twice_the_passes_is_every_pass_twice(settings):
    patterns = settings.base.training_patterns
    assert alter_recipe(settings.base, {"passes": 40}, patterns) == alter_recipe(
        settings.base, {"repeated": 2}, patterns
    )


def test_an_interrupted_study_trains_the_rest_and_drops_what_other_settings_made(
    tiny, tmp_path, monkeypatch
):
    document = small_document()
    document["sensitivity"] |= {"replicates": 1, "settings": {"sdlm.mu": [0.01, 0.04]}}
    folders = Folders.below(small_project(tmp_path, tiny))
    write_params(folders.params, document)
    whole = sensitivity.run(folders, load(folders.params))
    assert list(whole["value"]) == [0.01, 0.04]
    assert whole["test_error_percent"].between(0, 100).all()
    SENSITIVITY.write(folders.out, whole[1:])
    document["sensitivity"]["settings"] = {"sdlm.mu": [0.04, 0.08]}
    write_params(folders.params, document)
    trained = []
    train = sensitivity.train_variants.__globals__["_train"]
    monkeypatch.setitem(
        sensitivity.train_variants.__globals__,
        "_train",
        lambda job, monitor: trained.append(job.name) or train(job, monitor),
    )
    rest = sensitivity.run(folders, load(folders.params))
    assert [name.split(", ")[1] for name in trained] == ["value 0.08 0"]
    assert list(rest["value"]) == [0.04, 0.08]
    assert rest["key"].iloc[0] == whole["key"].iloc[1]


def test_an_experiment_that_is_no_network_is_refused(settings, folders):
    with pytest.raises(ReplicationError, match=r"knn"):
        make_experiment(Variant({}, {}, 1), "knn", 1, settings, folders)
