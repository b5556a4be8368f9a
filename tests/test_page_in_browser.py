"""The page in a real browser: `make test-page`, with Chromium installed."""

import shutil

import pytest
import report_files
from playwright.sync_api import sync_playwright

from replication.pipeline import report
from replication.report import page

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = 400, 1200
PRINTED = 680  # A4 within margins, in CSS pixels


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = report_files.project(tmp_path_factory.mktemp("project"))
    out = folder / "results" / "report" / "index.html"
    out.parent.mkdir()
    out.write_text(page.render(report_files.load(folder), report.study_parts()), encoding="utf-8")
    return out.as_uri()


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def visit(browser, address):
    """Opens the page; what it complained of and asked for are lists on the page object."""
    contexts = []

    def open_page(width=DESKTOP, scheme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        tab = context.new_page()
        tab.complaints, tab.requests = [], []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: tab.requests.append(request.url))
        tab.goto(address, wait_until="load")
        return tab

    yield open_page
    for context in contexts:
        context.close()


def overflow(tab):
    """How much wider the page is than the window, in pixels."""
    return tab.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def shown(tab, rows):
    return tab.locator(f"{rows}:visible").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, PHONE, 768, 850, DESKTOP])
def test_page_opens_without_complaint_request_or_overflow(visit, address, width, scheme):
    tab = visit(width, scheme)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [address]
    assert overflow(tab) == 0
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert overflow(tab) == 0


def test_nothing_reaches_over_the_edge_of_a_phone(visit):
    tab = visit(PHONE)
    beyond = tab.evaluate(
        """() => [...document.querySelectorAll("main *")]
          .filter(one => !one.closest(".scroll, pre, svg"))
          .filter(one => one.getBoundingClientRect().right > innerWidth)
          .map(one => one.outerHTML.slice(0, 80))"""
    )
    assert beyond == []


@pytest.mark.parametrize("name", ["figure9", "figure10", "figure11", "figure12", "rejection"])
def test_names_of_the_systems_are_read_on_a_phone(visit, name):
    sizes = visit(PHONE).evaluate(
        """name => {
          const chart = document.querySelector(`#${name} svg`);
          const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
          return [...chart.querySelectorAll("text")]
            .map(one => scale * parseFloat(getComputedStyle(one).fontSize));
        }""",
        name,
    )
    assert len(sizes) > 20
    assert min(sizes) >= 8


def test_table_behind_a_figure_is_a_list_of_cards_on_a_phone(visit):
    for width, display in ((DESKTOP, "table-row"), (PHONE, "block")):
        tab = visit(width)
        tab.click("#figure9 summary")
        row = tab.locator("#figure9 tbody tr").first
        assert row.evaluate("one => getComputedStyle(one).display") == display
        assert row.locator(".verdict").is_visible()


def test_verdict_filter_shows_only_that_verdict_and_back(visit):
    tab = visit()
    every = shown(tab, "#claims [data-row]")
    wanted = tab.locator('#claims [data-verdict="differs"]').count()
    assert 0 < wanted < every
    tab.click('button[data-value="differs"]')
    assert (
        shown(tab, "#claims [data-row]") == shown(tab, '#claims [data-verdict="differs"]') == wanted
    )
    assert tab.locator("#claims output").inner_text() == f"{wanted} of {every} shown"
    assert tab.locator('button[data-value="differs"]').get_attribute("aria-pressed") == "true"
    assert tab.locator("#claims [data-group]:visible").count() < 6
    tab.click('#claims button[data-key="verdict"][data-value=""]')
    assert shown(tab, "#claims [data-row]") == every


def test_filters_and_search_work_together(visit):
    tab = visit()
    tab.click('button[data-value="count"]')
    tab.fill("#claims input", "LENET5.c1 parameters")
    rows = tab.locator("#claims [data-row]:visible")
    assert rows.count() == 1
    assert "lenet5.c1.parameters" in rows.inner_text()
    tab.fill("#claims input", "no such words")
    assert shown(tab, "#claims [data-row]") == 0


def test_audit_is_filtered_by_status_alone(visit):
    tab = visit()
    claims = shown(tab, "#claims [data-row]")
    tab.click('button[data-value="departs"]')
    assert shown(tab, "#audit [data-row]") == 1
    assert shown(tab, "#claims [data-row]") == claims


def test_without_scripts_everything_is_shown_and_no_dead_button(visit):
    tab = visit(java_script_enabled=False)
    assert tab.locator("[data-row]:visible").count() == tab.locator("[data-row]").count() > 100
    assert tab.locator("button:visible").count() == 0


def paper_colour(tab):
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def test_colours_follow_the_system_until_they_are_chosen(visit):
    light, dark = visit(scheme="light"), visit(scheme="dark")
    assert paper_colour(light) != paper_colour(dark)
    dark.click("#theme")
    assert paper_colour(dark) == paper_colour(light)
    dark.reload()
    assert paper_colour(dark) == paper_colour(light)
    dark.click("#theme")
    dark.click("#theme")
    assert dark.locator("#theme").inner_text() == "Colours: auto"
    assert paper_colour(dark) != paper_colour(light)


def test_charts_change_colour_with_the_page(visit):
    colours = [
        visit(scheme=scheme).evaluate(
            "getComputedStyle(document.querySelector('#figure5 svg text')).fill"
        )
        for scheme in ("light", "dark")
    ]
    assert colours[0] != colours[1]
    assert all(colour.startswith("rgb") for colour in colours)


def test_print_is_light_and_without_controls(visit):
    tab = visit(PRINTED, scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    assert overflow(tab) == 0
    assert paper_colour(tab) == "rgb(255, 255, 255)"
    assert tab.locator(".filters:visible, #theme:visible, nav:visible").count() == 0
    assert tab.locator(".claims:visible").count() > 1
