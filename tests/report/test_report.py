"""The page, made from the committed results, and from results with something missing."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from report_files import OPTIONAL, load, project
from small import refused

from replication.comparison.figures.drawing import Figure
from replication.folders import PAGE, Folders
from replication.pipeline import pages
from replication.report import charts, demonstration, page, systems, tables
from replication.report.texts import read_text

REQUESTING = ("src", "srcset", "href", "action", "formaction", "data", "poster", "ping", "manifest")
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
VOID = {"meta", "link", "img", "br", "input", "use", "path", "hr"}


class Page(HTMLParser):
    """Every element of a page with its attributes and its text; its tags close in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        inside = [one["tag"] for one in self.open]
        self.elements.append({"tag": tag, "text": "", "inside": inside, **dict(attrs)})
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for one in self.open:
            one["text"] += data

    def all(self, tag, **attributes):
        return [
            one for one in self.elements if one["tag"] == tag and attributes.items() <= one.items()
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def found(folder):
    return load(folder)


@pytest.fixture(scope="module")
def parts(found):
    return page.content(found, pages.study_parts())


@pytest.fixture(scope="module")
def text(folder, parts):
    (folder / "results" / "report").mkdir()
    return page.render(parts, pages.study_parts())


@pytest.fixture(scope="module")
def html(text):
    return Page(text)


def test_page_asks_the_network_for_nothing(html, text):
    for element in html.elements:
        for address in filter(None, map(element.get, REQUESTING)):
            outside = re.match(r"(?:[a-z]+:)?//", address)
            cited = element["tag"] == "a" and address.startswith("https://doi.org/")
            assert cited or not outside, address
            assert element["tag"] in ("a", "use") or address.startswith("data:"), address
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket|sendBeacon", text)
    assert text.count("http") == 1


def test_every_link_leads_to_a_file_or_the_only_place_of_its_name_on_the_page(html, folder):
    places = [one["id"] for one in html.elements if "id" in one]
    assert len(places) == len(set(places))
    links = [one.get("href") for one in html.elements if one.get("href")]
    assert len(links) > 40
    for link in links:
        if link.startswith("#"):
            assert link[1:] in places, link
        elif not link.startswith(("data:", "https:")):
            assert (folder / "results" / "report" / link).exists(), link


def test_links_lead_into_the_repository_that_the_citation_names(folder, parts, tmp_path):
    citation = tmp_path / "CITATION.cff"
    citation.write_text("title: x\nrepository-code: https://example.org/a/b/\n")
    text = page.render(parts, pages.study_parts(), pages.read_address(citation))
    links = [one["href"] for one in Page(text).all("a")]
    inside = [one for one in links if one.startswith("https://example.org/a/b/")]
    outside = {one for one in links if not one.startswith("#")} - set(inside)
    assert outside == {"https://doi.org/10.1109/5.726791"}
    for link in inside:
        kind, head, path = link.removeprefix("https://example.org/a/b/").split("/", 2)
        assert head == "HEAD"
        assert (folder / path).is_dir() == (kind == "tree")
        assert (folder / path).exists()
    assert pages.read_address(tmp_path / "absent.cff") == ""
    citation.write_text("title: [")
    with refused("CITATION.cff"):
        pages.read_address(citation)


def test_headline_shows_the_numbers_of_the_files(html, found):
    (first,) = html.all("table", **{"class": "headline cards"})
    after = html.elements[html.elements.index(first) :]
    rows = [one for one in after if one["tag"] == "tr"][1:4]
    for row, claim in zip(rows, charts.HEADLINE, strict=True):
        verdict, published = found.verdict(claim), found.paper.claims[claim]
        shown = re.findall(r"\d+(?:\.\d+)?", row["text"].replace("after 19 passes", ""))
        finding = verdict.finding
        numbers = [published.value, *filter(None, [published.uncertainty]), finding.mean,
                   finding.sd, finding.low, finding.high, finding.replicates]  # fmt: skip
        assert [float(one) for one in shown] == pytest.approx(numbers, abs=0.0005)
        assert finding.outcome in row["text"]
        assert verdict.subject.role in row["text"]


def test_numbers_name_their_file_and_key(html):
    titles = {one["title"] for one in html.all("a", **{"class": "n"})}
    assert titles >= {
        "data/paper/claims.yaml: lenet5.test-error",
        "verdicts.csv: mean where claim = lenet5.test-error",
        "verdicts.csv: low, high where claim = lenet5.test-error",
        *(f"metrics.json: {spec.metric} of the row's experiment" for spec in systems.FIGURES),
        *(f"data/paper/figures9_to_12_systems.csv: {spec.column}" for spec in systems.FIGURES),
    }


def test_same_files_give_the_same_bytes_and_the_network_to_draw_on(folder, found, text, parts):
    pages.write_report(Folders.below(folder, out=folder / "results" / "again"))
    drawn = demonstration.content(
        found.paper, found.choices, found.study, found.images, found.labels, found.runs, carried=2
    )
    network = demonstration.fragment(drawn, level=3)
    again = page.render(parts, pages.study_parts(), demonstration=network)
    assert (folder / "results" / "again" / PAGE).read_text(encoding="utf-8") == again
    assert 'id="draw"' in again
    assert 'id="draw"' not in text


def test_every_chart_has_words_and_a_table(html, parts):
    drawn = [one for part in parts.values() for one in (part if isinstance(part, list) else [part])]
    figures = sum(isinstance(one, Figure) for one in drawn)
    for size in ("wide", "narrow"):
        assert len(html.all("svg", **{"class": f"chart {size}"})) == figures
    assert all(one["role"] == "img" and len(one["aria-label"]) > 40 for one in html.all("svg"))
    assert len([one["id"] for one in html.all("figure")]) == figures
    assert len([one for one in html.all("table") if "figure" in one["inside"]]) == figures
    assert all("alt" in one and one["alt"] for one in html.all("img"))


def test_every_verdict_is_a_row_and_what_differs_comes_first(html, found):
    rows = [one for one in html.all("tr") if "data-verdict" in one]
    verdicts = [one["data-verdict"] for one in rows]
    assert verdicts == sorted(verdicts, key=tables.ORDER.index)
    ordered = sorted(found.verdicts, key=lambda one: tables.ORDER.index(one.finding.outcome))
    assert [one["data-role"] for one in rows] == [one.subject.role for one in ordered]
    for row, verdict in zip(rows, ordered, strict=True):
        assert verdict.subject.claim in row["text"]
        assert verdict.finding.reason in row["text"]


def test_every_table_has_a_caption_and_no_heading_level_is_skipped(html):
    captions = [one["text"].strip() for one in html.all("caption")]
    assert len(captions) == len(html.all("table"))
    assert all(captions)
    first, *levels = (int(one["tag"][1]) for one in html.elements if one["tag"] in HEADINGS)
    assert first == 1 < min(levels)
    assert all(after <= before + 1 for before, after in pairwise([first, *levels]))


def test_text_of_the_files_is_shown_not_interpreted(parts):
    setting = parts["audit"][0]._replace(remark="<b>tried</b>")
    text = page.render({**parts, "audit": [setting]}, pages.study_parts())
    assert "&lt;b&gt;tried&lt;/b&gt;" in text
    assert "<b>tried</b>" not in text


def test_missing_parts_are_sentences_with_their_commands_but_metrics_are_needed(tmp_path, html):
    assert not html.all("p", **{"class": "missing"})
    bare = project(tmp_path / "bare", runs=False, tables=False)
    pages.write_report(Folders.below(bare))
    there = Page((bare / "results" / PAGE).read_text())
    told = " ".join(one["text"] for one in there.all("p") + there.all("section"))
    commands = {"misclassified.csv": "compare", "variance.csv": "compare",
                "invariance_examples.csv": "invariance", "fields.csv": "invariance"}  # fmt: skip
    for name in OPTIONAL:
        command = commands.get(name, name.partition(".")[0])
        assert f"python -m replication {command}" in told, name
    assert len(there.all("p", **{"class": "missing"})) >= len(OPTIONAL)
    assert there.all("svg")  # Figure 9 needs the metrics only
    (bare / "results" / PAGE).unlink()
    (bare / "results" / "metrics.json").unlink()
    with refused("metrics.json", "evaluate"):
        pages.write_report(Folders.below(bare))
    assert not (bare / "results" / PAGE).exists()


@pytest.mark.parametrize("name", OPTIONAL)
def test_damaged_file_is_named_and_never_taken_for_missing(name, tmp_path):
    bare = project(tmp_path / "bare", runs=False, tables=False)
    (bare / "results" / name).write_text("[]\n")
    with refused(name):
        pages.write_report(Folders.below(bare))


def test_claim_without_a_verdict_is_unmeasured_in_the_headline(found):
    without = [one for one in found.verdicts if one.subject.claim != "lenet5.test-error"]
    row = tables.headline(replace(found, verdicts=without))[0]
    assert (row.verdict, row.ours) == ("unmeasured", "")


def test_template_holds_no_number():
    for name in (*page.TEMPLATES, "sentences.txt.j2"):
        template = read_text("replication.report", name).replace("10.1109/5.726791", "")
        assert not re.search(r"\d+\.\d+|\d\s*%[^}]|\d{3},\d{3}", template)
