"""replicate: the committed runs are set aside whole, wherever they lie, and compared afterwards."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from small import REPOSITORY

from replication.files import write_json
from replication.folders import Folders, backup_folder
from replication.pipeline.cli import main
from replication.pipeline.replicate import compare_backup, move_to_backup

RUNS = Path("results/runs/linear")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A folder with two committed replicates."""
    monkeypatch.chdir(tmp_path)
    for number in ("0", "1"):
        shutil.copytree(REPOSITORY / RUNS / "0", RUNS / number)
    return Folders.below()


def test_runs_are_set_aside_where_folders_cannot_be_renamed(folders, monkeypatch):
    """As on another file system, or in the layers of a container."""
    rename = os.rename

    def refuse(source, target):
        if Path(source).resolve().parent != Path(target).resolve().parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(source))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    before = (RUNS / "1" / "answers.npz").read_bytes()
    move_to_backup(folders, ["linear"])
    assert not list(RUNS.iterdir())
    away = backup_folder(folders) / "runs" / "linear"
    assert sorted(path.name for path in away.iterdir()) == ["0", "1"]
    assert (away / "1" / "answers.npz").read_bytes() == before


def test_what_was_trained_since_stays_and_what_was_brought_back_goes(folders):
    """So nobody is told that committed runs came out which were not trained again."""
    move_to_backup(folders, ["linear"])
    for number in ("0", "1"):
        shutil.copytree(backup_folder(folders) / "runs" / "linear" / number, RUNS / number)
    write_json(RUNS / "1" / "timing.json", {"seconds": 1.25})
    move_to_backup(folders, ["linear"])
    assert [path.name for path in RUNS.iterdir()] == ["1"]
    assert compare_backup(folders) == {"missing": 1, "byte-equal": 1}


def test_nothing_is_moved_where_dvc_does_not_work(folders, capfd):
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy2(REPOSITORY / name, name)
    assert main(["replicate", "--all"]) == 2
    assert "so nothing was moved" in capfd.readouterr().err
    assert sorted(path.name for path in RUNS.iterdir()) == ["0", "1"]
    assert not backup_folder(folders).exists()
