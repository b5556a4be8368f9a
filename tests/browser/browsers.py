"""Chromium for the tests that open the pages, and tabs that remember what went wrong in them."""

import base64
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

SLOW = 60_000  # milliseconds: a busy machine is no failure
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update",
          "--disable-sync")  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(_FLAGS), timeout=SLOW)
        yield started
        started.close()


@contextmanager
def visitor(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens addresses, each in a tab of its own; all are closed in the end."""
    contexts = []

    def visit(address, size=(1280, 800), scheme="light", **options):
        """What the page complained of and asked for are the lists `complaints` and `requests`."""
        window = dict(zip(("width", "height"), size, strict=True))
        context = browser.new_context(viewport=window, color_scheme=scheme, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(SLOW)
        tab.complaints, tab.requests = [], []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: tab.requests.append(request.url))
        tab.goto(address, wait_until="load")
        return tab

    yield visit
    for context in contexts:
        context.close()


def asked(tab: Page) -> list[str]:
    """What a tab asked for but for what stands in the page itself."""
    return [url for url in tab.requests if not url.startswith("data:")]


def smallest_text(tab: Page) -> float:
    """The least height of letters that are seen on a page, in pixels."""
    return tab.evaluate(
        """() => Math.min(...[...document.querySelectorAll("body *")]
          .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
          .filter(one => one.getClientRects().length && !one.closest("svg"))
          .map(one => parseFloat(getComputedStyle(one).fontSize)))"""
    )


# Of the page to draw on.
NAMES = ("lenet5-distorted", "lenet5")
PATTERNS = 1000
DEMO = "document.querySelector('.lenet').lenet"


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
