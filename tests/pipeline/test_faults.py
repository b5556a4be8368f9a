"""docs/faults.md: every kind of fault has tests, and the page names them."""

import ast
import re
from pathlib import Path

from small import REPOSITORY

PAGE = REPOSITORY / "docs" / "faults.md"


def rows() -> list[list[str]]:
    """The cells of the rows of all tables that name tests."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines
             if line.startswith("| ") and "`test_" in line]  # fmt: skip
    return cells


def defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
            and node.name.startswith("test_")}  # fmt: skip


def test_every_kind_names_tests_that_exist():
    for kind, happens, named in rows():
        assert kind
        assert happens
        pairs = re.findall(r"`(test_\w+)\.py`: ((?:`test_\w+`(?:, )?)+)", named)
        assert pairs, kind
        for file, tests in pairs:
            (path,) = (REPOSITORY / "tests").rglob(f"{file}.py")
            there = defined_in(path)
            assert set(re.findall(r"`(\w+)`", tests)) <= there, kind


def test_no_kind_stands_there_twice_and_all_are_counted():
    kinds = [kind for kind, *_ in rows()]
    assert len(set(kinds)) == len(kinds)
    text = PAGE.read_text(encoding="utf-8")
    assert f"{len(kinds)} kinds" in text
