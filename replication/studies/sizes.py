"""Figure 6, p. 11: how the errors fall with the number of training patterns.

Its experiments are ordinary ones; ``compare.training_sizes`` in params.yaml says which they are.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Inputs, Part, records
from replication.comparison.paper import Claim
from replication.comparison.verdicts.evidence import (
    Check,
    Checks,
    Evidence,
    Finding,
    Subject,
    Unmeasured,
)
from replication.comparison.verdicts.rule import judge_percent


def list_checks(evidence: Evidence, claim: Claim) -> list[Check]:
    """Return a check of each point of Figure 6 for each experiment that stands for it."""
    choices, points = evidence.choices, evidence.paper.training_set_size
    most = int(points["training_patterns"].max())
    all_presentations = _count_presentations(evidence, choices.experiments.undistorted)
    checks = []
    for point, series in product(records(points), drawing.SERIES):
        patterns, distorted = int(point["training_patterns"]), bool(point["distorted_training"])
        published = float(point[f"{series}_error_percent"])
        if math.isnan(published):
            continue
        names: Sequence[str] = choices.training_sizes.get(patterns, ("",))
        if distorted:
            names = (choices.experiments.distorted,)
        for place, name in enumerate(names):
            entry = f"{patterns}{'-distorted' if distorted else ''}:{series}"
            about = f"{series} error with {patterns:,} training patterns"
            if patterns < most and _count_presentations(evidence, name) == all_presentations:
                about += ", presented as often as all"
            subject = Subject.from_claim(
                claim, f"{entry}:{name}" if name else entry, number=published, unit="percent",
                about=about, role="repeat" if place else "",  # one number, another experiment
            )  # fmt: skip
            judge = partial(_judge, evidence, name, series, published, claim.rounding)
            checks.append(Check(subject, judge))
    return checks


def _count_presentations(evidence: Evidence, experiment: str) -> int | None:
    """Return how many patterns a training presents in all its passes; None without a history."""
    histories = evidence.histories.get(experiment)
    return int(histories[0]["training_presentations"].sum()) if histories else None


def _judge(
    evidence: Evidence, experiment: str, series: str, published: float, rounding: float | None
) -> Finding:
    if not experiment:
        raise Unmeasured("no experiment of params.yaml (compare.training_sizes) reads it")
    values = evidence.metric(experiment, f"{series}_error_percent")
    return judge_percent(evidence, values, published, rounding)


def draw_training_sizes(inputs: Inputs) -> drawing.Figure | None:
    """Draw Figure 6: error by number of training patterns; None without any experiment."""
    sizes = {patterns: [name for name in names if name in inputs.metrics]
             for patterns, names in sorted(inputs.choices.training_sizes.items())}  # fmt: skip
    sizes = {patterns: names for patterns, names in sizes.items() if names}
    if not sizes:
        return None
    distorted = inputs.choices.experiments.distorted

    def paint(canvas: Canvas) -> None:
        axes = canvas.subplots()
        _paint_sizes(axes, inputs, sizes)
        _paint_distorted(axes, inputs, max(sizes), distorted)
        _paint_sizes_of_1998(axes, inputs)

    rows = list(_list_rows(inputs, sizes, distorted))
    names = ", ".join(dict.fromkeys(str(row[1]) for row in rows))
    return drawing.Figure(
        "figure6",
        "Figure 6: fewer training patterns",
        drawing.draw(
            "figure6",
            "Training and test error against the number of training patterns, 1998 beside our "
            f"experiments {names}; the numbers are in the table below.",
            330,
            paint,
        ),
        "Diamonds: 1998. Dots: our trainings, joined at their means. For how long it trained on "
        "fewer patterns the paper does not say: solid lines have as many passes as with all of "
        "them, dotted ones as many presentations in all.",
        drawing.table(
            ("training patterns", "experiment", "error", "1998", "ours, mean", "sd", "runs"), rows
        ),
        (
            drawing.Source(f"{drawing.DATA}/figure6_training_set_size.csv", "all rows"),
            drawing.Source("../metrics.json", "training_error_percent, test_error_percent"),
        ),
    )


def _paint_runs(axes: Axes, patterns: int, values: Sequence[float], colour: str) -> float:
    """Paint a dot for each training; return their mean."""
    axes.plot([patterns] * len(values), values, "o", color=colour, markersize=3, alpha=0.5)
    return float(np.mean(values))


def _paint_sizes(axes: Axes, inputs: Inputs, sizes: Mapping[int, Sequence[str]]) -> None:
    for place in range(max(len(names) for names in sizes.values())):
        style = ("-", ":", "--", "-.")[place % 4]
        line = {patterns: names[min(place, len(names) - 1)] for patterns, names in sizes.items()}
        for series, colour in drawing.SERIES.items():
            means = [
                _paint_runs(axes, patterns, inputs.values(name, f"{series}_error_percent"), colour)
                for patterns, name in line.items()
            ]
            axes.plot(list(line), means, style, color=colour, linewidth=1.8)
            if place == 0:
                drawing.label_at(axes, max(line), means[-1], series, colour)


def _paint_distorted(axes: Axes, inputs: Inputs, patterns: int, experiment: str) -> None:
    values, colour = inputs.values(experiment, "test_error_percent"), drawing.DISTORTED
    if values:
        mean = _paint_runs(axes, patterns, values, colour)
        axes.plot(patterns, mean, "_", color=colour, markersize=12)
        drawing.label_at(axes, patterns, mean - 0.06, "distorted", colour)


def _paint_sizes_of_1998(axes: Axes, inputs: Inputs) -> None:
    figure = inputs.paper.training_set_size
    diamond: dict[str, Any] = {
        "color": drawing.INK,
        "markerfacecolor": drawing.PAPER,
        "markersize": 5,
    }
    for series in drawing.SERIES:
        axes.plot(figure["training_patterns"], figure[f"{series}_error_percent"], "D", **diamond)
    axes.plot([], [], "D", **diamond, label="1998")
    axes.legend(loc="upper right")
    axes.set(xlabel="training patterns", ylabel="percent of errors", ylim=(0, None))
    ticks = sorted(set(figure["training_patterns"]))
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])


def _list_rows(
    inputs: Inputs, sizes: Mapping[int, Sequence[str]], distorted: str
) -> Iterator[tuple[object, ...]]:
    for point, series in product(records(inputs.paper.training_set_size), drawing.SERIES):
        patterns, then = int(point["training_patterns"]), float(point[f"{series}_error_percent"])
        if math.isnan(then):
            continue
        names = [distorted] if point["distorted_training"] else sizes.get(patterns, ())
        for name in names or [""]:
            values = inputs.values(name, f"{series}_error_percent")
            mean = float(np.mean(values)) if values else None
            sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
            yield patterns, name or "not run", series, then, mean, sd, len(values)


CHECKS = Checks(tables={"lenet5.training-size": list_checks})
_MISSING = "Figure 6 needs the smaller training sets"
PARTS = (Part("training_size", draw_training_sizes, _MISSING, "dvc repro"),)
