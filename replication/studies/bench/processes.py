"""Today's code and that of an earlier commit, each in a process of its own that takes requests."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
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
NO_EARLIER = (
    f"This copy has no git history with commit {EARLIER} (an archive, or a shallow clone: "
    "`git fetch --unshallow` brings it), so nothing is compared with its kernels."
)
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Process:
    """A `worker` that stays alive, and keeps what it has compiled and trained.

    A context manager; the process ends with it.
    """

    def __init__(
        self, tree: Path, folders: Folders, target: str, cores: frozenset[int] | None
    ) -> None:
        """Run the code of ``tree`` on ``cores``; None for any."""
        self._tree = tree
        variables = {k: value for k, value in os.environ.items() if k not in TARGETS["haswell"]}
        # An earlier tree knows its own keys of params.yaml alone.
        own = folders if tree == TREE else replace(Folders.below(tree), raw=folders.raw)
        places = (own.params, own.paper, own.raw)
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), *(str(place.resolve()) for place in places)],
            cwd=tree,
            env={**variables, **_ONE_THREAD, **TARGETS[target], "PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        pin_process(cores, self._child.pid)

    def ask(self, do: str, **arguments: Any) -> Any:
        """Return the answer of the worker's ``do``; raise ReplicationError when it fails."""
        requests, answers = self._child.stdin, self._child.stdout
        assert requests is not None
        assert answers is not None
        line = ""
        with suppress(BrokenPipeError):
            print(json.dumps({"do": do, **arguments}), file=requests, flush=True)
            line = answers.readline()
        reply = json.loads(line) if line else {"error": "the process ended"}
        if "error" in reply:
            raise ReplicationError(
                f"bench: the process that was to {do} with the code in {self._tree} could not "
                f"({reply['error']}): see what it printed above, then run the command again"
            )
        return reply["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.communicate()


def get_cores() -> frozenset[int] | None:
    """Return the cores that this process may run on; None where that is unknown (macOS)."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def pin_process(cores: frozenset[int] | None, process: int = 0) -> None:
    """Keep a process (0: this one) on ``cores``; do nothing for None."""
    if cores is not None:
        os.sched_setaffinity(process, cores)


def get_last_core() -> frozenset[int] | None:
    """Return the core on which everything is timed: systems prefer the first for their own work."""
    cores = get_cores()
    return None if cores is None else frozenset({max(cores)})


@contextmanager
def run_on_last_core() -> Iterator[None]:
    """Keep this process on the last core in the meantime."""
    before = get_cores()
    pin_process(get_last_core())
    try:
        yield
    finally:
        pin_process(before)


@contextmanager
def check_out_earlier(tree: Path = TREE, commit: str = EARLIER) -> Iterator[Path | None]:
    """Give a temporary git worktree of ``commit``; None where git or the commit is missing."""

    def git_worktree(*arguments: str) -> None:
        command = ["git", "-C", str(tree), "worktree", *arguments]
        subprocess.run(command, capture_output=True, check=True)

    with TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "earlier"
        try:
            git_worktree("add", "--detach", "--force", str(path), commit)
        except (OSError, subprocess.CalledProcessError):
            yield None
            return
        try:
            yield path
        finally:
            git_worktree("remove", "--force", str(path))
