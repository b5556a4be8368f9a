"""Modules that a setting names: classifiers, networks, optimisers and the parts of studies.

A plug-in is a module of a package; what it has to define says what it is. To add one, add the file.
"""

import importlib
import re
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

from replication.core.settings.loading import suggest_name
from replication.errors import ReplicationError


def names(package: str, defined: str) -> list[str]:
    """Return the plug-ins of ``package`` that define ``defined``, by name.

    A name has hyphens for the underscores of the module. The text is searched: a module that
    cannot be imported is an error only where it is used.
    """
    defines = re.compile(rf"^(class |def |){defined}\b", re.MULTILINE)
    (folder, *_) = importlib.import_module(package).__path__
    return [
        path.stem.replace("_", "-")
        for path in sorted(Path(folder).glob("*.py"))
        if path.stem not in ("__init__", "catalogue")
        and defines.search(path.read_text(encoding="utf-8"))
    ]


def find(package: str, name: str, defined: str, besides: Collection[str] = ()) -> str:
    """Return the module, with dots, of the plug-in ``name``, which defines ``defined``.

    Raises ReplicationError, naming the plug-ins that there are and ``besides``, for none.
    """
    there = sorted([*names(package, defined), *besides])
    place, stem = package.replace(".", "/"), name.replace("-", "_")
    if name not in there:
        raise ReplicationError(
            f"params.yaml names '{name}'{suggest_name(name, there)}, but {place} has "
            f"{', '.join(there)}: correct it, or let {place}/{stem}.py define {defined}"
        )
    return f"{package}.{stem}"


def load(package: str, name: str, *required: str, besides: Collection[str] = ()) -> ModuleType:
    """Import the plug-in ``name`` of ``package``, which has to define all the ``required`` names.

    Raises ReplicationError, saying what to do, for one that is not there (``besides`` as in
    `find`), that cannot be imported or that lacks a name.
    """
    path = find(package, name, required[0], besides)
    place = f"{path.replace('.', '/')}.py"
    try:
        module = importlib.import_module(path)
    except (SyntaxError, ImportError, NameError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ReplicationError(f"{place}{line} cannot be imported ({error}): mend it") from error
    absent = [name for name in required if not hasattr(module, name)]
    if absent:
        raise ReplicationError(f"{place} has no {', '.join(absent)}: add it as its siblings do")
    return module
