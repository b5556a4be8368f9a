"""How the distortions of Figure 7, p. 11, were drawn: distributions fitted to its 100 patterns.

The paper names the distortions, not their sizes. `data/paper/figure7_distortions.csv` has the
distortion of each drawn pattern, in which several quantities may have been drawn at random: a
scale, its logarithm or its inverse, and a shift in pixels of the original or of the drawn digit.
Each such reading is a change of variables: with its density, likelihoods are counted per unit of
the measured quantity, and all readings of it are comparable. Each is given a uniform and a normal
distribution, and the likeliest of all is chosen.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray
from scipy import stats

from replication.comparison import paper
from replication.comparison.figures import drawing
from replication.comparison.figures.inputs import Block, Inputs, Part, records
from replication.core.settings import Settings
from replication.files import Table
from replication.folders import Folders

COMMAND = "python -m replication distortions"
FITS = Table(
    "distortions.csv",
    COMMAND,
    ("quantity", "reading", "distribution", "low", "high", "mean", "sd", "p", "chosen"),
    words=("quantity", "reading", "distribution"),
)
CORRELATIONS = Table(
    "distortion_correlations.csv",
    COMMAND,
    ("first", "second", "absolute", "rho", "p"),
    words=("first", "second"),
)
# A match below this may be the wrong original: one of the 100 patterns.
LEAST_CORRELATION = 0.95
SIMULATIONS = 4999
_SEED = 7
_LAWS = {"uniform": stats.uniform, "normal": stats.norm}
_PARAMETERS = 2  # of either law
Values = NDArray[np.float64]


class Reading(NamedTuple):
    """One way to read a quantity.

    Attributes:
        quantity, reading: their names.
        values: float64 (n,), the quantity that would have been drawn at random.
        density: float64 (n,), log |d value / d measured|.
    """

    quantity: str
    reading: str
    values: Values
    density: Values


def select_trusted(figure: pd.DataFrame) -> pd.DataFrame:
    """Return the patterns of `Paper.distortions` whose original is certain."""
    return figure[figure["match_correlation"] >= LEAST_CORRELATION]


def fit_anchor(figure: pd.DataFrame, axis: str) -> tuple[float, float]:
    """Return the line that scaling along ``axis``, x or y, leaves in place; its standard error.

    In pixels from the centre of mass. Scaling by s about a line at a, after a shift u of the
    original, moves the centre of mass by a (1 - s) + s u. So shift / s is linear in 1 / s - 1 with
    slope a, and the rest is u.
    """
    scale = figure[f"scale_{axis}"]
    line = stats.linregress(1.0 / scale - 1.0, figure[f"shift_{axis}_pixels"] / scale)
    return float(line.slope), float(line.stderr)


def list_readings(figure: pd.DataFrame) -> list[Reading]:
    """Return every quantity of the patterns in every reading."""
    scale_x, scale_y, shear, shift_x, shift_y = (
        figure[name].to_numpy(np.float64)
        for name in ("scale_x", "scale_y", "shear", "shift_x_pixels", "shift_y_pixels")
    )
    foot, _ = fit_anchor(figure, "y")
    none = np.zeros(len(figure))
    anchored = shift_y - foot * (1.0 - scale_y)
    return [
        *_read_ratio("scale", np.sqrt(scale_x * scale_y)),
        *_read_ratio("squeeze", scale_x / scale_y),
        Reading("shear", "by pixel of the original", shear, none),
        Reading("shear", "before scaling", shear / scale_x, -np.log(scale_x)),
        Reading("shear", "after scaling", shear / scale_y, -np.log(scale_y)),
        Reading("shift_x", "pixels drawn", shift_x, none),
        Reading("shift_x", "pixels of the original", shift_x / scale_x, -np.log(scale_x)),
        Reading("shift_y", "pixels drawn", shift_y, none),
        Reading("shift_y", "pixels drawn, anchored", anchored, none),
        Reading("shift_y", "pixels of the original", shift_y / scale_y, -np.log(scale_y)),
        Reading("shift_y", "pixels of the original, anchored", anchored / scale_y,
                -np.log(scale_y)),
    ]  # fmt: skip


def _read_ratio(quantity: str, ratio: Values) -> list[Reading]:
    logarithm = np.log(ratio)
    return [
        Reading(quantity, "as it is", ratio, np.zeros(len(ratio))),
        Reading(quantity, "logarithm", logarithm, -logarithm),
        Reading(quantity, "inverse", 1.0 / ratio, -2.0 * logarithm),
    ]


def fit_distributions(figure: pd.DataFrame) -> pd.DataFrame:
    """Fit distributions to `Paper.distortions`; return one row per fit.

    Columns: quantity, reading, distribution (uniform, normal), patterns, low and high of a uniform
    (the least and greatest value, each moved outwards by range / (n - 1), which makes them
    unbiased), mean and sd of a normal, log_likelihood, aic, ks and p (Kolmogorov-Smirnov; p by
    simulation, since the parameters are estimated), chosen (the least aic of the quantity). The
    rows ``anchor_x`` and ``anchor_y`` give the line that scaling leaves in place with its standard
    error as ``sd``; an anchor is chosen when it is more than three standard errors from 0. A
    uniform's likelihood takes the least and greatest values themselves; its aic is only a guide,
    because the ends of a uniform are not regular parameters.
    """
    trusted = select_trusted(figure)
    table = pd.DataFrame([
        _fit(reading, law) for reading in list_readings(trusted) for law in _LAWS
    ])  # fmt: skip
    table["chosen"] = table["aic"] == table.groupby("quantity")["aic"].transform("min")
    anchors = [_describe_anchor(trusted, axis) for axis in ("x", "y")]
    return pd.concat([table, pd.DataFrame(anchors)], ignore_index=True)


def _fit(reading: Reading, distribution: str) -> dict[str, object]:
    values, count, law = reading.values, len(reading.values), _LAWS[distribution]
    margin = float(np.ptp(values)) / (count - 1)
    ends = {"low": float(values.min()) - margin, "high": float(values.max()) + margin}
    moments = {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
    likelihood = float(law.logpdf(values, *law.fit(values)).sum() + reading.density.sum())
    test = stats.goodness_of_fit(
        law, values, statistic="ks", n_mc_samples=SIMULATIONS, rng=np.random.default_rng(_SEED)
    )
    return {
        "quantity": reading.quantity,
        "reading": reading.reading,
        "distribution": distribution,
        "patterns": count,
        **dict.fromkeys(("low", "high", "mean", "sd"), np.nan),
        **(ends if distribution == "uniform" else moments),
        "log_likelihood": likelihood,
        "aic": 2.0 * (_PARAMETERS - likelihood),
        "ks": float(test.statistic),
        "p": float(test.pvalue),
    }


def _describe_anchor(figure: pd.DataFrame, axis: str) -> dict[str, object]:
    offset, error = fit_anchor(figure, axis)
    return {
        "quantity": f"anchor_{axis}",
        "reading": "pixels from the centre of mass",
        "distribution": "constant",
        "patterns": len(figure),
        "mean": offset,
        "sd": error,
        "chosen": abs(offset) > 3.0 * error,
    }


def correlate(figure: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's correlations of the chosen quantities, two at a time.

    Columns: first, second, absolute (whether sizes are compared, regardless of sign, each measured
    from the middle of its range), rho, p.
    """
    likeliest = {(row.quantity, row.reading) for row in fits[fits["chosen"]].itertuples()}
    values = {
        reading.quantity: reading.values
        for reading in list_readings(select_trusted(figure))
        if (reading.quantity, reading.reading) in likeliest
    }
    sizes = {name: np.abs(own - (own.min() + own.max()) / 2.0) for name, own in values.items()}
    rows = []
    for first, second in combinations(values, 2):
        for absolute, compared in ((False, values), (True, sizes)):
            result = stats.spearmanr(compared[first], compared[second])
            rows.append((first, second, absolute, float(result.statistic), float(result.pvalue)))
    return CORRELATIONS.frame(rows)


def run(folders: Folders, _: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit distributions to the distortions of Figure 7, and correlate its quantities."""
    figure = paper.load(folders.paper).distortions
    fits = fit_distributions(figure)
    correlations = correlate(figure, fits)
    FITS.write(folders.out, fits)
    CORRELATIONS.write(folders.out, correlations)
    return fits, correlations


def summary(tables: tuple[pd.DataFrame, pd.DataFrame]) -> str:
    """Return the fits, then the correlations."""
    return "\n\n".join(table.round(3).to_string(index=False, na_rep="") for table in tables)


def draw_distortions(inputs: Inputs) -> drawing.Figure | None:
    """Draw Figure 7's distortions and the distributions fitted to them; None without the fit."""
    fits = inputs.table(FITS)
    if fits is None:
        return None
    laws = records(fits[fits["chosen"].astype(bool) & fits["distribution"].isin(_LAWS)])
    if not laws:
        return None
    trusted = select_trusted(inputs.paper.distortions)
    values = {(each.quantity, each.reading): each.values for each in list_readings(trusted)}

    def paint(canvas: Canvas) -> None:
        drawn = drawing.panels(canvas, len(laws), 3 if len(laws) > 4 else 2, 145, sharey=True)
        for law, axes in zip(laws, drawn, strict=True):
            _paint_law(axes, values[law["quantity"], law["reading"]], law)

    words = "; ".join(
        f"{law['quantity']} ({law['reading']}): {law['distribution']}, "
        + _print_law(law, f" sd {law['sd']:.3g}")
        for law in laws
    )
    table = fits[list(FITS.columns)].assign(chosen=fits["chosen"].map({True: "yes", False: ""}))
    return drawing.Figure(
        "distortions",
        "The distortions of Figure 7, as numbers",
        drawing.draw(
            "distortions", f"Fitted distributions over those observed. {words}.", 330, paint
        ),
        "Steps: share of the patterns of Figure 7 below a value; line: the distribution chosen for "
        "our own distorted patterns. What each quantity is stands in the table.",
        drawing.table(FITS.columns, list(table.itertuples(index=False, name=None))),
        (
            drawing.Source("../distortions.csv", "rows with chosen = True"),
            drawing.Source(f"{drawing.DATA}/figure7_distortions.csv", "all patterns"),
        ),
    )


def _paint_law(axes: Axes, values: Values, law: Mapping[str, Any]) -> None:
    ordered = np.sort(values)
    shares = np.arange(1, len(ordered) + 1) / len(ordered)
    margin = 0.08 * float(np.ptp(ordered))
    grid = np.linspace(ordered[0] - margin, ordered[-1] + margin, 60)
    if law["distribution"] == "uniform":
        curve = stats.uniform.cdf(grid, law["low"], law["high"] - law["low"])
    else:
        curve = stats.norm.cdf(grid, law["mean"], law["sd"])
    axes.plot(grid, curve, color=drawing.ACCENT, linewidth=1.6)
    axes.step(ordered, shares, where="post", color=drawing.INK, linewidth=0.9)
    axes.set(title=law["quantity"].replace("_", " "), ylim=(0, 1.02), yticks=(0, 0.5, 1))
    axes.locator_params(axis="x", nbins=3)
    axes.grid(axis="y", linewidth=0.5, color=drawing.GRID)
    axes.title.set_color(drawing.MUTED)


def _print_law(law: Mapping[str, Any], deviation: str) -> str:
    if law["distribution"] == "uniform":
        return f"{law['low']:.3g} to {law['high']:.3g}"
    return f"{law['mean']:.3g}{deviation}"


def write_block(inputs: Inputs) -> str:
    """Return the distributions that were chosen for Figure 7's distortions."""
    fits = inputs.table(FITS)
    if fits is None:
        return f"Not there yet: `{COMMAND}` makes it."
    columns = ("quantity", "read as", "distribution", "parameters", "p")
    rows = [
        (
            *(str(row[key]) for key in ("quantity", "reading", "distribution")),
            _print_law(row, f", sd {row['sd']:.2g}"),
            "" if row["p"] != row["p"] else f"{row['p']:.2f}",
        )
        for row in records(fits[fits["chosen"].astype(bool)])
    ]
    return drawing.markdown(drawing.Table(columns, tuple(rows), frozenset({4})))


PARTS = (Part("distortions", draw_distortions, "The fit of Figure 7's distortions", COMMAND),)
BLOCKS = (Block("distortions", write_block),)
