"""Which files of the package a module really uses.

DVC does not follow imports, so a test compares the `deps` of each stage with this; and a hash of
the same files tells whether a finished replicate was made by the present code.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import threading
from functools import cache
from pathlib import Path
from types import ModuleType

from replication.errors import ReplicationError

ROOT = Path(__file__).parent
# Replicates ask for the version side by side, and Python 3.11's ast fails at times when two threads
# are in it ("AST constructor recursion depth mismatch").
_ONE_AT_A_TIME = threading.Lock()


def source(module: str) -> Path | None:
    """The file of a module of this package, or None for anything else."""
    parts = module.split(".")
    if parts[0] != ROOT.name:
        return None
    base = ROOT.joinpath(*parts[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file() and candidate != ROOT.with_suffix(".py"):
            return candidate
    return None


def loaded(module: str, *wanted: str) -> ModuleType:
    """A module of the package that is named by a setting, and has to hold the names ``wanted``.

    Raises ReplicationError for one that cannot be imported, or lacks one of them.
    """
    place = f"{module.replace('.', '/')}.py"
    try:
        holder = importlib.import_module(module)
    except (SyntaxError, ImportError, NameError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ReplicationError(f"{place}{line} cannot be imported ({error}): mend it") from error
    absent = [name for name in wanted if not hasattr(holder, name)]
    if absent:
        raise ReplicationError(f"{place} has no {', '.join(absent)}: add it as its siblings do")
    return holder


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it, and what it takes from them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def closure(module: str) -> tuple[Path, ...]:
    """The files that ``module`` (such as ``replication.pipeline.train``) imports, itself included.

    Sorted, without the empty ``__init__.py`` of packages.
    """
    files: set[Path] = set()
    waiting = [module]
    while waiting:
        path = source(waiting.pop())
        if path is not None and path not in files:
            files.add(path)
            waiting.extend(imported(path))
    return tuple(sorted(path for path in files if path.name != "__init__.py"))


def _meaning(path: Path) -> str:
    """The syntax tree without docstrings and imports.

    An edited comment is not another code, and neither is a module that moved: what is imported from
    the folders that count is hashed itself.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not _is_silent(part)]
    return ast.dump(tree)


def _is_silent(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    text = node.value if isinstance(node, ast.Expr) else None
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


@cache
def version(modules: tuple[str, ...], folders: tuple[str, ...]) -> str:
    """A hash of what ``modules`` and all they import from ``folders`` say to Python.

    Comments, docstrings and imports do not count.
    """
    digest = hashlib.sha256()
    with _ONE_AT_A_TIME:
        for path in sorted({path for module in modules for path in closure(module)}):
            if path.relative_to(ROOT).parts[0] not in folders:
                continue
            digest.update(path.relative_to(ROOT).as_posix().encode())
            digest.update(_meaning(path).encode())
    return digest.hexdigest()
