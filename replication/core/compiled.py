"""How the package compiles: one decorator for every kernel.

Numba keeps compiled code on disk, but does not see when a function that a kernel calls has changed
in another file. So the code is kept in a folder named after the content of all files that the
kernel can depend on, outside the repository: it is never stale.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as _config

Compiled = TypeVar("Compiled", bound=Callable[..., Any])

config: Any = _config  # made at run time: its settings have no types
_njit: Any = numba.njit  # not all of its options have types
_SHARED = Path(__file__).parent / "arithmetic"


def kernel(function: Compiled) -> Compiled:
    """Compile ``function`` when it is first called, with the options that all kernels share.

    No option lets the compiler change the order or the rounding of an operation: the same source
    gives the same bytes on every processor (see replication/core/arithmetic). Divisions follow
    IEEE 754 instead of raising, and other threads run meanwhile.
    """
    return _compiled(function)


def lean(function: Compiled) -> Compiled:
    """Compile ``function`` as `kernel` does, but let it count no references to arrays.

    Counting takes a twentieth of a pattern's time. It is for what makes no arrays (the compiler
    refuses those) and returns none but to what is lean as well.
    """
    return _compiled(function, lean=True)


def inlined(function: Compiled) -> Compiled:
    """Compile ``function`` as `lean` does, into every kernel that calls it, for kernels alone.

    Handing over the arrays would cost more than its work, and what Python would call it by takes a
    quarter of the compiler's time. So it is not there: a call from Python ends the process.
    """
    return _compiled(function, inline=True, lean=True)


def _compiled(function: Compiled, inline: bool = False, lean: bool = False) -> Compiled:
    before = config.CACHE_DIR
    # Numba asks where its cache lies when it decorates, and the setting is the whole process's.
    config.CACHE_DIR = str(_folder(Path(function.__code__.co_filename).parent))
    try:
        compiled: Compiled = _njit(
            function, nogil=True, cache=True, error_model="numpy", forceinline=inline,
            no_cpython_wrapper=inline, no_cfunc_wrapper=True, _nrt=not lean,
        )  # fmt: skip
        return compiled
    finally:
        config.CACHE_DIR = before


@cache
def _folder(source: Path) -> Path:
    """Return the folder for code compiled from the files of ``source``."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for folder in (_SHARED, source):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return Path.home() / ".cache" / "lenet-replication" / digest.hexdigest()[:16]
