"""A small project in a temporary folder: few patterns, two passes, real code."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from raw_files import write_raw
from ruamel.yaml import YAML

from replication.core import settings
from replication.core.mnist.databases import Database
from replication.core.mnist.writers import HELD_OUT, TEST
from replication.core.runs import Run
from replication.errors import ReplicationError
from replication.files import write_table
from replication.folders import Folders
from replication.pipeline import stages
from replication.pipeline.cli import main

# Of the study of causes.
CAUSES = {
    "passes": {
        "row": "lenet5/regular", "like": "lenet5", "changes": {}, "vary": {"repeated": [1, 2]},
        "choose": "held-out", "replicates": 1, "tested": "chosen",
    },
}  # fmt: skip
REPOSITORY = Path(__file__).resolve().parent.parent


@cache
def _parsed() -> dict[str, Any]:
    text = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return document


def parameters() -> dict[str, Any]:
    """Return params.yaml, read once, for a test to change."""
    return deepcopy(_parsed())


def small_document(**base: Any) -> dict[str, Any]:
    """params.yaml with two passes of 60 presentations and two replicates; ``base`` changes it."""
    document = parameters()
    document["base"] |= {
        "training_patterns": 200,
        "presentations_per_pass": 60,
        "passes": 2,
        "learning_rates": [5.0e-4, 2.0e-4],
        "replicates": 2,
    }
    document["base"]["sdlm"]["patterns"] = 20
    document["base"] |= base
    document["causes"] |= {"hypotheses": CAUSES}
    document["causes"]["taller"] |= {"replicates": 1, "patterns": 10}
    document["experiments"] = {"lenet5": {}}
    document["train"]["workers"] = 2
    document["invariance"] |= {"patterns": 20, "replicates": 1}
    return document


def write_params(path: Path, document: dict[str, Any]) -> Path:
    """Write a params.yaml."""
    with path.open("w", encoding="utf-8") as stream:
        YAML().dump(document, stream)
    return path


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a key such as ``base.sdlm.mu`` of a document."""
    *groups, key = path.split(".")
    for group in groups:
        document = document[group]
    document[key] = value


def small_project(folder: Path, tiny: Database, **base: Any) -> Path:
    """data/, params.yaml and prepared data in ``folder``."""
    write_raw(folder / "data" / "raw", tiny)
    shutil.copytree(REPOSITORY / "data" / "paper", folder / "data" / "paper")
    write_writers(folder / "data" / "writers", len(tiny.train_labels), len(tiny.test_labels))
    params = write_params(folder / "params.yaml", small_document(**base))
    stages.prepare_databases(Folders.below(folder), settings.load(params))
    return folder


def write_writers(folder: Path, training: int, test: int) -> None:
    """Hold out the last quarter of the training patterns; two test patterns a writer."""
    folder.mkdir(parents=True)
    held_out = range(training - training // 4, training)
    write_table(folder / HELD_OUT.name, HELD_OUT.frame([(number,) for number in held_out]))
    write_table(folder / TEST.name, TEST.frame([(number // 2,) for number in range(test)]))
    shutil.copy2(REPOSITORY / "data" / "writers" / "counts.json", folder)


def copy_package(folder: Path) -> Path:
    """Copy the package into ``folder``, for a test to change; return the copy."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(REPOSITORY / "replication", folder / "replication", ignore=ignored))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` by relative path, clocks left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timing.json"
    }


def taken(runs: Path) -> dict[str, set[str]]:
    """By the replicate that did a part of the work, the replicates that took it."""
    result: dict[str, set[str]] = {}
    for path in runs.glob("*/*/timing.json"):
        replicate = " ".join(path.parts[-3:-1])
        for part in Run(path.parent).timing.get("shared", []):
            result.setdefault(part["by"], set()).add(replicate)
    return result


@contextmanager
def refused(*named: str) -> Iterator[pytest.ExceptionInfo[ReplicationError]]:
    """Expect one sentence for users that names each of these: a file, a key, a value, a command."""
    with pytest.raises(ReplicationError) as caught:
        yield caught
    said = str(caught.value)
    assert "\n" not in said
    assert [name for name in named if name not in said] == [], said


def mistake(capsys: pytest.CaptureFixture[str], arguments: list[str], *named: str) -> None:
    """Expect a command to end with status 2 and one sentence that names each of these."""
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert (said.startswith("replication: "), said.count("\n")) == (True, 1), said
    assert [name for name in named if name not in said] == [], said
