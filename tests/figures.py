"""Prints how large the package and its tests are.

    python tests/figures.py [--name divisor] [folder or module of replication/ ...]

Lines of code are those that hold more than docstrings, imports, comments or nothing; they are
counted in what is named, by default in what is replicated (`CORE`), and in the networks, the
engine, MNIST and the settings of training alone (`INNER`).
"""

import argparse
import ast
import io
import tokenize
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "replication"
INNER = ("core/arithmetic", "core/compiled.py", "core/networks", "core/learning", "core/mnist",
         "core/settings/training.py")  # fmt: skip
CORE = ("core",)
BESIDE = ("*.css", "*.j2", "*.js", "*.typ")
NO_CODE = {tokenize.COMMENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER,
           tokenize.INDENT, tokenize.NEWLINE, tokenize.NL}  # fmt: skip


def files(folder: Path, *patterns: str) -> list[Path]:
    """Return the files of a folder, or a file itself, in order."""
    if not folder.exists():
        raise SystemExit(f"{folder} is missing: name a folder or a module of replication/")
    found = {path for pattern in patterns for path in folder.rglob(pattern)}
    return sorted(found) if folder.is_dir() else [folder]


def lines(paths: Iterable[Path]) -> int:
    """Return how many lines the files have together."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def is_docstring(node: ast.AST) -> bool:
    """Return whether a statement is nothing but a text."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(getattr(value, "value", None), str)


def without_effect(tree: ast.AST) -> set[int]:
    """Return the numbers of the lines of docstrings and imports."""
    return {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) or is_docstring(node)
        for number in range(node.lineno, node.end_lineno + 1)
    }


def code_lines(path: Path) -> int:
    """Return how many lines of a module are code."""
    source = path.read_text(encoding="utf-8")
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - without_effect(ast.parse(source)))


def code(names: Iterable[str]) -> int:
    """Return how many lines of code folders and modules of the package have together."""
    return sum(code_lines(path) for name in names for path in files(PACKAGE / name, "*.py"))


def naming(key: str) -> list[str]:
    """Return the modules that name a key of the settings."""
    there = (path for path in files(PACKAGE, "*.py") if key in path.read_text(encoding="utf-8"))
    return [path.relative_to(ROOT).as_posix() for path in there]


def units() -> tuple[int, int]:
    """Return how many folders and how many modules are at the top of the package."""
    folders = [path for path in PACKAGE.iterdir() if files(path, "*.py") and path.is_dir()]
    modules = [path for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")]
    return len(folders), len(modules)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Print how large the package and its tests are.")
    parser.add_argument("names", nargs="*", default=CORE, help="whose lines of code are counted")
    parser.add_argument("--name", default="divisor", help="the key whose modules are listed")
    given = parser.parse_args()
    modules, tests = files(PACKAGE, "*.py"), files(ROOT / "tests", "*.py")
    folders, top = units()
    key = naming(given.name)
    longest = max(modules, key=lambda path: lines([path]))
    for what, number in (
        ("lines of Python in replication/", lines(modules)),
        ("  with JavaScript, CSS and templates", lines([*modules, *files(PACKAGE, *BESIDE)])),
        ("lines of Python in tests/", lines(tests)),
        ("modules", len(modules)),
        (f"  the longest, {longest.relative_to(ROOT)}", lines([longest])),
        ("folders at the top of replication/", folders),
        ("modules at the top of replication/", top),
        (f"lines of code in {' '.join(given.names)}", code(given.names)),
        (f"lines of code in {' '.join(INNER)}", code(INNER)),
        (f"modules that name {given.name}: {' '.join(key)}", len(key)),
    ):
        print(f"{number:>7,}  {what}")


if __name__ == "__main__":
    main()
