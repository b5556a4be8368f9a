"""Modules that a setting names: classifiers, networks, optimisers and the parts of studies.

A plug-in is a module of a package; what it has to define says what it is. To add one, add the file.
"""

import importlib
import re
from pathlib import Path
from types import ModuleType

from replication.core.settings.document import suggest_name
from replication.errors import ReplicationError

_NO_PLUG_INS = ("__init__", "catalogue")


def names(package: str, defined: str) -> list[str]:
    """Return the plug-ins of ``package`` that define ``defined``, by name.

    A name has hyphens for the underscores of the module. The text is searched: a module that
    cannot be imported is an error only where it is used.
    """
    defines = re.compile(rf"^(class |def |){defined}\b", re.MULTILINE)
    return [
        path.stem.replace("_", "-")
        for path in _files(package)
        if defines.search(path.read_text(encoding="utf-8"))
    ]


def source(package: str, name: str, defined: str) -> Path:
    """Return the file of the plug-in ``name``, which defines ``defined``.

    Raises ReplicationError, naming the plug-ins that there are, when there is none.
    """
    there = names(package, defined)
    stem = name.replace("-", "_")
    if name not in there:
        place = _place(package)
        raise ReplicationError(
            f"params.yaml names '{name}'{suggest_name(name, there)}, but {place} has "
            f"{', '.join(there)}: correct it, or let {place}/{stem}.py define {defined}"
        )
    return next(path for path in _files(package) if path.stem == stem)


def load(package: str, name: str, *required: str) -> ModuleType:
    """Import the plug-in ``name`` of ``package``, which has to define all the ``required`` names.

    Raises ReplicationError, saying what to do, for one that is not there, that cannot be imported
    or that lacks a name.
    """
    path = source(package, name, required[0])
    place = f"{_place(package)}/{path.name}"
    try:
        module = importlib.import_module(f"{package}.{path.stem}")
    except (SyntaxError, ImportError, NameError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ReplicationError(f"{place}{line} cannot be imported ({error}): mend it") from error
    absent = [name for name in required if not hasattr(module, name)]
    if absent:
        raise ReplicationError(f"{place} has no {', '.join(absent)}: add it as its siblings do")
    return module


def _place(package: str) -> str:
    return package.replace(".", "/")


def _files(package: str) -> list[Path]:
    (folder, *_) = importlib.import_module(package).__path__
    return sorted(path for path in Path(folder).glob("*.py") if path.stem not in _NO_PLUG_INS)
