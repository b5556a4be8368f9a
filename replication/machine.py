"""The kind of machine; nothing that identifies it."""

import os
import platform
from pathlib import Path

import psutil
from threadpoolctl import threadpool_info

# What decides how the kernels are compiled, from the widest.
_EXTENSIONS = ("avx512f", "avx2", "fma", "avx", "sse4_2", "asimd")


def processor() -> str:
    """Return the processor's name, or architecture, and extensions: ``AMD EPYC (avx2 fma)``."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    values = {name.strip(): value.strip() for name, value in fields.items()}
    name = values.get("model name") or platform.processor() or platform.machine()
    flags = set((values.get("flags") or values.get("Features") or "").split())
    extensions = " ".join(name for name in _EXTENSIONS if name in flags)
    return f"{name} ({extensions})" if extensions else name


def cores() -> int:
    """Return how many processor cores this process may use, 1 or more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of memory that this machine or container has; None where none says it."""
    sizes = []
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        sizes.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (stated := limit.read_text(encoding="ascii").strip()).isdigit():
        sizes.append(int(stated))
    return min(sizes, default=None)


def used() -> int:
    """Return the bytes of memory that this process takes, its share of what several share."""
    info = psutil.Process().memory_full_info()
    return int(getattr(info, "pss", 0) or info.rss)


def blas() -> list[str]:
    """Return the kernels of linear algebra in this process, such as ``openblas 0.3.31
    SkylakeX``.
    """
    keys = ("internal_api", "version", "architecture")
    libraries = (info for info in threadpool_info() if info["user_api"] == "blas")
    return sorted({" ".join(str(info[k]) for k in keys if info.get(k)) for info in libraries})
