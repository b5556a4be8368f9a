"""How the package compiles: one decorator for every kernel.

Numba keeps compiled code on disk, but does not see when a function that a kernel calls has changed
in another file. So the code is kept in a folder named after the content of all files that the
kernel can depend on, outside the repository: it is never stale.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config as _config

Compiled = TypeVar("Compiled", bound=Callable[..., Any])

config: Any = _config  # made at run time: its settings have no types
_SHARED = Path(__file__).parent / "arithmetic"


def kernel(function: Compiled) -> Compiled:
    """Compile ``function`` when it is first called, with the options that all kernels share.

    No option lets the compiler change the order or the rounding of an operation: the same source
    gives the same bytes on every processor (see replication/core/arithmetic). Divisions follow
    IEEE 754 instead of raising, and other threads run meanwhile.
    """
    before = config.CACHE_DIR
    # Numba asks where its cache lies when it decorates, and the setting is the whole process's.
    config.CACHE_DIR = str(_folder(Path(function.__code__.co_filename).parent))
    try:
        return cast(Compiled, numba.njit(function, nogil=True, cache=True, error_model="numpy"))
    finally:
        config.CACHE_DIR = before


@cache
def _folder(source: Path) -> Path:
    """Where code compiled from the files of ``source`` is kept."""
    digest = hashlib.sha256()
    for folder in (_SHARED, source):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return Path.home() / ".cache" / "lenet-replication" / digest.hexdigest()[:16]
