"""Which readings go on, which is decided for, and the table of all."""

from collections.abc import Sequence

import pandas as pd

from replication.core.settings import Settings
from replication.errors import ReplicationError
from replication.studies.readings.candidates import (
    Reading,
    controls,
    departures,
    is_adopted,
    nearest,
    screened,
    variations,
)
from replication.studies.readings.distance import (
    Evidence,
    Scale,
    numbers,
    scale,
    squares,
    tied,
    trained,
)


class Stage:
    """The readings of one stage with what their replicates did."""

    def __init__(
        self, readings: Sequence[Reading], curves: pd.DataFrame, replicates: int, known: Evidence
    ) -> None:
        """``curves`` as in results/readings_curves.csv; readings that diverged have no numbers."""
        self.readings = [one for one in readings if one.stage in set(curves["stage"])]
        stages = {one.stage for one in self.readings}
        self.trained = trained(curves[curves["stage"].isin(stages)], replicates)
        self.replicates = replicates
        self._known = known

    def scale(self) -> Scale:
        """The stage's units, from the spread between replicates; ReplicationError for none."""
        if not self.trained:
            raise ReplicationError("every reading diverged: lower learning_rates in params.yaml")
        return scale(self.trained, self._known)

    def numbers(self, name: str, unit: Scale) -> dict[str, float]:
        """Those of results/readings.csv."""
        return numbers(self.trained[name], self._known, unit)

    def by_distance(self, unit: Scale) -> list[str]:
        """The names of those that did not diverge, the nearest first."""
        far = {n: float(squares(one, self._known, unit).mean()) for n, one in self.trained.items()}
        return sorted(far, key=lambda name: far[name])

    def ties(self, unit: Scale) -> list[str]:
        """Those that cannot be told from the nearest, itself first."""
        names = self.by_distance(unit)
        best = self.trained[names[0]]
        return [name for name in names if tied(self.trained[name], best, self._known, unit)]


def decided(finalists: Stage, unit: Scale, settings: Settings) -> Reading:
    """The rule of the protocol: of those tied with the nearest, the one nearest to the text.

    Nearest is what departs from the fewest printed values, then from the fewest of the authors'
    library, then by distance.
    """
    study = settings.readings
    by_name = {one.name: one for one in finalists.readings}
    order = finalists.ties(unit)
    return min(
        (by_name[name] for name in order),
        key=lambda one: (
            departures(one, study.printed),
            departures(one, study.library),
            order.index(one.name),
        ),
    )


def ranked(
    curves: pd.DataFrame, steps: pd.DataFrame, settings: Settings, known: Evidence
) -> pd.DataFrame:
    """results/readings.csv from the two other tables: a row a reading of the stages trained so far.

    Stage by stage, the nearest first; readings that diverged come last.
    """
    study = settings.readings
    candidates = screened(study, steps)
    screening = Stage(candidates, curves, study.screening.replicates, known)
    short = screening.scale()
    finalists = nearest(candidates, screening.by_distance(short)[: study.screening.finalists])
    final = Stage(finalists, curves, study.replicates, known)
    rows = _rows(screening, short, settings)
    if final.readings:
        unit = final.scale()
        winner = decided(final, unit, settings)
        rows += _rows(final, unit, settings)
        for readings in (controls(study), variations(study, winner)):
            rows += _rows(Stage(readings, curves, study.replicates, known), unit, settings)
    table = pd.DataFrame(rows)
    order = ("final", "control", "variation", "screening")
    stages = pd.Categorical(table["stage"], order, ordered=True)
    return (
        table.assign(place=stages.codes)
        .sort_values(["place", "distance"], kind="stable", ignore_index=True)
        .drop(columns="place")
    )


def _rows(stage: Stage, unit: Scale, settings: Settings) -> list[dict[str, object]]:
    study = settings.readings
    final = bool(stage.readings) and stage.readings[0].stage == "final"
    ties = stage.ties(unit) if final else []
    return [
        {
            "stage": one.stage,
            "reading": one.name,
            "change": one.change,
            "replicates": stage.replicates,
            "tied": one.name in ties,
            "from_text": departures(one, study.printed),
            "from_library": departures(one, study.library),
            "adopted": final and is_adopted(one.values, settings.base),
            **(stage.numbers(one.name, unit) if one.name in stage.trained else {}),
        }
        for one in stage.readings
    ]
