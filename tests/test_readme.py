"""The numbers in README.md and paper_notes.md are those of the files."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import report_files
from report_files import load
from ruamel.yaml import YAML
from small import REPOSITORY, small_document, small_project, write_params

from replication import artifacts
from replication.errors import ReplicationError
from replication.report import inputs, readme
from replication.stages import report

EMPTY = "before\n<!-- results:begin -->\nold\n<!-- results:end -->\nafter\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return report_files.project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("name", ["README.md", "paper_notes.md"])
def test_committed_text_has_the_numbers_of_the_committed_files(name):
    found = inputs.read(
        REPOSITORY / "params.yaml",
        REPOSITORY / "data" / "paper",
        REPOSITORY / "data" / "raw",
        REPOSITORY / "results",
    )
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert readme.rendered(text, found, name) == text, (
        f"{name} is out of date: python -m replication report --readme {name}"
    )


def blocks(language):
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory, tiny):
    """A small project with a copy of the package, in which the README's examples are followed."""
    project = small_project(tmp_path_factory.mktemp("extended") / "project", tiny)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "replication", project / "replication", ignore=ignored)
    (module,) = blocks("python")
    path = project / "replication" / "systems" / "classifiers" / "nearest_mean.py"
    path.write_text(module, encoding="utf-8")
    variation, entry = (YAML(typ="safe", pure=True).load(text) for text in blocks("yaml"))
    document = small_document()
    document["experiments"] |= variation["experiments"] | entry
    write_params(project / "params.yaml", document)
    return project


@pytest.mark.parametrize("experiment", ["nearest-mean", "lenet5-equation-8"])
def test_the_examples_of_the_readme_do_what_it_says(extended, experiment):
    command = [sys.executable, "-m", "replication", "train", experiment]
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    done = subprocess.run(command, cwd=extended, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = artifacts.read_answers(extended / f"results/runs/{experiment}/0/answers.npz")
    assert len(answers.classes) == 100
    assert len(set(answers.classes.tolist())) > 1


def test_the_example_of_a_system_has_six_lines_of_settings():
    assert len(blocks("yaml")[1].splitlines()) == 6


def test_block_has_the_headline_the_tally_and_the_speed(folder):
    found = load(folder)
    block = readme.results(found)
    lines = block.splitlines()
    assert lines[0] == "|  | 1998 | ours | 95 % for one more run | runs | verdict |"
    assert lines[2].startswith("| Test error | 0.95 ± 0.1 % | 0.960 % (sd 0.050) | 0.84")
    assert lines[2].endswith(" | 10 | reproduced |")
    assert f"All {len(found.verdicts)} verdicts: " in block
    assert "86.2 microseconds a pattern on one core (a <fast> one)" in block
    assert "2 to 3 days" in block


def test_only_what_stands_between_the_marks_changes(folder):
    found = load(folder)
    once = readme.rendered(EMPTY, found, "text")
    assert once.startswith("before\n<!-- results:begin -->\n|")
    assert once.endswith("\n<!-- results:end -->\nafter\n")
    assert "old" not in once
    assert readme.rendered(once, found, "text") == once


def test_stage_rewrites_the_texts_it_is_given_and_no_other(folder, tmp_path, capsys):
    given, other = tmp_path / "README.md", tmp_path / "OTHER.md"
    for path in (given, other):
        path.write_text(EMPTY)
    paths = {
        "params": "params.yaml",
        "paper": "data/paper",
        "raw": "data/raw",
        "results": "results",
    }
    options = [part for name, path in paths.items() for part in (f"--{name}", str(folder / path))]
    report.main([*options, "--out", str(tmp_path / "index.html"), "--readme", str(given)])
    assert given.read_text() == readme.rendered(EMPTY, load(folder), "")
    assert other.read_text() == EMPTY
    assert "README.md brought up to date" in capsys.readouterr().out


def test_all_blocks_are_tables(folder):
    found = load(folder)
    for name, block in readme.BLOCKS.items():
        text = block(found)
        assert text.startswith("| "), name
        assert len({line.count("|") for line in text.split("\n\n")[0].splitlines()}) == 1


def test_systems_of_no_row_of_figure_9_come_last_and_without_a_verdict(folder):
    found = load(folder)
    before = readme.systems(found).splitlines()
    entry = {"test_error_percent": {"values": [13.7, 13.9]}}
    more = replace(found, metrics={**found.metrics, "linear-gradient": entry, "lenet5-a": entry})
    added = "| `linear-gradient` | - | 13.80 % (sd 0.14) | 2 | - |"
    assert readme.systems(more).splitlines() == [*before, added]


def test_block_without_its_file_names_the_command(folder, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    for name in ("metrics.json", "verdicts.csv"):
        (results / name).write_bytes((folder / "results" / name).read_bytes())
    found = inputs.read(folder / "params.yaml", folder / "data/paper", folder / "data/raw", results)
    assert "python -m replication bench" in readme.results(found)
    for name in ("readings", "distortions"):
        assert f"python -m replication {name}" in readme.BLOCKS[name](found)
    assert "python -m replication compare" in readme.variance(found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nothing", "has no block"),
        ("<!-- results:begin -->", "but no `<!-- results:end -->`"),
        ("<!-- results:end -->", "closes nothing"),
        ("<!-- results:begin --><!-- readings:begin -->", "opens within another"),
        ("<!-- numbers:begin --><!-- numbers:end -->", "unknown block `numbers`"),
    ],
)
def test_marks_that_do_not_pair_up_are_refused(text, problem, folder):
    with pytest.raises(ReplicationError, match=rf"^NOTES\.md .*{problem}"):
        readme.rendered(text, load(folder), "NOTES.md")


def test_missing_text_is_named(folder, tmp_path):
    with pytest.raises(ReplicationError, match=r"README\.md is missing or cannot be read"):
        readme.rewrite(tmp_path / "README.md", load(folder))
