"""The protocol of the study: which readings are trained, how far each is from the evidence.

The evidence is one training of 1998 with a seed of its own, read from a drawing and from printed
digits. Each pass of Figure 5's training curve, and the least and the greatest step, is therefore
compared in units of a standard deviation that adds up the spread between replicates (pooled over
the readings of a stage) and what the drawing or the printed digits leave open. A reading that is
right is at a distance of about the square root of two, since its replicates have seeds as well.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from replication.comparison.paper import Paper
from replication.comparison.verdicts.statistics import half_unit, mean_interval
from replication.core.settings import Readings, Recipe, Settings, change_recipe, get_by_path
from replication.errors import ReplicationError

CONFIDENCE = 0.95
RANGE, START = "initialisation.range", "sdlm.curvature_start"
Array = NDArray[np.float64]
Value = str | int | float


class Reading(NamedTuple):
    """One way to settle the open choices, as changes of `base` in params.yaml.

    Attributes:
        stage: when it is trained: screening, final, control or variation.
        name: its name in results/readings.csv.
        values: the value of each key that some reading sets.
        change: of a variation the key and its value, such as ``order=fresh``; else empty.
    """

    stage: str
    name: str
    values: Mapping[str, Value]
    change: str = ""


def choose_ranges(steps: pd.DataFrame, study: Readings) -> dict[float, list[float]]:
    """Return for each start of the curvature the range nearest to 1998, and the library's.

    ``steps`` is results/readings_steps.csv: the steps of the first pass for all starts and ranges.
    """
    library = float(study.library[RANGE])
    best = steps.loc[steps.groupby("curvature_start")["distance"].idxmin()]
    nearest = zip(best["curvature_start"], best["range"], strict=True)
    return {float(start): list(dict.fromkeys((float(value), library))) for start, value in nearest}


def list_candidates(study: Readings, steps: pd.DataFrame) -> list[Reading]:
    """Return every criterion with every start of the curvature, at the two ranges of each start."""
    candidates = [
        {**study.library, **criterion, START: start, RANGE: value}
        for criterion in study.criteria
        for start, values in choose_ranges(steps, study).items()
        for value in values
    ]
    return [Reading("screening", _name(values), values) for values in candidates]


def _name(values: Mapping[str, Value]) -> str:
    equation = "8" if values["criterion.name"] == "mle" else f"9 with j {values['criterion.j']:g}"
    return f"equation {equation}, curvature {values[START]:g}, range {values[RANGE]:g}"


def list_controls(study: Readings) -> list[Reading]:
    """Return the reading that the text prints, and the one in force before this study."""
    return [Reading("control", name, values) for name, values in study.controls.items()]


def list_variations(study: Readings, winner: Reading) -> list[Reading]:
    """Return the winning reading with one of the other open choices changed at a time."""
    return [
        Reading("variation", f"{winner.name}, {key}={value}", {**winner.values, key: value},
                f"{key}={value}")
        for key, values in study.variations.items()
        for value in values
        if value != winner.values.get(key)
    ]  # fmt: skip


def build_recipe(reading: Reading, base: Recipe, study: Readings) -> Recipe:
    """Return ``base`` with the values of a reading and the study's seed and replicates."""
    whole = change_recipe(
        base, {**reading.values, "seed": study.seed, "replicates": study.replicates}
    )
    if reading.stage != "screening":
        return whole
    passes, replicates = study.screening.passes, study.screening.replicates
    rates = base.learning_rates[:passes]
    return whole.model_copy(
        update={"replicates": replicates, "passes": passes, "learning_rates": rates}
    )


def count_departures(reading: Reading, source: Mapping[str, Value]) -> int:
    """Return how many of the values that ``source`` names the reading does not have."""
    return sum(reading.values.get(key, value) != value for key, value in source.items())


def is_adopted(values: Mapping[str, Value], base: Recipe) -> bool:
    """Return whether `base` in params.yaml has all of these values."""
    return all(get_by_path(base, key) == value for key, value in values.items())


class Evidence(NamedTuple):
    """What the protocol compares with.

    Attributes:
        training: Figure 5's training errors, in percent, one value per pass.
        steps: decimal logarithms of the least and greatest step size of the first pass (p. 10).
        resolution: standard deviation of a point of the drawing, in percentage points.
        rounding: standard deviations that the printed digits leave to the two logarithms.
    """

    training: Array
    steps: Array
    resolution: float
    rounding: Array


def read_evidence(paper: Paper, resolution: float) -> Evidence:
    """Return the published curve and range; ``resolution`` is in percentage points."""
    curve = paper.learning_curves["training_error_percent"].to_numpy(np.float64)
    ends = [float(value) for value in paper.claims["sdlm.rates"].ends]
    # Half a unit of the last printed digit, uniform.
    halves = np.array([half_unit(value) / value for value in ends])
    return Evidence(curve, np.log10(ends), resolution, halves / math.log(10.0) / math.sqrt(3.0))


class Trained(NamedTuple):
    """A reading's replicates: errors (replicates, passes), logarithms of steps (replicates, 2)."""

    errors: Array
    steps: Array


def select_trained(curves: pd.DataFrame, replicates: int) -> dict[str, Trained]:
    """Return by name the readings of one stage of which every replicate was trained to its end."""
    result = {}
    for name, table in curves.groupby("reading", sort=False):
        errors = table.pivot(index="replicate", columns="pass", values="training_error")
        first = table[table["pass"] == 1].sort_values("replicate")
        if len(errors) == replicates and not errors.isna().to_numpy().any():
            steps = np.log10(first[["step_low", "step_high"]].to_numpy(np.float64))
            result[str(name)] = Trained(errors.to_numpy(np.float64), steps)
    return result


class Scale(NamedTuple):
    """The evidence, and one standard deviation of each point of the curve and of the two steps."""

    evidence: Evidence
    curve: Array
    steps: Array

    @classmethod
    def pool(cls, readings: Mapping[str, Trained], evidence: Evidence) -> Self:
        """Add the spread between replicates, pooled over ``readings``, to what the print leaves."""
        curve = np.mean([each.errors.var(axis=0, ddof=1) for each in readings.values()], axis=0)
        steps = np.mean([each.steps.var(axis=0, ddof=1) for each in readings.values()], axis=0)
        deviations = np.sqrt(curve + evidence.resolution**2), np.sqrt(steps + evidence.rounding**2)
        return cls(evidence, *deviations)

    def squares(self, reading: Trained) -> Array:
        """Return each replicate's squared distance: half from the curve, half from the steps."""
        curve = self._gaps(reading) / self.curve
        steps = (reading.steps - self.evidence.steps) / self.steps
        result: Array = (np.square(curve).mean(axis=1) + np.square(steps).mean(axis=1)) / 2.0
        return result

    def describe(self, reading: Trained) -> dict[str, float]:
        """Return a reading's distance and what it consists of, as results/readings.csv has them.

        ``rms`` is the root mean square distance of a replicate's curve from Figure 5's in
        percentage points, the mean over the replicates; ``rms_low`` to ``rms_high`` its interval.
        """
        rms = np.sqrt(np.square(self._gaps(reading)).mean(axis=1))
        interval = mean_interval(rms, CONFIDENCE)
        low, high = 10.0 ** reading.steps.mean(axis=0)
        return {
            "distance": math.sqrt(self.squares(reading).mean()),
            "rms": float(rms.mean()),
            "rms_low": interval.low,
            "rms_high": interval.high,
            "step_low": float(low),
            "step_high": float(high),
            "training_error": float(reading.errors[:, -1].mean()),
        }

    def is_tied(self, reading: Trained, best: Trained) -> bool:
        """Return whether the replicates, paired by their seeds, leave open which is nearer."""
        difference = self.squares(reading) - self.squares(best)
        return not difference.any() or mean_interval(difference, CONFIDENCE).low <= 0.0

    def _gaps(self, reading: Trained) -> Array:
        return reading.errors - self.evidence.training[: reading.errors.shape[1]]


class Stage:
    """The readings of one stage with what their replicates did."""

    def __init__(
        self, readings: Sequence[Reading], curves: pd.DataFrame, replicates: int, evidence: Evidence
    ) -> None:
        """Take ``curves`` as in results/readings_curves.csv; diverged readings have no numbers."""
        self.readings = [reading for reading in readings if reading.stage in set(curves["stage"])]
        stages = {reading.stage for reading in self.readings}
        self.trained = select_trained(curves[curves["stage"].isin(stages)], replicates)
        self.replicates, self._evidence = replicates, evidence

    def scale(self) -> Scale:
        """Return the scale of this stage; raise ReplicationError where every reading diverged."""
        if not self.trained:
            raise ReplicationError("every reading diverged: lower learning_rates in params.yaml")
        return Scale.pool(self.trained, self._evidence)

    def rank(self, scale: Scale) -> list[str]:
        """Return the names of the readings that did not diverge, the nearest first."""
        return sorted(self.trained, key=lambda name: scale.squares(self.trained[name]).mean())

    def select_finalists(self, count: int) -> list[Reading]:
        """Return the ``count`` nearest readings, by this stage's own scale, as finalists."""
        by_name = {reading.name: reading for reading in self.readings}
        return [by_name[name]._replace(stage="final") for name in self.rank(self.scale())[:count]]

    def select_tied(self, scale: Scale) -> list[str]:
        """Return the nearest reading and those that cannot be told from it, the nearest first."""
        names = self.rank(scale)
        best = self.trained[names[0]]
        return [name for name in names if scale.is_tied(self.trained[name], best)]


def decide(finalists: Stage, scale: Scale, study: Readings) -> Reading:
    """Return, of those tied with the nearest, the reading nearest to the text.

    That is the rule of the protocol: the fewest departures from printed values, then the fewest
    from the authors' library, then the least distance.
    """
    by_name = {reading.name: reading for reading in finalists.readings}
    return min(
        (by_name[name] for name in finalists.select_tied(scale)),
        key=lambda reading: (
            count_departures(reading, study.printed),
            count_departures(reading, study.library),
        ),
    )


def rank_readings(
    curves: pd.DataFrame, steps: pd.DataFrame, settings: Settings, evidence: Evidence
) -> pd.DataFrame:
    """Return results/readings.csv: one row per reading of the stages trained so far.

    ``curves`` and ``steps`` are the two other tables. Within a stage the nearest comes first, and
    readings that diverged come last.
    """
    study = settings.readings
    candidates = list_candidates(study, steps)
    screening = Stage(candidates, curves, study.screening.replicates, evidence)
    scale = screening.scale()
    finalists = screening.select_finalists(study.screening.finalists)
    rows = _rows(screening, scale, settings)
    final = Stage(finalists, curves, study.replicates, evidence)
    if final.readings:
        scale = final.scale()
        winner = decide(final, scale, study)
        rows += _rows(final, scale, settings)
        for readings in (list_controls(study), list_variations(study, winner)):
            rows += _rows(Stage(readings, curves, study.replicates, evidence), scale, settings)
    places = {stage: n for n, stage in enumerate(("final", "control", "variation", "screening"))}
    table = pd.DataFrame(rows)
    return (
        table.assign(place=table["stage"].map(places))
        .sort_values(["place", "distance"], kind="stable", ignore_index=True)
        .drop(columns="place")
    )


def _rows(stage: Stage, scale: Scale, settings: Settings) -> list[dict[str, object]]:
    study = settings.readings
    final = bool(stage.readings) and stage.readings[0].stage == "final"
    tied = stage.select_tied(scale) if final else []
    rows: list[dict[str, object]] = []
    for reading in stage.readings:
        trained = stage.trained.get(reading.name)
        rows.append({
            "stage": reading.stage,
            "reading": reading.name,
            "change": reading.change,
            "replicates": stage.replicates,
            "tied": reading.name in tied,
            "from_text": count_departures(reading, study.printed),
            "from_library": count_departures(reading, study.library),
            "adopted": final and is_adopted(reading.values, settings.base),
            **(scale.describe(trained) if trained else {}),
        })  # fmt: skip
    return rows
