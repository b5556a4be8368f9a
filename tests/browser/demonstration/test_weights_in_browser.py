"""Weights in the page to draw on: carried, fetched, chosen, and what is none of them."""

import pytest
from browsers import DEMO, NAMES, asked, assert_committed_answers

pytestmark = pytest.mark.browser

SHOWN = f"{DEMO}.network.given.name"
LACKING = "lenet5/1"  # a replicate that the page does not carry
FILE = f"runs/{LACKING}/weights.safetensors"


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_test_patterns_get_the_committed_answers_every_one(visit, regular, runs, name):
    assert_committed_answers(visit(), regular, runs, name, 0)


def test_a_replicate_that_the_page_does_not_carry_is_fetched_where_it_is_served(
    visit, regular, runs, served
):
    tab = visit(at=served)
    tab.select_option("[data-lenet=network]", LACKING)
    tab.wait_for_function(f"{SHOWN} === '{LACKING}'")
    assert tab.locator(".absent:visible").count() == 0
    assert asked(tab) == [served, served.replace("demo/index.html", FILE)]
    assert_committed_answers(tab, regular, runs, "lenet5", 1)
    assert tab.complaints == []


def test_a_replicate_that_the_page_does_not_carry_is_chosen_as_a_file(
    visit, regular, runs, address, results
):
    tab = visit()
    before = tab.evaluate(SHOWN)
    tab.select_option("[data-lenet=network]", LACKING)
    tab.wait_for_selector(".absent:visible")
    assert f"results/{FILE}" in tab.locator(".absent").inner_text()
    assert tab.evaluate(SHOWN) == before
    tab.set_input_files("[data-lenet=weights]", results / FILE)
    tab.wait_for_function(f"{SHOWN} === '{LACKING}'")
    assert tab.locator(".absent:visible").count() == 0
    assert_committed_answers(tab, regular, runs, "lenet5", 1)
    assert asked(tab) == [address]
    assert tab.complaints == []


@pytest.mark.parametrize("kind", ["of another replicate", "damaged", "cut off", "empty"])
def test_a_file_of_other_weights_or_none_ends_in_a_sentence(visit, results, tmp_path, kind):
    whole = (results / FILE).read_bytes()
    damaged = bytearray(whole)
    damaged[-1] ^= 1
    other = (results / FILE.replace("/1/", "/0/")).read_bytes()
    content = {"of another replicate": other, "damaged": damaged, "cut off": whole[:-8]}
    path = tmp_path / "mine.safetensors"
    path.write_bytes(content.get(kind, b""))
    tab = visit()
    before = tab.evaluate(SHOWN)
    tab.select_option("[data-lenet=network]", LACKING)
    tab.set_input_files("[data-lenet=weights]", path)
    tab.wait_for_selector("[data-lenet=trouble]:not(:empty)")
    said = tab.locator("[data-lenet=trouble]").inner_text()
    assert "mine.safetensors" in said
    assert tab.evaluate(SHOWN) == before
    assert tab.complaints == []


def test_a_link_names_the_replicate_whether_or_not_the_page_carries_it(visit, served):
    tab = visit(at=served)
    tab.locator("[data-lenet=network]").focus()
    tab.keyboard.press("Shift")
    tab.select_option("[data-lenet=network]", LACKING)
    tab.wait_for_function("location.hash.includes('network=lenet5%2F1')")
    state = tab.evaluate("location.hash")
    again = visit(at=served, after=state)
    again.wait_for_function(f"{SHOWN} === '{LACKING}'")
    opened = visit(after=state)
    opened.wait_for_selector(".absent:visible")
    assert opened.locator("[data-lenet=network]").input_value() == LACKING
