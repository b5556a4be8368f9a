"""docs/evidence.md: what it names is there."""

import re

import pandas as pd
from small import REPOSITORY, parameters

TEXT = (REPOSITORY / "docs" / "evidence.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \|$", TEXT.partition("## Objections")[2], re.MULTILINE)[2:]


def test_every_objection_is_answered_by_what_is_there_or_said_to_be_open():
    claims = set(pd.read_csv(REPOSITORY / "results" / "verdicts.csv")["claim"])
    document = parameters()
    assert len(ROWS) >= 18
    for objection, answer in ROWS:
        named = re.findall(r"`([^`]+)`", answer)
        assert named or "not yet" in answer, objection
        for name in named:
            there = (
                name in claims
                or (REPOSITORY / name).exists()
                or name in document
                or name in ("repeat", "note")
                or any(name in line for line in _audit())
            )
            assert there, f"{objection}: {name}"


def _audit():
    return pd.read_csv(REPOSITORY / "results" / "audit.csv")["claim"].tolist()


def test_rows_whose_verdict_the_rules_changed_are_rows_or_were_replaced():
    """Those that have no row of their own any more are named as such."""
    claims = set(pd.read_csv(REPOSITORY / "results" / "verdicts.csv")["claim"])
    changed = re.findall(r"^\| `([^`]+)` \| .+ \| (.+) \|$", TEXT, re.MULTILINE)
    assert len(changed) > 40
    for claim, now in changed:
        assert (claim in claims) == (now != "(no row of its own)"), claim
