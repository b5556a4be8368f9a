"""Replicates at once: how many, and work done once for several gives the bytes of each alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fitting import SQUARED, Watched
from small import contents, refused, small_document, small_project, taken, write_params

from replication.core import settings
from replication.core.learning import engine
from replication.core.learning.monitor import Stopped
from replication.core.runs import Run
from replication.core.systems import forecast, replicates
from replication.core.systems.classifiers import virtual_support_vectors
from replication.core.systems.contract import Shared
from replication.core.systems.replicates import count_workers
from replication.folders import Folders
from replication.machine import cores, memory
from replication.pipeline import stages

LENET4 = {"network": "lenet4", "criterion": SQUARED}
MACHINES = {"degree": 5, "constant": 1, "regularisation": 10, "shift": 1}
EXPERIMENTS = {
    "lenet4": {**LENET4, "replicates": 2},
    "lenet4-knn": {**LENET4, "system": "last-layer", "replicates": 3,
                   "options": {"method": "neighbours", "neighbours": 7}},
    "lenet4-local": {**LENET4, "system": "last-layer", "replicates": 3,
                     "options": {"method": "local", "neighbours": 30, "decay": 0.3}},
    "lenet4-noise": {**LENET4, "system": "noisy", "replicates": 1,
                     "options": {"inverted": 0.1, "versions": 2}},
    "v-svm": {"system": "virtual-support-vectors", "replicates": 1, "seed": None,
              "database": "regular", "options": MACHINES},
    "rs-svm": {"system": "reduced-support-vectors", "replicates": 2, "seed": 1998,
               "database": "regular", "options": {**MACHINES, "vectors": 10}},
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny):
    folder = small_project(tmp_path_factory.mktemp("project"), tiny)
    document = small_document()
    document["experiments"] = EXPERIMENTS
    write_params(folder / "params.yaml", document)
    return folder


@pytest.fixture(scope="module")
def alone(project):
    """The runs of each experiment trained by a command of its own, one replicate at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        for name in EXPERIMENTS:
            trained("alone", name, workers=1)
    return contents(project / "alone")


def trained(runs: str, *names: str, workers: int = 2) -> dict[str, bytes]:
    loaded = settings.load(Path("params.yaml"))
    chosen = loaded.train.model_copy(update={"workers": workers})
    loaded = loaded.model_copy(update={"train": chosen})
    stages.train_experiments(Folders.below(runs=Path(runs)), loaded, names)
    return contents(Path(runs))


def test_shared_or_not_the_bytes_are_the_same_and_each_part_is_made_once(
    project, alone, monkeypatch
):
    monkeypatch.chdir(project)
    assert trained("together", *EXPERIMENTS) == alone
    assert {frozenset({by, *others}) for by, others in taken(project / "together").items()} == {
        frozenset({"lenet4 0", "lenet4-knn 0", "lenet4-local 0"}),
        frozenset({"lenet4 1", "lenet4-knn 1", "lenet4-local 1"}),
        frozenset({"lenet4-knn 2", "lenet4-local 2"}),
        frozenset({"v-svm 0", "rs-svm 0", "rs-svm 1"}),
    }
    assert not any(path.is_file() for path in (project / ".checkpoints").rglob("*"))


def test_a_replicate_that_takes_a_part_does_not_make_it(project, monkeypatch, alone):
    monkeypatch.chdir(project)
    with monkeypatch.context() as patch:
        # As if the command had been killed at its end.
        patch.setattr(replicates, "remove_shared", lambda _: None)
        trained("killed", "lenet4", "v-svm")
    monkeypatch.setattr(forecast, "measure_presentation", lambda *_: 1.0)  # trains a little
    presented = []
    once = engine.Engine.train
    monkeypatch.setattr(
        engine.Engine, "train", lambda *given, **how: presented.append(1) or once(*given, **how)
    )
    monkeypatch.setattr(
        virtual_support_vectors, "train_machines", lambda *_: pytest.fail("made again")
    )
    runs = trained("killed", "lenet4-knn", "rs-svm", workers=1)
    assert runs == {name: alone[name] for name in runs}
    assert len(presented) == 2  # the two passes of lenet4-knn 2
    assert taken(project / "killed") == {
        "lenet4 0": {"lenet4-knn 0"},
        "lenet4 1": {"lenet4-knn 1"},
        "v-svm 0": {"rs-svm 0", "rs-svm 1"},
    }


def test_whose_time_it_was_is_said(project, monkeypatch):
    monkeypatch.chdir(project)
    trained("timed", "v-svm", "rs-svm", workers=1)
    maker, taker = Run(Path("timed/v-svm/0")), Run(Path("timed/rs-svm/1"))
    (part,) = taker.timing["shared"]
    assert (part["part"], part["by"]) == ("virtual machines", "v-svm 0")
    assert 0 < part["seconds"] <= maker.seconds
    assert taker.seconds_alone == pytest.approx(taker.seconds + part["seconds"])
    assert maker.seconds_alone == maker.seconds


def made(folder, content=b"work", decisive=None, name="mine 0", monitor=None):
    """What a replicate has of a part that takes ``content`` to be made."""
    shared = Shared(folder, name)
    with shared.part("part", decisive or {"a": 1}, monitor or Watched()) as part:
        there = part.content
        if there is None:
            part.leave(content)
    return there or content, [one["by"] for one in shared.taken]


def file_of(folder):
    (path,) = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".lock"]
    return path


def test_a_part_follows_from_all_that_is_decisive(tmp_path):
    with pytest.raises(ZeroDivisionError), Shared(tmp_path).part("part", {"a": 1}, Watched()):
        raise ZeroDivisionError  # what fails is left to the next
    assert made(tmp_path) == (b"work", [])
    assert made(tmp_path / "2", b"other", {"a": 2}, name="mine 1") == (b"other", [])
    assert made(tmp_path, b"again", {"a": 1}, name="mine 2") == (b"work", ["mine 0"])
    file_of(tmp_path / "2").replace(file_of(tmp_path))  # under the name of another
    (tmp_path / "2").rename(tmp_path.parent / "2")
    assert made(tmp_path, b"right") == (b"right", [])
    assert made(None) == (b"work", [])  # without a folder each does all by itself
    assert made(None, b"again") == (b"again", [])
    (tmp_path / "file").touch()
    with refused("file", "permissions"):
        made(tmp_path / "file")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:-1] + b"x",
        lambda content: content.replace(b"sha256", b"sha255"),
        lambda content: b"[]\n" + content,
        lambda _: b"\xff\xfe",
        lambda _: b"",
    ],
)
def test_a_part_without_the_sum_that_it_states_is_made_again(tmp_path, damage):
    made(tmp_path)
    path = file_of(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert made(tmp_path, b"again", name="mine 1") == (b"again", [])
    assert made(tmp_path, name="mine 2") == (b"again", ["mine 1"])


def test_of_many_at_once_only_the_first_works(tmp_path):
    with ThreadPoolExecutor(8) as executor:
        results = list(executor.map(
            lambda number: made(tmp_path, f"by {number}".encode(), name=f"mine {number}"), range(8)
        ))  # fmt: skip
    (maker,) = [number for number, (_, by) in enumerate(results) if not by]
    assert {content for content, _ in results} == {f"by {maker}".encode()}
    assert sum(by == [f"mine {maker}"] for _, by in results) == 7


def test_whoever_waits_says_so_and_stops_when_asked(tmp_path):
    monitor = Watched(listen=lambda _: monitor.stop())
    with (
        Shared(tmp_path).part("part", {"a": 1}, Watched()),
        ThreadPoolExecutor(1) as executor,
        pytest.raises(Stopped),
    ):
        executor.submit(made, tmp_path, monitor=monitor).result()
    assert monitor.lines == ["waits for the part that another replicate is making"]


GB = 10**9


def with_workers(chosen, workers):
    stated = chosen.train
    return type(stated).model_validate({**stated.model_dump(), "workers": workers})


@pytest.mark.parametrize(
    ("processors", "there", "needs", "expected"),
    [
        (8, 64 * GB, [GB] * 100, 8),  # every core
        (8, 4 * GB, [GB] * 100, 3),  # three quarters of the memory
        (8, 4 * GB, [GB // 2, 2 * GB, GB // 2, GB // 2], 3),  # the largest three meet
        (8, 4 * GB, [2 * GB, 2 * GB], 1),
        (8, GB, [2 * GB], 1),  # never none
        (2, 64 * GB, [GB], 2),
        (8, None, [GB] * 100, 8),  # a system that does not say how much there is
    ],
)
def test_auto_is_one_a_core_as_many_as_memory_holds(
    chosen, monkeypatch, processors, there, needs, expected
):
    assert cores() >= 1
    assert memory() is None or memory() > GB // 4
    assert chosen.train.workers == "auto"
    monkeypatch.setattr(replicates, "cores", lambda: processors)
    monkeypatch.setattr(replicates, "memory", lambda: there)
    assert count_workers(with_workers(chosen, "auto"), needs) == expected
    assert count_workers(with_workers(chosen, "auto"), reversed(needs)) == expected
    assert count_workers(with_workers(chosen, 5), needs) == 5
