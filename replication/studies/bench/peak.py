"""The machine: what it is, its peak of multiply-adds and its memory bandwidth on one core."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from llvmlite.binding import get_host_cpu_name

from replication.compiled import config
from replication.machine import processor

# 64 MiB an array: more than the caches hold, so that memory is what is measured.
TRIAD_VALUES = 2**24
# Best of so many within one repeat: an interruption is not the machine's limit.
TRIES = 3


def facts() -> dict[str, Any]:
    """What the figures were measured on; nothing that identifies the machine."""
    return {
        "processor": processor(),
        "compiled_for": config.CPU_NAME or get_host_cpu_name(),
        "cores": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {
            name: importlib.metadata.version(name) for name in ("numba", "numpy", "torch")
        },
    }


def peak_memory_mebibytes() -> float:
    """The most memory this process has held so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux kibibytes.
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peaks() -> dict[str, Callable[[], float]]:
    """Float32 multiply-adds a second on one thread, by two libraries, as either may be slow.

    The matrix product of torch's BLAS and a large convolution by oneDNN, counted directly.
    (NumPy's OpenBLAS is not tried: it takes recent processors for older ones.)
    """
    import torch

    torch.set_num_threads(1)
    left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
    maps = torch.rand(4, 256, 32, 32).to(memory_format=torch.channels_last)
    taps = torch.rand(256, 256, 3, 3).to(memory_format=torch.channels_last)
    return {
        "matrix product": lambda: _rate(lambda: torch.mm(left, right), 1024**3),
        "convolution": lambda: _rate(lambda: torch.conv2d(maps, taps), 4 * 256 * 256 * 30 * 30 * 9),
    }


def bandwidth() -> Callable[[], float]:
    """Bytes a second of the triad a = b + 3 c, over arrays far larger than the caches."""
    import torch

    torch.set_num_threads(1)
    a, b, c = (torch.ones(TRIAD_VALUES) for _ in range(3))
    return lambda: _rate(lambda: torch.add(b, c, alpha=3.0, out=a), 3 * 4 * TRIAD_VALUES)


def _rate(work: Callable[[], object], amount: float) -> float:
    work()
    return amount / min(seconds(work) for _ in range(TRIES))
