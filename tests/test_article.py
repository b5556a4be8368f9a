"""The article: no number typed by hand, each with its file; the committed one is up to date."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import report_files
from small import REPOSITORY

from replication import settings
from replication.article import content as contents
from replication.article import numbers, typesetting
from replication.article.content import content, figures

# A mark for what is cited, names that have a digit, and code of the template that is no prose.
CITED = re.compile(r"#cited\[[^\]]*\]")
NAMES = re.compile(r"LeNet-\d|figures9_to_12_systems")
CODE = re.compile(
    r"#(?:grid-of|chart|import|given|n|said)\b[^\n]*?\)|columns?: [^\n]*|slice\(1\)|at\(\d\)"
)
LENGTHS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:pt|mm|em|fr)")
WORDS = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twenty|hundred|thousand)\b")
# Words for numbers that count the article's own list, rule or test, not results.
OWN = ("four verdicts", "two one-sided", "Three kinds", "three numbers", "Three numbers",
       "two things", "thousands")  # fmt: skip


@pytest.fixture(scope="module")
def inputs():
    return report_files.load(REPOSITORY)


@pytest.fixture(scope="module")
def stated(inputs):
    return content(inputs, settings.load(REPOSITORY / "params.yaml"))


def typed(text):
    """The digits and number words of a template that no mark, name or length excuses."""
    text = re.sub(r"(?m)^\s*//.*$", "", text)
    for pattern in (CITED, CODE, NAMES, LENGTHS):
        text = pattern.sub(" ", text)
    for phrase in OWN:
        text = text.replace(phrase, " ")
    return re.findall(r"\d+", text) + WORDS.findall(text)


def test_no_number_in_the_words_of_the_article_is_typed_by_hand():
    assert typed(typesetting.template("article.typ")) == []


@pytest.mark.parametrize("words", ["It errs on 0.95% of them.", "There are ten replicates."])
def test_a_number_typed_by_hand_is_found(words):
    assert typed(typesetting.template("article.typ") + words) != []


@pytest.mark.parametrize("module", [contents, numbers])
def test_the_words_made_for_the_article_hold_no_digit_of_their_own(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree)
             if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
    words = [text for text in texts if " " in text and not text.startswith(("Figure 9", ":"))]
    assert len(words) > 10
    assert [text for text in words if re.search(r"\d", NAMES.sub("", text))] == []


def test_the_template_uses_every_number_and_every_number_names_a_file_that_is_there(stated):
    used = set(re.findall(r'#n\("([\w-]+)"\)', typesetting.template("article.typ")))
    assert used == set(stated["numbers"])
    for name, one in stated["numbers"].items():
        assert one["text"], name
        assert (REPOSITORY / one["source"]).exists(), name


def test_a_number_of_the_article_is_the_one_in_its_file(inputs, stated):
    differing = sum(one.finding.outcome == "differs" for one in inputs.verdicts)
    assert stated["numbers"]["differs"]["text"] == str(differing)
    (first, *_) = stated["tables"]["headline"]["rows"]
    finding = inputs.verdict("lenet5.test-error").finding
    assert float(first[3].split()[0]) == pytest.approx(finding.mean, abs=5e-4)
    assert first[-1] == finding.outcome


def test_the_committed_article_is_that_of_the_committed_results(stated):
    made = (REPOSITORY / "results/article/article.pdf").read_bytes()
    assert typesetting.digest(stated).encode() in made, "make article sets it again"


def test_equal_content_gives_equal_bytes(inputs, stated):
    drawn = figures(inputs)
    assert typesetting.pdf(stated, drawn) == typesetting.pdf(stated, drawn)


def test_a_number_that_came_out_again_leaves_a_hypothesis_nothing_to_explain(stated):
    decided = {row[0]: row[-1] for row in stated["tables"]["tried"]["rows"]}
    assert decided["pca-ridge"] == "nothing to explain"  # 3.31 % where 1998 has 3.3
    assert decided["lenet1-steps"] == "explains"
