"""How the package compiles: one decorator for every kernel.

Numba keeps compiled code on disk, but does not see when a function that a kernel calls has changed
in another file, and two processes that fill one of its caches can exchange their code. So the code
is kept here: in a folder named after the content of all files that the kernel can depend on, one
file a signature, with its own sum. It is never stale, and what is damaged is compiled again.
"""

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as _config
from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from replication.errors import ReplicationError
from replication.files import write_bytes

Compiled = TypeVar("Compiled", bound=Callable[..., Any])

config: Any = _config  # made at run time: its settings have no types
_njit: Any = numba.njit  # not all of its options have types
_SHARED = Path(__file__).parent / "arithmetic"
_NAME = "lenet-replication"
_SUM = hashlib.sha256().digest_size


def kernel(function: Compiled) -> Compiled:
    """Compile ``function`` when it is first called, with the options that all kernels share.

    No option lets the compiler change the order or the rounding of an operation: the same source
    gives the same bytes on every processor. Divisions follow IEEE 754, and other threads run
    meanwhile.
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
    quarter of the compiler's time. So that is not there: a call from Python ends the process.
    """
    return _compiled(function, inline=True, lean=True)


def _compiled(function: Compiled, inline: bool = False, lean: bool = False) -> Compiled:
    if config.DISABLE_JIT:
        raise ReplicationError(
            "NUMBA_DISABLE_JIT is set, but the kernels are no Python that runs without the "
            "compiler: unset it"
        )
    compiled: Any = _njit(
        function, nogil=True, error_model="numpy", forceinline=inline,
        no_cpython_wrapper=inline, no_cfunc_wrapper=True, _nrt=not lean,
    )  # fmt: skip
    folder = _folder(Path(function.__code__.co_filename).parent)
    if folder is not None:
        compiled._cache = _Kept(function, folder)
    kept: Compiled = compiled
    return kept


class _Kept(FunctionCache):
    """The compiled code of one function, a whole file a signature, without an index."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        # Numba's own way looks for a folder by itself, and goes on to others where it cannot write.
        self._name, self._py_func, self._cache_path = repr(function), function, str(folder)
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for a signature; None where there is none that is whole."""
        target_context.refresh()
        key = self._index_key(sig, target_context.codegen())
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content[_SUM:]).digest() != content[:_SUM]:
            return None
        stated, code = pickle.loads(content[_SUM:])
        return CompileResult._rebuild(target_context, *code) if stated == key else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for a signature, where that is possible: it can be compiled again."""
        if data.lifted or data.library.has_dynamic_globals:
            return
        key = self._index_key(sig, data.codegen)
        content = dumps((key, data._reduce()))
        with suppress(ReplicationError):
            write_bytes(self._path(key), hashlib.sha256(content).digest() + content)

    def flush(self) -> None:
        """Forget nothing: each file is right, or is not used."""

    def _path(self, key: Any) -> Path:
        place = f"{self._py_func.__qualname__}-{self._py_func.__code__.co_firstlineno}"
        digest = hashlib.sha256(repr((self._py_func.__module__, key)).encode()).hexdigest()[:16]
        return Path(self._cache_path) / f"{place.replace('<locals>', 'locals')}-{digest}"


@cache
def _folder(source: Path) -> Path | None:
    """Return where code compiled from the files of ``source`` is kept; None for nowhere."""
    packages = [metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    digest = hashlib.sha256(repr((sys.version, packages)).encode())
    for path in (Path(__file__), *sorted(_SHARED.glob("*.py")), *sorted(source.glob("*.py"))):
        digest.update(path.read_bytes())
    place = next(filter(_is_writable, _places()), None)
    return place and place / digest.hexdigest()[:16]


def _places() -> Iterator[Path]:
    """Yield where code may be kept: where Numba is told to, in the home folder, or beside it."""
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR) / _NAME
    with suppress(RuntimeError):  # no home at all
        yield Path.home() / ".cache" / _NAME
    user = getattr(os, "getuid", lambda: 0)()
    with suppress(OSError):  # nowhere to put a temporary file
        place = Path(tempfile.gettempdir()) / f"{_NAME}-{user}"
        place.mkdir(mode=0o700, exist_ok=True)
        about = place.lstat()
        # Code is run from there: it must be nobody else's.
        if about.st_uid == user and not about.st_mode & 0o022 and not place.is_symlink():
            yield place


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
