"""What the page says in words: the answer, what differs and why, and the names of systems."""

import re
from dataclasses import replace

import pytest
from report_files import load, project
from small import REPOSITORY

from replication import settings
from replication.report import explanations, headline, listings, story, systems


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return load(project(tmp_path_factory.mktemp("project")))


def sentences(found):
    return dict(story.answer(found, listings.entries(found)))


def test_answer_counts_what_is_independent_and_what_differs(found):
    table = found.verdicts[found.verdicts["role"] != "repeat"]
    free = table[table["role"] == "independent"]
    said = sentences(found)
    counts = [len(free), (free["verdict"] == "reproduced").sum()]
    assert [int(one) for one in re.findall(r"\d+", said["What matches"])[:2]] == counts
    counts = [len(table), (table["verdict"] == "differs").sum()]
    assert [int(one) for one in re.findall(r"\d+", said["What does not, and why"])[:2]] == counts
    for claim in headline.HEADLINE:
        named = f"the {headline.NAMES[claim]} (" in said["What matches"]
        assert named == (found.verdict(claim)["verdict"] == "reproduced")


@pytest.mark.parametrize("role", ["fitted", "independent"])
@pytest.mark.parametrize("verdict", ["reproduced", "differs", "inconclusive"])
def test_answer_is_true_however_the_headline_comes_out(role, verdict, found):
    rows = found.verdicts["claim"] == "lenet5.test-error"
    table = found.verdicts.assign(
        role=found.verdicts["role"].mask(rows, role),
        verdict=found.verdicts["verdict"].mask(rows, verdict),
    )
    said = sentences(replace(found, verdicts=table))
    name = headline.NAMES["lenet5.test-error"]
    assert (f"the {name} (" in said["What matches"]) == (verdict == "reproduced")
    assert (f"the {name} too." in said["What does not, and why"]) == (verdict == "differs")


def test_topics_hold_every_row_that_differs_once(found):
    entries = listings.entries(found)
    topics = story.topics(entries, [])
    rows = [one for topic in topics for one in topic.entries]
    assert sorted(map(repr, rows)) == sorted(
        repr(one) for one in entries if one.verdict == "differs"
    )
    assert [len(one.entries) for one in topics] == sorted(
        (len(one.entries) for one in topics), reverse=True
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
    tried = explanations.hypotheses(replace(found, results=results))
    assert [one.hypothesis for one in tried] == ["sigmoid", "a guess", "b"]
    assert all(number in tried[0].evidence for number in ("12", "14", "11.9"))
    assert tried[1].evidence == "nothing"
    differing = found.verdicts.assign(verdict="differs")
    topics = story.topics(listings.entries(replace(found, verdicts=differing)), tried)
    claims = {
        one.hypothesis: {entry.claim for entry in topic.entries}
        for topic in topics
        for one in topic.tried
    }
    assert claims.keys() == {"sigmoid", "b"}
    assert claims["sigmoid"] == {"systems.error"}
    assert "sdlm.rates" in claims["b"]


def test_what_was_tried_on_a_claim_is_told_in_its_words(found, tmp_path):
    row = "taller-field,invariance.shift,range,0.5,0.107,inf,does not explain"
    results = tried_in(tmp_path, row)
    (one,) = explanations.hypotheses(replace(found, results=results))
    assert one.about.startswith("vertical shifts up to")
    assert one.evidence == "0.5 in 1998, 0.107 without it, no limit with it"
    (topic,) = [topic for topic in story.topics(listings.entries(found), [one]) if topic.tried]
    assert topic.why == "Why: the one reason that we tried does not explain it."
    assert "invariance.shift" in {entry.claim for entry in topic.entries}


def test_what_was_tried_is_counted_and_what_explains_a_number_is_named(found):
    def tried(name, decided, about="Linear"):
        return explanations.Tried("systems.error:linear/regular", about, name, "", decided, "")

    several = [
        tried("linear-sigmoid", "explains"),
        tried("linear-sigmoid-cropped", "does not explain"),
        tried("no-such-idea", "undecided"),
    ]
    said = {one.title: one.why for one in story.topics(listings.entries(found), several)}
    assert said["Test errors of Figure 9"] == (
        "Why: of 3 reasons that we tried 1 explains the number, 1 does not and 1 stays undecided. "
        "Explained: Linear by sigmoid units trained by gradient descent."
    )
    assert several[2].idea == "no such idea"
    told = dict(story.answer(found, listings.entries(found), several))
    assert "of 3 reasons" in told["What does not, and why"]


def test_a_number_that_came_out_again_needs_no_hypothesis(found):
    entries = listings.entries(found)
    of = {
        verdict: next(
            one for one in entries if one.claim == "systems.error" and one.verdict == verdict
        )
        for verdict in ("reproduced", "differs")
    }
    tried = [
        explanations.Tried(f"systems.error:{one.entry}", "", "", "", "explains", "")
        for one in of.values()
    ]
    assert story.unanswered(tried, entries) == tried[1:]


def test_every_hypothesis_of_the_settings_is_known_in_words():
    for name in settings.load(REPOSITORY / "params.yaml").causes.hypotheses:
        one = explanations.Tried("", "", name, "", "", "")
        assert one.idea != name.replace("-", " "), name


def test_systems_and_experiments_have_their_names_of_figure_9_in_prose(found):
    named = systems.naming(found)
    assert named("v-svm-poly9/distorted than lenet5/distorted") == (
        "V-SVM poly 9 [dist] than LeNet-5 [dist]"
    )
    assert named("lenet5: 1; lenet5-distorted: 2; lenet5-noise: 3") == (
        "LeNet-5: 1; LeNet-5 [dist]: 2; LeNet-5 [noise]: 3"
    )
    kept = "ours of the linear classifier, in results/runs/lenet5/0 and lenet5.test-error"
    assert named(kept) == kept
    ids = set(found.choices.systems) | {one for one in found.metrics if "-" in one}
    for entry in listings.entries(found):
        for name in ids:
            assert not re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/.-])", entry.reason), entry
