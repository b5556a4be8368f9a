"""Work that several replicates have in common, done once.

LeNet-4 is trained for its own row of Figure 9 and, from the same random streams, for the two rows
that replace its last layer; RS-SVM approximates the ten machines of V-SVM. Whichever replicate
comes to such a part first does it and leaves it in a file, which the others read. The file is named
by the hash of all that the part follows from, so a run has the same bytes with it and without;
only timing.json says which replicate did it. The files are removed when all replicates of the
command are trained: another command does the work again. (A worker of Dask that shares no folder
with the command keeps its own.)
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from replication.core.learning.monitor import Monitor
from replication.errors import ReplicationError
from replication.files import write_bytes

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
    """The parts that one replicate has in common with others.

    Attributes:
        folder: where they are left; None where each replicate does all by itself.
        replicate: its experiment and number, such as ``lenet4-knn 3``.
        taken: for timing.json, each ``part`` that another replicate had done, ``by`` which, the
            ``seconds`` that it took there, and those that were ``waited`` for it here.
    """

    folder: Path | None = None
    replicate: str = ""
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
    """Hold the part against all threads and processes; the lock of one that is killed is free.

    Raises ReplicationError where the folder cannot be written.
    """
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
