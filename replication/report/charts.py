"""LeNet-5's own figures: the headline's three numbers, and Figures 5 and 8 (p. 11)."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from PIL import Image

from replication.comparison.figures.drawing import (
    DATA,
    DISTORTED,
    INK,
    MUTED,
    PAPER,
    SERIES,
    TEST,
    TRAINING,
    Figure,
    Source,
    Table,
    draw,
    label_at,
    marks,
    table,
)
from replication.comparison.figures.inputs import Inputs, records
from replication.comparison.verdicts.claim_checks import HEADLINE
from replication.comparison.verdicts.curves import Curves, percentages
from replication.comparison.verdicts.evidence import experiment_for
from replication.comparison.verdicts.statistics import prediction_interval
from replication.report.tables import NAMES
from replication.report.texts import say

_PAST_HEIGHT, _NAME_HEIGHT = 0.3, 0.58  # above ours, as shares of a row
_BAND = ("ours", "low", "high")
_LATE = 6  # Figure 5 again from this pass on, where the first passes no longer set the scale


def headline_values(inputs: Inputs, claim: str) -> list[float]:
    """Return the errors behind the headline's verdict on ``claim``, in percent, by replicate."""
    published = inputs.paper.claims[claim]
    name = experiment_for(published, inputs.choices)
    if "after_pass" not in published.numbers:
        return inputs.values(name, f"{published.series}_error_percent")
    number = int(published.numbers["after_pass"])
    curves = percentages(inputs.histories(name), str(published.series), len(inputs.labels))
    return curves[:, number - 1].tolist() if curves.shape[1] >= number else []


def headline(inputs: Inputs) -> Figure | None:
    """Draw 1998 and every replicate of the three headline numbers on one scale."""
    errors = {claim: values for claim in HEADLINE if (values := headline_values(inputs, claim))}
    if not errors:
        return None
    claims = inputs.paper.claims
    rows = [
        (NAMES[claim], replicate, value)
        for claim, values in errors.items()
        for replicate, value in enumerate(values)
    ]
    run_sources = [
        Source(
            f"../runs/{experiment_for(claims[claim], inputs.choices)}/",
            "history.csv: training_misses / training_presentations",
        )
        for claim in errors
        if "after_pass" in claims[claim].numbers
    ]
    means = {claim: fmean(values) for claim, values in errors.items()}
    alt = say("headline_in_words", errors=errors, means=means, names=NAMES, claims=claims)
    return Figure(
        "headline",
        "The three numbers, drawn",
        draw("headline", alt, 220, lambda canvas: _paint_headline(canvas, inputs, errors)),
        say("headline_caption"),
        table(("number", "replicate", "percent"), rows),
        (Source("../metrics.json", "test_error_percent.values"), *run_sources),
    )


def _paint_headline(canvas: Canvas, inputs: Inputs, errors: Mapping[str, list[float]]) -> None:
    axes = canvas.subplots()
    for place, (name, values) in enumerate(errors.items()):
        verdict, claim = inputs.verdict(name), inputs.paper.claims[name]
        colour, y = (TEST, TRAINING, DISTORTED)[HEADLINE.index(name)], -place
        ends = (verdict.finding.low, verdict.finding.high) if verdict else (None, None)
        # To the digits of verdicts.csv.
        low, high = (np.nan if end is None else float(f"{end:.6g}") for end in ends)
        bar: dict[str, Any] = {"linewidth": 9, "alpha": 0.22, "solid_capstyle": "butt"}
        axes.plot([low, high], [y, y], color=colour, **bar)
        gid, ticks = marks(experiment_for(claim, inputs.choices)), [y] * len(values)
        axes.plot(values, ticks, "|", color=colour, markersize=11, alpha=0.8, gid=gid)
        axes.plot(np.mean(values), y, "o", color=colour, markersize=6)
        diamond: dict[str, Any] = {"fmt": "D", "color": INK, "markerfacecolor": PAPER}
        diamond |= {"markersize": 5.5, "linewidth": 1, "xerr": claim.uncertainty}
        axes.errorbar(claim.number, y + _PAST_HEIGHT, **diamond)
        above: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(NAMES[name], (0.0, y + _NAME_HEIGHT), color=MUTED, **above)
        if place == 0:
            label_at(axes, claim.number + (claim.uncertainty or 0.0), y + _PAST_HEIGHT, "1998", INK)
            label_at(axes, float(np.nanmax([high, *values])), y, "ours", colour)
    axes.set(yticks=[], xlabel="percent", xlim=(0, None), ylim=(0.7 - len(errors), 0.75))


def _band(curves: Curves, confidence: float) -> Curves:
    """Return the mean and the interval of one more run, pass by pass: (3, passes)."""
    mean = curves.mean(axis=0)
    if len(curves) < 2:
        return np.array([mean, mean, mean])
    intervals = [prediction_interval(column, confidence) for column in curves.T]
    return np.array([mean, *zip(*intervals, strict=True)])


def learning_curves(inputs: Inputs) -> list[Figure]:
    """Draw Figure 5, whole and from pass `_LATE` on; empty without histories."""
    experiment = inputs.choices.experiments.undistorted
    histories = inputs.histories(experiment)
    if not histories:
        return []
    ours = {name: percentages(histories, name, len(inputs.labels)) for name in SERIES}
    bands = {name: _band(curves, inputs.choices.confidence) for name, curves in ours.items()}
    past = inputs.paper.learning_curves
    passes = ours["test"].shape[1]
    numbers = _tabulate_curves(past, bands, passes)
    sources = (
        Source(f"{DATA}/figure5_learning_curves.csv", "both columns"),
        Source(f"../runs/{experiment}/", "history.csv of each"),
    )
    last = min(len(past), passes)
    errors = {
        name: (past[f"{name}_error_percent"].iloc[last - 1], band[0, last - 1])
        for name, band in bands.items()
    }
    late = "Without the first passes, which set the scale there."
    figures = []
    for name, first, title, caption in (
        ("figure5", 1, "Figure 5: errors pass by pass", say("curves_caption")),
        ("figure5-late", _LATE, f"The same from pass {_LATE} on", late),
    ):
        if first == 1 or first < passes:
            counts: dict[str, Any] = {"replicates": len(histories), "pass": last}
            alt = say("curves_in_words", title=title, errors=errors, **counts)
            paint = partial(_paint_curves, experiment, first, past, ours, bands)
            svg = draw(name, alt, 330, paint)
            figures.append(Figure(name, title, svg, caption, numbers, sources))
    return figures


def _tabulate_curves(past: pd.DataFrame, bands: Mapping[str, Curves], passes: int) -> Table:
    columns: dict[str, Any] = {"pass": range(1, passes + 1)}
    printed = past.set_index("pass").reindex(columns["pass"])
    for name, band in bands.items():
        columns[f"{name}: 1998"] = printed[f"{name}_error_percent"]
        columns |= {f"{name}: {part}": row for part, row in zip(_BAND, band, strict=True)}
    return table(tuple(columns), list(zip(*columns.values(), strict=True)))


def _paint_curves(
    experiment: str, first: int, past: pd.DataFrame, ours: Mapping[str, Curves],
    bands: Mapping[str, Curves], canvas: Canvas,
) -> None:  # fmt: skip
    """Draw 1998 and ours by series, from the pass ``first`` on."""
    axes, last = canvas.subplots(), ours["test"].shape[1]
    passes = np.arange(first, last + 1)
    points = past[past["pass"].between(first, last)]
    circles: dict[str, Any] = {"color": INK, "markerfacecolor": PAPER, "markersize": 4}
    for name, colour in SERIES.items():
        mean, low, high = bands[name][:, first - 1 :]
        axes.fill_between(passes, low, high, color=colour, alpha=0.18, linewidth=0)
        for replicate, curve in enumerate(ours[name][:, first - 1 :]):
            gid = marks(experiment, replicate)
            axes.plot(passes, curve, color=colour, linewidth=0.5, alpha=0.35, gid=gid)
        axes.plot(passes, mean, color=colour, linewidth=2)
        axes.plot(points["pass"], points[f"{name}_error_percent"], "o-", linewidth=0.7, **circles)
        label_at(axes, float(last), float(mean[-1]), name, colour)
    axes.plot([], [], "o-", label="1998", **circles)
    axes.plot([], [], color=MUTED, linewidth=2, label="ours, mean")
    axes.legend(loc="upper right")
    axes.set(xlabel="pass", ylabel="percent of errors", ylim=(0, None))
    axes.set_xticks([number for number in (1, 5, 10, 15, 20) if first <= number <= last])


@dataclass(frozen=True)
class Digit:
    """One test pattern.

    Attributes:
        index: 0-based in the test file. label: the right class.
        past: what 1998 answered, None where it was right.
        missed: how many of ``replicates`` of ours miss it; None when none has been run.
        ours: our replicates' most frequent wrong answer, None where there is none.
        image: a ``data:`` URI, ink on paper, 28x28.
    """

    index: int
    label: int
    past: int | None
    missed: int | None
    replicates: int
    ours: int | None
    image: str


class Gallery(NamedTuple):
    """The digits of Figure 8, and those that all of ours miss.

    experiment: whose replicates are counted; empty when none has been run.
    """

    experiment: str
    digits: list[Digit]
    table: Table
    sources: tuple[Source, ...]


def gallery(inputs: Inputs) -> Gallery | None:
    """Return Figure 8's digits; None before `compare` has written misclassified.csv."""
    patterns = inputs.misclassified
    if patterns is None:
        return None
    # A test set that is only a part of MNIST's has not all of them.
    patterns = patterns[patterns["test_index"] < len(inputs.labels)]
    roles = inputs.choices.experiments
    answered = patterns.dropna(axis="columns").columns
    candidates = (roles.distorted, roles.undistorted)
    run = [name for name in candidates if name in inputs.metrics and f"missed_{name}" in answered]
    experiment = run[0] if run else ""
    digits = _read_digits(inputs, patterns, experiment)
    columns = ("test pattern", "label", "1998", "ours, if wrong", "missed by", "of")
    rows = [(d.index, d.label, d.past, d.ours, d.missed, d.replicates) for d in digits]
    sources = (
        Source("../misclassified.csv", f"missed_{experiment or '...'} by test_index"),
        Source(f"{DATA}/figure8_misclassified.csv", "predicted by test_index"),
    )
    return Gallery(experiment, digits, table(columns, rows), sources)


def _read_digits(inputs: Inputs, patterns: pd.DataFrame, experiment: str) -> list[Digit]:
    counts = np.zeros((len(inputs.labels), 10), dtype=np.int64)  # of each wrong answer
    for answers in inputs.answers(experiment):
        wrong = np.flatnonzero(answers.classes != inputs.labels)
        np.add.at(counts, (wrong, answers.classes[wrong]), 1)
    replicates = int(inputs.metrics[experiment]["replicates"]) if experiment else 0
    digits = []
    for row in records(patterns):
        index, past = int(row["test_index"]), row["answer_1998"]
        missed = round(row[f"missed_{experiment}"] * replicates) if experiment else None
        ours = int(counts[index].argmax()) if counts[index].any() else None
        past = None if np.isnan(past) else int(past)
        image = data_uri(inputs.images[index])
        digits.append(Digit(index, int(row["label"]), past, missed, replicates, ours, image))
    return digits


def data_uri(image: NDArray[np.uint8]) -> str:
    """Return a PNG of a uint8 (28, 28) pattern, dark ink on white paper, as a ``data:`` URI."""
    stream = io.BytesIO()
    # Sixteen greys are plenty for a thumbnail and halve its size.
    Image.fromarray(255 - (image // 17) * 17).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
