"""The page, made from fabricated results."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import report_files
from fabricated import FULL, INDEX, LABELS, PAPER, history
from PIL import Image
from report_files import OPTIONAL, folders, load
from report_systems import EXPERIMENTS, NOT_RUN, ROWS, UNMAPPED

from replication.errors import ReplicationError
from replication.evaluation.metrics import read_metrics, write_metrics
from replication.files import write_bytes, write_table
from replication.pipeline import report
from replication.report import (
    charts,
    comparisons,
    gallery,
    listings,
    machine,
    page,
    rejections,
    systems,
)
from replication.report.drawing import Figure
from replication.runs import history_bytes

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
    return report_files.project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def text(folder):
    out = folder / "results" / "report" / "index.html"
    run(folder, out)
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(text):
    return parsed(text)


@pytest.fixture
def bare(folder, tmp_path):
    """Results without any file that may be missing."""
    results = tmp_path / "results"
    results.mkdir()
    for name in ("metrics.json", "verdicts.csv"):
        (results / name).write_bytes((folder / "results" / name).read_bytes())
    (tmp_path / "data").symlink_to(folder / "data")
    (tmp_path / "params.yaml").symlink_to(folder / "params.yaml")
    return tmp_path


def run(folder, out):
    report.run(folders(folder), out)


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
    assert len(links) > 200
    for link in links:
        if link.startswith("#"):
            assert link[1:] in places, link
        elif not link.startswith(("data:", "https:")):
            assert (folder / "results" / "report" / link).exists(), link


def test_no_id_stands_twice(html):
    places = [one["id"] for one in html.elements if "id" in one]
    assert len(places) == len(set(places))


def test_headline_shows_the_numbers_of_the_files(html, folder):
    table = pd.read_csv(folder / "results" / "verdicts.csv").set_index("claim")
    rows = [one for one in html.all("tr") if "table" in one["inside"]][1:4]
    for row, claim in zip(
        rows, ("test-error", "training-error", "distorted-test-error"), strict=True
    ):
        verdict, published = table.loc[f"lenet5.{claim}"], PAPER.claims[f"lenet5.{claim}"]
        mean, sd = re.findall(r"[\d.]+", verdict["replicated"])
        shown = re.findall(r"\d+(?:\.\d+)?", row["text"].replace("after 19 passes", ""))
        off = [published.uncertainty] if published.uncertainty else []
        expected = [published.value, *off, mean, sd, verdict["low"], verdict["high"], 10]
        assert [float(one) for one in shown] == pytest.approx(
            [float(one) for one in expected], abs=0.0005
        )
        assert verdict["verdict"] in row["text"]


def test_headline_numbers_name_their_file_and_key(html):
    links = [one for one in html.all("a", **{"class": "n"}) if "lenet5.test-error" in one["title"]]
    titles = {one["title"] for one in links}
    assert "data/paper/claims.yaml: lenet5.test-error" in titles
    assert "verdicts.csv: mean where claim = lenet5.test-error" in titles
    assert "verdicts.csv: low, high where claim = lenet5.test-error" in titles


def test_misses_of_every_replicate_are_listed(html, folder):
    metrics = read_metrics(folder / "results" / "metrics.json")
    (link,) = [one for one in html.all("a") if one.get("title", "").endswith(" lenet5.test_misses")]
    assert link["text"] == ", ".join(str(count) for count in metrics["lenet5"]["test_misses"])


def test_same_files_give_the_same_bytes(folder, text, tmp_path):
    run(folder, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_every_chart_has_words_and_a_table(html, folder):
    charts = html.all("svg")
    parts = page.content(load(folder), report.study_parts()).values()
    drawn = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    assert len(charts) == sum(isinstance(one, Figure) for one in drawn)
    assert all(one["role"] == "img" and len(one["aria-label"]) > 40 for one in charts)
    names = [one["id"] for one in html.all("figure")]
    assert len(names) == len(charts)
    assert len([one for one in html.all("table") if "figure" in one["inside"]]) == len(charts)
    assert all("alt" in one and one["alt"] for one in html.all("img"))


def test_charts_take_their_colours_from_the_page(text):
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert set(re.findall(r"var\(--([a-z]+)\)", drawn)) >= {"ink", "muted", "test", "training"}
    assert not re.search(r"#[0-9a-f]{6}\b", drawn)
    assert "<style" not in drawn


def test_every_verdict_is_a_row(html, folder):
    table = pd.read_csv(folder / "results" / "verdicts.csv")
    rows = [one for one in html.all("tr") if "data-verdict" in one]
    assert [one["data-verdict"] for one in rows] == table["verdict"].tolist()
    assert [one["data-kind"] for one in rows] == table["kind"].tolist()
    for row, reason in zip(rows, table["reason"], strict=True):
        assert reason in row["text"]


def test_tally_counts_all_verdicts(html, folder):
    table = pd.read_csv(folder / "results" / "verdicts.csv")
    (share,) = html.all("div", **{"class": "share"})
    for verdict, count in table["verdict"].value_counts().items():
        assert f"{count} {verdict}" in share["aria-label"]


def test_departures_come_first_in_the_audit(html):
    rows = [one for one in html.all("tr") if "data-status" in one]
    assert [one["data-status"] for one in rows] == ["departs", "unstated", "faithful"]


def test_text_of_the_files_is_shown_not_interpreted(text):
    assert "&lt;b&gt;tried&lt;/b&gt;" in text
    assert "a &lt;fast&gt; one" in text
    assert "<b>tried</b>" not in text


def test_gallery_shows_figure_8_with_the_share_of_ours(folder):
    shown = gallery.gallery(load(folder))
    assert shown.experiment == "lenet5-distorted"
    assert [one.index for one in shown.figure8] == sorted(INDEX)
    wrong = np.array([one.classes != FULL.labels for one in FULL.answers["lenet5-distorted"]])
    for one in shown.figure8:
        assert one.missed == wrong[:, one.index].sum()
        assert (one.label, one.replicates) == (FULL.labels[one.index], 10)
    assert list(shown.only_1998) == [one for one in shown.figure8 if one.missed == 0]
    assert all(one.past is None and one.missed == 10 for one in shown.only_ours)


def test_images_of_the_gallery_are_those_of_the_test_set(folder):
    found = load(folder)
    digit = gallery.gallery(found).figure8[3]
    image = Image.open(io.BytesIO(base64.b64decode(digit.image.partition(",")[2])))
    ink = 255 - np.asarray(image, dtype=int)
    assert ink.shape == (28, 28)
    assert np.abs(ink - found.images[digit.index]).max() < 17
    assert (ink == 0).any()


def test_missing_parts_are_sentences_with_their_commands(folder, bare, html):
    assert not html.all("p", **{"class": "missing"})
    for name in ("lenet5", "lenet5-distorted"):
        (bare / "results" / "runs" / name).parent.mkdir(exist_ok=True)
        (bare / "results" / "runs" / name).symlink_to(folder / "results" / "runs" / name)
    run(bare, bare / "index.html")
    missing = parsed((bare / "index.html").read_text()).all("p", **{"class": "missing"})
    assert len(missing) == len(OPTIONAL)
    assert all("not there yet" in one["text"] for one in missing)
    commands = {"misclassified.csv": "compare", "variance.csv": "compare",
                "invariance_examples.csv": "invariance", "fields.csv": "invariance"}  # fmt: skip
    expected = [commands.get(name, name.partition(".")[0]) for name in OPTIONAL]
    named = [re.search(r"python -m replication (\w+)", one["text"])[1] for one in missing]
    assert sorted(named) == sorted(expected)


def test_missing_file_leaves_the_other_parts(folder):
    bare = replace(load(folder), audit=None)
    parts = page.content(bare, report.study_parts())
    missing = {name for name, part in parts.items() if isinstance(part, page.Missing)}
    assert missing == {"audit"}


def test_page_without_any_run_is_made_of_sentences(bare):
    run(bare, bare / "index.html")
    html = parsed((bare / "index.html").read_text())
    assert len(html.all("p", **{"class": "missing"})) >= 7
    assert html.all("svg")  # Figure 9 needs the metrics only


@pytest.mark.parametrize(
    ("name", "made_by"), [("metrics.json", "evaluate"), ("verdicts.csv", "compare")]
)
def test_page_without_what_it_is_about_is_refused(name, made_by, bare):
    (bare / "results" / name).unlink()
    with pytest.raises(ReplicationError, match=rf"{name} is missing: run .*{made_by}"):
        run(bare, bare / "index.html")
    assert not (bare / "index.html").exists()


@pytest.mark.parametrize("name", OPTIONAL)
def test_damaged_file_is_named_and_never_taken_for_missing(name, bare):
    (bare / "results" / name).write_text("[]\n")
    with pytest.raises(ReplicationError, match=name):
        run(bare, bare / "index.html")


def test_claim_without_a_verdict_is_unmeasured_in_the_headline(bare):
    path = bare / "results" / "verdicts.csv"
    table = pd.read_csv(path)
    write_table(path, table[table["claim"] != "lenet5.test-error"])
    row = listings.headline(load(bare))[0]
    assert (row.verdict, row.ours.text) == ("unmeasured", "")


def test_figure_5_has_1998_and_the_mean_of_ours_in_its_table(folder):
    figure, late = charts.learning_curves(load(folder))
    assert figure.table == late.table
    ours = np.mean(
        [one["test_misses"].to_numpy() / 100 for one in FULL.histories["lenet5"]], axis=0
    )
    past = PAPER.learning_curves["test_error_percent"]
    for number, row in enumerate(figure.table.rows):
        assert row[0] == str(number + 1)
        assert float(row[5]) == pytest.approx(past[number], rel=1e-3)
        assert float(row[6]) == pytest.approx(ours[number], rel=1e-3)


@pytest.mark.parametrize(("passes", "replicates"), [(2, 1), (2, 2), (25, 1)])
def test_runs_of_another_length_and_number_are_drawn(passes, replicates, bare):
    metrics = read_metrics(bare / "results" / "metrics.json")
    entry = metrics["lenet5"]
    for value in (entry, *entry.values()):
        for key in ("values", "test_misses", "training_misses"):
            if isinstance(value, dict) and key in value:
                value[key] = value[key][:replicates]
    write_metrics(bare / "results" / "metrics.json", {"lenet5": entry | {"replicates": replicates}})
    falling = np.geomspace(5, 1, passes)
    for number in range(replicates):
        path = bare / "results" / "runs" / "lenet5" / str(number) / "history.csv"
        write_bytes(path, history_bytes(history(falling, falling)))
    figures = charts.learning_curves(load(bare))
    assert len(figures) == (1 if passes == 2 else 2)
    assert len(figures[0].table.rows) == passes
    assert figures[0].table.rows[-1][6] == "1"


def test_four_figures_have_every_system_in_the_order_of_the_paper(folder):
    metrics = read_metrics(folder / "results" / "metrics.json")
    figures = comparisons.systems(load(folder))
    assert [one.name for one in figures] == ["figure9", "figure10", "figure11", "figure12"]
    for figure, shown in zip(figures, systems.FIGURES, strict=True):
        assert [row[0] for row in figure.table.rows] == [name.replace("/", ", ") for name in ROWS]
        for row, (name, printed) in zip(figure.table.rows, ROWS.items(), strict=True):
            entry = metrics.get(EXPERIMENTS.get(name), {}).get(shown.metric, {"values": []})
            values = entry["values"]
            past = [] if np.isnan(printed[shown.column]) else [printed[shown.column]]
            numbers = [*past, np.mean(values), min(values), max(values), len(values)] if values \
                else past  # fmt: skip
            found = [float(cell) for place, cell in enumerate(row[2:8]) if cell and place != 2]
            assert found == pytest.approx(numbers, rel=1e-3), name
            sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
            assert row[4] == ("" if sd is None else f"{sd:.4g}")


def test_every_row_of_the_figures_has_its_verdict_and_a_link_to_it(html, folder):
    verdicts = pd.read_csv(folder / "results" / "verdicts.csv").set_index("claim")["verdict"]
    links = {one.get("title"): one["text"] for one in html.all("a", href="../verdicts.csv")}
    named = 0
    for shown in systems.FIGURES:
        for name, printed in ROWS.items():
            key = f"verdicts.csv: verdict where claim = {shown.claim}:{name}"
            if np.isnan(printed[shown.column]):
                assert key not in links
                continue
            assert links[key] == verdicts[f"{shown.claim}:{name}"]
            named += 1
    assert named == PAPER.systems[[shown.column for shown in systems.FIGURES]].count().sum()


def test_numbers_of_the_figures_name_the_experiment_and_its_metric(html):
    titles = {one["title"] for one in html.all("a", **{"class": "n"})}
    for name, experiment in EXPERIMENTS.items():
        if name != NOT_RUN:
            assert f"metrics.json: {experiment}.test_error_percent" in titles
    key = "test_error_percent where system = rbf1000-linear, database = regular"
    assert f"data/paper/figures9_to_12_systems.csv: {key}" in titles


def test_systems_that_were_not_run_say_why(folder, html):
    found = dict(systems.not_run(load(folder)))
    assert list(found) == [name.replace("/", ", ") for name in (UNMAPPED, NOT_RUN)]
    assert "compare.systems" in found[UNMAPPED.replace("/", ", ")]
    assert "has not been run" in found[NOT_RUN.replace("/", ", ")]
    (part,) = html.all("section", id="systems")
    for reason in found.values():
        assert reason in part["text"]


def test_orders_of_the_systems_are_told_beside_the_figures(html, folder):
    table = pd.read_csv(folder / "results" / "verdicts.csv")
    wanted = table["claim"].str.startswith("ordering.") | (
        table["claim"] == "systems.error:ordering"
    )
    (part,) = html.all("section", id="systems")
    assert wanted.sum() >= 5
    for claim, reason in table.loc[wanted, ["claim", "reason"]].itertuples(index=False):
        assert claim in part["text"]
        assert reason in part["text"]


def test_errors_after_rejection_are_those_counted_one_by_one(folder):
    found = load(folder)
    curves = rejections.errors(found, "mlp-300-regular")
    answers = found.answers("mlp-300-regular")
    assert curves.shape == (len(answers), len(LABELS))
    for curve, one in zip(curves, answers, strict=True):
        # The last of equal margins is the last to be rejected.
        surest = sorted(range(len(LABELS)), key=lambda place: (-one.margins[place], -place))
        for rejected in (0, 1, 50, 1234, len(LABELS) - 1):
            accepted = surest[: len(LABELS) - rejected]
            missed = sum(int(one.classes[place] != LABELS[place]) for place in accepted)
            assert curve[rejected] == pytest.approx(100 * missed / len(accepted))


def test_curves_of_all_systems_with_answers_are_in_one_figure(folder):
    figure = rejections.curves(load(folder))
    names = [name.replace("/", ", ") for name in ROWS if name not in (UNMAPPED, NOT_RUN)]
    assert [row[0] for row in figure.table.rows] == names
    for name in names:
        assert f">{name}</text>" in figure.svg
    metrics = read_metrics(folder / "results" / "metrics.json")
    for row in figure.table.rows:
        expected = np.mean(metrics[EXPERIMENTS[row[0].replace(", ", "/")]]["test_misses"]) / 100
        assert float(row[1]) == pytest.approx(expected, rel=1e-3)


def test_every_system_of_the_paper_has_a_panel():
    named = [system for family in rejections.FAMILIES.values() for system in family]
    assert len(named) == len(set(named))
    assert set(named) == set(PAPER.systems["system"])


def test_experiment_without_passes_has_no_training_error(folder):
    rows = {row[0]: row for row in machine.experiments(load(folder)).rows}
    assert float(rows["linear-regular"][2]) == pytest.approx(12.6, abs=0.05)
    assert rows["linear-regular"][3] == ""
    assert rows["mlp-300-regular"][3] == "1.000"


def test_changed_digits_and_wide_fields_have_their_sections(html, folder):
    parts = {one["id"]: one["text"] for one in html.all("section") if "id" in one}
    assert "Invariance and noise (Section III-E)" in parts["invariance-study"]
    assert "Several digits in one field" in parts["fields"]
    assert {"invariance", "figure13", "wide-fields"} <= {one["id"] for one in html.all("figure")}
    table = pd.read_csv(folder / "results" / "verdicts.csv")
    for claim in table["claim"][table["claim"].str.startswith("invariance.")]:
        assert claim in parts["invariance-study"]


def test_template_holds_no_number():
    template = page._resource("page.html.j2").replace("10.1109/5.726791", "")
    assert not re.search(r"\d+\.\d+|\d\s*%[^}]|\d{3},\d{3}", template)
