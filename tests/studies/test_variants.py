"""Studies of changed settings: what they train, and that nothing is trained twice."""

import pandas as pd
import pytest
from small import refused, small_document, small_project, write_params

from replication.core.settings import load
from replication.core.systems.jobs import key
from replication.folders import Folders
from replication.studies import sensitivity, variants
from replication.studies.multiverse import draw_readings
from replication.studies.variants import Variant, alter_recipe, make_experiment


def test_every_value_of_the_sensitivity_trains_another_network_than_that_in_force(
    chosen, repository
):
    seed, folders = chosen.sensitivity.seed, Folders.below(repository)
    keys = [key(make_experiment(variant, "lenet5", seed, chosen, folders), 0)
            for variant in (Variant({}, {}, 1), *sensitivity.list_variants(chosen))]  # fmt: skip
    assert len(set(keys)) == len(keys)


def test_the_random_readings_are_different_and_take_each_value_about_equally_often(chosen):
    table = pd.DataFrame([reading.changes for reading in draw_readings(chosen)])
    assert not table.duplicated().any()
    for column, values in chosen.multiverse.settings.items():
        shares = table[column].value_counts(normalize=True)
        assert set(shares.index) == set(values)
        # five standard deviations of a binomial share
        bound = 5 * (len(values) - 1) ** 0.5 / len(values) / len(table) ** 0.5
        assert (abs(shares - 1 / len(values)) < bound).all()


@pytest.mark.parametrize("passes", [5, 10, 20])
def test_fewer_passes_take_every_so_manieth_learning_rate(chosen, passes):
    recipe = alter_recipe(chosen.base, {"passes": passes}, chosen.base.training_patterns)
    assert recipe.learning_rates == chosen.base.learning_rates[:: 20 // passes]
    assert recipe.passes == passes


def test_twice_the_passes_is_every_pass_twice(chosen):
    altered, repeated = (alter_recipe(chosen.base, changes, chosen.base.training_patterns)
                         for changes in ({"passes": 40}, {"repeated": 2}))  # fmt: skip
    assert altered == repeated


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
    sensitivity.SENSITIVITY.write(folders.out, whole[1:])
    document["sensitivity"]["settings"] = {"sdlm.mu": [0.04, 0.08]}
    write_params(folders.params, document)
    trained = []
    train = variants._train

    def watched(job, monitor):
        trained.append(job.name)
        return train(job, monitor)

    monkeypatch.setattr(variants, "_train", watched)
    rest = sensitivity.run(folders, load(folders.params))
    assert [name.split(", ")[1] for name in trained] == ["value 0.08 0"]
    assert list(rest["value"]) == [0.04, 0.08]
    assert rest["key"].iloc[0] == whole["key"].iloc[1]


def test_an_experiment_that_is_no_network_is_refused(chosen, repository):
    with refused("knn"):
        make_experiment(Variant({}, {}, 1), "knn", 1, chosen, Folders.below(repository))
