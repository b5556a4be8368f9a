"""Training as users run it: side by side, interrupted, continued, refused."""

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import contents, mistake, refused, small_document, small_project, write_params

from replication.core.learning import checkpoints
from replication.core.learning.checkpoints import Progress
from replication.core.learning.identity import ENGINE, sha256
from replication.core.learning.monitor import Display, Message
from replication.core.runs import HASHES, RECORD, Run
from replication.errors import ReplicationError
from replication.pipeline import stages

OUTPUTS = {"answers.npz", "cost.json", "history.csv", "record.json", "timing.json",
           "weights.safetensors"}  # fmt: skip


class Terminal(io.StringIO):
    """Standard error as a terminal has it."""

    def isatty(self):
        """It is one."""
        return True


@pytest.fixture
def project(tmp_path, tiny, monkeypatch):
    folder = small_project(tmp_path / "project", tiny)
    monkeypatch.chdir(folder)
    return folder


def with_settings(project, workers: int = 2, **base: Any) -> None:
    document = small_document(**base)
    document["train"]["workers"] = workers
    write_params(project / "params.yaml", document)


def run(*arguments: str) -> None:
    """`train`, with its exceptions."""
    stages.train.main(list(arguments), standalone_mode=False)


def test_a_replicate_leaves_its_files_and_none_of_an_earlier_one(project, capsys):
    run("lenet5")
    out = capsys.readouterr().out.splitlines()
    lines = {f"lenet5 {n}: pass {turn} of 2" for n in (0, 1) for turn in (1, 2)}
    assert lines <= {line.split(",")[0] for line in out}
    runs = project / "results" / "runs" / "lenet5"
    assert {path.name for path in runs.iterdir()} == {"0", "1"}
    assert {path.name for path in (runs / "0").iterdir()} == OUTPUTS
    one, other = ((runs / name / "weights.safetensors").read_bytes() for name in "01")
    assert one != other
    assert not list((project / ".checkpoints").glob("*.npz"))
    document = small_document()
    document["train"]["kept_parameters"] = 1
    document["base"]["seed"] = 7
    write_params(project / "params.yaml", document)
    run("lenet5")
    assert "2 replicates trained, 0 were there already" in capsys.readouterr().out
    assert {path.name for path in (runs / "0").iterdir()} == OUTPUTS - {"weights.safetensors"}


def test_what_another_worker_trains_again_is_not_counted_twice(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal())
    with Display("lenet5", 200) as display:
        for presentations in (60, 90, 30, 80, 110, 5):
            display.show(Message("lenet5 0", presentations))
    assert " 55%" in sys.stderr.getvalue().split("\r")[-1]


def test_the_number_of_workers_changes_no_byte(project):
    run("lenet5")
    together = contents(project / "results")
    for number in (1, 3):
        with_settings(project, workers=number)
        run("lenet5", "--runs", f"other{number}/runs")
        assert contents(project / f"other{number}") == together


def test_a_training_ends_with_its_errors_1998_and_the_verdict(project, paper, capsys):
    with_settings(project, replicates=3)
    run("lenet5")
    said = capsys.readouterr().out.splitlines()
    values = [Run(project / f"results/runs/lenet5/{n}").history["test_misses"].iloc[-1]
              for n in range(3)]  # fmt: skip
    (line,) = [one for one in said if one.startswith("lenet5: test error ")]
    assert f"{np.mean(values):.3f} % (sd {np.std(values, ddof=1):.3f})" in line  # of 100 patterns
    printed = paper.claims["lenet5.test-error"].value
    assert re.search(rf"1998: {printed:g} %, (differs|inconclusive): \w", line)


def test_more_replicates_train_only_the_new_ones(project, capsys):
    run("lenet5")
    before = contents(project / "results")
    with_settings(project, replicates=4)
    capsys.readouterr()
    run("lenet5")
    assert "2 replicates trained, 2 were there already" in capsys.readouterr().out
    after = contents(project / "results")
    assert {name: after[name] for name in before} == before
    assert len(after) == 2 * len(before)


def flip(path):
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def test_a_run_that_is_not_whole_is_trained_anew(project, capsys):
    run("lenet5")
    before = contents(project / "results")
    folder = project / "results" / "runs" / "lenet5" / "1"
    summed = OUTPUTS - {"record.json", "timing.json"}
    damages = [(flip, name) for name in summed] + [(Path.unlink, "record.json")]
    for damage, name in damages:
        damage(folder / name)
        capsys.readouterr()
        run("lenet5")
        assert "1 replicates trained, 1 were there already" in capsys.readouterr().out, name
        assert contents(project / "results") == before


def run_and_kill(project, seconds: float) -> bool:
    """Start the training and kill it without warning; True when it was still at work."""
    environment = {**os.environ, "PYTHONPATH": str(stages.__file__).rsplit("/replication/", 1)[0]}
    process = subprocess.Popen(
        [sys.executable, "-m", "replication", "train", "lenet5"],
        cwd=project, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if list(project.glob(".checkpoints/lenet5-*.npz")):
            break
        time.sleep(0.01)
    time.sleep(seconds)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return killed


@pytest.mark.slow
def test_killed_three_times_it_ends_with_the_same_bytes(project):
    passes = {"passes": 40, "learning_rates": [1e-4] * 40, "presentations_per_pass": 400}
    with_settings(project, **passes)
    run("lenet5", "--runs", "whole/runs")
    chance = random.Random(3)
    killed = [run_and_kill(project, chance.uniform(0, 0.3)) for _ in range(3)]
    assert any(killed)
    run("lenet5")
    assert contents(project / "results") == contents(project / "whole")


def test_a_full_disk_keeps_the_passes_before(project, monkeypatch):
    """The checkpoint of the second pass cannot be written; the next run goes on after the first."""
    whole = checkpoints.write

    def full(path, progress: Progress) -> None:
        if progress.passes == 2:
            raise ReplicationError(f"{path} could not be written (No space left on device)")
        whole(path, progress)

    monkeypatch.setattr(checkpoints, "write", full)
    with refused("No space left"):
        run("lenet5")
    monkeypatch.setattr(checkpoints, "write", whole)
    assert list((project / ".checkpoints").glob("lenet5-*.npz"))
    run("lenet5")
    run("lenet5", "--runs", "again/runs")
    assert contents(project / "results") == contents(project / "again")


def test_a_checkpoint_that_is_damaged_or_another_s_is_named(tmp_path):
    path = tmp_path / "lenet5-0.npz"
    checkpoints.write(path, Progress(np.zeros(5, np.float32), []))
    with refused("5", "6"):
        checkpoints.read(path, 6)
    path.write_bytes(path.read_bytes()[:-40])
    with refused(str(path)):
        checkpoints.read(path, 5)
    checkpoints.write(path, Progress(np.zeros(5, np.float32)), "engine 0")
    with refused("engine 0", f"engine {ENGINE}"):
        checkpoints.read(path, 5)


def test_a_history_has_the_hash_of_the_weights_after_each_pass(project):
    """The record those after the marks, whichever pass they fall in."""
    with_settings(project, replicates=1)
    run("lenet5")
    done = Run(project / "results/runs/lenet5/0")
    evidence, hashes = done.record["evidence"], done.history[HASHES].tolist()
    assert sha256(done.weights(60000)) == hashes[-1]
    assert len({*hashes, evidence["weights_after_100_sha256"]}) == 3
    assert "weights_after_1000_sha256" not in evidence  # 120 presentations in all
    assert done.record["versions"] == {"engine": ENGINE}
    assert set(done.timing) >= {"seconds", "cpu_seconds"}


def test_code_that_begins_otherwise_is_named_and_nothing_is_trained(project):
    long = {"presentations_per_pass": 150}
    with_settings(project, replicates=1, **long)
    run("lenet5")
    path = project / "results/runs/lenet5/0" / RECORD
    record = json.loads(path.read_text())
    record["evidence"]["weights_after_100_sha256"] = "f" * 64
    path.write_text(json.dumps(record))
    with_settings(project, replicates=2, **long)
    with refused("lenet5 0", f"engine {ENGINE}", "100"):
        run("lenet5")
    assert not (project / "results/runs/lenet5/1").exists()


def test_a_diverging_training_names_pass_pattern_and_layer(project, capsys):
    with_settings(project, learning_rates=[1e-5, 1e35])
    mistake(capsys, ["train", "lenet5"], "pass 2 at pattern", "layer", "pass 1 is kept")
    assert list((project / ".checkpoints").glob("lenet5-*.npz"))


def test_what_cannot_be_trained_is_refused_by_name(project, capsys):
    document = small_document(training_patterns=201)
    document["experiments"]["wrong"] = {"criterion": {"name": "squared-error"}}
    write_params(project / "params.yaml", document)
    mistake(capsys, ["train", "lenet5"], "training_patterns", "201", "200")
    mistake(capsys, ["train", "wrong"], "criterion.name", "mle", "map")
    mistake(capsys, ["train", "lenet-5"], "'lenet5'")
    with_settings(project)
    (project / "data" / "prepared" / "summary.json").unlink()
    mistake(capsys, ["train", "lenet5"], "python -m replication prepare")
