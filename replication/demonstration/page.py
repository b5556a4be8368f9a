"""The demonstration as HTML that asks the network for nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

# In the order in which they build upon each other.
SCRIPTS = ("weights.js", "network.js", "pattern.js", "drawing.js", "pad.js", "wiring.js",
           "inspector.js", "outputs.js", "address.js", "main.js")  # fmt: skip


def fragment(found: Mapping[str, Any], level: int = 3) -> Markup:
    """The demonstration for a place in another page: style, markup, data and script.

    ``found`` is what `content` gives. Everything is below one element of the class ``lenet``; it
    fits any width from 320 pixels on, and is light or dark as the page's ``color-scheme`` is.
    ``level`` is that of its heading, 2 or 3: one more than that of the heading above it.
    """
    script = "".join(_resource(name) for name in SCRIPTS)
    return Markup(_rendered(
        "fragment.html.j2",
        found=found,
        level=level,
        style=Markup(_resource("demonstration.css")),
        # A "</script>" in a string would end the element.
        data=Markup(json.dumps(found, sort_keys=True).replace("</", "<\\/")),
        script=Markup(f'(() => {{\n"use strict";\n{script}}})();'),
    ))  # fmt: skip


def page(found: Mapping[str, Any]) -> str:
    """The demonstration as a page of its own."""
    return _rendered("page.html.j2", fragment=fragment(found, level=2))


def _rendered(name: str, **values: Any) -> str:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.from_string(_resource(name)).render(**values)


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
