"""The demonstration as HTML that asks the network for nothing."""

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from replication.report.templates import templates, text

# In the order in which they build upon each other.
SCRIPTS = ("weights.js", "network.js", "pattern.js", "drawing.js", "pad.js", "wiring.js",
           "inspector.js", "outputs.js", "address.js", "main.js")  # fmt: skip


def fragment(found: Mapping[str, Any], level: int = 3) -> Markup:
    """The demonstration for a place in another page: style, markup, data and script.

    ``found`` is what `content` gives. Everything is below one element of the class ``lenet``; it
    fits any width from 320 pixels on, and is light or dark as the page's ``color-scheme`` is.
    ``level`` is that of its heading, 2 or 3: one more than that of the heading above it.
    """
    script = "".join(text(__package__, name) for name in SCRIPTS)
    return Markup(templates(__package__).get_template("fragment.html.j2").render(
        found=found,
        level=level,
        style=Markup(text(__package__, "demonstration.css")),
        # A "</script>" in a string would end the element.
        data=Markup(json.dumps(found, sort_keys=True).replace("</", "<\\/")),
        script=Markup(f'(() => {{\n"use strict";\n{script}}})();'),
    ))  # fmt: skip


def page(found: Mapping[str, Any]) -> str:
    """The demonstration as a page of its own."""
    return (
        templates(__package__)
        .get_template("page.html.j2")
        .render(fragment=fragment(found, level=2))
    )
