"""What every system of the comparison has: fit, and what fitting gives.

Work that several replicates have in common is done once. LeNet-4 is trained for its own row of
Figure 9 and, from the same random streams, for the two rows that replace its last layer; RS-SVM
approximates the ten machines of V-SVM. Whichever replicate comes to such a part first does it and
leaves it in a file named by the hash of all that the part follows from, which the others read; so a
run has the same bytes with it and without, and only timing.json says which replicate did it. The
files are removed when all replicates of the command are trained. (A worker of Dask that shares no
folder with the command keeps its own.)
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, get_args

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from replication.core.learning.monitor import Monitor
from replication.core.mnist.databases import Database
from replication.core.runs import Answers
from replication.core.settings import Section, parse_options
from replication.errors import ReplicationError
from replication.files import write_bytes

Chosen = TypeVar("Chosen", bound=Section)

# Seconds between two looks at whether to stop, while another replicate does the work.
_PATIENCE = 0.5


@dataclass
class Part:
    """A part of a replicate: ``content`` is what a replicate before left, None where none did."""

    content: bytes | None

    def leave(self, content: bytes) -> None:
        """Leave the part for the replicates that come after."""
        self.content = content


@dataclass(frozen=True)
class Shared:
    """The parts that one replicate has in common with others."""

    folder: Path | None = None  # where they are left; None where each replicate does all by itself
    replicate: str = ""  # its experiment and number, such as ``lenet4-knn 3``
    # for timing.json, each ``part`` that another replicate had done, ``by`` which, the ``seconds``
    # that it took there, and those that were ``waited`` for it here
    taken: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def part(self, name: str, decisive: Mapping[str, Any], monitor: Monitor) -> Iterator[Part]:
        """Do a part, or take what another replicate has left; nobody else does it meanwhile.

        ``decisive`` is JSON and holds everything that the content follows from. A file that does
        not have the sum that it states is not used. Raises Stopped when ``monitor`` asks to stop.
        """
        if self.folder is None:
            yield Part(None)
            return
        key = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
        path = self.folder / f"{name.replace(' ', '-')}-{key[:32]}"
        started = time.perf_counter()
        with _alone(path, name, monitor):
            began, cpu = time.perf_counter(), time.thread_time()
            about, content = _read(path, key)
            if content is not None:
                monitor.line(f"takes the {name} of {about['by']}")
                waited = round(began - started, 2)
                self.taken.append({"part": name, **about, "waited": waited})
            part = Part(content)
            yield part
            if content is None and part.content is not None:
                about = {
                    "by": self.replicate,
                    "seconds": round(time.perf_counter() - began, 2),
                    "cpu_seconds": round(time.thread_time() - cpu, 2),
                }
                _write(path, key, about, part.content)


NOT_SHARED = Shared()


def shared_folder(checkpoints: Path) -> Path:
    """Return the folder of the parts in the folder of checkpoints."""
    return checkpoints / "shared"


def remove_shared(checkpoints: Path) -> None:
    """Remove all parts: the next command does its own work."""
    shutil.rmtree(shared_folder(checkpoints), ignore_errors=True)


@contextmanager
def _alone(path: Path, name: str, monitor: Monitor) -> Iterator[None]:
    """Hold the part against all threads and processes; the lock of one that is killed is free."""
    lock, waits = FileLock(path.with_name(f"{path.name}.lock")), False
    while not lock.is_locked:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            monitor.check()
            if not waits:
                monitor.line(f"waits for the {name} that another replicate is making")
            waits = True
        except OSError as error:
            raise ReplicationError(
                f"{path.parent} cannot be written ({error.strerror}): free some space or mend its "
                "permissions, then run the command again"
            ) from error
    try:
        yield
    finally:
        lock.release()


def _sum(key: str, content: bytes) -> str:
    return hashlib.sha256(key.encode() + content).hexdigest()


def _write(path: Path, key: str, about: Mapping[str, Any], content: bytes) -> None:
    head = json.dumps({**about, "sha256": _sum(key, content)})
    write_bytes(path, head.encode() + b"\n" + content)


def _read(path: Path, key: str) -> tuple[dict[str, Any], bytes | None]:
    """Read who made a part and in what time, and its content; None for missing or damaged."""
    try:
        head, _, content = path.read_bytes().partition(b"\n")
        about = json.loads(head)
        sound = about.pop("sha256") == _sum(key, content)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}, None
    return about, content if sound else None


def answers_from_penalties(penalties: NDArray[np.floating]) -> Answers:
    """Return the class of least penalty, the first of equals, and how far the second best is.

    ``penalties`` is (patterns, classes): the lower the likelier.
    """
    best = penalties.argmin(axis=1)
    two = np.partition(penalties, 1, axis=1)[:, :2]
    margins = (two[:, 1] - two[:, 0]).astype(np.float32)
    return Answers(best.astype(np.uint8), margins)


class Task(NamedTuple):
    """One replicate to be fitted."""

    # experiment, replicate: its name and number
    experiment: str
    replicate: int
    # training and test patterns; a system must not look at test labels except to count the misses
    # of its history
    database: Database
    levels: NDArray[np.float32]  # float32 (256,), the network input of each grey level
    checkpoint: Path  # where passes done so far may be kept; removed when the replicate is finished
    shared: Shared = NOT_SHARED  # the parts that it has in common with other replicates

    def answer(self, penalties: NDArray[np.floating], monitor: Monitor, event: str) -> Answers:
        """Return the answers by ``penalties``; say after which ``event`` how many are wrong."""
        answers, labels = answers_from_penalties(penalties), self.database.test_labels
        wrong = int((answers.classes != labels).sum())
        monitor.line(f"{event}, {wrong} of {len(labels)} missed in test")
        return answers


class Cost(NamedTuple):
    """Figures 11 and 12: thousands of multiply-adds for one answer, and of variables kept."""

    operations_thousands: float
    memory_thousands: float


@dataclass(frozen=True)
class Fitted:
    """The results of fitting."""

    answers: Answers  # for each test pattern, the class given and the margin
    cost: Cost  # what one answer takes
    # a row for each pass, columns as in `runs.HISTORY_COLUMNS`; empty for a system that is not
    # trained in passes
    history: pd.DataFrame
    # tensors to be kept as ``weights.safetensors``; empty for systems without
    weights: dict[str, NDArray[np.float32]]
    parameters: int  # number of trainable parameters
    presentations: int  # training patterns shown in all
    # of what happened, for the record: hashes by name
    evidence: Mapping[str, str] = field(default_factory=dict)
    # the kernels of linear algebra in force, where answers depend on them: `machine.blas`
    blas: Sequence[str] = ()


class Configured(Generic[Chosen]):
    """A system with options, of the class that stands in ``class System(Base[Options])``."""

    Options: ClassVar[type[Section]] = Section
    chosen: Chosen

    def __init_subclass__(cls) -> None:
        (kind,) = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        if isinstance(kind, type):
            cls.Options = kind

    def __init__(self, experiment: str, options: Mapping[str, Any]) -> None:
        """Raise ReplicationError, naming ``experiment``, for options that cannot be."""
        place = ("experiments", experiment, "options")
        self.chosen = parse_options(self.Options, options, *place)  # type: ignore[assignment]


class System(Protocol):
    """A classifier made from the settings of its experiment.

    ``memory`` is what a replicate needs in training at most, in bytes.
    """

    memory: int

    def fit(self, task: Task, monitor: Monitor) -> Fitted:
        """Train on the task's training patterns and answer its test patterns.

        Raises ReplicationError when training fails and Stopped when ``monitor`` asks to stop.
        """
