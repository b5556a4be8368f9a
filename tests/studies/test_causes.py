"""Why published numbers are others than ours: what is tried, what chooses, what is concluded."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from fabricated import SETTINGS
from small import mistake, refused, small_document, small_project, write_params

from replication.core import settings
from replication.core.mnist import databases
from replication.core.settings import Hypothesis
from replication.folders import Folders
from replication.pipeline.cli import main
from replication.studies.causes import CONCLUSIONS, TRIALS, taller
from replication.studies.causes import run as study
from replication.studies.causes.trials import HELD_OUT, TEST, TrialRunner
from replication.studies.trained import TrainedNetwork
from replication.studies.variants import alter_recipe

KNN = {"system": "nearest-neighbours", "replicates": 1, "seed": None, "database": "regular",
       "options": {"neighbours": 1}}  # fmt: skip


def hypothesis(**changes):
    given = {"row": "knn-euclidean/regular", "like": "knn", "changes": {},
             "vary": {"training_patterns": [20, 100]}, "choose": "held-out", "replicates": 1,
             "tested": "chosen"}  # fmt: skip
    return given | changes


def parsed(**hypotheses):
    document = small_document()
    document["experiments"] |= {"knn": KNN}
    document["causes"]["hypotheses"] = hypotheses
    return settings.parse(document, "params.yaml")


def test_what_is_held_out_is_never_trained_on(tmp_path, tiny, paper):
    chosen = parsed(one=hypothesis())
    made = TrialRunner(chosen, Folders.below(small_project(tmp_path, tiny)), paper)

    def select(stage, **levels):
        trial = made.prepare("one", chosen.causes.hypotheses["one"], stage, levels, 0)
        return made.select_patterns(trial)

    for subset in ("first", "random"):
        own = select(HELD_OUT, training_patterns=1000, subset=subset)
        np.testing.assert_array_equal(own.test_images, tiny.train_images[150:])
        shown = {image.tobytes() for image in own.train_images}
        assert shown == {image.tobytes() for image in tiny.train_images[:150]}
        whole = select(TEST, training_patterns=1000, subset=subset)
        np.testing.assert_array_equal(whole.test_labels, tiny.test_labels)
        assert len(whole.train_labels) == 200
    few = select(HELD_OUT, training_patterns=20)
    np.testing.assert_array_equal(few.train_images, tiny.train_images[:20])


def test_keys_of_a_trial_change_how_a_network_is_trained():
    recipe = parsed().experiments["lenet5"]
    own = alter_recipe(recipe, {"repeated": 3, "faster": 2.0, "strength": 0.5}, 150)
    assert own.learning_rates == (1e-3, 1e-3, 1e-3, 4e-4, 4e-4, 4e-4)
    assert own.passes == 6
    assert own.training_patterns == 150
    assert own.distortions.shift_x.high == pytest.approx(recipe.distortions.shift_x.high / 2)
    scale = recipe.distortions.inverse_scale.low
    assert own.distortions.inverse_scale.low == pytest.approx((1 + scale) / 2)
    assert alter_recipe(recipe, {"strength": 1.0}, 200) == recipe
    with refused("sdlm.nu"):
        alter_recipe(recipe, {"sdlm.nu": 1.0}, 200)


def rows(errors, stage=HELD_OUT, **columns):
    return [
        {"stage": stage, "training_patterns": float(size), "error_percent": error} | columns
        for size, error in errors
    ]


def test_the_least_held_out_error_chooses_unless_the_published_one_or_another_choice_does():
    held_out = rows([(20, 4.0), (100, 2.0), (100, 2.2)]) + rows([(20, 0.0)], TEST)
    own = Hypothesis(**hypothesis())
    assert study.choose(own, held_out, 3.9, {}) == ({"training_patterns": 100}, 2.1)
    fitted = Hypothesis(**hypothesis(choose="published"))
    assert study.choose(fitted, held_out, 3.9, {})[0] == {"training_patterns": 20}
    follower = Hypothesis(**hypothesis(choose="another"))
    assert study.choose(follower, held_out, 3.9, {"training_patterns": 20})[1] == 4.0
    with refused("training_patterns 7"):
        study.choose(follower, held_out, 3.9, {"training_patterns": 7})


@pytest.mark.parametrize(
    ("chooses", "rejected", "held_out", "test", "role", "decided"),
    [
        ("held-out", 1.0, 5.0, 5.1, "independent", "explains"),
        ("held-out", 2.1, 2.0, 2.0, "independent", "does not explain"),
        ("published", 1.0, 5.0, 5.1, "fitted", "undecided"),
        ("published", 1.0, 2.0, 2.0, "fitted", "does not explain"),
    ],
)
def test_a_number_that_is_only_fitted_explains_nothing(
    chooses, rejected, held_out, test, role, decided, paper
):
    causes = parsed(one=hypothesis(choose=chooses)).causes
    trials = rows([(20, rejected), (100, held_out)]) + rows([(100, test)], TEST)
    choices = {"one": study.Choice({"training_patterns": 100}, held_out)}
    (row,) = study.conclude(causes, paper, {"one": trials}, choices, {}, SETTINGS.compare).to_dict(
        "records"
    )
    assert row["published"] == 5.0
    assert (row["role"], row["decided"]) == (role, decided)


@pytest.mark.parametrize(
    ("thousands", "explained"), [(123.0, []), (200.0, []), (300.0, ["operations"])]
)
def test_a_cost_that_was_met_or_is_not_changed_has_no_row(thousands, explained, paper):
    row = "mlp-300/deslanted-20x20"
    costs = {"rejected_percent": 4.0, "operations_thousands": 200.0}
    trials = rows([(20, 2.1), (100, 5.0)], **costs) + rows([(100, 5.1)], TEST, **costs)
    choices = {"one": study.Choice({"training_patterns": 100}, 5.0)}
    before = {row: {"operations_thousands": {"mean": thousands}}}
    causes = parsed(one=hypothesis(row=row)).causes
    found = study.conclude(causes, paper, {"one": trials}, choices, before, SETTINGS.compare)
    assert found["measure"].tolist() == ["test error", "rejection", *explained]


@pytest.mark.parametrize(
    ("values", "decided"),
    [
        ([4.2, 4.3, 4.4, 4.5], ["explains"]),  # an interval of 4.35 +- 0.5: 5.0 lay outside
        ([4.6, 4.7, 4.8, 4.9, 5.0], []),  # and here inside, so there is nothing to explain
        ([1.0, 2.0, 9.0, 1.5], []),
    ],
)
def test_where_seeds_vary_the_margin_is_that_of_the_verdicts(values, decided, paper):
    causes = parsed(one=hypothesis()).causes
    trials = rows([(20, 9.0), (100, 5.1)]) + rows([(100, 5.1)], TEST)
    choices = {"one": study.Choice({"training_patterns": 100}, 5.1)}
    before = {"knn-euclidean/regular": {
        "test_error_percent": {"mean": float(np.mean(values)), "values": values}
    }}  # fmt: skip
    found = study.conclude(causes, paper, {"one": trials}, choices, before, SETTINGS.compare)
    assert found["decided"].tolist() == decided


@pytest.mark.parametrize(("error", "decided"), [(4.7, "explains"), (4.0, "does not explain")])
def test_a_size_fitted_to_one_row_is_decided_by_the_rows_that_have_to_follow(error, decided, paper):
    follower = hypothesis(row="mlp-300/regular", choose="one")
    causes = parsed(one=hypothesis(choose="published"), two=follower).causes
    trials = {"one": rows([(20, 5.0)]) + rows([(20, 5.0)], TEST),
              "two": rows([(20, error)]) + rows([(20, error)], TEST)}  # fmt: skip
    chosen = {name: study.Choice({"training_patterns": 20}, 5.0) for name in trials}
    table = study.conclude(causes, paper, trials, chosen, {}, SETTINGS.compare).set_index(
        "hypothesis"
    )
    assert table["decided"].to_dict() == {"one": decided, "two": decided}


class Brightest:
    """A network that sees ink: the penalty of class 3 is the less, the more there is of it."""

    network = SimpleNamespace(field=32)

    def penalties(self, weights, inputs):
        del weights
        ink = torch.nn.functional.avg_pool2d(inputs, 32, 4)
        return torch.cat([torch.full_like(ink, 0.5)] * 3 + [1 - ink] + [ink + 0.6] * 6, dim=1)


def test_in_a_taller_field_the_least_penalty_of_all_positions_decides():
    images = np.zeros((2, 64, 32), np.uint8)
    images[0, 32:] = 255
    table = databases.grey_levels(0.0, 1.0)
    network = TrainedNetwork(None, Brightest(), table, np.zeros(1, np.float32))
    assert taller.compute_penalties(network, images).argmin(axis=1).tolist() == [3, 0]


def test_the_study_does_nothing_twice_and_says_what_is_wrong(tiny, tmp_path, capsys, monkeypatch):
    project = small_project(tmp_path, tiny)
    document = small_document()
    document["experiments"] |= {"knn": KNN}
    document["causes"]["hypotheses"] |= {"size": hypothesis()}
    write_params(project / "params.yaml", document)
    (project / "results").mkdir()
    (project / "results/metrics.json").write_text("{}")
    monkeypatch.chdir(project)
    assert main(["causes", "passes", "size"]) == 0
    table = TRIALS.read(project / "results")
    assert list(zip(table["hypothesis"], table["stage"], strict=True)) == [
        ("passes", HELD_OUT), ("passes", HELD_OUT), ("passes", TEST),
        ("size", HELD_OUT), ("size", HELD_OUT), ("size", TEST),
    ]  # fmt: skip
    assert table["error_percent"].between(0, 100).all()
    first = (project / "results" / TRIALS.name).read_bytes()
    concluded = CONCLUSIONS.read(project / "results")
    assert set(concluded["decided"]) <= {"explains", "does not explain", "undecided"}

    def refuse(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(TrialRunner, "run", refuse)
    assert main(["causes", "passes", "size"]) == 0
    assert (project / "results" / TRIALS.name).read_bytes() == first
    pd.testing.assert_frame_equal(CONCLUSIONS.read(project / "results"), concluded)
    mistake(capsys, ["causes", "sise"], "'size'")
