"""Today's code and that of an earlier commit, each in a process of its own, told what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import replication
from replication.comparison.verdicts.benchmark import EARLIER
from replication.errors import ReplicationError
from replication.folders import Folders

TREE = Path(replication.__file__).resolve().parents[1]
_SCRIPT = Path(__file__).with_name("worker.py")
# What Numba compiles for, by the name of a target; none: the processor it runs on.
TARGETS: Mapping[str, Mapping[str, str]] = {
    "native": {},
    "haswell": {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2",
    },
}
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


class Process:
    """A `worker` that stays alive: what it has compiled and trained is there for the next request.

    A context manager; the process ends with it.
    """

    def __init__(
        self, tree: Path, folders: Folders, target: str, cores: frozenset[int] | None
    ) -> None:
        """The worker runs the code of ``tree`` on ``cores``; None: wherever the system likes."""
        self._tree = tree
        kept = {name: value for name, value in os.environ.items()
                if name not in TARGETS["haswell"]}  # fmt: skip
        places = (folders.params, folders.paper, folders.raw)
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), *(str(place.resolve()) for place in places)],
            cwd=tree,
            env={**kept, **_ONE_THREAD, **TARGETS[target], "PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        pin(cores, self._child.pid)

    def ask(self, do: str, **arguments: Any) -> Any:
        """What the worker's function ``do`` gives; ReplicationError when it fails."""
        child = self._child
        if child.stdin is None or child.stdout is None:
            raise ValueError("the worker has no pipes")
        try:
            child.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        reply = json.loads(line) if line else {"error": "the process ended"}
        if "error" in reply:
            raise ReplicationError(
                f"bench: the process that was to {do} with the code in {self._tree} could not "
                f"({reply['error']}): what it printed above says why; run the command again"
            )
        return reply["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in (self._child.stdin, self._child.stdout):
            # A process that has ended reads no more: that was said where it was asked.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self._child.wait()


def cores() -> frozenset[int] | None:
    """The cores that this process may run on; None where the system does not say (macOS)."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def pin(to: frozenset[int] | None, process: int = 0) -> None:
    """Keep a process (0: this one) on some cores; nothing where that cannot be done."""
    if to is not None:
        os.sched_setaffinity(process, to)


def last_core() -> frozenset[int] | None:
    """The one core on which everything is timed: systems prefer the first for their own work."""
    known = cores()
    return None if known is None else frozenset({max(known)})


@contextmanager
def pinned() -> Iterator[None]:
    """This process on `last_core` for as long as that lasts."""
    before = cores()
    pin(last_core())
    try:
        yield
    finally:
        pin(before)


@contextmanager
def earlier_tree(tree: Path = TREE, commit: str = EARLIER) -> Iterator[Path | None]:
    """A git worktree of ``commit`` in a temporary folder; None where git or the commit is missing.

    It is removed at the end.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "earlier"
        made = _git(tree, "worktree", "add", "--detach", "--force", str(path), commit)
        try:
            yield path if made else None
        finally:
            if made:
                _git(tree, "worktree", "remove", "--force", str(path))


def without_earlier(commit: str = EARLIER) -> str:
    """The sentence for a copy of the project that has no `EARLIER`."""
    return (
        f"This copy has no git history with commit {commit} (an archive, or a shallow clone: "
        "`git fetch --unshallow` brings it), so nothing is compared with its kernels."
    )


def _git(tree: Path, *arguments: str) -> bool:
    try:
        subprocess.run(["git", "-C", str(tree), *arguments], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
