"""The cost of a long command: time, memory and machine, by command in results/costs.json."""

import platform
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from replication import machine
from replication.files import Document, read_json, write_json
from replication.folders import Folders

COSTS = Document("costs.json", "make replicate-all studies")
_INTERVAL = 1.0  # seconds between two looks at the memory
_MEBIBYTE = 2**20


@contextmanager
def measure(folders: Folders, command: str) -> Iterator[None]:
    """Measure the cost of the body, and write it to `COSTS` as ``command`` when the body ends.

    CPU seconds and the peak of memory are of this process and its children; shared memory is
    counted once where the system can tell (Linux). The cost of an interrupted run is kept in
    .checkpoints/costs, so that the run that ends the work has the sum, and the number of ``runs``.
    """
    unfinished = folders.checkpoints / "costs" / f"{command}.json"
    before = read_json(unfinished, command) if unfinished.exists() else {}
    began, spent = time.perf_counter(), _cpu_seconds()
    peak = _Peak()
    peak.start()
    try:
        yield
    except BaseException:
        write_json(unfinished, _total(before, began, spent, peak.stop()))
        raise
    costs = COSTS.read(folders.results) if COSTS.exists(folders.results) else {}
    total = _total(before, began, spent, peak.stop())
    COSTS.write(folders.out, costs | {command: total})
    unfinished.unlink(missing_ok=True)


def _total(before: dict[str, Any], began: float, spent: float, peak: int) -> dict[str, Any]:
    return {
        "cpu_seconds": round(before.get("cpu_seconds", 0) + _cpu_seconds() - spent),
        "wall_seconds": round(before.get("wall_seconds", 0) + time.perf_counter() - began),
        "peak_mebibytes": max(before.get("peak_mebibytes", 0), round(peak / _MEBIBYTE)),
        "runs": before.get("runs", 0) + 1,
        "processor": machine.processor(),
        "cores": machine.cores(),
        "python": platform.python_version(),
    }


def _cpu_seconds() -> float:
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


class _Peak(threading.Thread):
    """A thread that samples the memory of this process and of its children."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._peak, self._ended = 0, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_INTERVAL):
            self._look()

    def stop(self) -> int:
        """Return the largest sample in bytes."""
        self._ended.set()
        self.join()
        self._look()
        return self._peak

    def _look(self) -> None:
        this = psutil.Process()
        self._peak = max(self._peak, sum(map(_bytes, [this, *this.children(recursive=True)])))


def _bytes(process: psutil.Process) -> int:
    try:
        smaps = Path(f"/proc/{process.pid}/smaps_rollup")
        info = process.memory_full_info() if smaps.exists() else process.memory_info()
        return int(getattr(info, "pss", 0) or info.rss)
    except (psutil.Error, OSError):  # it has ended meanwhile
        return 0
