"""The readings that are trained, stage by stage, as changes of `base` in params.yaml."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from replication.core.settings import Readings, Recipe, change_recipe, get_by_path

Value = str | int | float

RANGE, START = "initialisation.range", "sdlm.curvature_start"


class Reading(NamedTuple):
    """One way to settle the open choices.

    Attributes:
        stage: when it is trained, screening, final, control or variation.
        name: what it is called in results/readings.csv.
        values: the value of each key that some reading sets.
        change: of a variation the key and its value, such as ``order=fresh``; else empty.
    """

    stage: str
    name: str
    values: Mapping[str, Value]
    change: str = ""


def ranges(steps: pd.DataFrame, study: Readings) -> dict[float, list[float]]:
    """For each start of the curvature the range nearest to the published steps, and the library's.

    ``steps`` is results/readings_steps.csv: the steps of the first pass for all starts and ranges.
    """
    library = float(study.library[RANGE])
    result = {}
    for start, table in steps.groupby("curvature_start"):
        nearest = float(table.sort_values("distance")["range"].iloc[0])
        result[float(str(start))] = list(dict.fromkeys((nearest, library)))
    return result


def screened(study: Readings, steps: pd.DataFrame) -> list[Reading]:
    """Every criterion with every start of the curvature, at the two ranges of each start."""
    readings = []
    for criterion in study.criteria:
        for start, values in ranges(steps, study).items():
            for value in values:
                changes = {**study.library, **criterion, START: start, RANGE: value}
                readings.append(Reading("screening", _name(changes), changes))
    return readings


def _name(values: Mapping[str, Value]) -> str:
    equation = "8" if values["criterion.name"] == "mle" else f"9 with j {values['criterion.j']:g}"
    return f"equation {equation}, curvature {values[START]:g}, range {values[RANGE]:g}"


def controls(study: Readings) -> list[Reading]:
    """What the text prints, and the reading in force before this study."""
    return [Reading("control", name, values) for name, values in study.controls.items()]


def variations(study: Readings, around: Reading) -> list[Reading]:
    """The other open choices, one at a time around the reading that the study decided for."""
    return [
        Reading("variation", f"{around.name}, {key}={value}", {**around.values, key: value},
                f"{key}={value}")
        for key, values in study.variations.items()
        for value in values
        if value != around.values.get(key)
    ]  # fmt: skip


def recipe(reading: Reading, base: Recipe, study: Readings) -> Recipe:
    """The recipe of a reading: ``base`` with its values and the study's seed and replicates."""
    whole = change_recipe(
        base, {**reading.values, "seed": study.seed, "replicates": study.replicates}
    )
    if reading.stage != "screening":
        return whole
    short = study.screening
    return whole.model_copy(
        update={
            "replicates": short.replicates,
            "passes": short.passes,
            "learning_rates": base.learning_rates[: short.passes],
        }
    )


def departures(reading: Reading, source: Mapping[str, Value]) -> int:
    """How many of the values that ``source`` names the reading does not have."""
    return sum(reading.values.get(key, value) != value for key, value in source.items())


def is_adopted(values: Mapping[str, Value], base: Recipe) -> bool:
    """Whether `base` in params.yaml has all of these values."""
    return all(get_by_path(base, key) == value for key, value in values.items())


def nearest(readings: Sequence[Reading], names: Sequence[str]) -> list[Reading]:
    """Those of ``readings`` that have one of the names, in the order of the names, as finalists."""
    by_name = {reading.name: reading for reading in readings}
    return [by_name[name]._replace(stage="final") for name in names]
