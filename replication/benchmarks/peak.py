"""What the machine can do: its peak of multiply-adds and its memory bandwidth, on one core."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

# 64 MiB an array: more than the caches hold, so that memory is what is measured.
TRIAD_VALUES = 2**24
# Best of so many within one repeat: an interruption is not the machine's limit.
TRIES = 3


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Peak:
    """The fastest float32 multiply-adds that a library of this machine manages on one thread.

    Two are tried, since either may not know the processor: the matrix product of torch's BLAS and
    a large convolution by oneDNN, counted directly. (NumPy's OpenBLAS is not: it takes recent
    processors for older ones and then reaches half.)
    """

    def __init__(self) -> None:
        """Find out which is faster."""
        torch.set_num_threads(1)
        left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
        maps = torch.rand(4, 256, 32, 32).to(memory_format=torch.channels_last)
        taps = torch.rand(256, 256, 3, 3).to(memory_format=torch.channels_last)
        candidates: dict[str, tuple[Callable[[], Tensor], int]] = {
            "matrix product": (lambda: torch.mm(left, right), 1024**3),
            "convolution": (lambda: torch.conv2d(maps, taps), 4 * 256 * 256 * 30 * 30 * 9),
        }
        rates = {name: _rate(*candidate) for name, candidate in candidates.items()}
        self.name = max(rates, key=lambda name: rates[name])
        self._candidate = candidates[self.name]

    def rate(self) -> float:
        """Multiply-adds a second, now."""
        return _rate(*self._candidate)


def _rate(work: Callable[[], object], amount: float) -> float:
    work()
    return amount / min(_seconds(work) for _ in range(TRIES))


class Bandwidth:
    """The triad a = b + 3 c over arrays far larger than the caches, on one thread."""

    def __init__(self) -> None:
        """Allocate the three arrays."""
        torch.set_num_threads(1)
        self._a, self._b, self._c = (torch.ones(TRIAD_VALUES) for _ in range(3))

    def rate(self) -> float:
        """Bytes a second, now: two arrays read and one written."""
        return _rate(self._triad, 3 * self._a.element_size() * TRIAD_VALUES)

    def _triad(self) -> None:
        torch.add(self._b, self._c, alpha=3.0, out=self._a)
