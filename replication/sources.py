"""Which files of the package a module really uses.

DVC does not follow imports, so a test compares the `deps` of each stage with this.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent


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
