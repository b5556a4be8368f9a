"""What is committed under results/: whole, of these settings, confirmed by the reference."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from safetensors.numpy import load_file
from small import REPOSITORY

from replication.comparison import paper as paper_module
from replication.comparison.evaluation.metrics import read_metrics
from replication.comparison.evaluation.outputs import FAILURES
from replication.comparison.evaluation.recomputed import RecordedNetwork
from replication.comparison.verdicts.claim_checks import VERDICTS
from replication.core import settings
from replication.core.mnist import databases
from replication.core.networks.catalogue import network
from replication.core.runs import RECORD, WEIGHTS, experiment_runs
from replication.core.systems.contract import answers_from_penalties
from replication.core.systems.jobs import prepare_experiments
from replication.core.systems.replicates import is_finished
from replication.folders import Folders
from replication.pipeline.retraining import Scope
from replication.pipeline.verify import recompute_answers
from replication.studies.causes import TRIALS
from replication.studies.causes.trials import HELD_OUT, TrialRunner

FOLDERS = Folders.below(REPOSITORY)
SETTINGS = settings.load(FOLDERS.params)
PAPER = paper_module.load(FOLDERS.paper)
METRICS = read_metrics(FOLDERS.results / "metrics.json")
NETWORKS = sorted(
    name
    for name, recipe in SETTINGS.experiments.items()
    if isinstance(recipe, settings.Recipe)
    and network(recipe.network, recipe.database, PAPER).parameters <= SETTINGS.train.kept_parameters
)


def runs(experiment):
    replicates = SETTINGS.experiments[experiment].replicates
    return experiment_runs(FOLDERS.runs, experiment, replicates)


@cache
def digits():
    return databases.read_raw(FOLDERS.raw).test_images


@pytest.mark.parametrize("experiment", NETWORKS)
def test_the_reference_gives_the_committed_answers_from_the_committed_weights(experiment):
    """Replicate 0, all patterns; `verify --answers-only --all` does every replicate."""
    scope = Scope(SETTINGS, PAPER, FOLDERS, (experiment,), 1)
    checks = list(recompute_answers(scope))
    assert len(checks) == 3
    assert [check for check in checks if check.outcome in FAILURES] == []


def test_the_reference_gives_the_boosted_answers_from_the_three_committed_networks():
    """Replicate 0: where the first is sure it answers alone, elsewhere the three are added."""
    run = runs("lenet4-boosted")[0]
    trained = RecordedNetwork(run.record["settings"], PAPER, run.path(RECORD))
    weights = load_file(run.path(WEIGHTS))
    first, *others = (
        trained.penalties(weights[name], digits()) for name in ("first", "second", "third")
    )
    together = first + sum(others)
    ratio = run.cost["operations_thousands"] / (trained.network.connections / 1e3)
    called = round((ratio - 1) / 2 * len(first))
    alone = np.ones(len(first), bool)
    alone[np.argsort(answers_from_penalties(first).margins)[:called]] = False
    again = answers_from_penalties(np.where(alone[:, None], 3 * first, together))
    np.testing.assert_array_equal(again.classes, run.answers.classes)
    np.testing.assert_allclose(again.margins, run.answers.margins, rtol=0, atol=2e-2)
    assert 0 < called < len(first)


@pytest.mark.parametrize("experiment", ["lenet4-knn", "lenet4-local"])
def test_what_replaces_the_last_layer_of_lenet4_stands_on_the_same_lenet4(experiment):
    """The verdicts pair them by their number."""
    for one, plain in zip(runs(experiment), runs("lenet4"), strict=False):
        assert one.path(WEIGHTS).read_bytes() == plain.path(WEIGHTS).read_bytes()


def test_every_row_of_figure_9_is_measured():
    found = VERDICTS.read(FOLDERS.results)
    rows = found[found["claim"].str.startswith("systems.error:")]
    assert len(rows) == len(PAPER.systems) + 1  # and their order
    assert "unmeasured" not in set(rows["verdict"])


@pytest.mark.parametrize("experiment", sorted(SETTINGS.experiments))
def test_every_replicate_was_made_with_the_committed_settings(experiment):
    recipe = SETTINGS.experiments[experiment]
    (ready,) = prepare_experiments({experiment: recipe}, SETTINGS, FOLDERS)
    subsampled = ready.network is not None and ready.network.subsampled
    expected = recipe.training(subsampled=subsampled)
    for run in runs(experiment):
        stated = recipe.with_recorded(run.record["settings"])
        assert stated.training(subsampled=subsampled) == expected
    assert METRICS[experiment]["replicates"] == recipe.replicates


def test_every_committed_replicate_was_made_with_the_present_settings_data_and_code():
    """So `train --all` finds nothing to do, and no result is of another code than the committed."""
    stale = [
        f"{experiment.name}/{number}"
        for experiment in prepare_experiments(SETTINGS.experiments, SETTINGS, FOLDERS)
        for number in range(experiment.recipe.replicates)
        if not is_finished(experiment, number)
    ]
    assert stale == []


def test_every_trial_of_the_causes_was_made_with_the_present_settings_data_and_code():
    """Of each hypothesis that was tried all trials that params.yaml asks for, and no other."""
    runner = TrialRunner(SETTINGS, FOLDERS, PAPER)
    table = TRIALS.read(FOLDERS.results)
    tried = set(table["hypothesis"])
    assert len(tried) > len(SETTINGS.causes.hypotheses) / 2
    wanted = set()
    for name in tried:
        hypothesis = SETTINGS.causes.hypotheses[name]
        numbers = range(hypothesis.replicates)
        for *values, number in product(*hypothesis.vary.values(), numbers):
            levels = dict(zip(hypothesis.vary, values, strict=True))
            trial = runner.prepare(name, hypothesis, HELD_OUT, levels, number)
            wanted.add((name, runner.key(trial)))
    held_out = table[table["stage"] == HELD_OUT]
    assert set(zip(held_out["hypothesis"], held_out["key"], strict=True)) == wanted
