"""Jobs in processes of their own, on this machine or on many: the workers of Dask.

Imported only when ``train.engine`` is dask. Relative folders are those that a worker is started in:
the same, shared, or another copy of the repository, from which each run comes back as bytes.
"""

import hashlib
import logging
import platform
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from distributed import Client, Future, KilledWorker, LocalCluster, get_worker
from distributed.comm.core import CommClosedError
from distributed.security import Security

import replication
from replication.core.learning.monitor import Message, Monitor
from replication.core.systems.jobs import Job, versions
from replication.core.systems.replicates import begin
from replication.errors import ReplicationError

Result = TypeVar("Result")
Work = Callable[[Job, Monitor], Result]

# Seconds: for a scheduler to answer, and between two counts of presentations that a job sends.
PATIENCE, BETWEEN = 10, 0.5
_PACKAGE = Path(replication.__file__).parent


def run_in_dask(
    work: Work[Result],
    jobs: Sequence[Job],
    scheduler: str | None,
    workers: int,
    show: Callable[[Message], None],
) -> Iterator[Result]:
    """Yield what ``work`` gives for each job, as it comes from Dask's workers.

    A worker that is lost is replaced by the scheduler, and its job goes on from its checkpoint
    where that is in a shared folder. When this ends early, workers stop at their next look. Raises
    ReplicationError for a scheduler that cannot be reached or is lost, for workers that would train
    otherwise than this process, and for a job of which worker after worker died.
    """
    arrived: queue.SimpleQueue[Message | Future[Any]] = queue.SimpleQueue()
    try:
        with ExitStack() as stack:
            client = _connect(scheduler, min(workers, len(jobs)), stack)
            known: Any = client.get_versions()
            _check_versions(known)
            # Processes of this machine have the code of this one.
            firsts = {job.experiment.name: job for job in jobs if scheduler}
            asked = {name: _evidence(job) for name, job in firsts.items()}
            topic = f"messages to {client.id}"
            client.subscribe_topic(topic, lambda event: arrived.put(Message(*event[1])))
            waiting = {
                client.submit(
                    partial(_work_remotely, work, job, asked.get(job.experiment.name), topic),
                    key=f"{job.name} of {client.id}",
                )
                for job in jobs
            }
            for future in waiting:
                future.add_done_callback(arrived.put)
            while waiting:
                item = arrived.get()
                if isinstance(item, Message):
                    show(item)
                else:
                    waiting.remove(item)
                    yield item.result()
    except KilledWorker as error:
        raise ReplicationError(
            f"the workers that were given {error.task} died, one after another: see their logs, "
            "give them more memory, and run the command again; whole passes are kept"
        ) from error
    except RuntimeError as error:
        if "deserializ" not in str(error):
            raise
        raise ReplicationError(
            f"a worker of {scheduler or 'this machine'} cannot read what it is to do: bring its "
            f"copy of the repository and its packages to those of {_tree()}"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ReplicationError(
            f"the scheduler at {scheduler or 'this machine'} was lost: start it and its "
            "workers, and run the command again; whole passes are kept"
        ) from error


def _connect(scheduler: str | None, workers: int, stack: ExitStack) -> Client:
    """Return a client of the named scheduler, or of one in this process with its workers."""
    address, certificates = scheduler, None
    if address is None:  # of this process alone, so that no other user of the machine gives work
        certificates = Security.temporary()
        address = stack.enter_context(start_cluster(workers, certificates)).scheduler_address
    try:
        client: Client = stack.enter_context(
            Client(address, security=certificates, timeout=PATIENCE, set_as_default=False)
        )
    except Exception as error:  # what answers there may be anything
        files = " and name its certificates in Dask's configuration, under distributed.comm.tls"
        raise ReplicationError(
            f"no scheduler of Dask answers at {address}, which params.yaml names as "
            "train.scheduler: start one with `dask scheduler`"
            f"{files if address.startswith('tls:') else ''}, or set it to null for workers on "
            "this machine"
        ) from error
    if not client.scheduler_info()["workers"]:
        print(f"waiting for a first worker of {address}", flush=True)
        client.wait_for_workers(1)
    return client


def start_cluster(workers: int, certificates: Security | None = None) -> LocalCluster:
    """Return a scheduler on the loopback with ``workers`` processes of one thread each.

    With ``certificates`` it takes work only from who has them, over TLS.
    """
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
        security=certificates,
        memory_limit=0,  # else a large job would be ended at its share of the machine
        silence_logs=logging.ERROR,
    )  # fmt: skip


class Evidence(NamedTuple):
    """What tells whether a process would train a job as another does."""

    job: Job  # the job that was begun
    versions: Mapping[str, int]  # the numbers of its code
    # the hashes of the first weights; of the code, where our engine trains nothing
    begun: Mapping[str, str]
    tree: str  # where the code lies, and which Python runs it


def _evidence(job: Job) -> Evidence:
    # A classifier leaves no weights of its beginning, nor does a network that is shown too little.
    begun = begin(job) or {"code": _code()}
    return Evidence(job, versions(job.experiment.recipe), begun, _tree())


def _tree() -> str:
    return f"{_PACKAGE.parent} (Python {platform.python_version()}, {sys.executable})"


@cache
def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


_CHECKED: set[str] = set()  # in a worker, by what was begun, that it begins equally


def _check(wanted: Evidence) -> None:
    """Refuse what would be trained otherwise here, in a worker."""
    name = f"{sorted(wanted.begun.items())} {sorted(wanted.versions.items())}"
    if name in _CHECKED:
        return
    here = _evidence(wanted.job)
    if here.versions != wanted.versions or here.begun != wanted.begun:
        ours, theirs = (
            " and ".join(f"{name} {number}" for name, number in each.versions.items()) or "the code"
            for each in (wanted, here)
        )
        raise ReplicationError(
            f"a worker of Dask at {get_worker().address} has {theirs} in {here.tree}, this process "
            f"{ours} in {wanted.tree}, and it would train another {wanted.job.name}: bring that "
            "copy of the repository to the same commit, or start the worker with the right one"
        )
    _CHECKED.add(name)


def _check_versions(known: Mapping[str, Any]) -> None:
    """Refuse workers of another Python or Dask, which misread what they are sent."""
    asked = ("dask", "distributed", "cloudpickle")

    def of(where: Mapping[str, Any]) -> dict[str, str]:
        python = ".".join(str(where["host"].get("python", "")).split(".")[:2])
        return {"Python": python} | {name: str(where["packages"].get(name)) for name in asked}

    ours = of(known["client"])
    for address, worker in {"the scheduler": known["scheduler"], **known["workers"]}.items():
        other = {name: value for name, value in of(worker).items() if value != ours[name]}
        if other:
            raise ReplicationError(
                f"{address} has {', '.join(f'{n} {v}' for n, v in other.items())}, this process "
                f"{', '.join(f'{name} {ours[name]}' for name in other)}: start it with the same "
                "Python and packages, as of requirements.lock"
            )


def _work_remotely(work: Work[Result], job: Job, asked: Evidence | None, topic: str) -> Result:
    """Do the job in a worker, which must begin it as the client does that ``asked`` for it."""
    if asked is not None:
        _check(asked)
    worker = get_worker()
    task, last = worker.get_current_task(), 0.0

    def send(message: Message) -> None:
        nonlocal last
        if message.line or time.monotonic() > last + BETWEEN:
            worker.log_event(topic, list(message))
            last = time.monotonic()

    def is_stopped() -> bool:
        # A task that nobody waits for any more, Dask forgets, but cannot end.
        known = worker.state.tasks.get(task)
        return known is None or known.state not in ("executing", "long-running")

    return work(job, Monitor(job.name, send, is_stopped))
