"""What the page says in words: the answer, what differs and why, and the names of systems."""

import re
from dataclasses import replace

import pytest
from report_files import changed, load
from small import REPOSITORY

from replication.comparison.verdicts.claim_checks import VERDICTS
from replication.report import charts, narrative


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
    entries = found.verdicts
    tried = narrative.drop_reproduced(narrative.read_trials(found), entries)
    return dict(narrative.answer(found, tried))


def conditions(found):
    return narrative.conditions(found, narrative.read_trials(found))


def test_what_the_answer_states_is_true_of_the_committed_results(found):
    """Where one is not, its sentence in report/narrative.py has to be written again."""
    assert [stated for stated, is_true in conditions(found).items() if not is_true] == []


@pytest.mark.parametrize(
    ("claim", "change", "stated"),
    [
        ("lenet5.test-error", {"outcome": "inconclusive"}, "the test error"),
        ("lenet5.test-error", {"role": "fitted"}, "the test error"),
        ("lenet5.training-error", {"outcome": "differs"}, "none of the three"),
        ("lenet5.training-error", {"role": "independent"}, "the training error"),
        ("effect.", {"outcome": "differs"}, "most of what differs"),
        ("lenet5.misclassified", {"mean": 0.1}, "ours miss more"),
    ],
)
def test_where_a_sentence_is_not_true_the_verdicts_are_counted_instead(
    claim, change, stated, found
):
    other = changed(found, claim, **change)
    if claim == "effect.":
        other = changed(other, "invariance.", **change)
        other = changed(other, "lenet5.c", **change)
    failing = [name for name, is_true in conditions(other).items() if not is_true]
    assert any(name.startswith(stated) for name in failing)
    assert list(answer(other)) == ["What it is", "What came out"]


def test_answer_counts_what_is_independent_and_what_differs(found):
    once = [one for one in found.verdicts if one.subject.role != "repeat"]
    free = [one for one in once if one.subject.role == "independent"]
    text = answer(found)
    counts = [len(free), sum(one.finding.outcome == "reproduced" for one in free)]
    assert [int(one) for one in re.findall(r"\d+", text["What matches"])[:2]] == counts
    counts = [len(once), sum(one.finding.outcome == "differs" for one in once)]
    numbers = re.findall(r"\d+", text["What does not, and why"])
    assert [int(one) for one in numbers[:2]] == counts
    assert f"the {charts.NAMES['lenet5.test-error']} (0.95 % in 1998" in text["What matches"]


def test_topics_hold_every_row_that_differs_once(found):
    entries = found.verdicts
    topics = narrative.topics(entries, [])
    rows = [one for topic in topics for one in topic.verdicts]
    assert sorted(map(repr, rows)) == sorted(
        repr(one) for one in entries if one.outcome == "differs"
    )
    assert [len(one.verdicts) for one in topics] == sorted(
        (len(one.verdicts) for one in topics), reverse=True
    )
    told = [re.search(r"^(\d+) of .* lower in (\d+), higher in (\d+)", one.sentence)
            for one in topics]  # fmt: skip
    assert sum(map(bool, told)) >= 3
    for one in filter(None, told):
        assert int(one[1]) == int(one[2]) + int(one[3])


def tried_in(folder, row):
    """A folder of results whose studies hold a table of hypotheses with one row."""
    (folder / "studies").mkdir()
    (folder / "studies" / "a.csv").write_text(
        f"hypothesis,row,measure,published,before,ours,decided\n{row}\n"
    )
    return folder


def test_hypotheses_stand_with_the_claims_that_they_explain(found, tmp_path):
    results = tried_in(tmp_path, "sigmoid,linear/regular,test error,12,13.97,11.93,explains")
    (results / "studies" / "b.csv").write_text(
        "hypothesis,evidence,decided,claim\na guess,nothing,undecided,\nb,c,d,sdlm.rates:greatest\n"
    )
    (results / "studies" / "trials.csv").write_text("trial,error\n1,2\n")
    tried = narrative.read_trials(replace(found, results=results))
    assert [one.hypothesis for one in tried] == ["sigmoid", "a guess", "b"]
    assert all(number in tried[0].evidence for number in ("12", "14", "11.9"))
    assert tried[1].evidence == "nothing"
    topics = narrative.topics(changed(found, "", outcome="differs").verdicts, tried)
    claims = {
        one.hypothesis: {entry.claim for entry in topic.verdicts}
        for topic in topics
        for one in topic.trials
    }
    assert claims.keys() == {"sigmoid", "b"}
    assert claims["sigmoid"] == {"systems.error"}
    assert "sdlm.rates" in claims["b"]


def test_what_was_tried_on_a_claim_is_told_in_its_words(found, tmp_path):
    row = "taller-field,invariance.shift,range,0.5,0.107,inf,does not explain"
    results = tried_in(tmp_path, row)
    (one,) = narrative.read_trials(replace(found, results=results))
    assert one.about.startswith("vertical shifts up to")
    assert one.evidence == "0.5 in 1998, 0.107 without it, no limit with it"
    (topic,) = [topic for topic in narrative.topics(found.verdicts, [one]) if topic.trials]
    assert "1 does not" in topic.why
    assert "invariance.shift" in {entry.claim for entry in topic.verdicts}


def test_what_was_tried_is_counted_and_what_explains_a_number_is_named(found):
    def tried(name, decided, about="Linear"):
        return narrative.Trial("systems.error:linear/regular", about, name, "", decided, "")

    several = [
        tried("linear-sigmoid", "explains"),
        tried("linear-sigmoid-cropped", "does not explain"),
        tried("no-such-idea", "undecided"),
    ]
    said = {one.title: one.why for one in narrative.topics(found.verdicts, several)}
    assert said["Test errors of Figure 9"] == (
        "Why: of 3 reasons that we tried 1 explains the number, 1 does not and 1 stays undecided. "
        "Explained: Linear by sigmoid units trained by gradient descent."
    )
    assert several[2].idea == "no such idea"


def test_a_number_that_came_out_again_needs_no_hypothesis(found):
    entries = found.verdicts
    of = {
        verdict: next(
            one for one in entries if one.claim == "systems.error" and one.outcome == verdict
        )
        for verdict in ("reproduced", "differs")
    }
    tried = [
        narrative.Trial(f"systems.error:{one.entry}", "", "", "", "explains", "")
        for one in of.values()
    ]
    assert narrative.drop_reproduced(tried, entries) == tried[1:]


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
