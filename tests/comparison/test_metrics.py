"""Misses, rejection and metrics by hand; the stages from a folder of runs to the verdicts."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fabricated import (
    BASE,
    CHOICES,
    COST,
    DATA,
    LABELS,
    PATTERNS,
    SETTINGS,
    SUMMARY,
    histories,
    history,
    relatives,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small import refused

from replication.comparison.evaluation import errors
from replication.comparison.evaluation.metrics import evaluate, read_metrics, write_metrics
from replication.core.runs import ANSWERS, HISTORY, Answers, Run, answers_bytes, history_bytes
from replication.core.runs import COST as COST_FILE
from replication.files import write_bytes, write_json
from replication.folders import Folders
from replication.pipeline import compare, stages
from replication.pipeline.cli import main


def evaluated(folder, replicates=2, test_misses=100, labels=LABELS):
    """The metrics of replicates with 100 misses, the least sure, that state ``test_misses``."""
    classes = LABELS.copy()
    classes[:100] = (LABELS[:100] + 1) % 10
    margins = np.arange(PATTERNS, dtype=np.float32)
    for number in range(replicates):
        run = Run(folder / "lenet5" / str(number))
        write_bytes(run.path(ANSWERS), answers_bytes(Answers(classes, margins)))
        write_bytes(run.path(HISTORY), history_bytes(history([test_misses / 100], [0.6])))
        write_json(run.path(COST_FILE), COST)
    recipe = BASE.model_copy(update={"replicates": 2})
    return evaluate(folder, {"lenet5": recipe}, labels, 0.5)["lenet5"]


def test_metrics_are_counted_from_the_answers(tmp_path):
    entry = evaluated(tmp_path)
    assert entry["test_misses"] == [100, 100]
    assert entry["training_misses"] == [360, 360]
    assert entry["test_error_percent"] == {"mean": 1.0, "sd": 0.0, "values": [1.0, 1.0]}
    # with 51 rejected, 49 of 9,949 are left
    assert entry["rejection_percent"]["values"] == [0.51, 0.51]


def test_what_does_not_belong_together_is_named(tmp_path):
    for changes, named in (
        ({"test_misses": 99}, ("lenet5/0", " 100 ", " 99 ")),  # a history of another run
        ({"labels": LABELS[:-1]}, ("10000", "9999")),  # other patterns
    ):
        with refused(*named):
            evaluated(tmp_path, **changes)
    with refused("lenet5/1/"):
        evaluated(tmp_path / "one", replicates=1)


def metrics():
    values = {"mean": 1.0, "sd": None, "values": [1.0]}
    entry = {
        "replicates": 1, "test_patterns": 10000, "training_presentations": 60000,
        "test_misses": [100], "training_misses": [600],
        "test_error_percent": values, "training_error_percent": values, "rejection_percent": values,
    }  # fmt: skip
    return {"lenet5": entry}


def test_metrics_come_back_as_written(tmp_path):
    path = tmp_path / "metrics.json"
    write_metrics(path, metrics())
    assert read_metrics(path) == metrics()
    path.write_text("[]")
    with refused(str(path)):
        read_metrics(path)


@pytest.mark.parametrize(("key", "value", "named"), [
    ("replicates", 0, "lenet5.replicates"), ("replicates", 2, "test_misses"),
    ("test_misses", [1.5], "lenet5.test_misses.0"), ("test_misses", None, "lenet5.test_misses"),
    ("test_error_percent", {"mean": 1.0, "values": [101.0]}, "test_error_percent.values.0"),
    ("rejection_percent", {"mean": 1.0, "values": ["1"]}, "rejection_percent.values.0"),
    ("training_error_percent", {}, "training_error_percent.mean"),
    ("training_misses", None, "training_misses"),
])  # fmt: skip
def test_impossible_metrics_are_named(tmp_path, key, value, named):
    path = tmp_path / "metrics.json"
    changed = metrics()
    changed["lenet5"][key] = value
    with pytest.raises(ValueError, match=re.escape(named)):
        write_metrics(path, changed)
    path.write_text(json.dumps(changed))
    with refused(str(path), named):
        read_metrics(path)


FIVE = np.array([0, 1, 2, 3, 4], dtype=np.uint8)
CLASSES = np.array([0, 7, 2, 8, 4], dtype=np.uint8)  # wrong at 1 and 3
MARGINS = np.array([5, 1, 4, 3, 2], dtype=np.float32)


def test_misses_are_the_answers_that_differ_from_the_labels():
    assert errors.find_misses(CLASSES, FIVE).tolist() == [False, True, False, True, False]
    assert errors.count_misses(CLASSES, FIVE) == 2


def test_similarity_is_the_share_of_misses_of_either():
    first, second = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 1, 0], dtype=bool)
    none = np.zeros(4, dtype=bool)
    assert errors.jaccard_index(first, second) == pytest.approx(1 / 3)
    assert errors.jaccard_index(first & second, none) == 0.0
    assert errors.jaccard_index(none, none) == 1.0


def test_the_least_sure_are_rejected_first_and_of_equals_the_first():
    # by margin: pattern 1 (wrong), 4, 3 (wrong), 2, 0
    curve = errors.error_reject_curve
    assert curve(CLASSES, MARGINS, FIVE).tolist() == [2, 1, 1, 0, 0, 0]
    assert curve(CLASSES, np.ones(5, dtype=np.float32), FIVE).tolist() == [2, 2, 1, 1, 0, 0]
    with pytest.raises(ValueError, match=r"\b4\b.*\b5\b"):
        curve(CLASSES, MARGINS[:4], FIVE)


def test_error_after_rejection_is_relative_to_what_is_accepted(paper):
    # 1 miss among 4 accepted is 25 percent, though 20 percent of all
    share = errors.rejected_share
    for target, expected in ((25.0, 20.0), (20.0, 60.0), (40.0, 0.0)):
        assert share(CLASSES, MARGINS, FIVE, target) == pytest.approx(expected)
    wrong = (FIVE + 1).astype(np.uint8)
    assert share(wrong, MARGINS, FIVE, 0.5) == 100.0
    assert errors.target_percent(paper) == 0.5


@given(
    arrays(np.uint8, 12, elements=st.integers(0, 2)),
    arrays(np.float32, 12, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])),
    st.sampled_from([0.0, 0.5, 10.0, 30.0]),
)
def test_rejection_agrees_with_trying_every_number(classes, margins, target):
    labels = np.ones(12, dtype=np.uint8)
    order = sorted(range(12), key=lambda i: (margins[i], i))
    for rejected in range(13):
        left = order[rejected:]
        if sum(classes[i] != 1 for i in left) * 100 <= target * len(left):
            break
    ours = errors.rejected_share(classes, margins, labels, target)
    assert ours == pytest.approx(100 * rejected / 12)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project folder with three fabricated replicates, and settings that ask for them."""
    recipe = BASE.model_copy(update={"replicates": 3})
    chosen = SETTINGS.model_copy(
        update={"compare": CHOICES, "experiments": {"lenet5": recipe}, "variance": {}}
    )
    for stage in (stages, compare):
        monkeypatch.setattr(stage, "load", lambda _: chosen)
    images = np.zeros((len(LABELS), 28, 28), np.uint8)
    database = SimpleNamespace(test_labels=LABELS, test_images=images)
    monkeypatch.setattr("replication.core.mnist.databases.load", lambda *_: database)
    shutil.copytree(DATA, tmp_path / "data" / "paper")
    (tmp_path / "data" / "raw").mkdir()
    shutil.copytree(DATA.parent / "writers", tmp_path / "data" / "writers")
    write_json(tmp_path / "data" / "prepared" / "summary.json", SUMMARY)
    for number, (one, table) in enumerate(zip(relatives(3), histories(3), strict=True)):
        table.loc[table.index[-1], "test_misses"] = errors.count_misses(one.classes, LABELS)
        write_bytes(tmp_path / f"results/runs/lenet5/{number}/answers.npz", answers_bytes(one))
        write_bytes(tmp_path / f"results/runs/lenet5/{number}/history.csv", history_bytes(table))
        write_json(tmp_path / f"results/runs/lenet5/{number}/cost.json", COST)
    return tmp_path


def run_stages(folder, *options):
    assert main(["evaluate", "--root", str(folder)]) == 0
    return main(["compare", "--root", str(folder), *options])


def test_stages_go_from_answers_to_verdicts_and_repeat_byte_by_byte(folder, capsys):
    assert run_stages(folder) == 3
    outputs = ("metrics.json", "verdicts.csv", "misclassified.csv")
    first = [(folder / "results" / name).read_bytes() for name in outputs]
    assert run_stages(folder, "--allow-incomplete") == 0
    assert [(folder / "results" / name).read_bytes() for name in outputs] == first
    table = pd.read_csv(folder / "results/verdicts.csv").set_index("claim")
    assert table.loc["lenet5.test-error", "replicates"] == 3
    assert table.loc["lenet5.distorted-test-error", "verdict"] == "unmeasured"
    assert "lenet5: 3 replicates, test error 0.800 %" in capsys.readouterr().out
    for claim, command in {"loss.collapse": "collapse", "invariance.scale": "invariance",
                           "sdlm.subset": "variance", "sdlm.cost": "bench",
                           "paper.pooling": "readings"}.items():  # fmt: skip
        assert table.loc[claim, "verdict"] == "unmeasured"
        assert f"run `python -m replication {command}`" in table.loc[claim, "reason"]


def test_run_that_vanished_after_evaluation_is_named(folder):
    run_stages(folder)
    (folder / "results/runs/lenet5/2/answers.npz").unlink()
    places = Folders.below(folder)
    evaluated = read_metrics(places.results / "metrics.json")
    runs = compare.read_runs(places.runs, evaluated)
    with refused("lenet5/2/answers.npz"):
        compare.read_evidence(places, compare.load(places.params), evaluated, runs)


def test_compare_without_options_reads_every_study(repository, tmp_path, monkeypatch):
    """What the page recommends: the studies' files are read from where they lie."""
    monkeypatch.chdir(repository)
    assert main(["compare", "--out", str(tmp_path), "--allow-incomplete"]) == 0
    table = pd.read_csv(tmp_path / "verdicts.csv").set_index("claim")
    missing = table.loc[table["verdict"] == "unmeasured", "reason"]
    assert not missing.str.contains("run `python").any()
    for name in ("verdicts.csv", "misclassified.csv", "variance.csv"):
        assert (tmp_path / name).read_bytes() == (repository / "results" / name).read_bytes()
