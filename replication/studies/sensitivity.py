"""What each setting of LeNet-5 matters: each changed alone, around the value in force.

The values and the number of replicates stand in params.yaml, committed before any was trained. The
test errors describe; nothing is chosen by them.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from replication.comparison.figures.drawing import MUTED, TEST, Figure, Source, draw, table
from replication.comparison.figures.inputs import Inputs, Part
from replication.core.settings import Settings
from replication.core.systems.jobs import Job
from replication.files import Table
from replication.folders import Folders
from replication.studies import variants
from replication.studies.variants import (
    OUTCOME,
    Plan,
    Value,
    Variant,
    split_levels,
    train_variants,
)

SENSITIVITY = Table(
    "sensitivity.csv",
    "python -m replication sensitivity",
    ("setting", "value", *OUTCOME),
    words=("setting", "value", "key"),
)
LEVELS = "inputs.levels"


def list_variants(settings: Settings) -> Iterator[Variant]:
    """Yield every setting of params.yaml with each of its values.

    `LEVELS` are background and foreground, given as ``-0.1 to 1.175``.
    """
    study = settings.sensitivity
    for setting, values in study.settings.items():
        for value in values:
            changes: dict[str, Value] = {setting: value}
            if setting == LEVELS:
                changes = split_levels(value)
            yield Variant({"setting": setting, "value": value}, changes, study.replicates)


def make_plan(settings: Settings) -> Plan:
    """Return the trainings of the study."""
    study = settings.sensitivity
    return Plan(list_variants(settings), study.experiment, study.seed, SENSITIVITY)


def list_missing(folders: Folders, settings: Settings) -> list[Job]:
    """Return the replicates that are still to be trained."""
    return variants.list_missing(make_plan(settings), settings, folders)


def run(folders: Folders, settings: Settings) -> pd.DataFrame:
    """Train LeNet-5 with each setting at other values; what was trained before is kept."""
    return train_variants(make_plan(settings), settings, folders)


def summary(table: pd.DataFrame) -> str:
    """Return the mean test error of each setting and value."""
    means = table.groupby(["setting", "value"], sort=False)["test_error_percent"].mean()
    return means.to_string(float_format="%.3f")


_ROW = 18  # units of the SVG


def draw_sensitivity(inputs: Inputs) -> Figure | None:
    """Draw the test errors of each setting and value beside those in force; None without them."""
    trained = inputs.table(SENSITIVITY)
    if trained is None:
        return None
    errors = {
        f"{setting}: {value}": found["test_error_percent"].dropna().tolist()
        for (setting, value), found in trained.groupby(["setting", "value"], sort=False)
    }
    in_force = inputs.values(inputs.choices.experiments.undistorted, "test_error_percent")
    rows = [(name, np.mean(own) if own else None, len(own)) for name, own in errors.items()]
    told = (f"{name} {'diverged' if mean is None else f'{mean:.3g}'}" for name, mean, _ in rows)
    alt = f"Mean test error of LeNet-5 with one setting changed, in percent. {'; '.join(told)}."
    return Figure(
        "sensitivity",
        "One setting changed at a time",
        draw("sensitivity", alt, 90 + _ROW * len(rows), partial(_paint, errors, in_force)),
        "A tick is a training, a dot their mean; the line is the mean of the settings in force. A "
        "row without either diverged.",
        table(("setting and value", "test error, percent", "trainings"), rows),
        (Source("../sensitivity.csv", "test_error_percent by setting and value"),),
    )


def _paint(errors: Mapping[str, list[float]], in_force: list[float], canvas: Canvas) -> None:
    axes = canvas.subplots()
    axes.grid(axis="y", linewidth=0.5)
    if in_force:
        axes.axvline(float(np.mean(in_force)), color=MUTED, linewidth=1)
    for place, own in enumerate(errors.values()):
        axes.plot(own, [place] * len(own), "|", color=TEST, markersize=7, alpha=0.6)
        if own:
            axes.plot(np.mean(own), place, "o", color=TEST, markersize=5)
    axes.set_xscale("log")
    ticks = [tick for tick in (0.5, 1, 2, 5, 10, 20, 50, 100) if tick <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(errors)), list(errors))
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(len(errors) - 0.4, -0.6), xlabel="test error, percent")


PARTS = (Part("sensitivity", draw_sensitivity, "What each setting matters", SENSITIVITY.made_by),)
