"""What the tests of the page to draw on share: the network in the tab, and what it says."""

import base64

import numpy as np

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
