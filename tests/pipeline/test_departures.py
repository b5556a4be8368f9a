"""Planted departures: for each, the first command that finds it, as docs/departures.md lists them.

Sums in the records are made right after each plant, as somebody would who departs on purpose.
``PYTHONPATH=tests:. python tests/pipeline/test_departures.py`` measures, and writes the table.
"""

import contextlib
import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file
from small import REPOSITORY, put, small_document, small_project, write_params

from replication.core.learning import trainer
from replication.core.learning.engine import Engine
from replication.core.learning.presentations import Batch, OriginalPool
from replication.core.mnist import databases
from replication.core.runs import Answers, answers_bytes, read_answers
from replication.files import read_json, write_bytes, write_json
from replication.pipeline.cli import main

pytestmark = pytest.mark.slow

PAGE = REPOSITORY / "docs" / "departures.md"
# In the order in which they are tried; the last trains.
COMMANDS = ("audit", "evaluate", "verify --answers-only --all", "verify --passes 3 --all")
RUNS = Path("results/runs")
PLAIN, SECOND, DISTORTED = (RUNS / name for name in ("lenet5/0", "lenet5/1", "lenet5-distorted/0"))
DOCUMENT = small_document(
    training_patterns=300,
    presentations_per_pass=1200,
    passes=3,
    learning_rates=[5.0e-3, 2.0e-3, 1.0e-3],
)
DOCUMENT["experiments"]["lenet5-distorted"] = {"distorted": True}

HEAD = "| departure | found by | seconds |\n|---|---|--:|\n"
Plant = Callable[[], None]


def make_project(folder: Path, regular: databases.Database) -> Path:
    """Make a small project whose results are what the code gives; to be copied, not changed."""
    few = replace(
        regular,
        train_images=regular.train_images[:300],
        train_labels=regular.train_labels[:300],
        test_images=regular.test_images[:1000],
        test_labels=regular.test_labels[:1000],
    )
    small_project(folder, few)
    write_params(folder / "params.yaml", DOCUMENT)
    (folder / "labels.bin").write_bytes(few.test_labels.astype(np.uint8).tobytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in ("train --all", "evaluate", *COMMANDS):
            assert main(command.split()) == 0, command
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, regular):
    return make_project(tmp_path_factory.mktemp("departures") / "project", regular)


@pytest.fixture
def project(finished, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    return folder


def seal(*runs: Path) -> None:
    for run in runs:
        record = read_json(run / "record.json", "train")
        for name in record["files"]:
            record["files"][name] = hashlib.sha256((run / name).read_bytes()).hexdigest()
        record["evidence"]["weights_sha256"] = record["files"]["weights.safetensors"]
        write_json(run / "record.json", record)


def setting(path: str, value: object) -> Plant:
    """Another value in params.yaml alone."""

    def plant() -> None:
        document = deepcopy(DOCUMENT)
        put(document, path, value)
        write_params(Path("params.yaml"), document)

    return plant


def record(path: str, value: object) -> Plant:
    """Another value in a record."""

    def plant() -> None:
        values = read_json(PLAIN / "record.json", "train")
        put(values, path, value)
        write_json(PLAIN / "record.json", values)

    return plant


def history(column: str, turn: int, change: Callable[[float], float]) -> Plant:
    """Another number in a history."""

    def plant() -> None:
        table = pd.read_csv(PLAIN / "history.csv")
        table[column] = table[column].astype(object)
        value = change(table.loc[turn, column])
        table.loc[turn, column] = int(value) if float(value).is_integer() else value
        table.to_csv(PLAIN / "history.csv", index=False)
        seal(PLAIN)

    return plant


def write_answers(run: Path, change: Callable[[Answers], Answers]) -> None:
    write_bytes(run / "answers.npz", answers_bytes(change(read_answers(run / "answers.npz"))))


def double_margins() -> None:
    write_answers(PLAIN, lambda old: Answers(old.classes, 2 * old.margins))
    seal(PLAIN)


def correct_answers() -> None:
    labels = np.frombuffer((Path("labels.bin")).read_bytes(), np.uint8)
    write_answers(PLAIN, lambda old: Answers(labels.astype(old.classes.dtype), old.margins))
    history("test_misses", 2, lambda _: 0)()


def scale_weights(run: Path, factor: float) -> None:
    weights = load_file(run / "weights.safetensors")["parameters"]
    save_file({"parameters": weights * np.float32(factor)}, run / "weights.safetensors")
    seal(run)


def exchange(name: str) -> Plant:
    """Exchange a file of two replicates."""

    def plant() -> None:
        first, second = (run / name for run in (PLAIN, SECOND))
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)
        seal(PLAIN, SECOND)

    return plant


def copy_run(source: Path, target: Path) -> Plant:
    """Put the files of one replicate under the record of another."""

    def plant() -> None:
        for path in source.iterdir():
            if path.name != "record.json":
                shutil.copy(path, target)
        evidence = read_json(source / "record.json", "train")["evidence"]
        values = read_json(target / "record.json", "train")
        for name in ("weights_after_100_sha256", "weights_after_1000_sha256"):
            values["evidence"][name] = evidence[name]
        write_json(target / "record.json", values)
        seal(target)

    return plant


def train_by(*patches: tuple[object, str, Callable[..., object]]) -> Plant:
    """Train by other code, which writes its records under the keys of today's."""

    def plant() -> None:
        shutil.rmtree(RUNS)
        with pytest.MonkeyPatch.context() as patch:
            for place, name, made in patches:
                patch.setattr(place, name, made(getattr(place, name)))
            assert main(["train", "--all"]) == 0

    return plant


def on_test_patterns(show: Callable[..., Batch]) -> Callable[..., Batch]:
    """Show test patterns in place of the first half of the training patterns."""
    test = databases.load(Path("data/raw"), Path("data/prepared"), "regular")

    def other(pool: OriginalPool, numbers: np.ndarray) -> Batch:
        images, labels, order = show(pool, numbers)
        half = len(images) // 2
        return Batch(
            np.concatenate([test.test_images[:half], images[half:]]),
            np.concatenate([test.test_labels[:half], labels[half:]]),
            order,
        )

    return other


def normal(draw: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Draw initial weights from normal distributions of the same width."""

    def other(network: object, recipe: object, replicate: int) -> np.ndarray:
        uniform = draw(network, recipe, replicate)
        noise = np.random.default_rng(replicate).normal(size=len(uniform)).astype(np.float32)
        return noise * np.abs(uniform)

    return other


def enlarged(train: Callable[..., object]) -> Callable[..., object]:
    """Take steps that are larger by a tenth."""
    return lambda self, parameters, steps, *batch, **more: train(
        self, parameters, steps * np.float32(1.1), *batch, **more
    )


PLANTS: dict[str, Plant] = {
    "setting: mu": setting("base.sdlm.mu", 0.03),
    "setting: the learning rate of one pass": setting("base.learning_rates", [5e-3, 3e-3, 1e-3]),
    "setting: another order": setting("base.order", "fresh"),
    "setting: distortions": setting("experiments.lenet5", {"distorted": True}),
    "setting: the optimiser": setting("base.optimiser.name", "sgd"),
    "setting: j": setting("base.criterion.j", 0.5),
    "setting: the background": setting("base.inputs.background", -0.2),
    "setting: the seed": setting("base.seed", 1999),
    "setting: fewer replicates": setting("base.replicates", 1),
    "record: mu": record("settings.sdlm.mu", 0.03),
    "record: distorted": record("settings.distorted", True),
    "record: the data": record("data.sha256", "0" * 64),
    "record: the initial weights": record("evidence.initial_weights_sha256", "0" * 64),
    "record: the order": record("evidence.first_pass_order_sha256", "0" * 64),
    "record: the weights after 1,000": record("evidence.weights_after_1000_sha256", "0" * 64),
    "record: the key": record("key", "0" * 64),
    "record: the replicate": record("replicate", 1),
    "record: the seed of its streams": record("streams.seed", 1999),
    "record: the presentations": record("presentations", 1200),
    "record: the number of the engine": record("versions.engine", 1),
    "record: no evidence": record("evidence", {}),
    "history: a learning rate": history("learning_rate", 1, lambda value: value * 2),
    "history: presentations": history("training_presentations", 1, lambda value: value - 1),
    "history: a step, a hundredfold": history("step_C1_max", 0, lambda value: value * 100),
    "history: a step, half": history("step_C1_max", 0, lambda value: value / 2),
    "history: training misses in its middle": history("training_misses", 1, lambda v: v - 1),
    "history: test misses in its middle": history("test_misses", 1, lambda value: value - 1),
    "history: the last test misses": history("test_misses", 2, lambda value: value - 1),
    "history: the criterion": history("mean_criterion", 1, lambda value: value / 2),
    "a file removed": lambda: (PLAIN / "history.csv").unlink(),
    "a replicate removed": lambda: shutil.rmtree(SECOND),
    "answers of another replicate": exchange("answers.npz"),
    "answers corrected, with the history": correct_answers,
    "margins doubled": double_margins,
    "weights of a replicate scaled": lambda: scale_weights(PLAIN, 1.01),
    "weights of two replicates exchanged": exchange("weights.safetensors"),
    "a replicate copied as another": copy_run(PLAIN, SECOND),
    "a distorted training under a plain record": copy_run(DISTORTED, PLAIN),
    "code: normal initial weights": train_by((trainer, "draw_first_parameters", normal)),
    "code: trained on test patterns": train_by((OriginalPool, "show", on_test_patterns)),
    "code: steps larger in the kernel alone": train_by((Engine, "train", enlarged)),
}


def find() -> tuple[str, float]:
    """Return the first of the commands that ends with another status than 0, and its seconds."""
    for command in COMMANDS:
        started = time.perf_counter()
        if main(command.split()) != 0:
            return re.sub(" --all| 3", "", command), time.perf_counter() - started
    return "none", 0.0


def listed() -> dict[str, str]:
    """Return the table of the page: the departure, and the command that finds it."""
    rows = re.findall(r"^\| ([^|]+) \| `([^|`]+)` \| [\d.]+ \|$", PAGE.read_text("utf-8"), re.M)
    return dict(rows)


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.usefixtures("project")
def test_a_departure_is_found_by_the_command_that_the_page_names(name):
    PLANTS[name]()
    assert find()[0] == listed()[name]


def test_the_page_lists_every_departure():
    assert list(listed()) == list(PLANTS)
    assert len(PLANTS) >= 30


def write_page() -> None:
    """Plant each departure, and write what finds it, and in how many seconds, into the page."""
    text = PAGE.read_text(encoding="utf-8")
    lines = [text[: text.index(HEAD)] + HEAD]
    with tempfile.TemporaryDirectory() as scratch:
        whole = make_project(
            Path(scratch, "whole"), databases.read_raw(REPOSITORY / "data" / "raw")
        )
        for name, plant in PLANTS.items():
            folder = shutil.copytree(whole, Path(scratch, name.replace(" ", "-")))
            with contextlib.chdir(folder):
                plant()
                command, seconds = find()
            lines.append(f"| {name} | `{command}` | {seconds:.1f} |\n")
    PAGE.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write_page()
