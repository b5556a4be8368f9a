"""What Figures 9 to 12 (pp. 12-15) compare, a row a system: 1998, ours and the verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from replication.report.charts import DATA
from replication.report.drawing import Source, Table, table
from replication.report.inputs import Inputs, records

PUBLISHED = f"{DATA}/figures9_to_12_systems.csv"
# As Figure 9 labels its rows.
_LABELS = {
    "linear": "Linear", "pairwise-linear": "Pairwise linear", "knn-euclidean": "K-NN Euclidean",
    "pca40-quadratic": "40 PCA + quadratic", "rbf1000-linear": "1000 RBF + linear",
    "tangent-distance": "Tangent distance", "svm-poly4": "SVM poly 4",
    "rs-svm-poly5": "RS-SVM poly 5", "v-svm-poly9": "V-SVM poly 9", "mlp-300": "28x28-300-10",
    "mlp-1000": "28x28-1000-10", "mlp-300-100": "28x28-300-100-10",
    "mlp-500-150": "28x28-500-150-10", "lenet1": "LeNet-1", "lenet4": "LeNet-4",
    "lenet4-local": "LeNet-4, local", "lenet4-knn": "LeNet-4, K-NN",
    "lenet4-boosted": "Boosted LeNet-4", "lenet5": "LeNet-5",
}  # fmt: skip
_POWER = re.compile(r"\d\.\d+e\+\d+")
_DATABASES = {"regular": "", "distorted": "[dist]", "deslanted": "[deslant]", "16x16": "[16x16]",
              "deslanted-20x20": "[deslant]"}  # fmt: skip


class Shown(NamedTuple):
    """What one of the four figures shows.

    Attributes:
        name, title: of our figure. claim: in claims.yaml. label: of the axis.
        column: of the file of 1998; empty cells were not published.
        metric: of metrics.json.
        ticks: candidates, ascending; a scale that starts at nought is drawn by square roots, the
            others by logarithms.
    """

    name: str
    title: str
    claim: str
    label: str
    column: str
    metric: str
    ticks: tuple[float, ...]


_DECADES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)
ERROR = Shown(
    "figure9", "Figure 9: test error", "systems.error", "test error, percent",
    "test_error_percent", "test_error_percent", (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
)  # fmt: skip
REJECTION = Shown(
    "figure10", "Figure 10: rejection", "systems.rejection", "to be rejected, percent",
    "reject_percent_for_0.5_percent_error", "rejection_percent",
    (0, 1, 5, 10, 20, 40, 60, 80, 100),
)  # fmt: skip
OPERATIONS = Shown(
    "figure11", "Figure 11: multiply-adds", "systems.operations", "thousands of multiply-adds",
    "operations_thousands", "operations_thousands", _DECADES,
)  # fmt: skip
MEMORY = Shown(
    "figure12", "Figure 12: memory", "systems.memory", "thousands of variables",
    "memory_thousands", "memory_thousands", _DECADES,
)  # fmt: skip
FIGURES = (ERROR, REJECTION, OPERATIONS, MEMORY)


class Line(NamedTuple):
    """One system in one of the figures.

    Attributes:
        name: ``system/database``. experiment: of params.yaml, empty when none stands for it.
        published: None where the figure leaves it out.
        values: ours, one a replicate.
        verdict, reason: of verdicts.csv, empty where there is nothing to compare with.
    """

    name: str
    experiment: str
    published: float | None
    values: tuple[float, ...]
    verdict: str
    reason: str


def lines(inputs: Inputs, shown: Shown) -> list[Line]:
    """A line for each row of the file of 1998."""
    result, named = [], naming(inputs)
    for row in records(inputs.paper.systems):
        name = f"{row['system']}/{row['database']}"
        experiment = inputs.choices.systems.get(name, "")
        past = float(row[shown.column])
        verdict = inputs.verdict(f"{shown.claim}:{name}") or {}
        result.append(
            Line(
                name,
                experiment if experiment in inputs.metrics else "",
                None if math.isnan(past) else past,
                tuple(inputs.values(experiment, shown.metric)),
                str(verdict.get("verdict", "")),
                named(str(verdict.get("reason", ""))),
            )
        )
    return result


def not_run(inputs: Inputs) -> list[tuple[str, str]]:
    """The systems without any run of ours, and why."""
    return [
        (words(line.name), line.reason or "there is no verdict on it in verdicts.csv")
        for line in lines(inputs, ERROR)
        if not line.values
    ]


def words(name: str) -> str:
    """``knn-euclidean/deslanted`` as Figure 9 has it: ``K-NN Euclidean [deslant]``."""
    system, _, database = name.partition("/")
    return f"{_LABELS.get(system, system)} {_DATABASES.get(database, database)}".strip()


def naming(inputs: Inputs) -> Callable[[str], str]:
    """What puts the names of Figure 9 into a text for the ids of systems and experiments.

    An experiment of no row of it has the name of the one whose variant it is, with what varies.
    Large numbers are written out.
    """
    found = {f"{row['system']}/{row['database']}": "" for row in records(inputs.paper.systems)}
    found = {name: words(name) for name in found}
    own = {experiment: words(name) for name, experiment in inputs.choices.systems.items()}
    for name in inputs.metrics:
        base = max((one for one in own if f"{name}-".startswith(f"{one}-")), key=len, default="")
        if base and re.search(r"[\d-]", name):  # others are words of the language as well
            found[name] = own[base] if name == base else f"{own[base]} [{name[len(base) + 1 :]}]"
    ids = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w/.-])({ids})(?![\w/-]|\.\w)")
    return lambda text: _POWER.sub(
        lambda number: f"{float(number[0]):,.0f}", pattern.sub(lambda id_: found[id_[1]], text)
    )


def judged(shown: Shown, systems: Sequence[Line]) -> Table:
    """The table behind a figure, with a verdict a row."""
    ours = Source("../metrics.json", f"{shown.metric} of the row's experiment")
    sources = {
        "verdict": Source("../verdicts.csv", f"verdict where claim begins with {shown.claim}"),
        "1998": Source(PUBLISHED, shown.column),
        **dict.fromkeys(("ours, mean", "sd", "least", "greatest"), ours),
    }
    columns = ("system", "verdict", "1998", "ours, mean", "sd", "least", "greatest", "runs", "why")
    rows = [
        (
            words(line.name),
            line.verdict,
            line.published,
            *_summary(line.values),
            len(line.values) or None,
            line.reason or ("" if line.published is not None else "1998 gives no number"),
        )
        for line in systems
    ]
    return table(columns, rows, sources, "verdict")


def _summary(values: Sequence[float]) -> tuple[float | None, ...]:
    """Mean, standard deviation, least and greatest."""
    if not values:
        return (None,) * 4
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return float(np.mean(values)), sd, min(values), max(values)
