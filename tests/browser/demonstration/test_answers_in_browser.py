"""The page to draw on computes what the reference computes, of any field and any image."""

import numpy as np
import pytest
import torch
from live import DEMO, NAMES, as_text, values
from PIL import Image

from replication.core.mnist import databases
from replication.core.networks import lenet5
from replication.core.networks.reference import Reference
from replication.core.settings import Rules
from replication.extras import own_digits
from replication.studies.invariance import changes

pytestmark = pytest.mark.browser


def reference(found, runs, paper, number):
    """The torch reference of the page's network of that number, as a function of grey levels."""
    one = found["networks"][number]
    record = runs[NAMES[number % 2]][0].record["settings"]
    rules = Rules.stated(record | {
        "squashing": {"amplitude": one["amplitude"], "slope": one["slope"]},
        "subsampling": {"reading": "added" if one["share"] == 1 else "averaged", "fan_in": 4},
        "criterion": record["criterion"] | {"distance": one["distance"]},
    })  # fmt: skip
    network = lenet5.network(paper)
    levels = databases.grey_levels(one["background"], one["foreground"])
    weights = torch.from_numpy(runs[NAMES[number % 2]][0].weights(network.parameters))
    whole = Reference(network, rules)

    def answer(grey):
        inputs = torch.from_numpy(levels[grey][None, None])
        with torch.no_grad():
            maps = whole.maps(weights, inputs)
            return maps, whole.penalties(weights, inputs)

    return answer


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_map_and_penalty_is_the_reference_s_in_a_wide_field_and_by_any_rules(
    visit, found, runs, paper, number
):
    wide = np.random.default_rng(number).integers(0, 256, (32, 80), dtype=np.uint8)
    tab = visit()
    tab.evaluate(
        f"""([name, grey]) => {{
          const demo = {DEMO};
          demo.choose(name);
          const bytes = Uint8Array.from(atob(grey), (letter) => letter.charCodeAt(0));
          window.found = demo.network.run(bytes, 32, 80);
        }}""",
        [found["networks"][number]["name"], as_text(wide)],
    )
    maps, penalties = reference(found, runs, paper, number)(wide)
    for name, expected in {**maps, "RBF": penalties}.items():
        got = values(tab, f"found.{name}.values", *expected.shape)
        np.testing.assert_allclose(got, expected.numpy(), rtol=2e-5, atol=2e-4, err_msg=name)


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
    off = values(tab, f"{DEMO}.contents[0].pattern", 28, 28) - own_digits.read(path).astype(int)
    assert np.abs(off).max() <= 1
    tab.wait_for_function("document.querySelector('[data-lenet=digit]').textContent === '7'")


def test_a_file_that_is_no_image_gets_a_sentence(visit, tmp_path):
    path = tmp_path / "words.png"
    path.write_text("no image")
    tab = visit()
    tab.set_input_files("[data-lenet=file]", path)
    tab.wait_for_selector("[data-lenet=problem]:not(:empty)")
    said = tab.locator("[data-lenet=problem]").inner_text()
    assert said == "This cannot be read as an image: try a PNG or a JPEG."
