"""What the page to draw on makes of images: changed, with noise, or a file of one's own."""

import numpy as np
import pytest
from browsers import DEMO, values
from disturbed import blank, several
from PIL import Image

from replication.extras import own_digits
from replication.studies.invariance import changes

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("kind", "amount"), [("scale", 0.7), ("scale", 1.6), ("shift", -0.35),
                                              ("rotation", 25.0)])  # fmt: skip
def test_the_sliders_change_a_digit_as_the_study_does(visit, regular, chosen, kind, amount):
    tab = visit()
    tab.evaluate(f"([kind, amount]) => {{ const demo = {DEMO};"
                 "demo.change({[kind]: amount}); demo.draw(); }", [kind, amount])  # fmt: skip
    index = int(np.argmax(regular.test_labels == 2))
    (expected,) = changes.change(
        regular.test_images[[index]], [index], kind, amount, chosen.invariance, 32
    )
    off = values(tab, f"{DEMO}.field.grey", 32, 32) - expected.astype(int)
    assert np.abs(off).max() <= 1
    assert np.abs(off).mean() < 0.01


def test_noise_inverts_about_so_many_pixels_and_more_of_it_the_same_and_others(visit):
    tab = visit()
    fields = [
        values(tab, f"(() => {{ const demo = {DEMO}; demo.change({{noise: {share}}});"
                    " demo.draw(); return demo.field.grey; })()", 1024)
        for share in (0, 0.1, 0.3)
    ]  # fmt: skip
    some, more = (field != fields[0] for field in fields[1:])
    assert 0.06 < some.mean() < 0.14
    assert 0.25 < more.mean() < 0.35
    assert not (some & ~more).any()


def test_an_image_becomes_the_pattern_that_predict_makes_of_it(visit, regular, tmp_path):
    path = tmp_path / "seven.png"
    large = Image.fromarray(255 - regular.test_images[0]).resize(
        (224, 224), Image.Resampling.BICUBIC
    )
    page = Image.new("RGB", (400, 300), (240, 238, 230))
    page.paste(large.convert("RGB").point(lambda level: level * 230 // 255), (120, 40))
    unevenly_lit = np.asarray(page) * np.linspace(0.6, 1.0, 400)[:, None]
    page = Image.fromarray(unevenly_lit.astype(np.uint8))
    page.save(path)
    tab = visit()
    tab.set_input_files("[data-lenet=file]", path)
    tab.wait_for_function(f"{DEMO}.contents[0].index === undefined && {DEMO}.contents[0].pattern")
    ((_, pattern),) = own_digits.read_digits(path)
    off = values(tab, f"{DEMO}.contents[0].pattern", 28, 28) - pattern.astype(int)
    assert np.abs(off).max() <= 1
    tab.wait_for_function("document.querySelector('[data-lenet=digit]').textContent === '7'")
    # The box is drawn in the page's own colour around what was cut out, between 120 and 344.
    sheet = "document.querySelector('[data-lenet=seen]')"
    assert tab.evaluate(f"[{sheet}.hidden, {sheet}.width, {sheet}.height]") == [False, 400, 300]
    line = values(tab, f"{sheet}.getContext('2d').getImageData(0, 150, 400, 1).data", 400, 4)
    (marked,) = np.nonzero(np.ptp(line[:, :3], axis=1) > 60)
    assert 120 < marked.min() < 200
    assert 260 < marked.max() < 344


def test_each_of_several_digits_of_an_image_is_answered(visit, regular, tmp_path):
    path = tmp_path / "row.png"
    Image.fromarray(several(regular.test_images[:4], 0)).save(path)
    tab = visit()
    tab.set_input_files("[data-lenet=file]", path)
    tab.wait_for_function("document.querySelectorAll('.row button').length === 13")
    row = tab.locator(".row button").all_inner_texts()
    assert [int(row[place]) for place in (0, 6, 12)] == regular.test_labels[:3].tolist()
    said = tab.locator("[data-lenet=problem]").inner_text()
    assert said == "Of 4 digits the first 3 are answered."


def test_an_image_that_cannot_be_read_is_a_warning_and_no_answer(visit, tmp_path):
    path = tmp_path / "blank.png"
    Image.fromarray(blank("8 bits", 0)).save(path)
    tab = visit()
    before = values(tab, f"{DEMO}.contents[0].pattern", 28, 28)
    tab.set_input_files("[data-lenet=file]", path)
    tab.wait_for_selector("[data-lenet=problem]:not(:empty)")
    said = tab.locator("[data-lenet=problem]").inner_text()
    assert said == "This image shows no ink: give an image with a digit on plain ground."
    np.testing.assert_array_equal(values(tab, f"{DEMO}.contents[0].pattern", 28, 28), before)


def test_a_file_that_is_no_image_gets_a_sentence(visit, tmp_path):
    path = tmp_path / "words.png"
    path.write_text("no image")
    tab = visit()
    tab.set_input_files("[data-lenet=file]", path)
    tab.wait_for_selector("[data-lenet=problem]:not(:empty)")
    said = tab.locator("[data-lenet=problem]").inner_text()
    assert said == "This cannot be read as an image: try a PNG or a JPEG."
