"""The stages evaluate and compare from a folder of runs to the verdicts."""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fabricated import BASE, CHOICES, COST, DATA, LABELS, SETTINGS, SUMMARY, histories, relatives

from replication.comparison.evaluation import errors
from replication.comparison.evaluation.metrics import read_metrics
from replication.core.runs import answers_bytes, history_bytes
from replication.errors import ReplicationError
from replication.files import write_bytes, write_json
from replication.folders import Folders
from replication.pipeline import compare, evaluate
from replication.pipeline.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project folder with three fabricated replicates, and settings that ask for them."""
    recipe = BASE.model_copy(update={"replicates": 3})
    chosen = SETTINGS.model_copy(
        update={"compare": CHOICES, "experiments": {"lenet5": recipe}, "variance": {}}
    )
    for stage in (evaluate, compare):
        monkeypatch.setattr(stage, "load", lambda _: chosen)
    images = np.zeros((len(LABELS), 28, 28), np.uint8)
    database = SimpleNamespace(test_labels=LABELS, test_images=images)
    monkeypatch.setattr("replication.core.mnist.databases.load", lambda *_: database)
    shutil.copytree(DATA, tmp_path / "data" / "paper")
    (tmp_path / "data" / "raw").mkdir()
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


def test_run_that_vanished_after_evaluation_is_named(folder):
    run_stages(folder)
    (folder / "results/runs/lenet5/2/answers.npz").unlink()
    places = Folders.below(folder)
    settings = compare.load(places.params)
    evaluated = read_metrics(places.results / "metrics.json")
    with pytest.raises(ReplicationError, match=r"lenet5/2/answers\.npz is missing"):
        compare.read_evidence(
            places, settings, evaluated, compare.read_runs(places.runs, evaluated)
        )


def test_a_study_that_has_not_been_made_is_named_by_its_command(folder):
    assert run_stages(folder) == 3
    table = pd.read_csv(folder / "results/verdicts.csv").set_index("claim")
    for claim, command in (
        ("loss.collapse", "collapse"),
        ("invariance.scale", "invariance"),
        ("sdlm.subset", "variance"),
        ("sdlm.cost", "bench"),
        ("paper.pooling", "readings"),
    ):
        assert table.loc[claim, "verdict"] == "unmeasured"
        assert f"run `python -m replication {command}`" in table.loc[claim, "reason"]


def test_compare_without_options_reads_every_study(repository, tmp_path, monkeypatch):
    """What the page recommends: the studies' files are read from where they lie."""
    monkeypatch.chdir(repository)
    assert main(["compare", "--out", str(tmp_path), "--allow-incomplete"]) == 0
    table = pd.read_csv(tmp_path / "verdicts.csv").set_index("claim")
    missing = table.loc[table["verdict"] == "unmeasured", "reason"]
    assert not missing.str.contains("run `python").any()
    for name in ("verdicts.csv", "misclassified.csv", "variance.csv"):
        assert (tmp_path / name).read_bytes() == (repository / "results" / name).read_bytes()
