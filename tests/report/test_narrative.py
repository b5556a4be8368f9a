"""What the page and README.md say: the answer, what differs and why, and the committed numbers."""

import re
import shutil
from collections import Counter
from dataclasses import replace

import pytest
import report_files
from report_files import changed, load
from small import REPOSITORY, refused

from replication.comparison.verdicts.claim_checks import VERDICTS
from replication.comparison.verdicts.evidence import OUTCOMES
from replication.folders import Folders
from replication.pipeline import pages
from replication.pipeline.cli import main
from replication.report import narrative, overlap, systems, tables
from replication.report.texts import format_short, replace_blocks, rewrite


@pytest.fixture(scope="module")
def found():
    """The committed results: the studies that `project` fabricates decide other verdicts."""
    return load(REPOSITORY)


def test_the_page_gives_the_verdicts_that_compare_has_written(found):
    """It decides them again, in its own words."""
    table = VERDICTS.read(REPOSITORY / "results")
    verdicts = [(one.subject.claim, one.finding.outcome) for one in found.verdicts]
    assert verdicts == list(zip(table["claim"], table["verdict"], strict=True))


def answer(found):
    tried = narrative.drop_agreeing(narrative.read_trials(found), found.verdicts)
    return dict(narrative.answer(found, tried))


def conditions(found):
    return narrative.conditions(found)


def test_what_the_answer_states_is_true_of_the_committed_results(found):
    """Where one is not, its sentence in sentences.txt.j2 has to be written again."""
    assert [stated for stated, is_true in conditions(found).items() if not is_true] == []


@pytest.mark.parametrize(
    ("claim", "change", "stated"),
    [
        ("lenet5.test-error", {"outcome": "inconclusive"}, "the test error"),
        ("lenet5.test-error", {"role": "fitted"}, "the test error"),
        ("lenet5.training-error", {"outcome": "differs"}, "the training error"),
        ("lenet5.training-error", {"role": "independent"}, "the training error"),
        ("", {"outcome": "compatible"}, "something differs"),
    ],
)
def test_where_a_sentence_is_not_true_the_verdicts_are_counted_instead(
    claim, change, stated, found
):
    other = changed(found, claim, **change)
    failing = [name for name, is_true in conditions(other).items() if not is_true]
    assert any(name.startswith(stated) for name in failing)
    assert list(answer(other)) == ["What it is", "What came out"]


def test_without_nearest_neighbours_that_miss_as_many_the_verdicts_are_counted(found):
    other = replace(found, runs={**found.runs, "knn": found.runs["knn-deslanted"]})
    assert conditions(found)[NEIGHBOURS]
    assert not conditions(replace(found, runs={}))[NEIGHBOURS]
    shared = overlap.count_shared(other, "knn")
    enough = shared.missed > 0.85 * overlap.count_shared(found, "lenet5").missed
    assert conditions(other)[NEIGHBOURS] == enough
    assert list(answer(replace(found, runs={}))) == ["What it is", "What came out"]


NEIGHBOURS = "nearest neighbours miss about as many of 1998's digits as ours, by more errors"


def test_answer_counts_the_same_independent_results_everywhere(found):
    free = [one for one in found.verdicts
            if one.subject.role == "independent" and one.subject.counts]  # fmt: skip
    outcomes = Counter(one.outcome for one in free)
    text = answer(found)
    assert f"Of {len(free)} published results" in text["What matches"]
    assert f"{outcomes['differs']} differ, and" in text["What matches"]
    differing = [one for one in free if one.outcome == "differs"]
    tried = narrative.drop_agreeing(narrative.read_trials(found), found.verdicts)
    causes = narrative.count_causes(differing, tried)
    assert sum(causes) == len(differing)
    assert f"Of the {len(differing)} that differ" in text["What does not, and why"]
    assert (
        f"cause of {causes.found}, tried in vain for {causes.failed}, "
        in text["What does not, and why"]
    )
    assert "Causes: not tried." in dict(narrative.answer(found))["What does not, and why"]


def test_rivals_of_the_answer_are_figure_9_without_lenet5_and_the_order(found):
    rivals = [one for one in systems.lines(found, systems.ERROR)
              if not one.name.startswith("lenet5/")]  # fmt: skip
    differing = sum(one.verdict == "differs" for one in rivals)
    said = answer(found)["What does not, and why"]
    fitted = sum(one.claim == "systems.error" and one.subject.role == "fitted"
                 for one in found.verdicts)  # fmt: skip
    assert f"Of the {len(rivals) - fitted} other systems" in said
    assert f"with LeNet-5, {differing} " in said


def test_figure_8_is_counted_system_by_system_the_least_errors_first(found):
    figure = overlap.draw_overlap(found)
    errors = [float(row[3]) for row in figure.table.rows]
    assert errors == sorted(errors)
    verdict = found.verdict("lenet5.misclassified:lenet5:patterns").finding
    shared = overlap.count_shared(found, "lenet5")
    assert shared.missed == pytest.approx(verdict.mean)
    same = found.verdict("lenet5.misclassified:lenet5:answers").finding
    assert shared.same == pytest.approx(same.mean)


def test_topics_hold_every_row_that_differs_once(found):
    entries = found.verdicts
    topics = narrative.topics(entries, [])
    rows = [one for topic in topics for one in topic.verdicts]
    assert sorted(map(repr, rows)) == sorted(repr(e) for e in entries if e.outcome == "differs")
    sizes = [len(one.verdicts) for one in topics]
    assert sizes == sorted(sizes, reverse=True)


def test_hypotheses_stand_with_the_claims_that_they_explain(found, tmp_path):
    (tmp_path / "studies").mkdir()
    for name, rows in {
        "a": "hypothesis,row,measure,published,before,ours,decided\n"
             "sigmoid,linear/regular,test error,12,13.97,11.93,explains\n"
             "taller-field,invariance.shift,range,0.5,0.107,inf,does not explain\n",
        "b": "hypothesis,evidence,decided,claim\na guess,nothing,undecided,\n"
             "b,c,d,sdlm.rates:greatest\n",
        "trials": "trial,error\n1,2\n",
    }.items():  # fmt: skip
        (tmp_path / "studies" / f"{name}.csv").write_text(rows)
    tried = narrative.read_trials(replace(found, results=tmp_path))
    assert [one.hypothesis for one in tried] == ["sigmoid", "taller-field", "a guess", "b"]
    assert all(number in tried[0].evidence for number in ("12", "14", "11.9"))
    assert all(number in tried[1].evidence for number in ("0.5", "0.107", "no limit"))
    topics = narrative.topics(changed(found, "", outcome="differs").verdicts, tried)
    claims = {one.hypothesis: {entry.claim for entry in topic.verdicts}
              for topic in topics for one in topic.trials}  # fmt: skip
    assert claims.keys() == {"sigmoid", "taller-field", "b"}
    assert claims["sigmoid"] == {"systems.error"}
    assert "invariance.shift" in claims["taller-field"]
    assert "sdlm.rates" in claims["b"]


def test_a_number_that_came_out_again_needs_no_hypothesis(found):
    entries = [one for one in found.verdicts if one.claim == "systems.error"]
    tried = [
        narrative.Trial(f"systems.error:{one.entry}", "", "", "", "explains", "")
        for one in (next(e for e in entries if e.outcome == v) for v in ("reproduced", "differs"))
    ]
    assert narrative.drop_agreeing(tried, entries) == tried[1:]


def test_texts_of_the_page_name_systems_and_experiments_as_figure_9_does(found):
    named = found.wording.name
    assert named("v-svm-poly9/distorted") == "V-SVM poly 9 [dist]"
    assert [named(each) for each in ("lenet5", "lenet5-distorted", "lenet5-noise")] == [
        "LeNet-5", "LeNet-5 [dist]", "LeNet-5 [noise]",
    ]  # fmt: skip
    assert named("no-such-system") == "no-such-system"
    ids = set(found.choices.systems) | {one for one in found.metrics if "-" in one}
    for entry in found.verdicts:
        text = f"{entry.name} {entry.finding.ours} {entry.finding.reason}"
        for name in ids:
            assert not re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/.-])", text), entry
        assert "e+" not in text


STUDIES = pages.study_blocks()
EMPTY = "before\n<!-- results:begin -->\nold\n<!-- results:end -->\nafter\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return report_files.project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("name", ["README.md", "paper_notes.md"])
def test_committed_text_has_the_numbers_of_the_committed_files(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    now = replace_blocks(text, tables.blocks(load(REPOSITORY), STUDIES), name)
    assert now == text, f"{name} is out of date: make report"


@pytest.fixture(scope="module")
def fabricated(folder):
    return load(folder)


def rendered(text, fabricated):
    return replace_blocks(text, tables.blocks(fabricated, STUDIES), "text")


def test_block_has_the_headline_and_what_nothing_was_fitted_to(fabricated):
    lines = tables.results_block(fabricated).splitlines()
    finding = fabricated.verdict("lenet5.test-error").finding
    assert lines[2].startswith(f"| Test error | 0.95 ± 0.1 % | {finding.mean:.3f} %")
    assert lines[2].endswith(f" | {finding.outcome} |")
    own = Counter((one.subject.sort, one.outcome) for one in fabricated.verdicts
                  if one.subject.role == "independent" and one.subject.counts)  # fmt: skip
    for sort in ("numbers", "effects", "statements"):
        (line,) = [one for one in lines if one.startswith(f"| {sort} |")]
        counts = [int(cell) for cell in line.strip("| ").split(" | ")[1:]]
        assert counts == [own[sort, outcome] for outcome in OUTCOMES]


def test_block_of_times_adds_up_those_of_the_runs(fabricated):
    text = tables.times_block(fabricated)
    seconds = [run.timing.get("cpu_seconds", run.seconds_alone)
               for runs in fabricated.runs.values() for run in runs]  # fmt: skip
    assert f"all {len(seconds)} replicates {sum(seconds) / 3600:.1f} hours" in text


def test_the_stage_rewrites_what_stands_between_the_marks_of_the_texts_it_is_given(
    folder, fabricated, tmp_path, monkeypatch, capsys
):
    """Without an option README.md and paper_notes.md; the page is not at issue."""
    monkeypatch.setattr("replication.report.page.render", lambda *_: "")
    once = rendered(EMPTY, fabricated)
    assert once.startswith("before\n<!-- results:begin -->\n| ")
    assert once.endswith("\n<!-- results:end -->\nafter\n")
    assert "old" not in once
    assert rendered(once, fabricated) == once
    project = shutil.copytree(folder, tmp_path / "project", symlinks=True)
    mine, *usual = (project / name for name in ("MINE.md", *pages.TEXTS))
    for path in (mine, *usual):
        path.write_text(EMPTY)
    assert pages.write_report(Folders.below(project), [mine]) == {mine: True}
    assert mine.read_text() == once
    monkeypatch.chdir(project)
    for options, expected in ((["--page-only"], EMPTY), ([], once)):
        assert main(["report", *options]) == 0
        assert {path.read_text() for path in usual} == {expected}
    assert "README.md" in capsys.readouterr().out
    with refused("NONE.md"):
        rewrite(project / "NONE.md", tables.blocks(fabricated, STUDIES))


def test_block_without_its_file_names_the_command(tmp_path):
    bare = load(report_files.project(tmp_path / "bare", runs=False, tables=False))
    blocks = tables.blocks(bare, STUDIES)
    commands = {"readings": "readings", "distortions": "distortions", "variance": "compare"}
    for name, command in commands.items():
        assert f"python -m replication {command}" in blocks[name]()


@pytest.mark.parametrize(("text", "named"), {
    "nothing": "block",
    "<!-- results:begin -->": "<!-- results:end -->",
    "<!-- results:end -->": "<!-- results:begin -->",
    "<!-- results:begin --><!-- readings:begin -->": "<!-- results:end -->",
    "<!-- numbers:begin --><!-- numbers:end -->": "`numbers`",
}.items())  # fmt: skip
def test_marks_that_do_not_pair_up_are_refused(text, named, fabricated):
    with refused("NOTES.md", named):
        replace_blocks(text, tables.blocks(fabricated, STUDIES), "NOTES.md")


@pytest.mark.parametrize(("number", "text"), {
    12543.3: "12,543", float("inf"): "no limit", 13.97: "14", 0.2726: "0.273", 60000: "60,000",
}.items())  # fmt: skip
def test_a_number_in_a_sentence_has_three_digits_or_all_before_the_point(number, text):
    assert format_short(number) == text
