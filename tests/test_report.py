"""The page, made from the committed results, and from results with something missing."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from fabricated import history
from PIL import Image
from report_files import NEEDED, OPTIONAL, folders, load, project

from replication.errors import ReplicationError
from replication.files import write_bytes
from replication.pipeline import report
from replication.report import (
    charts,
    gallery,
    headline,
    listings,
    machine,
    page,
    rejections,
    systems,
)
from replication.report.drawing import Figure
from replication.runs import history_bytes
from replication.templates import text as text_of

REQUESTING = ("src", "srcset", "href", "action", "formaction", "data", "poster", "ping", "manifest")
VOID = {"meta", "link", "img", "br", "input", "use", "path", "hr"}


class Reader(HTMLParser):
    """Every element with its attributes and its text, and whether tags close in order."""

    def __init__(self):
        super().__init__()
        self.elements, self.open = [], []

    def handle_starttag(self, tag, attrs):
        element = {
            "tag": tag,
            "text": "",
            "inside": [one["tag"] for one in self.open],
            **dict(attrs),
        }
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

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


def parsed(text):
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    return reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def found(folder):
    return load(folder)


@pytest.fixture(scope="module")
def parts(found):
    return page.content(found, report.study_parts())


@pytest.fixture(scope="module")
def text(folder, parts):
    (folder / "results" / "report").mkdir()
    return page.fill(parts, report.study_parts())


@pytest.fixture(scope="module")
def html(text):
    return parsed(text)


@pytest.fixture
def bare(tmp_path):
    """Results without any file that may be missing."""
    return project(tmp_path / "bare", runs=False, tables=False)


def test_page_asks_the_network_for_nothing(html, text):
    for element in html.elements:
        for name in REQUESTING:
            address = element.get(name)
            if address is None:
                continue
            outside = re.match(r"(?:[a-z]+:)?//", address)
            assert not outside or (
                element["tag"] == "a" and address.startswith("https://doi.org/")
            ), address
            if element["tag"] not in ("a", "use"):
                assert address.startswith("data:"), address
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket|sendBeacon", text)
    assert text.count("http") == 1


def test_every_link_leads_to_a_file_or_a_place_on_the_page(html, folder):
    places = {one["id"] for one in html.elements if "id" in one}
    links = [one.get("href") for one in html.elements if one.get("href")]
    assert len(links) > 40
    for link in links:
        if link.startswith("#"):
            assert link[1:] in places, link
        elif not link.startswith(("data:", "https:")):
            assert (folder / "results" / "report" / link).exists(), link


def test_no_id_stands_twice(html):
    places = [one["id"] for one in html.elements if "id" in one]
    assert len(places) == len(set(places))


def test_links_lead_into_the_repository_that_the_citation_names(folder, parts, tmp_path):
    citation = tmp_path / "CITATION.cff"
    citation.write_text("title: x\nrepository-code: https://example.org/a/b/\n")
    text = page.fill(parts, report.study_parts(), report.repository(citation))
    links = [one["href"] for one in parsed(text).all("a")]
    inside = [one for one in links if one.startswith("https://example.org/a/b/")]
    outside = {one for one in links if not one.startswith("#")} - set(inside)
    assert outside == {"https://doi.org/10.1109/5.726791"}
    for link in inside:
        kind, head, path = link.removeprefix("https://example.org/a/b/").split("/", 2)
        assert head == "HEAD"
        assert (folder / path).is_dir() == (kind == "tree")
        assert (folder / path).exists()


def test_citation_that_is_damaged_is_named(tmp_path):
    (tmp_path / "CITATION.cff").write_text("title: [")
    with pytest.raises(ReplicationError, match=r"CITATION\.cff"):
        report.repository(tmp_path / "CITATION.cff")
    assert report.repository(tmp_path / "absent.cff") == ""


def test_headline_shows_the_numbers_of_the_files(html, found):
    rows = [one for one in html.all("tr") if "table" in one["inside"]][1:4]
    for row, claim in zip(rows, headline.HEADLINE, strict=True):
        verdict, published = found.verdict(claim), found.paper.claims[claim]
        shown = re.findall(r"\d+(?:\.\d+)?", row["text"].replace("after 19 passes", ""))
        off = [published.uncertainty] if published.uncertainty else []
        ours = [verdict[key] for key in ("mean", "sd", "low", "high", "replicates")]
        assert [float(one) for one in shown] == pytest.approx(
            [published.value, *off, *ours], abs=0.0005
        )
        assert verdict["verdict"] in row["text"]
        assert verdict["role"] in row["text"]


def test_headline_numbers_name_their_file_and_key(html):
    links = [one for one in html.all("a", **{"class": "n"}) if "lenet5.test-error" in one["title"]]
    titles = {one["title"] for one in links}
    assert "data/paper/claims.yaml: lenet5.test-error" in titles
    assert "verdicts.csv: mean where claim = lenet5.test-error" in titles
    assert "verdicts.csv: low, high where claim = lenet5.test-error" in titles


def test_same_files_give_the_same_bytes_and_the_network_to_draw_on(folder, text):
    pages = [folder / "results" / "report" / name for name in ("again.html", "third.html")]
    for one in pages:
        report.run(folders(folder), one, citation=folder / "none.cff")
    again = pages[0].read_text(encoding="utf-8")
    assert pages[1].read_text(encoding="utf-8") == again
    assert 'id="draw"' in again
    assert 'id="draw"' not in text


def test_every_chart_has_words_and_a_table(html, parts):
    charts = html.all("svg")
    drawn = [one for part in parts.values() for one in (part if isinstance(part, list) else [part])]
    figures = sum(isinstance(one, Figure) for one in drawn)
    for size in ("wide", "narrow"):
        assert len(html.all("svg", **{"class": f"chart {size}"})) == figures
    assert all(one["role"] == "img" and len(one["aria-label"]) > 40 for one in charts)
    names = [one["id"] for one in html.all("figure")]
    assert len(names) == figures
    assert len([one for one in html.all("table") if "figure" in one["inside"]]) == figures
    assert all("alt" in one and one["alt"] for one in html.all("img"))


def test_charts_take_their_colours_from_the_page(text):
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert set(re.findall(r"var\(--([a-z]+)\)", drawn)) >= {"ink", "muted", "test", "training"}
    assert not re.search(r"#[0-9a-f]{6}\b", drawn)
    assert "<style" not in drawn


def test_every_verdict_is_a_row_and_what_differs_comes_first(html, found):
    table = found.verdicts
    named = systems.naming(found)
    rows = [one for one in html.all("tr") if "data-verdict" in one]
    verdicts = [one["data-verdict"] for one in rows]
    assert verdicts == sorted(verdicts, key=listings.FIRST.index)
    ordered = table.iloc[
        table["verdict"].map(listings.FIRST.index).argsort(kind="stable").to_numpy()
    ]
    assert [one["data-role"] for one in rows] == ordered["role"].tolist()
    for row, claim, reason in zip(rows, ordered["claim"], ordered["reason"], strict=True):
        assert claim in row["text"]
        assert named(reason) in row["text"]


def test_tallies_count_all_verdicts_by_role(html, found):
    table = found.verdicts
    shares = [one["aria-label"] for one in html.all("div", **{"class": "share"})]
    assert len(shares) == table["role"].nunique()
    for (role, verdict), count in table.groupby(["role", "verdict"]).size().items():
        (share,) = [one for one in shares if one.startswith(f"{role}:")]
        assert f"{count} {verdict}" in share


def test_every_table_has_a_caption_and_no_heading_level_is_skipped(html):
    tables = html.all("table")
    captions = html.all("caption")
    assert len(captions) == len(tables)
    assert all(one["text"].strip() for one in captions)
    levels = [int(one["tag"][1]) for one in html.elements if re.fullmatch("h[1-6]", one["tag"])]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for before, after in pairwise(levels):
        assert after <= before + 1


def test_replicates_can_be_named_in_the_figures_that_draw_them(text, found, parts):
    told = json.loads(
        re.search(r'<script type="application/json" id="replicates">(.*?)</script>', text)[1]
    )
    assert told["lenet5"]["test"] == pytest.approx(found.values("lenet5", "test_error_percent"))
    curves = parts["curves"][0].svg
    for number in range(len(told["lenet5"]["test"])):
        assert curves.count(f'data-marks="lenet5 {number}"') == 2 * 2  # two errors, two sizes
    ticks = parts["systems"][0].svg
    for experiment, entry in told.items():
        groups = re.findall(
            rf'data-marks="{re.escape(experiment)}">(.*?)</g>\s*</g>', ticks, re.DOTALL
        )
        assert len(groups) == 2
        assert all(one.count("<use") == len(entry["test"]) for one in groups)


def test_departures_come_first_in_the_audit(html, found):
    statuses = [one["data-status"] for one in html.all("tr") if "data-status" in one]
    assert statuses == sorted(statuses, key=listings.STATUSES.index)
    assert len(statuses) == len(found.audit)
    # The file speaks of the rows above in its own order.
    assert found.audit["paper"].str.contains("above").any()
    assert not [one for one in listings.audit(found) if "above" in one["paper"] + one["reason"]]


def test_text_of_the_files_is_shown_not_interpreted(parts):
    row = {**parts["audit"][0], "reason": "<b>tried</b>"}
    text = page.fill({**parts, "audit": [row]}, report.study_parts())
    assert "&lt;b&gt;tried&lt;/b&gt;" in text
    assert "<b>tried</b>" not in text


def test_gallery_shows_figure_8_with_the_share_of_ours(found, parts):
    shown, past = parts["gallery"], found.paper.misclassified
    assert [one.index for one in shown.figure8] == sorted(past["test_index"])
    wrong = np.array([one.classes != found.labels for one in found.answers(shown.experiment)])
    for one in (*shown.figure8, *shown.only_ours):
        assert one.missed == wrong[:, one.index].sum()
        assert (one.label, one.replicates) == (found.labels[one.index], len(wrong))
    assert list(shown.only_1998) == [one for one in shown.figure8 if one.missed == 0]
    assert all(one.past is None and one.missed == len(wrong) for one in shown.only_ours)


def test_images_of_the_gallery_are_those_of_the_test_set(found):
    for levels in found.images[[3, 947]]:
        uri = gallery.data_uri(levels)
        image = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
        assert np.abs(255 - np.asarray(image, dtype=int) - levels).max() < 17


def test_missing_parts_are_sentences_with_their_commands(bare, html):
    assert not html.all("p", **{"class": "missing"})
    report.run(folders(bare), bare / "index.html", citation=bare / "none.cff")
    page_there = parsed((bare / "index.html").read_text())
    told = " ".join(one["text"] for one in page_there.all("p") + page_there.all("section"))
    commands = {"misclassified.csv": "compare", "variance.csv": "compare",
                "invariance_examples.csv": "invariance", "fields.csv": "invariance"}  # fmt: skip
    for name in OPTIONAL:
        command = commands.get(name, name.partition(".")[0])
        assert f"python -m replication {command}" in told, name
    assert len(page_there.all("p", **{"class": "missing"})) >= len(OPTIONAL)
    assert page_there.all("svg")  # Figure 9 needs the metrics only


@pytest.mark.parametrize("name", NEEDED)
def test_page_without_what_it_is_about_is_refused(name, bare):
    made_by = {"metrics.json": "evaluate", "verdicts.csv": "compare"}[name]
    (bare / "results" / name).unlink()
    with pytest.raises(ReplicationError, match=rf"{name} is missing: run .*{made_by}"):
        report.run(folders(bare), bare / "index.html")
    assert not (bare / "index.html").exists()


@pytest.mark.parametrize("name", OPTIONAL)
def test_damaged_file_is_named_and_never_taken_for_missing(name, bare):
    (bare / "results" / name).write_text("[]\n")
    with pytest.raises(ReplicationError, match=name):
        report.run(folders(bare), bare / "index.html")


def test_claim_without_a_verdict_is_unmeasured_in_the_headline(found):
    without = found.verdicts[found.verdicts["claim"] != "lenet5.test-error"]
    row = listings.headline(replace(found, verdicts=without))[0]
    assert (row.verdict, row.ours.text) == ("unmeasured", "")


def test_figure_5_has_1998_and_the_mean_of_ours_in_its_table(found, parts):
    figure, late = parts["curves"]
    assert figure.table == late.table
    histories = found.histories("lenet5")
    ours = np.mean([one["test_misses"].to_numpy() / 100 for one in histories], axis=0)
    past = found.paper.learning_curves["test_error_percent"]
    for number, row in enumerate(figure.table.rows):
        assert row[0] == str(number + 1)
        assert float(row[5]) == pytest.approx(past[number], rel=1e-3)
        assert float(row[6]) == pytest.approx(ours[number], rel=1e-3)


@pytest.mark.parametrize(("passes", "replicates"), [(2, 1), (2, 2), (25, 1)])
def test_runs_of_another_length_and_number_are_drawn(passes, replicates, bare):
    path = bare / "results" / "metrics.json"
    metrics = json.loads(path.read_text())["lenet5"]
    for value in (metrics, *metrics.values()):
        for key in ("values", "test_misses", "training_misses"):
            if isinstance(value, dict) and key in value:
                value[key] = value[key][:replicates]
    path.write_text(json.dumps({"lenet5": metrics | {"replicates": replicates}}))
    falling = np.geomspace(5, 1, passes)
    for number in range(replicates):
        run = bare / "results" / "runs" / "lenet5" / str(number) / "history.csv"
        write_bytes(run, history_bytes(history(falling, falling)))
    figures = charts.learning_curves(load(bare))
    assert len(figures) == (1 if passes == 2 else 2)
    assert len(figures[0].table.rows) == passes
    assert figures[0].table.rows[-1][6] == "1"


def test_four_figures_have_every_system_in_the_order_of_the_paper(found, parts):
    assert [one.name for one in parts["systems"]] == ["figure9", "figure10", "figure11", "figure12"]
    rows = found.paper.systems.to_dict("records")
    for figure, shown in zip(parts["systems"], systems.FIGURES, strict=True):
        for row, printed in zip(figure.table.rows, rows, strict=True):
            name, past = f"{printed['system']}/{printed['database']}", printed[shown.column]
            values = found.values(found.choices.systems.get(name, ""), shown.metric)
            verdict = found.verdict(f"{shown.claim}:{name}")
            assert row[0] == systems.words(name)
            assert row[1] == (verdict["verdict"] if verdict else "")
            assert (row[2] == "") == np.isnan(past)
            numbers = [] if np.isnan(past) else [past]
            numbers += [np.mean(values), min(values), max(values), len(values)] if values else []
            assert [float(row[place]) for place in (2, 3, 5, 6, 7) if row[place]] == pytest.approx(
                numbers, rel=1e-3
            )
            sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
            assert row[4] == ("" if sd is None else f"{sd:.4g}")


def test_columns_of_the_figures_name_their_files(html):
    titles = {one.get("title") for one in html.all("a", **{"class": "n"})}
    for shown in systems.FIGURES:
        assert f"metrics.json: {shown.metric} of the row's experiment" in titles
        assert f"data/paper/figures9_to_12_systems.csv: {shown.column}" in titles


def test_systems_that_were_not_run_say_why(found):
    name = "tangent-distance/16x16"
    gone = found.choices.systems[name]
    without = replace(found, metrics={k: v for k, v in found.metrics.items() if k != gone})
    told = dict(systems.not_run(without))
    assert systems.words(name) in told
    assert all(told.values())
    assert set(told) - set(dict(systems.not_run(found))) == {systems.words(name)}


def test_orders_of_the_systems_are_told_beside_the_figures(html, found):
    table = found.verdicts
    wanted = table["claim"].str.startswith("ordering.") | (
        table["claim"] == "systems.error:ordering"
    )
    (part,) = html.all("section", id="systems")
    assert wanted.sum() >= 5
    for reason in table.loc[wanted, "reason"]:
        assert systems.naming(found)(reason) in part["text"]


def test_errors_after_rejection_are_those_counted_one_by_one(found):
    curves, answers = rejections.errors(found, "lenet4"), found.answers("lenet4")
    assert curves.shape == (len(answers), len(found.labels))
    one = answers[0]
    # The last of equal margins is the last to be rejected.
    surest = sorted(range(len(found.labels)), key=lambda place: (-one.margins[place], -place))
    wrong = one.classes != found.labels
    for rejected in (0, 1, 50, 1234, len(found.labels) - 1):
        accepted = surest[: len(found.labels) - rejected]
        assert curves[0, rejected] == pytest.approx(100 * wrong[accepted].mean())


def test_curves_of_all_systems_with_answers_are_in_one_figure(found, parts):
    figure = parts["rejection"]
    there = [line for line in systems.lines(found, systems.REJECTION)
             if found.answers(line.experiment)]  # fmt: skip
    assert [row[0] for row in figure.table.rows] == [systems.words(line.name) for line in there]
    for line, row in zip(there, figure.table.rows, strict=True):
        assert f">{row[0]}</text>" in figure.svg
        misses = found.metrics[line.experiment]["test_misses"]
        assert float(row[1]) == pytest.approx(np.mean(misses) / 100, rel=1e-3)


def test_every_system_of_the_paper_has_a_panel(found):
    named = [system for family in rejections.FAMILIES.values() for system in family]
    assert len(named) == len(set(named))
    assert set(named) == set(found.paper.systems["system"])


def test_experiment_without_passes_has_no_training_error(found):
    rows = {row[0]: row for row in machine.experiments(found).rows}
    assert float(rows["linear"][2]) > 0
    assert rows["linear"][3] == ""
    assert float(rows["lenet5"][3].split()[0]) > 0


def test_speed_is_sentences_with_the_medians(found):
    said = " ".join(machine.speed(found))
    assert f"{found.bench['lenet5']['microseconds_per_pattern']['median']:.3g} " in said
    assert "bench" in " ".join(machine.speed(replace(found, bench=None)))


def test_changed_digits_and_wide_fields_are_shown_with_their_verdicts(html, found):
    (part,) = html.all("details", id="invariance-study")
    assert {"invariance", "figure13", "wide-fields"} <= {one["id"] for one in html.all("figure")}
    table = found.verdicts
    for reason in table["reason"][table["claim"].str.startswith("invariance.")]:
        assert systems.naming(found)(reason) in part["text"]


def test_template_holds_no_number():
    for name in page.TEMPLATES:
        template = text_of("replication.report", name).replace("10.1109/5.726791", "")
        assert not re.search(r"\d+\.\d+|\d\s*%[^}]|\d{3},\d{3}", template)
