"""Figure 6 (p. 11) redrawn: the error by the number of training patterns."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Inputs, Part, records


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

    rows = _list_rows(inputs, sizes, distorted)
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


def _paint_sizes(axes: Axes, inputs: Inputs, sizes: Mapping[int, Sequence[str]]) -> None:
    for place in range(max(len(names) for names in sizes.values())):
        style = ("-", ":", "--", "-.")[place % 4]
        line = {patterns: names[min(place, len(names) - 1)] for patterns, names in sizes.items()}
        for series, colour in drawing.SERIES.items():
            means = []
            for patterns, name in line.items():
                values = inputs.values(name, f"{series}_error_percent")
                axes.plot(
                    [patterns] * len(values), values, "o", color=colour, markersize=3, alpha=0.5
                )
                means.append(float(np.mean(values)))
            axes.plot(list(line), means, style, color=colour, linewidth=1.8)
            if place == 0:
                drawing.label_at(axes, max(line), means[-1], series, colour)


def _paint_distorted(axes: Axes, inputs: Inputs, patterns: int, experiment: str) -> None:
    values = inputs.values(experiment, "test_error_percent")
    if values:
        axes.plot(
            [patterns] * len(values), values, "o", color=drawing.DISTORTED, markersize=3, alpha=0.5
        )
        axes.plot(patterns, float(np.mean(values)), "_", color=drawing.DISTORTED, markersize=12)
        drawing.label_at(
            axes, patterns, float(np.mean(values)) - 0.06, "distorted", drawing.DISTORTED
        )


def _paint_sizes_of_1998(axes: Axes, inputs: Inputs) -> None:
    figure = inputs.paper.training_set_size
    for series in drawing.SERIES:
        axes.plot(
            figure["training_patterns"], figure[f"{series}_error_percent"],
            "D", color=drawing.INK, markerfacecolor=drawing.PAPER, markersize=5,
        )  # fmt: skip
    axes.plot(
        [], [], "D", color=drawing.INK, markerfacecolor=drawing.PAPER, markersize=5, label="1998"
    )
    axes.legend(loc="upper right")
    axes.set(xlabel="training patterns", ylabel="percent of errors", ylim=(0, None))
    ticks = sorted(set(figure["training_patterns"]))
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])


def _list_rows(
    inputs: Inputs, sizes: Mapping[int, Sequence[str]], distorted: str
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for point in records(inputs.paper.training_set_size):
        patterns = int(point["training_patterns"])
        names = [distorted] if point["distorted_training"] else list(sizes.get(patterns, ()))
        for series in drawing.SERIES:
            then = float(point[f"{series}_error_percent"])
            if np.isnan(then):
                continue
            for name in names or [""]:
                values = inputs.values(name, f"{series}_error_percent")
                mean = float(np.mean(values)) if values else None
                sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
                rows.append((patterns, name or "not run", series, then, mean, sd, len(values)))
    return rows


_MISSING = "Figure 6 needs the smaller training sets"
PARTS = (Part("training_size", draw_training_sizes, _MISSING, "dvc repro"),)
