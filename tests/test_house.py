"""The house: imports run downwards only, and the picture of it is of the present imports."""

from __future__ import annotations

import itertools

from small import REPOSITORY

from replication import house
from replication.pipeline.house import blocks
from replication.report.texts import replace_blocks


def test_imports_run_downwards_only_and_every_part_has_its_place():
    assert house.upwards(house.imports()) == []
    assert set(house.HOUSE) == set(house.units())


def test_an_import_that_runs_upwards_is_named():
    found = {"errors": {"cli"}, "cli": {"errors"}, "attic": set()}
    assert house.upwards(found) == ["errors imports cli", "attic has no place in HOUSE"]


def test_no_file_imports_one_that_imports_it():
    assert house.circle(house.files()) == []


def test_a_circle_is_named_in_the_order_of_its_imports():
    a, b, c = (house.ROOT / name for name in ("a.py", "b.py", "c.py"))
    loop = house.circle({a: {b}, b: {c}, c: {a}})
    assert list(itertools.pairwise(loop)) in [
        [("a.py", "b.py"), ("b.py", "c.py"), ("c.py", "a.py")],
        [("b.py", "c.py"), ("c.py", "a.py"), ("a.py", "b.py")],
        [("c.py", "a.py"), ("a.py", "b.py"), ("b.py", "c.py")],
    ]


def test_the_picture_in_contributing_is_drawn_from_the_present_imports():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert replace_blocks(text, blocks(), "CONTRIBUTING.md") == text, "make report draws it again"
