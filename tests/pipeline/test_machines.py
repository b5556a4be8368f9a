"""Machines and folders as users have them: nothing is lost, and what is wrong is one sentence."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pathspec
import pytest
from PIL import Image
from small import REPOSITORY, mistake

from replication.core.learning.monitor import Monitor
from replication.core.systems import replicates
from replication.core.systems.jobs import Job, prepare_experiments
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.pipeline import cli
from replication.pipeline.cli import main

DROPPED = (
    "results/runs/.DS_Store", "data/raw/._train", "data/paper/claims.yaml~", "results/Thumbs.db",
    "replication/core/settings/.stages.py.swp", "replication/core/settings/.#stages.py",
    "data/desktop.ini",
    "data/paper/#claims.yaml#", "results/runs/.nfs000000001", "results/.ipynb_checkpoints/a.csv",
)  # fmt: skip


@pytest.mark.parametrize("ignored", [".dvcignore", ".gitignore"])
def test_what_file_managers_and_editors_drop_makes_nothing_stale(ignored):
    lines = (REPOSITORY / ignored).read_text(encoding="utf-8").splitlines()
    spec = pathspec.GitIgnoreSpec.from_lines(lines)
    assert [path for path in DROPPED if not spec.match_file(path)] == []
    ours = ("results/runs/linear/0/answers.npz", "data/paper/claims.yaml", "dvc.lock")
    assert not any(spec.match_file(path) for path in ours)


PYTHON = """#!/bin/sh
echo "$0 $*" >> calls
case "$*" in
  *-c*) exit 0 ;;
  "-m venv .venv")
    mkdir -p .venv/bin; printf '#!/bin/sh\\n%s\\n' "$INNER" > .venv/bin/python
    chmod +x .venv/bin/python; exit $STATUS ;;
esac
"""


@pytest.fixture
def made(tmp_path):
    """Give `make install` in a folder of its own; a Python that makes .venv as it is told to."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(REPOSITORY / name, tmp_path / name)
    (tmp_path / ".git").mkdir()
    fake = tmp_path / "fake"
    fake.write_text(PYTHON, encoding="utf-8")
    fake.chmod(0o755)

    return lambda inner, status: subprocess.run(
        ["make", "install", f"PYTHON={fake}"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "INNER": inner, "STATUS": str(status)},
    )  # fmt: skip


def test_half_an_environment_is_mended_by_the_next_make(made, tmp_path):
    first = made("exit 1", 1)
    assert first.returncode != 0
    assert "python3-venv" in first.stderr
    (tmp_path / ".venv" / "mine").touch()
    assert made("exit 0", 0).returncode == 0
    assert (tmp_path / ".venv" / ".installed").exists()
    assert (tmp_path / ".venv" / "mine").exists()
    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert made("exit 1", 1).returncode == 0
    assert (tmp_path / "calls").read_text(encoding="utf-8") == calls


def test_a_name_that_the_terminal_cannot_say_is_answered(tmp_path):
    names = [tmp_path / "one.png", tmp_path / os.fsdecode(b"caf\xe9.png"), tmp_path / "two.png"]
    ink = np.full((40, 40), 255, np.uint8)
    ink[5:35, 18:22] = 0
    for name in names:
        Image.fromarray(ink).save(tmp_path / "image.png")
        (tmp_path / "image.png").rename(name)
    done = subprocess.run(
        [sys.executable, "-m", "replication", "predict", *map(os.fsencode, names)],
        cwd=REPOSITORY, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b": 1, margin") == 3


def exhausted(*_, **__):
    raise MemoryError


def test_memory_that_runs_out_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(cli.commands, "main", exhausted)
    mistake(capsys, ["train"], "memory")


def test_memory_that_runs_out_in_training_names_what_the_replicate_needs(
    monkeypatch, tmp_path, chosen
):
    folders = Folders.below(REPOSITORY, runs=tmp_path, checkpoints=tmp_path / "checkpoints")
    (knn,) = prepare_experiments({"knn": chosen.experiments["knn"]}, chosen, folders)

    monkeypatch.setattr(type(knn.system), "fit", exhausted)
    monkeypatch.chdir(REPOSITORY)
    expected = rf"knn 0.*needs about {knn.system.memory / 1e9:.1f} GB.*train\.workers"
    with pytest.raises(ReplicationError, match=expected):
        replicates._train_one(Job(knn, 0), Monitor("knn 0", lambda _: None, lambda: False))


def test_a_folder_that_cannot_be_written_shows_the_audit_on_the_screen(tmp_path, capsys):
    in_the_way = tmp_path / "results"
    in_the_way.touch()
    arguments = ["--root", str(REPOSITORY), "--params", str(REPOSITORY / "params.yaml")]
    assert main(["audit", *arguments, "--out", str(in_the_way / "audit.csv")]) in (0, 1)
    said = capsys.readouterr()
    assert "sdlm.mu" in said.out
    assert "claim,page,paper,ours,status,reason" in said.out
    assert said.err.startswith("replication: ")
    assert said.err.count("\n") == 1


NOBODY = """
import pwd

def unknown(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")

pwd.getpwuid = unknown
"""


@pytest.mark.slow
@pytest.mark.parametrize("home", [None, "/proc/nowhere"])
@pytest.mark.parametrize("arguments", [["train", "linear"], ["audit", "--out", "/proc/none/a"]])
def test_a_user_of_no_name_and_no_home_can_work(tmp_path, home, arguments):
    """As by ``docker run --user``, in a folder that he can only read."""
    (tmp_path / "sitecustomize.py").write_text(NOBODY, encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    environment |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "replication", *arguments], cwd=REPOSITORY, text=True,
        env=environment | ({"HOME": home} if home else {}), capture_output=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1), done.stderr


def test_a_word_that_a_shell_completes_is_no_mistake(capsys):
    context = cli.commands.make_context("x", ["nosuch"], resilient_parsing=True)
    assert context is not None
    assert capsys.readouterr().err == ""
