"""Distributions fitted to the distortions of Figure 7, p. 11."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from replication.comparison import paper
from replication.core.settings import Settings
from replication.folders import Folders
from replication.studies.distortions import CORRELATIONS, FITS
from replication.studies.distortions.quantities import Reading, Values, anchor, readings, trusted

SIMULATIONS = 4999
_SEED = 7
_LAWS = {"uniform": stats.uniform, "normal": stats.norm}
_PARAMETERS = 2  # of either law


def fit(figure: pd.DataFrame) -> pd.DataFrame:
    """The fits to `Paper.distortions`, a row each.

    Columns: quantity, reading, distribution (uniform, normal), patterns, low and high of a uniform
    (the least and greatest value, each moved outwards by range / (n - 1), which makes them
    unbiased), mean and sd of a normal, log_likelihood, aic, ks and p (Kolmogorov-Smirnov; p by
    simulation, since the parameters are estimated), chosen (the least aic of the quantity). The
    rows ``anchor_x`` and ``anchor_y`` give the line that scaling leaves in place with its standard
    error as ``sd``; an anchor is chosen when it is more than three standard errors from 0. A
    uniform's likelihood takes the least and greatest values themselves; its aic is only a guide,
    because the ends of a uniform are no regular parameters.
    """
    sound = trusted(figure)
    table = pd.DataFrame([row for reading in readings(sound) for row in _fits(reading)])
    table["chosen"] = table["aic"] == table.groupby("quantity")["aic"].transform("min")
    return pd.concat([table, pd.DataFrame(_anchors(sound))], ignore_index=True)


def _fits(reading: Reading) -> list[dict[str, object]]:
    values, count = reading.values, len(reading.values)
    margin = float(np.ptp(values)) / (count - 1)
    stated = {
        "uniform": {"low": float(values.min()) - margin, "high": float(values.max()) + margin},
        "normal": {"mean": float(values.mean()), "sd": float(values.std(ddof=1))},
    }
    rows = []
    for name, law in _LAWS.items():
        likelihood = float(law.logpdf(values, *law.fit(values)).sum() + reading.density.sum())
        distance = stats.goodness_of_fit(
            law,
            values,
            statistic="ks",
            n_mc_samples=SIMULATIONS,
            rng=np.random.default_rng(_SEED),
        )
        rows.append(
            {
                "quantity": reading.quantity,
                "reading": reading.reading,
                "distribution": name,
                "patterns": count,
                **dict.fromkeys(("low", "high", "mean", "sd"), math.nan),
                **stated[name],
                "log_likelihood": likelihood,
                "aic": 2.0 * (_PARAMETERS - likelihood),
                "ks": float(distance.statistic),
                "p": float(distance.pvalue),
            }
        )
    return rows


def _anchors(figure: pd.DataFrame) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for axis in ("x", "y"):
        shift = figure[f"shift_{axis}_pixels"].to_numpy(np.float64)
        line = anchor(shift, figure[f"scale_{axis}"].to_numpy(np.float64))
        rows.append(
            {
                "quantity": f"anchor_{axis}",
                "reading": "pixels from the centre of mass",
                "distribution": "constant",
                "patterns": len(figure),
                "mean": line.offset,
                "sd": line.error,
                "chosen": abs(line.offset) > 3.0 * line.error,
            }
        )
    return rows


def correlations(figure: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of every two chosen quantities, and of every two absolute values.

    Columns: first, second, absolute (whether sizes are compared, regardless of sign, each measured
    from the middle of its range), rho, p.
    """
    sound = trusted(figure)
    likeliest = {(row.quantity, row.reading) for row in fits[fits["chosen"]].itertuples()}
    values = {
        one.quantity: one.values
        for one in readings(sound)
        if (one.quantity, one.reading) in likeliest
    }
    rows = []
    for first, second in combinations(values, 2):
        for absolute in (False, True):
            shown = _sizes if absolute else np.asarray
            result = stats.spearmanr(shown(values[first]), shown(values[second]))
            rows.append((first, second, absolute, float(result.statistic), float(result.pvalue)))
    return pd.DataFrame(rows, columns=["first", "second", "absolute", "rho", "p"])


def _sizes(values: Values) -> Values:
    sizes: Values = np.abs(values - (values.min() + values.max()) / 2.0)
    return sizes


def run(folders: Folders, _: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit distributions to the distortions of Figure 7, and correlate its quantities."""
    figure = paper.load(folders.paper).distortions
    fits = fit(figure)
    related = correlations(figure, fits)
    FITS.write(folders.out, fits)
    CORRELATIONS.write(folders.out, related)
    return fits, related


def summary(tables: tuple[pd.DataFrame, pd.DataFrame]) -> str:
    """The fits, then the correlations."""
    return "\n\n".join(table.round(3).to_string(index=False, na_rep="") for table in tables)
