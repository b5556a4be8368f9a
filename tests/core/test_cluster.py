"""Dask's workers, on the loopback: the bytes of this process, also where one of them dies."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from dask import config
from fitting import Watched
from small import (
    contents,
    copy_package,
    mistake,
    refused,
    small_document,
    small_project,
    taken,
    write_params,
)

from replication.core import settings
from replication.core.learning.identity import ENGINE
from replication.core.learning.monitor import Message, Monitor
from replication.core.systems import cluster, replicates
from replication.core.systems.jobs import Job
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.pipeline import stages

TRAINED = replicates.train_job
PASSES = Path(".checkpoints/passes")


@pytest.fixture(scope="module")
def places(tmp_path_factory, tiny):
    """Two copies of a small project."""
    return [small_project(tmp_path_factory.mktemp(name), tiny) for name in ("theirs", "ours")]


@pytest.fixture(scope="module")
def address(places):
    """A scheduler whose two workers were started in the first copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(places[0])
        workers = cluster.start_cluster(2)
    with workers:
        yield workers.scheduler_address


def trained(scheduler: str | None, runs: str, params: str = "params.yaml") -> dict[str, bytes]:
    """The files of all runs, trained by the workers of a scheduler or by this process."""
    loaded = settings.load(Path(params))
    how = loaded.train.model_copy(update={"engine": "dask" if scheduler else "local",
                                          "scheduler": scheduler})  # fmt: skip
    chosen = loaded.model_copy(update={"train": how})
    stages.train_experiments(Folders.below(runs=Path(runs)), chosen, tuple(chosen.experiments))
    return contents(Path(runs))


def list_said(capsys):
    """Return what was printed but for the forecast, which is measured, in order."""
    lines = capsys.readouterr().out.splitlines()
    return sorted(line for line in lines if "to be trained" not in line)


def test_two_workers_that_share_no_folder_give_the_bytes_of_this_process(
    places, address, monkeypatch, capsys
):
    monkeypatch.chdir(places[1])
    alone = trained(None, "alone")
    said = list_said(capsys)
    assert trained(address, "together") == alone
    assert list_said(capsys) == said
    assert contents(places[0] / "together") == alone
    assert not (places[0] / "alone").exists()


def test_workers_of_this_machine_take_work_from_this_process_alone():
    with ExitStack() as stack:
        address = cluster._connect(None, 1, stack).scheduler.address
        assert address.startswith("tls://")
        with pytest.raises(ReplicationError, match="no scheduler of Dask answers"):
            cluster._connect(address, 1, stack)


def meets_the_other(job: Job, monitor: Monitor) -> object:
    """Trains when another experiment has begun as well."""
    begun = Path(".checkpoints/begun")
    begun.mkdir(parents=True, exist_ok=True)
    (begun / job.experiment.name).touch()
    until = time.monotonic() + 60
    while len(list(begun.iterdir())) < 2:
        if time.monotonic() > until:
            raise ReplicationError(f"{job.name} is alone")
        time.sleep(0.01)
    return TRAINED(job, monitor)


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_no_experiment_waits_for_another(places, address, monkeypatch, capsys, engine):
    """One replicate each, of a network and of a classifier: both are in training at once."""
    document = small_document()
    document["experiments"] = {
        "lenet5-distorted": {"distorted": True, "replicates": 1},
        "linear": {"system": "linear", "replicates": 1, "seed": None, "database": "regular",
                   "options": {}},
    }  # fmt: skip
    monkeypatch.chdir(places[0])
    write_params(Path("two.yaml"), document)
    alone = trained(None, f"two alone for {engine}", "two.yaml")
    said = list_said(capsys)
    monkeypatch.setattr(replicates, "train_job", meets_the_other)
    scheduler = address if engine == "dask" else None
    shutil.rmtree(".checkpoints")
    assert trained(scheduler, f"two by {engine}", "two.yaml") == alone
    assert list_said(capsys) == said
    assert {"lenet5-distorted 0", "linear 0"} == {line.split(":")[0] for line in said}


def test_processes_train_a_network_once_for_two_experiments(places, address, monkeypatch):
    lenet4 = {"network": "lenet4", "criterion": {"name": "squared-error"}, "replicates": 2}
    options = {"method": "neighbours", "neighbours": 7}
    document = small_document()
    document["experiments"] = {
        "lenet4": lenet4, "lenet4-knn": {**lenet4, "system": "last-layer", "options": options},
    }  # fmt: skip
    monkeypatch.chdir(places[0])
    write_params(Path("lenet4.yaml"), document)
    alone = trained(None, "by threads", "lenet4.yaml")
    assert trained(address, "by processes", "lenet4.yaml") == alone
    pairs = [{by, *others} for by, others in taken(Path("by processes")).items()]
    assert {"lenet4 0", "lenet4-knn 0"} in pairs
    assert {"lenet4 1", "lenet4-knn 1"} in pairs


def dies_in_its_second_pass(job: Job, monitor: Monitor) -> object:
    """Ends its process once, when the first pass is kept; `PASSES` tells which processes ran."""

    def hear(message: Message) -> None:
        if message.line:
            first = not PASSES.exists()
            with PASSES.open("a", encoding="utf-8") as stream:
                stream.write(f"{os.getpid()} {message.line.split(',')[0]}\n")
            if first:
                os.kill(os.getpid(), signal.SIGKILL)

    watched = Watched(job.name, hear)
    return TRAINED(job, watched if job.number == 0 else monitor)


def test_a_replicate_whose_worker_dies_goes_on_from_its_checkpoint_in_another(
    places, address, monkeypatch
):
    monkeypatch.chdir(places[0])
    alone = trained(None, "alone")
    monkeypatch.setattr(replicates, "train_job", dies_in_its_second_pass)
    assert trained(address, "with a death") == alone
    (one, first, *_), (other, second, *_) = [
        line.split(maxsplit=1) for line in PASSES.read_text(encoding="utf-8").splitlines()
    ]
    assert (first, second) == ("pass 1 of 2", "pass 2 of 2")
    assert one != other


def test_a_worker_that_would_train_another_replicate_is_refused(places, address, monkeypatch):
    monkeypatch.chdir(places[1])
    monkeypatch.setattr(cluster, "versions", lambda _: {"engine": 0})
    with refused(f"engine {ENGINE}", "engine 0"):
        trained(address, "other")
    assert not (places[0] / "other").exists()


def copy_with(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the package in which a line is another."""
    path = copy_package(folder) / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


OTHERWISE = {
    "settings": ("core/settings/training.py", "else 0.25", "else 0.125 * 2.5"),
    "an import": ("core/learning/trainer.py",
                  "presentations import Pool, generator, present_order",
                  "presentations import Pool, present_order\nfrom numpy.random import default_rng\n"
                  "generator = lambda *_: default_rng(1)"),
    "a classifier": ("core/systems/classifiers/linear.py", "np.float64)", "np.float32)"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("change", OTHERWISE.values(), ids=OTHERWISE)
def test_a_worker_whose_code_trains_otherwise_is_refused(places, tmp_path, monkeypatch, change):
    """With the same numbers of code, which nobody raised; its folder and Python are named."""
    monkeypatch.chdir(places[1])
    document = small_document(
        subsampling={"reading": "averaged", "fan_in": 4}, presentations_per_pass=120
    )
    if "classifiers" in change[0]:
        document["experiments"] = {
            "linear": {"system": "linear", "replicates": 1, "seed": None, "database": "regular",
                       "options": {}}
        }  # fmt: skip
    write_params(Path("averaged.yaml"), document)
    other = copy_with(tmp_path, *change)
    refused = pytest.raises(ReplicationError, match="would train another")
    with processes_of_dask(other, places[0]) as scheduler, refused as caught:
        trained(scheduler, f"otherwise in {change[0]}", "averaged.yaml")
    assert str(other) in str(caught.value)
    assert sys.executable in str(caught.value)
    assert not (places[0] / f"otherwise in {change[0]}").exists()


@contextmanager
def processes_of_dask(package: Path, folder: Path) -> Iterator[str]:
    """A scheduler and a worker that runs the code in ``package``, started in ``folder``."""
    environment = {**os.environ, "PYTHONPATH": str(package)}
    address = folder / "address"
    with ExitStack() as stack:
        for module, words in (
            ("dask_scheduler", ["--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                                "--scheduler-file", str(address)]),
            ("dask_worker", ["--scheduler-file", str(address), "--nthreads", "1",
                             "--no-dashboard", "--no-nanny"]),
        ):  # fmt: skip
            running = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *words],
                env=environment, cwd=folder, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(running.wait)
            stack.callback(running.terminate)
            until = time.monotonic() + 300
            while not address.exists() and time.monotonic() < until:
                time.sleep(0.1)
        yield json.loads(address.read_text(encoding="utf-8"))["address"]
    address.unlink(missing_ok=True)  # which the scheduler removes itself


def known(**workers):
    packages = {"dask": "1", "distributed": "1", "cloudpickle": "1"}
    here = {"host": {"python": "3.11.7.final.0"}, "packages": packages}
    return {"client": here, "scheduler": here,
            "workers": {name: {"host": {"python": python}, "packages": packages | others}
                        for name, (python, others) in workers.items()}}  # fmt: skip


def test_a_worker_of_another_python_or_dask_is_one_sentence():
    cluster._check_versions(known(a=("3.11.9.final.0", {}), b=("3.11.7.final.0", {"numpy": "2"})))
    with pytest.raises(ReplicationError, match=r"^b has Python 3\.12, this process Python 3\.11:"):
        cluster._check_versions(known(a=("3.11.9", {}), b=("3.12.1", {})))
    with pytest.raises(
        ReplicationError, match=r"^a has distributed 2, this process distributed 1:"
    ):
        cluster._check_versions(known(a=("3.11.9", {"distributed": "2"})))


@pytest.mark.parametrize("says", [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9, b"", b"\xff" * 4096])
def test_what_is_no_scheduler_is_one_sentence(places, monkeypatch, capsys, says):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(says)

        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        mistake(capsys, dask(places[1], monkeypatch, address), address)


@pytest.mark.parametrize("scheduler", ["tcp://127.0.0.1:9", "tcp://no-such-host.invalid:8786"])
def test_a_scheduler_that_cannot_be_reached_is_one_sentence(places, monkeypatch, capsys, scheduler):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    arguments = dask(places[1], monkeypatch, scheduler)
    mistake(capsys, arguments, scheduler, "train.scheduler")


@pytest.mark.parametrize("file", [None, "none.pem"])
def test_a_scheduler_by_tls_without_a_certificate_is_one_sentence(
    places, monkeypatch, capsys, file
):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    names = ("client.cert", "client.key", "ca-file")
    with config.set({f"distributed.comm.tls.{name}": file for name in names}):
        arguments = dask(places[1], monkeypatch, "tls://127.0.0.1:9")
        mistake(capsys, arguments, "distributed.comm.tls")


def test_without_the_package_the_engine_is_one_sentence(places, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, cluster.__name__)
    monkeypatch.delattr(sys.modules["replication.core.systems"], "cluster")
    mistake(capsys, dask(places[1], monkeypatch, None), "pip install distributed")


def dask(project: Path, monkeypatch, scheduler: str | None) -> list[str]:
    """The command that trains with Dask in a small project."""
    monkeypatch.chdir(project)
    document = small_document()
    document["train"] |= {"engine": "dask", "scheduler": scheduler}
    write_params(Path("mine.yaml"), document)
    return ["train", "lenet5", "--params", "mine.yaml", "--runs", "none"]
