"""The numbers in README.md and paper_notes.md are those of the files."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest
import report_files
from report_files import load
from small import REPOSITORY

from replication.comparison.verdicts.evidence import OUTCOMES
from replication.errors import ReplicationError
from replication.folders import Folders
from replication.pipeline import report
from replication.pipeline.cli import main
from replication.report import texts
from replication.report.texts import replace_blocks, rewrite

STUDIES = report.study_blocks()
EMPTY = "before\n<!-- results:begin -->\nold\n<!-- results:end -->\nafter\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return report_files.project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def found(folder):
    return load(folder)


@pytest.fixture
def without_page(monkeypatch):
    """The page is drawn in tests of its own."""
    monkeypatch.setattr("replication.report.page.render", lambda *_: "")


@pytest.fixture(scope="module")
def committed():
    return load(REPOSITORY)


@pytest.mark.parametrize("name", ["README.md", "paper_notes.md"])
def test_committed_text_has_the_numbers_of_the_committed_files(name, committed):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    now = replace_blocks(text, texts.blocks(committed, STUDIES), name)
    assert now == text, f"{name} is out of date: make report"


def rendered(text, found):
    return replace_blocks(text, texts.blocks(found, STUDIES), "text")


def test_block_has_the_headline_the_tally_and_the_speed(found):
    block = texts.results(found)
    verdict = found.verdict("lenet5.test-error")
    subject, finding = verdict.subject, verdict.finding
    line = block.splitlines()[2]
    assert line.startswith(f"| Test error | 0.95 ± 0.1 % | {finding.mean:.3f} %")
    assert line.endswith(f" | {subject.role} | {finding.outcome} |")
    for role in {one.subject.role for one in found.verdicts}:
        own = Counter(one.finding.outcome for one in found.verdicts if one.subject.role == role)
        (line,) = [one for one in block.splitlines() if one.startswith(f"| {role} |")]
        counts = [int(cell) for cell in line.strip("| ").split(" | ")[2:]]
        assert counts == [own[outcome] for outcome in OUTCOMES]
    timing = found.bench.native.lenet5.microseconds_per_pattern
    assert f"{timing.median:.3g} microseconds" in block


def test_only_what_stands_between_the_marks_changes(found):
    once = rendered(EMPTY, found)
    assert once.startswith("before\n<!-- results:begin -->\n|")
    assert once.endswith("\n<!-- results:end -->\nafter\n")
    assert "old" not in once
    assert rendered(once, found) == once


@pytest.mark.usefixtures("without_page")
def test_stage_rewrites_the_texts_it_is_given_and_no_other(folder, found, tmp_path):
    given, other = tmp_path / "README.md", tmp_path / "OTHER.md"
    for path in (given, other):
        path.write_text(EMPTY)
    changed = report.run(Folders.below(folder, out=tmp_path), [given])
    assert changed == {given: True}
    assert given.read_text() == rendered(EMPTY, found)
    assert other.read_text() == EMPTY


@pytest.mark.usefixtures("without_page")
def test_the_command_brings_readme_and_notes_up_to_date(
    folder, found, tmp_path, monkeypatch, capsys
):
    """As paper_notes.md says, and without naming them."""
    project = tmp_path / "project"
    shutil.copytree(folder, project, symlinks=True)
    for name in report.TEXTS:
        (project / name).write_text(EMPTY)
    monkeypatch.chdir(project)
    assert main(["report", "--page-only"]) == 0
    assert (project / "README.md").read_text() == EMPTY
    assert main(["report"]) == 0
    for name in report.TEXTS:
        assert (project / name).read_text() == rendered(EMPTY, found)
    assert "README.md brought up to date" in capsys.readouterr().out


def test_all_blocks_are_tables(found):
    for name, block in texts.blocks(found, STUDIES).items():
        text = block()
        assert text.startswith("| "), name
        assert len({line.count("|") for line in text.split("\n\n")[0].splitlines()}) == 1


def test_systems_of_no_row_of_figure_9_come_last_and_without_a_verdict(found):
    before = texts.systems(found).splitlines()
    entry = {"test_error_percent": {"values": [13.7, 13.9]}}
    more = replace(found, metrics={**found.metrics, "a-variant": entry, "lenet5-a": entry})
    added = "| `a-variant` | - | 13.80 % (sd 0.14) | 2 | - |"
    assert set(texts.systems(more).splitlines()) - set(before) == {added}


def test_block_without_its_file_names_the_command(tmp_path):
    found = load(report_files.project(tmp_path / "bare", runs=False, tables=False))
    assert "python -m replication bench" in texts.results(found)
    blocks = texts.blocks(found, STUDIES)
    for name in ("readings", "distortions"):
        assert f"python -m replication {name}" in blocks[name]()
    assert "python -m replication compare" in blocks["variance"]()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nothing", "has no block"),
        ("<!-- results:begin -->", "has no `<!-- results:end -->`"),
        ("<!-- results:end -->", "right after"),
        ("<!-- results:begin --><!-- readings:begin -->", "has no `<!-- results:end -->`"),
        ("<!-- numbers:begin --><!-- numbers:end -->", "unknown block `numbers`"),
    ],
)
def test_marks_that_do_not_pair_up_are_refused(text, problem, found):
    with pytest.raises(ReplicationError, match=rf"^NOTES\.md .*{problem}"):
        replace_blocks(text, texts.blocks(found, STUDIES), "NOTES.md")


def test_missing_text_is_named(found, tmp_path):
    with pytest.raises(ReplicationError, match=r"README\.md is missing or cannot be read"):
        rewrite(tmp_path / "README.md", texts.blocks(found, STUDIES))
