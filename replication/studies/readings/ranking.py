"""Which reading of the paper fits its own figures?

The text leaves choices open (paper_notes.md). A reading is one way to settle them; it is scored
against all that the paper publishes of the same training: Figure 5's two curves, the final errors,
and the range of the step sizes in the first pass. The test error alone never decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.paper import Paper
from replication.settings import Readings, Scales, Settings, value_at
from replication.verdicts.statistics import mean_interval

# Figure 5 is of the whole test set (claim data.test).
TEST_PATTERNS = 10_000

Value = str | int | float


class Reading(NamedTuple):
    """One way to settle the open choices.

    Attributes:
        name: such as ``criterion.j=5.0 order=fresh``: what differs from the first centre, whose
            own name is that of the centre.
        values: the value of every factor.
        places: for each centre it belongs to, that centre, the factor varied and its level; a
            centre is one level of every factor.
    """

    name: str
    values: Mapping[str, Value]
    places: tuple[tuple[str, str, str], ...]


def _name(values: Mapping[str, Value], study: Readings) -> str:
    name, first = next(iter(study.centres.items()))
    changes = [f"{key}={value}" for key, value in values.items() if first[key] != value]
    return " ".join(changes) or name


def all_readings(study: Readings) -> list[Reading]:
    """The factors one at a time around the centres, then the factorial; each reading once.

    All factors are varied around the last centre, those of ``around_first`` around the others.
    """
    first = next(iter(study.centres.values()))
    found: dict[str, Reading] = {}

    def add(values: Mapping[str, Value], place: tuple[str, str, str]) -> None:
        name = _name(values, study)
        places = found[name].places if name in found else ()
        found[name] = Reading(name, values, (*places, place))

    last = next(reversed(study.centres))
    for centre, changes in study.centres.items():
        middle = {**first, **changes}
        for factor in study.factors if centre == last else study.around_first:
            for level in study.factors[factor]:
                add({**middle, factor: level}, (centre, factor, str(level)))
    for levels in product(*study.factorial.values()):
        values = {**first, **dict(zip(study.factorial, levels, strict=True))}
        add(values, ("factorial", "all", _name(values, study)))
    return list(found.values())


class Published(NamedTuple):
    """The paper's evidence on the training of LeNet-5."""

    training: NDArray[np.float64]
    test: NDArray[np.float64]
    steps: tuple[float, float]


def published(paper: Paper, passes: int) -> Published:
    """Figure 5's first ``passes`` points in percent, and the range of the step sizes (p. 10)."""
    curves = paper.learning_curves.head(passes)
    low, high = paper.claims["sdlm.rates"].ends
    return Published(
        curves["training_error_percent"].to_numpy(float),
        curves["test_error_percent"].to_numpy(float),
        (float(low), float(high)),
    )


def _percent(
    history: pd.DataFrame, misses: str, patterns: int | pd.Series[int]
) -> NDArray[np.float64]:
    return (100.0 * history[misses] / patterns).to_numpy(np.float64)


def score(histories: Sequence[pd.DataFrame], paper: Published, scales: Scales) -> dict[str, float]:
    """How far a reading's replicates are from the paper, in points and decades.

    ``rms`` is the root mean square distance of a replicate's two curves from Figure 5 in
    percentage points, the mean over replicates, ``rms_low`` to ``rms_high`` its 95 % interval for
    other seeds. ``distance`` puts all evidence together, each kind in units of its scale.
    """
    training = np.array([_percent(table, "training_misses", table["training_presentations"])
                         for table in histories])  # fmt: skip
    test = np.array([_percent(table, "test_misses", TEST_PATTERNS) for table in histories])
    squares = (training - paper.training) ** 2 + (test - paper.test) ** 2
    rms = np.sqrt(squares.mean(axis=1) / 2.0)
    interval = mean_interval(rms, 0.95)
    names = [name for name in histories[0].columns if name.startswith("step_")]
    first = np.array([table.loc[0, names].to_numpy(float) for table in histories])
    low, high = float(np.median(first.min(axis=1))), float(np.median(first.max(axis=1)))
    decades = (math.log10(low / paper.steps[0]), math.log10(high / paper.steps[1]))
    final = (
        float(training[:, -1].mean() - paper.training[-1]),
        float(test[:, -1].mean() - paper.test[-1]),
    )
    parts = (
        float(rms.mean()) / scales.curves_points,
        math.hypot(*final) / math.sqrt(2.0) / scales.errors_points,
        math.hypot(*decades) / math.sqrt(2.0) / scales.steps_decades,
    )
    return {
        "distance": math.hypot(*parts) / math.sqrt(len(parts)),
        "rms": float(rms.mean()),
        "rms_low": interval.low,
        "rms_high": interval.high,
        "rms_after_pass_1": float(np.sqrt(squares[:, 1:].mean(axis=1) / 2.0).mean()),
        "training_error": float(training[:, -1].mean()),
        "test_error": float(test[:, -1].mean()),
        "step_low": low,
        "step_high": high,
    }


def rank(curves: pd.DataFrame, settings: Settings, paper: Paper) -> pd.DataFrame:
    """One row a place of a reading, nearest to the paper first; those that diverged come last.

    ``curves`` holds the histories of all replicates, with their reading's name. ``adopted`` marks
    the reading that `base` has. A reading of which a replicate diverged has no numbers.
    """
    study = settings.readings
    evidence = published(paper, settings.base.passes)
    rows = []
    for reading in all_readings(study):
        own = curves[curves["reading"] == reading.name]
        histories = [table.reset_index(drop=True) for _, table in own.groupby("replicate")]
        whole = len(histories) == study.replicates
        numbers = score(histories, evidence, study.scales) if whole else {}
        adopted = all(
            value_at(settings.base, key) == value for key, value in reading.values.items()
        )
        for centre, factor, level in reading.places:
            rows.append({
                "centre": centre, "factor": factor, "level": level, "reading": reading.name,
                "adopted": adopted, "replicates": len(histories), **numbers,
            })  # fmt: skip
    return pd.DataFrame(rows).sort_values(
        ["distance", "reading", "centre", "factor"], kind="stable", ignore_index=True
    )
