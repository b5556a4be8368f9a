"""The same bytes on every processor: golden hashes, as each processor that Numba can stand for."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from small import REPOSITORY

from replication.machine import processor

GOLDEN = Path(__file__).parent / "golden" / "same_bytes.txt"
# What NumPy would choose by itself is switched off as well, as far as the processor has it.
WITHOUT_AVX2 = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
PROCESSORS = {
    "native": {},
    "haswell": {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2",
    },
    "sandybridge": {"NUMBA_CPU_NAME": "sandybridge", "NUMBA_CPU_FEATURES": "+avx,+sse4.2"},
    "nehalem": {
        "NUMBA_CPU_NAME": "nehalem",
        "NUMBA_CPU_FEATURES": "+sse4.2,+popcnt",
        "NPY_DISABLE_CPU_FEATURES": WITHOUT_AVX2,
    },
}
NEEDED = {"native": "", "haswell": "avx2", "sandybridge": "avx", "nehalem": "sse4_2"}


def stand_in_for() -> list[str]:
    """The processors that this one can stand for."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ["native"]
    return [name for name, extension in NEEDED.items() if extension in processor()]


@pytest.mark.parametrize("name", stand_in_for())
def test_a_thousand_updates_give_the_golden_bytes(name: str) -> None:
    """Of every network and every criterion, and of what goes into training beside the kernels."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("same_bytes.py"))],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **PROCESSORS[name]},
        capture_output=True,
        text=True,
        check=True,
    )
    golden = [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    assert done.stdout.splitlines() == golden


def test_no_kernel_may_be_compiled_with_other_arithmetic() -> None:
    """No option anywhere lets the compiler reorder or fuse what is not written so."""
    for path in sorted((REPOSITORY / "replication").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for word in ("fastmath", "reassoc", "parallel=True"):
            assert word not in source, f"{path} says {word}"
