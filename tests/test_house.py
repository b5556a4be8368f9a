"""The house: imports run downwards only, and the picture of it is of the present imports."""

from __future__ import annotations

from small import REPOSITORY

from replication import house
from replication.pipeline.house import blocks
from replication.report.blocks import replaced


def test_imports_run_downwards_only_and_every_part_has_its_place():
    assert house.upwards(house.imports()) == []
    assert set(house.HOUSE) == set(house.units())


def test_an_import_that_runs_upwards_is_named():
    found = {"errors": {"cli"}, "cli": {"errors"}, "attic": set()}
    assert house.upwards(found) == ["errors imports cli", "attic has no place in HOUSE"]


def test_the_picture_in_contributing_is_drawn_from_the_present_imports():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert replaced(text, blocks(), "CONTRIBUTING.md") == text, "make report draws it again"
