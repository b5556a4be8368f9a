"""The committed page in a real browser: `make test-page`, with Chromium installed."""

import re
from functools import partial
from itertools import combinations

import pytest
from browsers import asked, smallest_text, visitor
from small import REPOSITORY

pytestmark = pytest.mark.browser

PHONE, TABLET, DESKTOP = (390, 844), (768, 1024), (1280, 800)
SMALL = (320, 568)
PRINTED = (680, 960)  # A4 within margins, in CSS pixels
LEAST_TEXT = 11  # pixels
UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.fixture(scope="module")
def address():
    return (REPOSITORY / "results" / "report" / "index.html").as_uri()


@pytest.fixture
def visit(browser, address):
    with visitor(browser) as opened:
        yield partial(opened, address)


def overflow(tab):
    """How much wider the page is than the window, in pixels."""
    return tab.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def shown(tab, rows):
    return tab.locator(f"{rows}:visible").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [SMALL, PHONE, TABLET, DESKTOP])
def test_page_opens_without_complaint_request_or_overflow(visit, address, size, scheme):
    tab = visit(size, scheme)
    assert tab.complaints == []
    assert asked(tab) == [address]
    assert overflow(tab) == 0
    tab.evaluate(UNFOLD)
    assert overflow(tab) == 0


@pytest.mark.parametrize(("size", "screens"), [(DESKTOP, 12), (PHONE, 25)])
def test_story_is_short_until_something_is_unfolded(visit, size, screens):
    assert visit(size).evaluate("document.documentElement.scrollHeight") < screens * size[1]


LABELS = """() => [...document.querySelectorAll("figure svg.chart")]
  .filter(chart => chart.getBoundingClientRect().width > 0)
  .flatMap(chart => {
    const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
    return [...chart.querySelectorAll("text")].map(one => {
      const {left, right, top, bottom} = one.getBoundingClientRect();
      return {figure: chart.closest("figure").id, text: one.textContent,
        size: scale * parseFloat(getComputedStyle(one).fontSize), left, right, top, bottom};
    });
  })"""


# Those whose labels may lie on each other have them as a part of what they show.
APART = ("headline", "figure5", "figure5-late", "figure9", "figure10", "figure11", "figure12",
         "rejection", "readings", "readings-curves", "figure6", "variance")  # fmt: skip


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP])
def test_all_text_is_large_enough_and_no_label_is_cut_off_or_lies_on_another(visit, size):
    tab = visit(size)
    tab.evaluate(UNFOLD)
    assert smallest_text(tab) >= LEAST_TEXT
    labels = tab.evaluate(LABELS)
    assert len(labels) > 300
    assert [one for one in labels if one["size"] < LEAST_TEXT] == []
    assert [one for one in labels if one["left"] < 0 or one["right"] > size[0]] == []
    for name in APART:
        own = [one for one in labels if one["figure"] == name]
        assert len(own) > 5, name
        assert [pair for pair in combinations(own, 2) if overlap(*pair)] == [], name


def overlap(one, other):
    """Whether the letters of two labels touch; boxes of text are higher than its letters."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across >= 1 and down >= 0.45 * one["size"]


def test_training_under_the_pointer_is_named_wherever_it_is_drawn(visit):
    tab = visit()
    tick = tab.locator('#figure9 svg.wide [data-marks="lenet5"] use').nth(3)
    tick.scroll_into_view_if_needed()
    box = tick.bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    said = tab.locator("#tip").inner_text()
    named = re.search(r"results/runs/(lenet5/\d+)\)", said)
    assert named, said
    for figure in ("figure5", "figure9", "headline"):
        assert tab.locator(f"#{figure} svg.wide .lit").count() >= 1
    tab.mouse.move(0, 0)
    assert tab.locator("#tip").is_hidden()
    assert tab.locator(".lit").count() == 0


def test_keyboard_skips_to_the_answer_and_has_few_stops(visit):
    tab = visit()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "answer"
    stops = tab.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
          .filter(one => one.tabIndex >= 0 && one.checkVisibility()).length"""
    )
    assert stops < 90


@pytest.mark.parametrize("name", ["claims", "audit", "speed"])
def test_link_to_an_appendix_unfolds_it(visit, name):
    tab = visit()
    assert not tab.locator(f"#{name}").evaluate("one => one.open")
    tab.click(f'nav a[href="#{name}"]')
    tab.wait_for_function(f"document.getElementById('{name}').open")


def test_claims_are_filtered_by_role_and_words(visit):
    tab = visit()
    tab.evaluate(UNFOLD)
    every = shown(tab, "#claims [data-row]")
    wanted = tab.locator('#claims [data-role="fitted"]').count()
    assert 0 < wanted < every
    tab.click('#claims button[data-value="fitted"]')
    assert shown(tab, "#claims [data-row]") == shown(tab, '#claims [data-role="fitted"]') == wanted
    assert str(wanted) in tab.locator("#claims output").inner_text()
    assert tab.locator('button[data-value="fitted"]').get_attribute("aria-pressed") == "true"
    tab.click('#claims button[data-value=""]')
    assert shown(tab, "#claims [data-row]") == every
    tab.fill("#claims input", "LENET5.c1 parameters")
    assert shown(tab, "#claims [data-row]") == 1
    tab.fill("#claims input", "no such words")
    assert shown(tab, "#claims [data-row]") == 0
    assert tab.locator("#claims [data-group]:visible").count() == 0


def test_without_scripts_everything_is_there_and_no_dead_button(visit):
    tab = visit(java_script_enabled=False)
    tab.click("#claims > summary")
    assert tab.locator("#claims [data-row]").count() > 100
    assert shown(tab, "#claims [data-row]") > 10
    assert tab.locator("button:visible").count() == 0


def paper_colour(tab):
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def test_colours_follow_the_system_until_they_are_chosen(visit):
    light, dark = visit(scheme="light"), visit(scheme="dark")
    assert paper_colour(light) != paper_colour(dark)
    letters = "getComputedStyle(document.querySelector('#figure5 svg text')).fill"
    assert light.evaluate(letters) != dark.evaluate(letters)
    dark.click("#theme")
    assert paper_colour(dark) == paper_colour(light)
    dark.reload()
    assert paper_colour(dark) == paper_colour(light)
    dark.click("#theme")
    dark.click("#theme")
    assert dark.locator("#theme").inner_text() == "Colours: auto"
    assert paper_colour(dark) != paper_colour(light)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_print_is_light_and_without_controls(visit, scheme):
    tab = visit(PRINTED, scheme)
    tab.emulate_media(media="print", color_scheme=scheme)
    assert overflow(tab) == 0
    assert paper_colour(tab) == "rgb(255, 255, 255)"
    assert tab.locator(".filters:visible, #theme:visible, nav:visible, .skip:visible").count() == 0
    assert tab.locator(".headline:visible").count() == 1
    assert tab.locator("details:not([open]):visible").count() == 0
    breaks = tab.locator("h2, h3, h4, main h2 + p, caption").evaluate_all(
        "all => all.map(one => getComputedStyle(one).breakAfter)"
    )
    assert set(breaks) == {"avoid"}
    assert tab.locator("main p, figure").evaluate_all(
        "all => all.every(one => getComputedStyle(one).breakInside === 'avoid')"
    )
    assert tab.locator("#appendices:visible").count() == 0
    tab.evaluate("document.getElementById('speed').open = true")
    assert tab.locator("#speed:visible").count() == 1
    assert tab.locator("#claims:visible").count() == 0
