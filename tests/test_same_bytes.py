"""The same bytes on every processor: golden hashes, as each processor that Numba can stand for."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import same_bytes
from small import REPOSITORY

from replication.machine import processor

GOLDEN = Path(__file__).parent / "golden" / "same_bytes.txt"
PROCESSORS = {
    "native": "",
    "other-blocks": "",
    "haswell": "+avx,+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2",
    "sandybridge": "+avx,+popcnt,+sse4.2",
    "nehalem": "+sse4.2,+popcnt",
}
NEEDED = {
    "native": "",
    "other-blocks": "",
    "haswell": "avx2",
    "sandybridge": "avx",
    "nehalem": "sse4_2",
}


def stand_in_for() -> list[str]:
    """The processors that this one can stand for."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ["native", "other-blocks"]
    return [name for name, extension in NEEDED.items() if extension in processor()]


@pytest.mark.parametrize("name", stand_in_for())
def test_a_thousand_updates_give_the_golden_bytes(name: str, tmp_path: Path) -> None:
    """Of every network and every criterion, and of what goes into training beside the kernels."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    if name in same_bytes.STAND_INS:
        environment |= {
            "NUMBA_CPU_NAME": name,
            "NUMBA_CPU_FEATURES": PROCESSORS[name],
            "NPY_DISABLE_CPU_FEATURES": " ".join(same_bytes.without(name)),
        }
    if name == "other-blocks":  # their compiled code is not for anybody else
        environment["HOME"] = str(tmp_path)
    program = Path(same_bytes.__file__)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program), name],
        cwd=REPOSITORY,
        env=environment,
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
