"""results/metrics.json: counted from the runs, whole, and damage is named."""

import json

import numpy as np
import pytest
from fabricated import BASE, COST, LABELS, PATTERNS, history

from replication.comparison.evaluation.metrics import evaluate, read_metrics, write_metrics
from replication.core.runs import ANSWERS, HISTORY, Answers, Run, answers_bytes, history_bytes
from replication.core.runs import COST as COST_FILE
from replication.errors import ReplicationError
from replication.files import write_bytes, write_json


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


def test_answers_that_do_not_belong_to_their_history_are_named(tmp_path):
    with pytest.raises(ReplicationError, match=r"lenet5/0 is a mixture.* 100 .* 99 "):
        evaluated(tmp_path, test_misses=99)


def test_answers_for_other_patterns_are_named(tmp_path):
    with pytest.raises(ReplicationError, match=r"\b10000\b.*\b9999\b"):
        evaluated(tmp_path, labels=LABELS[:-1])


def test_missing_replicate_is_named(tmp_path):
    with pytest.raises(ReplicationError, match=r"lenet5/1/.* is missing"):
        evaluated(tmp_path, replicates=1)


def metrics():
    values = {"mean": 1.0, "sd": None, "values": [1.0]}
    return {
        "lenet5": {
            "replicates": 1,
            "test_patterns": 10000,
            "training_presentations": 60000,
            "test_misses": [100],
            "training_misses": [600],
            "test_error_percent": values,
            "training_error_percent": values,
            "rejection_percent": values,
        }
    }


def test_metrics_come_back_as_written(tmp_path):
    path = tmp_path / "metrics.json"
    write_metrics(path, metrics())
    assert read_metrics(path) == metrics()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("replicates", 0, r"lenet5\.replicates"),
        ("replicates", 2, "1 test_misses for 2 replicates"),
        ("test_misses", [1.5], r"lenet5\.test_misses\.0"),
        ("test_misses", None, r"lenet5\.test_misses"),
        ("test_error_percent", {"mean": 1.0, "values": [101.0]}, r"test_error_percent\.values\.0"),
        ("rejection_percent", {"mean": 1.0, "values": ["1"]}, r"rejection_percent\.values\.0"),
        ("training_error_percent", {}, r"training_error_percent\.mean"),
        ("training_misses", None, "0 training_misses for 1 replicates"),
    ],
)
def test_impossible_metrics_are_named(tmp_path, key, value, problem):
    path = tmp_path / "metrics.json"
    changed = metrics()
    changed["lenet5"][key] = value
    with pytest.raises(ValueError, match=problem):
        write_metrics(path, changed)
    path.write_text(json.dumps(changed))
    with pytest.raises(ReplicationError, match=rf"metrics\.json is damaged .*{problem}"):
        read_metrics(path)


def test_metrics_that_are_no_table_are_named(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("[]")
    with pytest.raises(ReplicationError, match=r"metrics\.json is damaged \(all: "):
        read_metrics(path)
