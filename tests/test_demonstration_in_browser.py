"""The page to draw on in a real browser: `make test-page`, with Chromium installed."""

from __future__ import annotations

import base64
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import torch
from browsers import asked, chromium, smallest_text, visitor
from PIL import Image
from small import REPOSITORY

from replication import demonstration, settings
from replication.mnist import databases, drawn
from replication.networks import lenet5
from replication.networks.reference import Reference
from replication.runs import of_experiment
from replication.settings import Rules
from replication.studies.invariance import changes

pytestmark = pytest.mark.browser

MINUS = "\N{MINUS SIGN}"
NAMES = ("lenet5-distorted", "lenet5")
PATTERNS = 1000
DEMO = "document.querySelector('.lenet').lenet"


@pytest.fixture(scope="module")
def chosen():
    return settings.load(REPOSITORY / "params.yaml")


@pytest.fixture(scope="module")
def runs():
    return {name: of_experiment(REPOSITORY / "results" / "runs", name, 2) for name in NAMES}


@pytest.fixture(scope="module")
def found(paper, regular, chosen, runs):
    content = demonstration.content(
        paper,
        chosen.compare,
        chosen.invariance,
        regular.test_images,
        regular.test_labels,
        runs,
        carried=2,
    )
    # A third network: the first with every rule another one.
    other = {"name": "other/0", "distance": 0.5, "share": 0.25, "amplitude": 1.5, "slope": 0.5}
    own, others = content["networks"][:2], content["networks"][2:]
    return content | {"networks": [*own, own[0] | other, *others]}


@pytest.fixture(scope="module")
def results(found, tmp_path_factory):
    """A folder of results with the page and the runs."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "demo").mkdir()
    (folder / "demo" / "index.html").write_text(demonstration.page(found), encoding="utf-8")
    (folder / "runs").symlink_to(REPOSITORY / "results" / "runs")
    return folder


@pytest.fixture(scope="module")
def address(results):
    return (results / "demo" / "index.html").as_uri()


@pytest.fixture(scope="module")
def served(results):
    """The address of the page when the folder of results is served."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=results)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/demo/index.html"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser, address):
    with visitor(browser) as opened:

        def open_page(width=1280, scheme="light", after="", at=address):
            tab = opened(at + after, (width, 900), scheme)
            tab.wait_for_selector(".lenet.ready")
            return tab

        yield open_page


def as_text(images):
    return base64.b64encode(np.ascontiguousarray(images).tobytes()).decode()


def values(tab, expression, *shape):
    return np.array(tab.evaluate(f"[...{expression}]")).reshape(shape)


def assert_committed_answers(tab, regular, runs, experiment, replicate):
    answers = runs[experiment][replicate].answers
    said = tab.evaluate(
        f"([name, patterns]) => {DEMO}.classified(name, patterns)",
        [f"{experiment}/{replicate}", as_text(regular.test_images[:PATTERNS])],
    )
    classes, margins = zip(*said, strict=True)
    np.testing.assert_array_equal(classes, answers.classes[:PATTERNS])
    np.testing.assert_allclose(margins, answers.margins[:PATTERNS], atol=2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_test_patterns_get_the_committed_answers_every_one(visit, regular, runs, name):
    assert_committed_answers(visit(), regular, runs, name, 0)


SHOWN = f"{DEMO}.network.given.name"
LACKING = "lenet5/1"  # a replicate that the page does not carry
FILE = f"runs/{LACKING}/weights.safetensors"


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


def test_a_dropped_file_of_weights_is_taken_as_well(visit, results):
    tab = visit()
    tab.select_option("[data-lenet=network]", LACKING)
    tab.wait_for_selector(".absent:visible")
    content = base64.b64encode((results / FILE).read_bytes()).decode()
    tab.evaluate(
        """content => {
          const carried = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          carried.items.add(new File([bytes], "weights.safetensors"));
          const options = {dataTransfer: carried, bubbles: true, cancelable: true};
          document.querySelector(".absent").dispatchEvent(new DragEvent("drop", options));
        }""",
        content,
    )
    tab.wait_for_function(f"{SHOWN} === '{LACKING}'")


@pytest.mark.parametrize("kind", ["of another replicate", "damaged", "cut off", "empty"])
def test_a_file_of_other_weights_or_none_ends_in_a_sentence(visit, results, tmp_path, kind):
    whole = (results / FILE).read_bytes()
    damaged = bytearray(whole)
    damaged[-1] ^= 1
    content = {
        "of another replicate": (results / FILE.replace("/1/", "/0/")).read_bytes(),
        "damaged": damaged,
        "cut off": whole[:-8],
        "empty": b"",
    }[kind]
    path = tmp_path / "mine.safetensors"
    path.write_bytes(content)
    tab = visit()
    before = tab.evaluate(SHOWN)
    tab.select_option("[data-lenet=network]", LACKING)
    tab.set_input_files("[data-lenet=weights]", path)
    tab.wait_for_selector("[data-lenet=trouble]:not(:empty)")
    said = tab.locator("[data-lenet=trouble]").inner_text()
    assert said == "mine.safetensors does not hold the weights of this training."
    assert tab.evaluate(SHOWN) == before
    assert tab.complaints == []


def test_where_the_runs_are_not_served_the_file_is_asked_for(visit, served):
    tab = visit(at=served)
    tab.route("**/weights.safetensors", lambda route: route.fulfill(status=404))
    tab.select_option("[data-lenet=network]", LACKING)
    tab.wait_for_selector(".absent:visible")


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
    (expected,) = changes.changed(
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
    off = values(tab, f"{DEMO}.contents[0].pattern", 28, 28) - drawn.read(path).astype(int)
    assert np.abs(off).max() <= 1
    tab.wait_for_function("document.querySelector('[data-lenet=digit]').textContent === '7'")


def test_a_file_that_is_no_image_gets_a_sentence(visit, tmp_path):
    path = tmp_path / "words.png"
    path.write_text("no image")
    tab = visit()
    tab.set_input_files("[data-lenet=file]", path)
    tab.wait_for_selector("[data-lenet=problem]:not(:empty)")


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


def test_pictures_change_colour_with_the_page(visit):
    corner = "document.querySelector('.input canvas').getContext('2d').getImageData(0, 0, 1, 1)"
    light, dark = (values(visit(scheme=scheme), f"{corner}.data", 4)
                   for scheme in ("light", "dark"))  # fmt: skip
    assert light[0] > 200 > 60 > dark[0]


def test_a_frame_takes_less_than_fifteen_milliseconds(visit):
    """The least of many: what a machine that is busy with other things does not slow down."""
    times = visit().evaluate(
        f"() => Array.from({{length: 100}}, () => {{ {DEMO}.draw(); return {DEMO}.milliseconds; }})"
    )
    assert min(times) < 15
