"""The stages evaluate and compare from a folder of runs to the verdicts."""

from types import SimpleNamespace

import pandas as pd
import pytest
from fabricated import BASE, CHOICES, COST, DATA, LABELS, SUMMARY, histories, relatives

from replication.errors import ReplicationError
from replication.evaluation import errors
from replication.files import write_json
from replication.runs import write_answers, write_history
from replication.stages import compare, evaluate


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project folder with three fabricated replicates, and settings that ask for them."""
    recipe = BASE.model_copy(update={"replicates": 3})
    chosen = SimpleNamespace(
        compare=CHOICES,
        base=SimpleNamespace(squashing=SimpleNamespace(amplitude=1.7159, slope=2 / 3)),
        experiments={"lenet5": recipe},
        experiment=lambda _: recipe,
        variance={},
    )
    monkeypatch.setattr("replication.settings.load", lambda _: chosen)
    database = SimpleNamespace(test_labels=LABELS)
    monkeypatch.setattr("replication.mnist.databases.ensure", lambda *_: database)
    write_json(tmp_path / "prepared" / "summary.json", SUMMARY)
    for number, (one, table) in enumerate(zip(relatives(3), histories(3), strict=True)):
        table.loc[table.index[-1], "test_misses"] = errors.misses(one.classes, LABELS)
        write_answers(tmp_path / f"runs/lenet5/{number}/answers.npz", one)
        write_history(tmp_path / f"runs/lenet5/{number}/history.csv", table)
        write_json(tmp_path / f"runs/lenet5/{number}/cost.json", COST)
    return tmp_path


def run_stages(folder, *options):
    paths = {"paper": DATA, "prepared": folder / "prepared", "runs": folder / "runs"}
    common = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    evaluate.main([*common, "--out", str(folder / "metrics.json")])
    metrics = ["--metrics", str(folder / "metrics.json")]
    return compare.main([*common, *metrics, "--out", str(folder), *options])


def test_stages_go_from_answers_to_verdicts_and_repeat_byte_by_byte(folder, capsys):
    assert run_stages(folder) == 3
    outputs = ("metrics.json", "verdicts.csv", "misclassified.csv")
    first = [(folder / name).read_bytes() for name in outputs]
    assert run_stages(folder, "--allow-incomplete") == 0
    assert [(folder / name).read_bytes() for name in outputs] == first
    table = pd.read_csv(folder / "verdicts.csv").set_index("claim")
    assert table.loc["lenet5.test-error", "replicates"] == 3
    assert table.loc["lenet5.distorted-test-error", "verdict"] == "unmeasured"
    assert "lenet5: 3 replicates, test error 0.800 %" in capsys.readouterr().out


def test_run_that_vanished_after_evaluation_is_named(folder):
    run_stages(folder)
    (folder / "runs/lenet5/2/answers.npz").unlink()
    with pytest.raises(ReplicationError, match=r"lenet5/2/answers\.npz is missing"):
        run_stages(folder)


def test_optional_file_that_is_named_has_to_exist(folder):
    with pytest.raises(ReplicationError, match=r"bench\.json is missing: run .* bench"):
        run_stages(folder, "--bench", str(folder / "bench.json"))
