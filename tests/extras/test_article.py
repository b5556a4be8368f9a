"""The article: no number typed by hand, each with its file; the committed one is up to date."""

import csv
import json
import re
from importlib import resources

import pytest
import report_files
import typst
from small import REPOSITORY, refused

from replication.extras import article
from replication.extras.article import content, figures
from replication.files import write_bytes
from replication.folders import Folders

# What has a digit and is no number: what is cited, names, and in the template's code also lengths,
# lists of columns, the digits to round to, and what converts units.
CITED = re.compile(r"#cited\[[^\]]*\]")
NAMES = re.compile(
    r"LeNet-\d|lenet5|figures9_to_12_systems|figure[5689]\w*|-1998-|[@<][a-z]+\d{4}\w*"
)
LENGTHS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:pt|mm|em|fr)|width: \d+%")
CODE = re.compile(r"columns?: [^\n]*|(?:significant|fixed)\([^\n]*?, \d\)|\b100 \* | / 3600\b")
WORDS = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twenty|hundred|thousand)\b")
# Words for numbers that count the article's own list, rule or test, not results.
OWN = ("four verdicts", "two one-sided", "Three kinds", "three numbers", "Three numbers",
       "two things", "thousands")  # fmt: skip
# Strings and blocks of text, in which the other templates have words for the article.
TEXTS = re.compile(r'"([^"\n]* [^"\n]*)"|\[([^\[\]]*)\]')


@pytest.fixture(scope="module")
def inputs():
    return report_files.load(REPOSITORY)


@pytest.fixture(scope="module")
def files(inputs):
    return content(Folders.below(REPOSITORY), inputs)


@pytest.fixture(scope="module")
def ask(files, tmp_path_factory):
    """Return what a Typst expression over the article's modules gives, as from JSON."""
    folder = tmp_path_factory.mktemp("article")
    for path, data in files.items():
        write_bytes(folder / path, data)
    source = folder / "asked.typ"

    def answer(expression):
        source.write_text(
            f'#import "numbers.typ": *\n#import "tables.typ"\n#metadata({expression}) <answer>',
            encoding="utf-8",
        )
        return json.loads(typst.query(source, "<answer>", field="value", one=True, root=folder))

    return answer


def template(name):
    return resources.files("replication.extras.article").joinpath(name).read_text(encoding="utf-8")


def typed(text):
    """The digits and number words of a template that no mark, name or length excuses."""
    text = re.sub(r"(?m)//.*$", "", text)
    for pattern in (CITED, NAMES, LENGTHS, CODE):
        text = pattern.sub(" ", text)
    for phrase in OWN:
        text = text.replace(phrase, " ")
    return re.findall(r"\d+", text) + WORDS.findall(text)


def texts(code):
    """The words for the article in a template that is mostly code."""
    return "\n".join("".join(groups) for groups in TEXTS.findall(CITED.sub(" ", code)))


@pytest.mark.parametrize("name", sorted(article.TEMPLATE))
def test_no_number_in_the_words_of_the_article_is_typed_by_hand(name):
    read = (lambda text: text) if name == "article.typ" else texts
    assert typed(read(template(name))) == []
    for planted in ("errs on 0.95% of them", "There are ten replicates"):
        assert typed(read(template(name) + f'#let x = "{planted}"')) != []


def test_the_article_uses_every_number_and_every_number_names_a_file_that_is_there(ask):
    used = set(re.findall(r'n\("([\w-]+)"\)', template("article.typ")))
    numbers = ask("numbers")
    assert used == set(numbers)
    for name, number in numbers.items():
        assert number["text"], name
        assert (REPOSITORY / number["file"]).exists(), name


def test_a_number_of_the_article_is_the_one_in_its_file(ask):
    with (REPOSITORY / "results/verdicts.csv").open(encoding="utf-8") as stream:
        rows = {row["claim"]: row for row in csv.DictReader(stream)}
    differing = sum(row["verdict"] == "differs" for row in rows.values())
    assert ask('n("differs")') == str(differing)
    assert len(ask("tables.differing")) == differing
    first = ask("tables.headline-cells.first()")
    assert first[4] == f"{float(rows['lenet5.test-error']['mean']):.3f}"
    assert first[-1] == rows["lenet5.test-error"]["verdict"]


@pytest.mark.parametrize(("expression", "text"), {
    "group(60000)": "60,000", "group(999)": "999", "fixed(0.98, 3)": "0.980",
    "fixed(3.855, 2)": "3.85", "significant(13.97, 3)": "14", "significant(0.2726, 3)": "0.273",
    "significant(1234.19, 3)": "1230", "significant(0, 3)": "0", "show-value(0.00001)": "0.00001",
}.items())  # fmt: skip
def test_numbers_are_written_as_people_write_them(ask, expression, text):
    assert ask(expression) == text


def test_the_committed_article_is_that_of_the_committed_results(files):
    made = (REPOSITORY / "results/article/article.pdf").read_bytes()
    assert article.digest(files).encode() in made, "make article sets it again"
    for name in ("results/verdicts.csv", "article.typ", "derived.json"):
        changed = files | {name: files[name] + b" "}
        assert article.digest(changed) != article.digest(files)


def test_equal_content_gives_equal_bytes(inputs, files):
    drawn = figures(inputs)
    assert article.pdf(files, drawn) == article.pdf(files, drawn)


def test_a_file_that_is_missing_or_lacks_what_the_article_states_is_named(inputs, files, tmp_path):
    project = report_files.project(tmp_path, runs=False)
    (project / "results/readings.csv").unlink()
    with refused("readings.csv"):
        content(Folders.below(project), inputs)
    lacking = files | {"params.yaml": b"{}"}
    with refused("base"):
        article.pdf(lacking, figures(inputs))
