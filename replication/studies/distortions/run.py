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
from replication.studies.distortions.quantities import (
    Reading,
    Values,
    fit_anchor,
    list_readings,
    select_trusted,
)

SIMULATIONS = 4999
_SEED = 7
_LAWS = {"uniform": stats.uniform, "normal": stats.norm}
_PARAMETERS = 2  # of either law


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
    table = pd.DataFrame([row for reading in list_readings(trusted) for row in _fit(reading)])
    table["chosen"] = table["aic"] == table.groupby("quantity")["aic"].transform("min")
    return pd.concat([table, pd.DataFrame(_fit_anchors(trusted))], ignore_index=True)


def _fit(reading: Reading) -> list[dict[str, object]]:
    values, count = reading.values, len(reading.values)
    margin = float(np.ptp(values)) / (count - 1)
    parameters = {
        "uniform": {"low": float(values.min()) - margin, "high": float(values.max()) + margin},
        "normal": {"mean": float(values.mean()), "sd": float(values.std(ddof=1))},
    }
    rows = []
    for name, law in _LAWS.items():
        likelihood = float(law.logpdf(values, *law.fit(values)).sum() + reading.density.sum())
        test = stats.goodness_of_fit(
            law, values, statistic="ks", n_mc_samples=SIMULATIONS, rng=np.random.default_rng(_SEED)
        )
        rows.append({
            "quantity": reading.quantity,
            "reading": reading.reading,
            "distribution": name,
            "patterns": count,
            **dict.fromkeys(("low", "high", "mean", "sd"), math.nan),
            **parameters[name],
            "log_likelihood": likelihood,
            "aic": 2.0 * (_PARAMETERS - likelihood),
            "ks": float(test.statistic),
            "p": float(test.pvalue),
        })  # fmt: skip
    return rows


def _fit_anchors(figure: pd.DataFrame) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for axis in ("x", "y"):
        shift = figure[f"shift_{axis}_pixels"].to_numpy(np.float64)
        offset, error = fit_anchor(shift, figure[f"scale_{axis}"].to_numpy(np.float64))
        rows.append({
            "quantity": f"anchor_{axis}",
            "reading": "pixels from the centre of mass",
            "distribution": "constant",
            "patterns": len(figure),
            "mean": offset,
            "sd": error,
            "chosen": abs(offset) > 3.0 * error,
        })  # fmt: skip
    return rows


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
    rows = []
    for first, second in combinations(values, 2):
        for absolute in (False, True):
            transform = _measure_sizes if absolute else np.asarray
            result = stats.spearmanr(transform(values[first]), transform(values[second]))
            rows.append((first, second, absolute, float(result.statistic), float(result.pvalue)))
    return CORRELATIONS.frame(rows)


def _measure_sizes(values: Values) -> Values:
    sizes: Values = np.abs(values - (values.min() + values.max()) / 2.0)
    return sizes


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
