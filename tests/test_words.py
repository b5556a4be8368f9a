"""The texts of verdicts, and the gaps in them."""

from __future__ import annotations

import pytest
from fabricated import EMPTY, FULL, judge_all

from replication.verdicts.words import filled


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{number} of {count}, {number:.1f}", "12.35 of 12345, 12.3"),
        ("ours is {number:higher|lower}, {minus:higher|lower}", "ours is higher, lower"),
        ("which {yes:is|is not}, {no:is|is not}", "which is, is not"),
        ("{each} %", "1.235, 2 %"),
        ("{named:<name>: <value>|; }", "a: 1; b: 2.346"),
        ("{pairs:<value[0]:g> to <value[1]> by <name>|, }", "1 to 2.346 by a"),
        ("{number} {unit}", "12.35"),
    ],
)
def test_every_kind_of_gap_is_filled(text, shown):
    numbers = {"number": 12.3456, "count": 12345, "minus": -1.0, "yes": True, "no": False,
               "each": [1.23456, 2.0], "named": {"a": 1, "b": 2.3456}, "pairs": {"a": (1, 2.3456)},
               "unit": ""}  # fmt: skip
    assert filled(text, numbers) == shown


def test_a_gap_without_its_number_is_an_error():
    with pytest.raises(KeyError, match="width"):
        filled("{width} pixels", {"height": 3})


@pytest.mark.parametrize("evidence", [EMPTY, FULL], ids=["no runs", "all runs"])
def test_no_gap_is_left_in_what_a_verdict_says(evidence):
    for one in judge_all(evidence):
        assert not set("{}<>|") & set(one.finding.replicated + one.finding.reason)
