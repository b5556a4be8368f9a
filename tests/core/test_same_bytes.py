"""The same bytes on every processor: golden hashes, as each processor that Numba can stand for."""

import ast
import gc
import importlib
import os
import pkgutil
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import same_bytes
from numba.core.dispatcher import Dispatcher
from small import REPOSITORY

import replication
from replication.machine import processor

GOLDEN = Path(__file__).parents[1] / "golden" / "same_bytes.txt"
PROCESSORS = {
    "native": "", "other-blocks": "",
    "haswell": "+avx,+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2",
    "sandybridge": "+avx,+popcnt,+sse4.2",
    "nehalem": "+sse4.2,+popcnt",
}  # fmt: skip


def stand_in_for() -> list[str]:
    """The processors that this one can stand for."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ["native", "other-blocks"]
    needed = {name: has[1:].replace(".", "_") for name, (has, _) in same_bytes.STAND_INS.items()}
    return [name for name in PROCESSORS if needed.get(name, "") in processor()]


@pytest.mark.slow
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
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    golden = [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    assert done.stdout.splitlines() == golden


def test_every_kernel_is_compiled_with_the_same_options() -> None:
    """None lets the compiler reorder or fuse operations, nor divide otherwise than IEEE 754."""
    for module in pkgutil.walk_packages(replication.__path__, "replication."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # A function within another one is an overload, which a kernel that calls it compiles.
    kernels = [
        found for found in gc.get_objects()
        if issubclass(type(found), Dispatcher)
        and found.py_func.__module__.startswith("replication.")
        and "<locals>" not in found.py_func.__qualname__
    ]  # fmt: skip
    assert len(kernels) > 40
    options = {"nopython": True, "nogil": True, "error_model": "numpy", "boundscheck": None}
    # How calls are compiled changes no number.
    of_calls = {"forceinline", "no_cpython_wrapper", "no_cfunc_wrapper", "_nrt"}
    for kernel in kernels:
        given = kernel.targetoptions.items()
        assert {key: value for key, value in given if key not in of_calls} == options, kernel


def test_no_emitted_operation_has_flags() -> None:
    """LLVM's flags of a single operation would allow what the options of a kernel do not."""
    for path in sorted((REPOSITORY / "replication/core/arithmetic").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                given = {keyword.arg for keyword in node.keywords}
                assert not given & {"flags", "fastmath"}, f"{path.name}:{node.lineno}"
