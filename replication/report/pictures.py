"""Digits as in Figure 13 (p. 16) and a field of several digits (p. 8), with a network's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from numpy.typing import NDArray

from replication.evaluation.invariance import KINDS, changed, side_by_side
from replication.networks.lenet5 import lenet5
from replication.report.drawing import WIDTH, Figure, Source, table
from replication.report.gallery import data_uri
from replication.report.inputs import Inputs, records

# The colours of the experiments, as in the chart of their errors.
_ROLES = ("test", "distorted", "accent", "training")
_SMALL = 'font-size="9" text-anchor="middle"'
_COLUMNS = 7  # amounts of each kind that are drawn
_CELL, _LINE, _TITLE = 34, 48, 29  # units of the SVG: a digit, a line of them, what is above them
_ENLARGED = 3  # units of the SVG to a pixel of a wide field
_SQUARE = 10  # units of the SVG: the square of a class above a wide field
_OUTPUTS, _LEFT = 118, 14  # units of the SVG: what is above a wide field and to its left
Levels = NDArray[np.uint8]


def digits(inputs: Inputs) -> Figure | None:
    """As in Figure 13: a few digits at increasing change, with the answers; None without them."""
    found = inputs.invariance_examples
    if found is None:
        return None
    names = list(dict.fromkeys(found["experiment"].astype(str)))[: len(_ROLES)]
    patterns = int(found["pattern"].max()) + 1
    right = found["class"].to_numpy() == inputs.labels[found["pattern"].to_numpy()]
    said = "; ".join(
        f"{name} answers {int(right[own].sum())} of {int(own.sum())} right"
        for name in names
        for own in [(found["experiment"] == name).to_numpy()]
    )
    high = _TITLE + patterns * _LINE
    blocks = [
        f'<g transform="translate({255 * (place % 2)} {high * (place // 2)})">'
        f"{_block(inputs, found, names, kind)}</g>"
        for place, kind in enumerate(KINDS)
    ]
    alt = f"The first {patterns} test patterns at increasing change, with the answers: {said}."
    rows = [
        (row["kind"], row["amount"], row["pattern"], int(inputs.labels[row["pattern"]]),
         row["experiment"], row["class"], row["penalty"])
        for row in records(found)
    ]  # fmt: skip
    columns = ("change", "amount", "test pattern", "label", "experiment", "answer", "penalty")
    return Figure(
        "figure13",
        "Digits as in Figure 13",
        _svg(alt, 2 * high, blocks),
        f"Below each digit the answers of the first replicate of {', '.join(names)}, in this "
        "order; wrong ones are bold and underlined. A negative shift is upwards, a negative "
        "rotation counter-clockwise.",
        table(columns, rows),
        (
            Source("../invariance_examples.csv", "class by experiment, kind, amount and pattern"),
            Source("../../data/raw/", "t10k-images-idx3-ubyte.gz: the first patterns"),
        ),
    )


def _block(inputs: Inputs, found: pd.DataFrame, names: Sequence[str], kind: str) -> str:
    """The digits of one kind: a line a pattern, a column an amount."""
    own, patterns = found[found["kind"] == kind], int(found["pattern"].max()) + 1
    tried = sorted(float(amount) for amount in own["amount"].unique())
    chosen = [tried[place] for place in spaced(len(tried))]
    field, images = lenet5(inputs.paper).field, inputs.images[:patterns]
    sheets = [
        changed(images, range(patterns), kind, amount, inputs.study, field) for amount in chosen
    ]
    parts = [f'<text y="11" font-size="11" fill="var(--ink)">{escape(kind)}</text>']
    for column, amount in enumerate(chosen):
        x = _CELL * column + _CELL // 2
        parts.append(f'<text x="{x}" y="24" {_SMALL} fill="var(--muted)">{amount:g}</text>')
    for line in range(patterns):
        strip = np.hstack([sheet[line] for sheet in sheets])
        parts.append(_image(strip, 0, _TITLE + _LINE * line, _CELL * len(chosen), _CELL))
    for place, name in enumerate(names):
        rows = own[(own["experiment"] == name) & own["amount"].isin(chosen)]
        aside = 9.0 * (place - (len(names) - 1) / 2)
        answers = [_answer(row, chosen, aside, inputs) for row in records(rows)]
        parts += [f'<g {_SMALL} fill="var(--{_ROLES[place]})">', *answers, "</g>"]
    return "".join(parts)


def _answer(row: Mapping[str, Any], chosen: Sequence[float], aside: float, inputs: Inputs) -> str:
    x = _CELL * chosen.index(row["amount"]) + _CELL / 2 + aside
    y = _TITLE + _LINE * row["pattern"] + _CELL + 10
    wrong = row["class"] != inputs.labels[row["pattern"]]
    style = ' font-weight="700" text-decoration="underline"' if wrong else ""
    return f'<text x="{x:g}" y="{y}"{style}>{row["class"]}</text>'


def spaced(count: int) -> list[int]:
    """At most `_COLUMNS` places out of ``count``, the first and the last among them."""
    if count <= _COLUMNS:
        return list(range(count))
    return [int(place) for place in np.rint(np.linspace(0, count - 1, _COLUMNS))]


def wide_fields(inputs: Inputs) -> Figure | None:
    """Several digits in one field and the row of outputs above it (p. 8); None without them."""
    found = inputs.fields
    if found is None:
        return None
    side = lenet5(inputs.paper).field
    parts, said = [], []
    across, down, high = 0, 0, _OUTPUTS + _ENLARGED * side + 12
    for place, shown in enumerate(inputs.study.fields):
        own = found[found["picture"] == place]
        wide = side_by_side(inputs.images[list(shown)], inputs.study.pitch, side)
        width = _LEFT + _ENLARGED * wide.shape[1]
        if across and across + width > WIDTH:
            across, down = 0, down + high
        best = own.loc[own.groupby("position")["penalty"].idxmin()]
        parts.append(f'<g transform="translate({across} {down})">{_wide(own, best, wide)}</g>')
        across += width + 24
        digits_there = " ".join(str(inputs.labels[number]) for number in shown)
        said.append(f"{digits_there}: {' '.join(str(one) for one in best['class'])}")
    alt = f"Digits in one field and, from the left, the least penalised class: {'; '.join(said)}."
    keys = ("picture", "position", "class", "penalty")
    return Figure(
        "wide-fields",
        "A field wider than the network's own",
        _svg(alt, down + high, parts),
        f"Test digits side by side, and above them the outputs of {found['experiment'].iloc[0]}, "
        "first replicate, as a convolution over the whole field: each column stands over the "
        f"middle of the {side} pixels that it sees. The less a class is penalised, the darker its "
        "square; on top the class of least penalty, also between the digits, where there is "
        "nothing to recognise.",
        table(keys, [tuple(row[key] for key in keys) for row in records(found)]),
        (
            Source("../fields.csv", "penalty by picture, position and class"),
            Source("../../data/raw/", "t10k-images-idx3-ubyte.gz"),
        ),
    )


def _wide(own: pd.DataFrame, best: pd.DataFrame, wide: Levels) -> str:
    """One field with its outputs: a column of squares, one a class, for each position."""
    positions = sorted(own["position"].unique())
    apart = _ENLARGED * int(positions[1] - positions[0]) if len(positions) > 1 else _SQUARE
    middle = _LEFT + _ENLARGED * wide.shape[0] / 2
    most = float(own["penalty"].max())
    parts = [f'<g {_SMALL} fill="var(--ink)">']
    for row in records(best):
        x = middle + _ENLARGED * row["position"]
        parts.append(f'<text x="{x:g}" y="9" font-weight="700">{row["class"]}</text>')
    for digit in sorted(own["class"].unique()):
        parts.append(f'<text x="6" y="{21 + _SQUARE * digit}">{digit}</text>')
    parts.append('</g><g fill="var(--test)">')
    for row in records(own):
        x = middle + _ENLARGED * row["position"] - apart / 2
        parts.append(
            f'<rect x="{x:g}" y="{13 + _SQUARE * row["class"]}" width="{apart - 1}" '
            f'height="{_SQUARE - 1}" opacity="{1 - row["penalty"] / most:.2f}"/>'
        )
    height, width = (_ENLARGED * side for side in wide.shape)
    return "".join([*parts, "</g>", _image(wide, _LEFT, _OUTPUTS, width, height)])


def _image(levels: Levels, x: int, y: int, width: int, height: int) -> str:
    """Grey levels as a picture that follows the page's colours."""
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    return (
        f'<image {place} href="{data_uri(levels)}" preserveAspectRatio="none" '
        'style="image-rendering:pixelated;filter:var(--image)"/>'
        f'<rect {place} fill="none" stroke="var(--line)"/>'
    )


def _svg(alt: str, height: int, parts: Iterable[str]) -> Markup:
    start = f'<svg class="chart" viewBox="0 0 {WIDTH:g} {height}" role="img"'
    return Markup(f'{start} aria-label="{escape(alt)}">\n' + "\n".join(parts) + "\n</svg>")
