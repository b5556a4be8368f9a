"""What kind of machine this is; nothing that identifies it."""

from __future__ import annotations

import platform
from pathlib import Path

from threadpoolctl import threadpool_info

# What decides how the kernels are compiled, from the widest.
_EXTENSIONS = ("avx512f", "avx2", "fma", "avx", "sse4_2", "asimd")


def processor() -> str:
    """The processor's name and the vector extensions that it has, such as ``AMD EPYC (avx2 fma)``.

    Where the system does not say, its architecture.
    """
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    stated = {name.strip(): value.strip() for name, value in fields.items()}
    name = stated.get("model name") or platform.processor() or platform.machine()
    flags = set((stated.get("flags") or stated.get("Features") or "").split())
    extensions = " ".join(one for one in _EXTENSIONS if one in flags)
    return f"{name} ({extensions})" if extensions else name


def blas() -> list[str]:
    """Return the kernels of linear algebra in this process, such as ``openblas 0.3.31 SkylakeX``.

    Libraries that were not imported yet are not among them.
    """
    return sorted(
        {
            " ".join(str(one[key]) for key in ("internal_api", "version", "architecture")
                     if one.get(key))
            for one in threadpool_info()
            if one["user_api"] == "blas"
        }
    )  # fmt: skip
