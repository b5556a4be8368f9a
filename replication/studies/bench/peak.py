"""The machine: what it is, its peak of multiply-adds and its memory bandwidth on one core.

The peak is measured by a kernel that does nothing else: `SUMS` independent fused multiply-adds of
float32 vectors that stay in registers, enough to hide the time that each takes. Several widths of
the vectors are tried; a processor without registers of that width splits them.
"""

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from llvmlite.binding import get_host_cpu_name
from numba import types
from numba.core import cgutils

from replication.core.arithmetic.llvm import fused, intrinsic, repeated
from replication.core.compiled import config, kernel
from replication.machine import processor

WIDTHS = (4, 8, 16)
SUMS, UNROLLED = 12, 8
# Some three milliseconds: an interruption is short beside it, and the best of many tries counts.
ROUNDS, TRIES = 2**14, 10
# 64 MiB per array: more than the caches hold, so that memory is measured.
TRIAD_VALUES = 2**24


def describe_machine() -> dict[str, Any]:
    """Return what the kernels run on; nothing that identifies the machine."""
    return {
        "processor": processor(),
        "compiled_for": config.CPU_NAME or get_host_cpu_name(),
        "cores": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in ("numba", "numpy")},
    }


def _emit_multiply_adds(lanes: int) -> Any:
    """Return an operation on an array of two numbers a and b: x = a x + b, many times."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, rounds = arguments
        data = context.make_array(signature.args[0])(context, builder, array).data
        kind = ir.VectorType(ir.FloatType(), lanes)

        def number(place: int) -> Any:
            return builder.gep(data, [ir.Constant(ir.IntType(64), place)])

        factor, summand = (repeated(builder, builder.load(number(n)), lanes) for n in (0, 1))
        # LLVM keeps what is allocated so in registers.
        sums = [cgutils.alloca_once_value(builder, ir.Constant(kind, [float(n)] * lanes))
                for n in range(SUMS)]  # fmt: skip
        with cgutils.for_range(builder, rounds):
            for _ in range(UNROLLED):
                for place in sums:
                    builder.store(fused(builder, factor, builder.load(place), summand), place)
        total = builder.load(sums[0])
        for place in sums[1:]:
            total = builder.fadd(total, builder.load(place))
        # Used, so that nothing is left out.
        builder.store(builder.extract_element(total, ir.Constant(ir.IntType(32), 0)), number(2))
        return context.get_dummy_value()

    def typed(_context: Any, numbers: Any, _rounds: Any) -> Any:
        return types.void(numbers, types.intp), build

    return intrinsic(typed)


_multiply_add_4, _multiply_add_8, _multiply_add_16 = map(_emit_multiply_adds, WIDTHS)


@kernel
def _run(numbers: Any, rounds: int, lanes: int) -> None:
    if lanes == 4:
        _multiply_add_4(numbers, rounds)
    elif lanes == 8:
        _multiply_add_8(numbers, rounds)
    else:
        _multiply_add_16(numbers, rounds)


def measure_peak(lanes: int) -> float:
    """Return the multiply-adds per second of this core, by vectors of ``lanes`` of `WIDTHS`."""
    numbers = np.array([0.5, 1.0, 0.0], np.float32)
    _run(numbers, 1, lanes)
    fastest = min(_time(lambda: _run(numbers, ROUNDS, lanes)) for _ in range(TRIES))
    return ROUNDS * UNROLLED * SUMS * lanes / fastest


def build_triad() -> Callable[[], float]:
    """Return a measure of bytes per second: a = b + 3 c over arrays larger than the caches."""
    torch.set_num_threads(1)
    a, b, c = (torch.ones(TRIAD_VALUES) for _ in range(3))
    return lambda: (
        3
        * 4
        * TRIAD_VALUES
        / min(_time(lambda: torch.add(b, c, alpha=3.0, out=a)) for _ in range(3))
    )


def _time(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
