"""Drawing, pointing, keys and looks of the page to draw on."""

import pytest
from browsers import asked, smallest_text

pytestmark = pytest.mark.browser

MINUS = "\N{MINUS SIGN}"


def draw_a_one(tab):
    box = tab.locator(".sheet").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"]
    tab.mouse.move(x, y + 0.15 * box["height"])
    tab.mouse.down()
    tab.mouse.move(x, y + 0.85 * box["height"], steps=10)
    tab.mouse.up()


def test_a_stroke_is_answered_and_a_link_shows_the_same_again(visit):
    tab = visit()
    draw_a_one(tab)
    tab.wait_for_function("document.querySelector('[data-lenet=digit]').textContent === '1'")
    tab.wait_for_function("location.hash.includes('digits=p')")
    penalties = tab.locator(".penalties .number").all_inner_texts()
    again = visit(after=tab.evaluate("location.hash"))
    assert again.locator(".penalties .number").all_inner_texts() == penalties


def test_three_digits_give_a_row_of_outputs_and_each_is_chosen(visit):
    tab = visit()
    tab.locator("[data-lenet=count] label").nth(2).click()
    for digit in (4, 7):
        tab.locator(".ten button").nth(digit).click()
    tab.wait_for_function("document.querySelectorAll('.row button').length === 13")
    row = tab.locator(".row button").all_inner_texts()
    assert (row[0], row[6], row[12]) == ("2", "4", "7")
    tab.locator(".row button").nth(12).click()
    tab.wait_for_function("document.querySelector('[data-lenet=digit]').textContent === '7'")


def test_a_unit_lights_its_column_of_table_i_and_shows_its_sum(visit, paper):
    tab = visit()
    tab.locator(".crossbar > .C3").nth(9).hover()
    tab.wait_for_function("document.querySelectorAll('.cell.on').length === 4")
    read = paper.connection_table[9]
    assert len(read) == tab.locator(".sum .block").count() == 4
    dim = [tab.locator(".crossbar > .S2").nth(row).evaluate("one => one.classList.contains('dim')")
           for row in range(6)]  # fmt: skip
    assert dim == [row not in read for row in range(6)]
    products = [float(text.split("\n")[-1].replace(MINUS, "-"))
                for text in tab.locator(".sum .block").all_inner_texts()]  # fmt: skip
    said = tab.locator(".total").inner_text().replace(MINUS, "-").split()
    bias = float(said[said.index("bias") + 1].rstrip(";"))
    assert sum(products) + bias == pytest.approx(float(said[2]), abs=0.04)


def test_every_layer_is_reached_and_moved_in_by_keys(visit):
    tab = visit()
    layers = ("C1", "S2", "C3", "S4", "C5", "F6")
    stops = tab.locator(".plane[tabindex='0']").count()
    assert stops == len(layers)
    for name in layers:
        tab.locator(f".plane.{name}[tabindex='0']").focus()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_function(f"document.querySelector('.what b').textContent.startsWith('{name}')")
    tab.locator(".plane.C3[tabindex='0']").focus()
    tab.keyboard.press("PageDown")
    tab.wait_for_function("document.querySelector('.what b').textContent.includes('map 1,')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_it_fits_and_complains_of_nothing_and_asks_for_nothing(visit, address, width, scheme):
    tab = visit(width, scheme)
    for count in (3, 1):
        tab.locator("[data-lenet=count] label").nth(count - 1).click()
        tab.wait_for_function(f"document.querySelector('.lenet').dataset.count === '{count}'")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.complaints == []
    assert asked(tab) == [address]
    assert smallest_text(tab) >= 11
