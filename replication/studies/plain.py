"""One reading for all networks without RBF units: perceptrons, LeNet-1 and LeNet-4.

The paper trains them as it trains LeNet-5 (p. 13), and prints neither criterion nor initial range
nor input levels for them. Half the squared error is the authors' later library's. The numerator v
of the initial range v / sqrt(F), the number of passes ("10 to 20", p. 14) and the input levels are
fitted to one number of Figure 9: readings whose interval for one more run holds it are tied, and of
these the one nearest to the text is adopted, the first by the order in params.yaml. Every other
network is predicted by it.
"""

from itertools import product

import pandas as pd

from replication.comparison import paper
from replication.comparison.verdicts.statistics import half_unit, prediction_interval
from replication.core.settings import Plain, Settings
from replication.core.systems.jobs import Job
from replication.files import Table
from replication.folders import Folders
from replication.studies import variants
from replication.studies.variants import OUTCOME, Plan, Variant, split_levels, train_variants

PLAIN = Table(
    "plain.csv",
    "python -m replication plain",
    ("levels", "range", "passes", *OUTCOME),
    words=("levels", "key"),
)


def list_variants(study: Plain) -> list[Variant]:
    """Return every reading, the one nearest to the text first."""
    return [
        Variant(
            {"levels": levels, "range": reach, "passes": passes},
            {
                **study.changes,
                **split_levels(levels),
                "initialisation.range": reach,
                "passes": passes,
            },
            study.replicates,
        )
        for levels, reach, passes in product(study.levels, study.ranges, study.passes)
    ]


def rank_readings(table: pd.DataFrame, published: float, confidence: float) -> pd.DataFrame:
    """Return mean, interval for one more run, tied and adopted of each reading, in its order.

    ``published`` is in percent. Where no interval holds it the nearest mean is adopted.
    """
    rows = []
    for labels, errors in table.groupby(["levels", "range", "passes"], sort=False):
        values = errors["test_error_percent"].dropna().to_numpy()
        trained = len(values) == len(errors) > 1
        interval = prediction_interval(values, confidence) if trained else None
        tied = interval is not None and interval.meets(published, half_unit(published))
        low, high = interval or (None, None)
        rows.append((*labels, values.mean() if trained else None, low, high, tied))
    ranked = pd.DataFrame(
        rows, columns=["levels", "range", "passes", "mean", "low", "high", "tied"]
    )
    gap = (ranked["mean"].astype(float) - published).abs()
    adopted = ranked["tied"].idxmax() if ranked["tied"].any() else gap.idxmin()
    return ranked.assign(adopted=ranked.index == adopted)


def make_plan(study: Plain) -> Plan:
    """Return the trainings of the study."""
    return Plan(list_variants(study), study.experiment, study.seed, PLAIN)


def list_missing(folders: Folders, settings: Settings) -> list[Job]:
    """Return the replicates that are still to be trained."""
    return variants.list_missing(make_plan(settings.plain), settings, folders)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train the perceptron by each reading, and say which are tied and which is adopted."""
    study = settings.plain
    table = train_variants(make_plan(study), settings, folders)
    figure9 = paper.load(folders.paper).systems
    row = figure9[figure9["system"] + "/" + figure9["database"] == study.row]
    published = float(row["test_error_percent"].iloc[0])
    return rank_readings(table, published, settings.compare.confidence)


def summary(ranked: pd.DataFrame) -> str:
    """Return the readings with their mean test error and its interval for one more run."""
    return ranked.to_string(index=False, float_format="%.2f")
